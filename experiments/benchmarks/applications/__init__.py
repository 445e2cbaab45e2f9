"""Web applications of others, started with data that they then serve: what the task compiler is measured on."""

from experiments.benchmarks.applications.application import Application, Served
from experiments.benchmarks.applications.catalogue import APPLICATIONS
from experiments.benchmarks.applications.running import running

__all__ = ["APPLICATIONS", "Application", "Served", "running"]

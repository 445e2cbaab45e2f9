"""The compact policy that comes with the package: a checkpoint beside this file, and how it was made in README.md."""

from pathlib import Path

SHIPPED = Path(__file__).parent

"""Benchmarks: what is measured on this machine, one module for each side of a comparison."""

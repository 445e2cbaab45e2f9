"""The families of tasks: each module reads a graph and yields candidates."""

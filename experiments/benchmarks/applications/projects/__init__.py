"""Programs that run in an application's own virtual environment, with nothing of ours to import."""

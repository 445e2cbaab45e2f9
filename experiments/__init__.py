"""Recipes, training, evaluation, tracking and the command line."""

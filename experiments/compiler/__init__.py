"""Turns a website into verified tasks: explore, generate, prove, package."""

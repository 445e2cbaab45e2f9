"""Scripted experts: one short function a task, from an observation to the next right action.

They see what a policy sees and nothing else, so what they show can be learned.
"""

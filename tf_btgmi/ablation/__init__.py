"""Trainings with one change each, compared with the method."""

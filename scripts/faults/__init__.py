"""Faults made on purpose: `python -m scripts.faults`."""

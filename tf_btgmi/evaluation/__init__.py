"""Measuring methods against the truth, side by side, on the same holes."""

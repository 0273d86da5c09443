"""Exports of trained models, and programs that run them elsewhere."""

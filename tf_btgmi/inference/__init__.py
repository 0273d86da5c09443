"""Trained networks on pictures of any size: arrays in, arrays out."""

"""The report of an evaluation: one HTML page from templates, and its files."""

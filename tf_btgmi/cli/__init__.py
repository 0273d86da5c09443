"""Command-line code shared by the programs."""

"""Names of the outputs of a network, in configs, graphs, flags and files."""

INPAINTED = "inpainted"
HARMONIZED = "harmonized"
OUTPUT_NAMES = (INPAINTED, HARMONIZED)

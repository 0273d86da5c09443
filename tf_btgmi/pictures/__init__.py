"""Picture files: formats, reading and writing, metadata, masks and pairs of files."""

"""From pictures on disk to batches: sources, crops, masks and the pipeline."""

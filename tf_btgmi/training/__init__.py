"""A training run: the model that trains, its callbacks, its checkpoints."""

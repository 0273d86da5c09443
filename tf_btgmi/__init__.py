"""Block-wise trained generative model for inpainting (BTGMI), in TensorFlow."""

import os

# Read once, when Keras is first imported: the networks here run on TensorFlow only.
os.environ["KERAS_BACKEND"] = "tensorflow"

__version__ = "0.1.0"

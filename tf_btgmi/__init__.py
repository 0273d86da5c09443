"""Block-wise trained generative model for inpainting (BTGMI), in TensorFlow."""

import os

# Read once, when Keras and TensorFlow are first imported: the networks here run on
# TensorFlow only, and start-up messages are no news to a user.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

__version__ = "0.1.0"

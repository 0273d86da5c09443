"""Block-wise trained generative model for inpainting (BTGMI), in TensorFlow."""

import os

# Both are read once, when Keras and TensorFlow are first imported. The networks here
# run on TensorFlow only.
os.environ["KERAS_BACKEND"] = "tensorflow"
# What goes wrong in TensorFlow's kernels is raised as well; what it says of a machine
# without a GPU is no error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"

"""Inception, the network of FID, from a file of weights.

Two kinds of files are read:

    .pb  the Inception of 2015 as a frozen graph (`classify_image_graph_def.pb`), the
         network of Heusel et al. 2017. Input `ExpandDims:0` in 0 to 255, resized by the
         graph; output `pool_3:0`.
    .h5  Keras's InceptionV3 without top, as downloaded by Keras
         (`inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5`), a different
         network whose distances do not compare with published FIDs.
"""

import os

import keras
import numpy as np
import tensorflow as tf

from tf_btgmi import files
from tf_btgmi.evaluation.batching import in_batches

WIDTH = 2048
SIDE = 299
# Upper bound of the measured memory of both networks.
_BYTES_EACH = 48 * 2**20
_GRAPH, _KERAS = ".pb", ".h5"
_HDF5_START = b"\x89HDF"


class Inception:
    """The network of a file.

    Attributes:
        name: of the network, for reports.
        identity: its name, and a hash of the file.
    """

    def __init__(self, path: str):
        """Loads the network.

        Args:
            path: see the docstring of the module.

        Raises:
            ValueError: the file does not exist or has another network.
        """
        ending = os.path.splitext(path)[1]
        if not os.path.isfile(path):
            raise ValueError(f"--inception_weights: there is no file {path}.")
        if ending not in (_GRAPH, _KERAS):
            raise ValueError(
                f"--inception_weights: {path} must end in {_GRAPH}, the Inception of "
                f"2015 as a frozen graph, or {_KERAS}, Keras's InceptionV3 without top."
            )
        try:
            load = _frozen_graph if ending == _GRAPH else _keras_network
            self._network = load(path)
        # Each loader raises its own exceptions for other files.
        except Exception as error:
            raise ValueError(
                f"--inception_weights: {path} is not the network that its extension "
                f"{ending} stands for: {files.first_line(error)}"
            ) from error
        self.name = "Inception of 2015" if ending == _GRAPH else "Keras's InceptionV3"
        self.identity = f"{self.name}, {files.sha256(path)[:12]}"

    def features(self, pictures: list[np.ndarray]) -> np.ndarray:
        """The pooled features: [n, 2048] float32.

        Args:
            pictures: n of one size, [H, W, 3] uint8.
        """
        bytes_each = _BYTES_EACH + 16 * pictures[0].size
        return in_batches(self._network, pictures, bytes_each).astype(np.float32)


def _frozen_graph(path: str):
    with open(path, "rb") as file:
        definition = tf.compat.v1.GraphDef.FromString(file.read())
    graph = tf.Graph()
    with graph.as_default():
        pictures = tf.compat.v1.placeholder(tf.float32, [None, None, None, 3])
        (pooled,) = tf.graph_util.import_graph_def(
            definition, {"ExpandDims:0": pictures}, ["pool_3:0"], name=""
        )
    # A session, not a function: TensorFlow runs withdrawn operations of the graph only
    # in graphs of that age.
    session = tf.compat.v1.Session(graph=graph)

    def network(batch):
        features = session.run(pooled, {pictures: batch.astype(np.float32)})
        return features.reshape(len(batch), WIDTH)

    network(np.zeros([1, 32, 32, 3], np.uint8))
    return network


def _keras_network(path: str):
    with open(path, "rb") as file:
        if file.read(len(_HDF5_START)) != _HDF5_START:
            raise ValueError("not an HDF5 file")
    inception = keras.applications.InceptionV3(
        include_top=False, weights=path, pooling="avg", input_shape=(SIDE, SIDE, 3)
    )

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
    def network(batch):
        floats = tf.cast(batch, tf.float32)
        resized = tf.image.resize(floats, [SIDE, SIDE], antialias=True)
        return inception(resized / 127.5 - 1.0, training=False)

    return lambda batch: network(batch).numpy()

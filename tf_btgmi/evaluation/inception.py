"""The Inception of 2015, the network of published FIDs (Heusel et al. 2017).

It is read from a frozen graph (`classify_image_graph_def.pb`): input `ExpandDims:0` in
0 to 255, resized by the graph; output `pool_3:0`.
"""

import os

import numpy as np
import tensorflow as tf

from tf_btgmi import files
from tf_btgmi.evaluation.batching import in_batches

WIDTH = 2048
# Upper bound of the measured memory.
_BYTES_EACH = 48 * 2**20


class Inception:
    """The network of a file.

    Attributes:
        identity: its name, and a hash of the file.
    """

    def __init__(self, path: str):
        """Loads the network.

        Args:
            path: of the frozen graph.

        Raises:
            ValueError: the file does not exist or has another network.
        """
        if not os.path.isfile(path):
            raise ValueError(f"--inception_weights: there is no file {path}.")
        try:
            self._network = _frozen_graph(path)
        # TensorFlow raises many kinds of exceptions for other files.
        except Exception as error:
            raise ValueError(
                f"--inception_weights: {path} is not the Inception of 2015 as a frozen "
                f"graph: {files.first_line(error)}"
            ) from error
        self.identity = f"Inception of 2015, {files.sha256(path)[:12]}"

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

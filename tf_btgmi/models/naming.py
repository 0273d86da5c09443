"""Names for a network's weights that are the same on Keras 2 and Keras 3.

Neither Keras's own names nor the objects that `tf.train.Checkpoint` finds suffice: the
names differ between the two, and Keras 3 hides lists of layers from TensorFlow, so that
a checkpoint of the model would silently miss most of it.
"""

from typing import Any

import keras


def named_weights(network: keras.Model) -> dict[str, Any]:
    """Every weight of a network by a name such as `head_block_0.trainable_1_gamma`.

    The weights are TensorFlow variables or, on Keras 3, Keras variables.

    Args:
        network: built, with a property `parts` that maps names to its layers.

    Raises:
        ValueError: the parts do not make up the network.
    """
    weights = {}
    for part, layer in network.parts.items():
        for kind in ("trainable", "non_trainable"):
            for position, variable in enumerate(getattr(layer, f"{kind}_weights")):
                leaf = variable.name.split("/")[-1].split(":")[0]
                weights[f"{part}.{kind}_{position}_{leaf}"] = variable
    missing = len(network.weights) - len(weights)
    if missing:
        raise ValueError(
            f"{missing} of the {len(network.weights)} weights of {network.name} are in "
            "none of its parts."
        )
    return weights

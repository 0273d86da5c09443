"""Feature matching in the discriminator (pix2pixHD, Wang et al. 2018, eq. 4).

pix2pixHD uses it beside the adversarial term, where the paper uses PPL.
"""

import tensorflow as tf


def feature_matching_loss(
    real_features: list[list[tf.Tensor]], fake_features: list[list[tf.Tensor]]
) -> tf.Tensor:
    """Mean absolute difference of each layer, summed over layers and scales: a scalar.

    The last entry of a scale, its logits, is left out, as in that paper's code. Its
    gradient reaches the composite only: features of the image are targets.

    Args:
        real_features: of images, scales of layers of [B, h, w, C].
        fake_features: of the composites of the same images.
    """
    total = 0.0
    for real_layers, fake_layers in zip(real_features, fake_features):
        for real, fake in zip(real_layers[:-1], fake_layers[:-1]):
            real = tf.stop_gradient(tf.cast(real, tf.float32))
            difference = tf.abs(tf.cast(fake, tf.float32) - real)
            total += tf.reduce_mean(difference)
    return total

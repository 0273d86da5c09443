"""The default discriminators learn to tell fills that anybody would: blurred ones."""

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from configs import outdoor_128
from tf_btgmi.assets import sample_pictures
from tf_btgmi.data.masks import named_mask
from tf_btgmi.data.transforms import training_crop
from tf_btgmi.losses.adversarial import discriminator_loss
from tf_btgmi.metrics.discrimination import discrimination
from tf_btgmi.models.build import build_discriminator
from tf_btgmi.ops import mask_ops
from tf_btgmi.pictures.decoding import decode_image

SIZE, BATCH, STEPS, SIGMA = 64, 8, 300, 2.0


def examples(split: str, count: int, seed: int):
    """Images, masks and blurred fills of bundled pictures: three arrays."""
    pictures = [decode_image(str(path)) for path in sample_pictures(split)]
    images, masks, fills = [], [], []
    for i in range(count):
        image = training_crop(pictures[i % len(pictures)], SIZE, (seed, i), 0.3, True)
        images.append(image)
        masks.append(named_mask("rectangles", SIZE, SIZE, (seed, i))[..., np.newaxis])
        fills.append(cv2.GaussianBlur(image, (0, 0), SIGMA))
    scaled = [np.float32(x) / 127.5 - 1.0 for x in (images, fills)]
    return scaled[0], np.float32(masks), scaled[1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_blurred_fills_are_told_from_pictures():
    """At the finest scale .85 of right pairs, on pictures that it never saw."""
    keras.utils.set_random_seed(0)
    config = outdoor_128.get_config()
    discriminator = build_discriminator(config)
    rate = (
        config.procedure.learning_rate
        * config.procedure.discriminator_learning_rate_factor
    )
    optimizer = keras.optimizers.Adam(rate, beta_1=config.procedure.adam_beta_1)
    optimizer.build(discriminator.trainable_variables)

    def logits(image, mask, fill, training):
        masked = mask_ops.mask_image(image, mask)
        composite = mask_ops.composite(mask, fill, image)
        pairs = [tf.concat([masked, x], -1) for x in (image, composite)]
        scales = discriminator.features(tf.concat(pairs, 0), training=training)
        both = [tf.split(scale[-1], 2) for scale in scales]
        return *map(list, zip(*both)), discriminator.patch_masks(mask)

    @tf.function
    def step(*batch):
        with tf.GradientTape() as tape:
            loss = discriminator_loss(
                *logits(*batch, True),
                config.losses.adversarial,
                config.losses.discriminator_patches,
            )
        variables = discriminator.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))

    def right_pairs():
        found = [[x.numpy() for x in part] for part in logits(*unseen, False)]
        return discrimination(*found)["right_pairs_0"]

    trained, unseen = examples("train", 560, 1), examples("test", 96, 2)
    untrained = right_pairs()
    order = np.random.default_rng(0)
    for _ in range(STEPS):
        chosen = order.integers(len(trained[0]), size=BATCH)
        step(*(part[chosen] for part in trained))
    assert abs(untrained - 0.5) < 0.25
    assert right_pairs() > 0.85

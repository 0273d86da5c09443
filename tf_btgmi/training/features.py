"""The discriminators' features of images and composites.

Features are lists over scales, finest first, of lists of layers, the logits last.
`batch` and `examples` are those of `inpainting_gan`; with two outputs there are twice
as many composites as images.
"""

import tensorflow as tf

from tf_btgmi.training import regions


def logits(scales: list[list[tf.Tensor]]) -> list[tf.Tensor]:
    """The last layer of each scale."""
    return [layers[-1] for layers in scales]


def pair_features(discriminator, batch: dict, examples: dict, training: bool):
    """Features of the images and of the composites."""
    real = discriminator.input_of(
        regions.masked_image(batch), batch["mask"], batch["image"]
    )
    fake = _composites(discriminator, examples)
    if discriminator.uses_batch_statistics:
        # Separate statistics of images and of composites, as in earlier systems.
        return (
            discriminator.features(real, training=training),
            discriminator.features(fake, training=training),
        )
    # One pass over images and composites together.
    count = tf.shape(real)[0]
    both = discriminator.features(tf.concat([real, fake], axis=0), training=training)
    return (
        [[layer[:count] for layer in layers] for layers in both],
        [[layer[count:] for layer in layers] for layers in both],
    )


def generator_features(model, batch: dict, examples: dict):
    """Features for the generator's terms: of the images and of the composites.

    Features of the images are None except with feature matching (pix2pixHD), where they
    are repeated for each output.
    """
    discriminator = model.discriminator
    if not model.objective.matches_features:
        return None, discriminator.features(_composites(discriminator, examples))
    real, fake = pair_features(discriminator, batch, examples, training=False)
    names = model.output_names
    return [[regions.repeated(layer, names) for layer in scale] for scale in real], fake


def _composites(discriminator, examples):
    names = ("masked_image", "mask", "composite")
    return discriminator.input_of(*(examples[name] for name in names))

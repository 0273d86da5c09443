"""Adversarial losses that know which patches meet the hole (Sec. 3.2).

Logits and patch masks are lists over scales, finest first, of [B, h, w, 1]; a patch
mask is 1 where the patch meets the hole. On a real image every patch is real; on a
composite exactly the patches that meet the hole are fake. A loss is the sum over
scales of the mean over the batch.
"""

import tensorflow as tf


def discriminator_loss(
    real_logits: list[tf.Tensor],
    fake_logits: list[tf.Tensor],
    patch_masks: list[tf.Tensor],
    kind: str = "lsgan",
    patches: str = "all",
) -> tf.Tensor:
    """Half of the error on images plus half of that on composites: a scalar.

    With `patches="all"` (the paper) the patches of a composite that do not meet the
    hole count as real. With `"hole"` only the patches that meet the hole count, of
    images and composites alike and with the same weight for every example, as in
    `generator_loss`: real and fake are then balanced whatever the size of the hole.

    Args:
        real_logits: of images.
        fake_logits: of composites: one per image, or all images' first composites and
            then all images' second ones.
        patch_masks: of the composites' holes.
        kind: `lsgan` (Mao et al. 2017, targets 1 and 0), `bce` (Goodfellow et al.
            2014) or `hinge` (Lim & Ye 2017).
        patches: `all` or `hole`.

    Raises:
        ValueError: an unknown `kind` or `patches`.
    """
    total = 0.0
    for real, fake, patch_mask in zip(real_logits, fake_logits, patch_masks):
        patch_mask = tf.cast(patch_mask, tf.float32)
        on_images = _error(real, 1.0, kind)
        on_composites = _error(fake, 1.0 - patch_mask, kind)
        if patches == "hole":
            repeats = tf.shape(fake)[0] // tf.shape(real)[0]
            on_images = tf.tile(on_images, [repeats, 1, 1, 1])
            total += 0.5 * _hole_mean(on_images + on_composites, patch_mask)
        elif patches == "all":
            on_images = tf.reduce_mean(on_images)
            total += 0.5 * (on_images + tf.reduce_mean(on_composites))
        else:
            raise ValueError(f"patches must be all or hole; it is {patches!r}.")
    return total


def generator_loss(
    fake_logits: list[tf.Tensor], patch_masks: list[tf.Tensor], kind: str = "lsgan"
) -> tf.Tensor:
    """The generator's loss over the patches that meet the hole: a scalar.

    The mean over an example's hole patches, so that a small hole counts as much as a
    large one.

    Args:
        fake_logits: of composites.
        patch_masks: of the composites' holes.
        kind: `lsgan`, `bce` or `hinge` (whose generator minimises `-logit`).

    Raises:
        ValueError: an unknown `kind`.
    """
    total = 0.0
    for fake, patch_mask in zip(fake_logits, patch_masks):
        patch_mask = tf.cast(patch_mask, tf.float32)
        error = -fake if kind == "hinge" else _error(fake, 1.0, kind)
        total += _hole_mean(error, patch_mask)
    return total


def _hole_mean(error, patch_mask):
    # Over each example's hole patches, then over the batch.
    num_patches = tf.reduce_sum(patch_mask, axis=[1, 2, 3])
    per_example = tf.reduce_sum(error * patch_mask, axis=[1, 2, 3])
    return tf.reduce_mean(tf.math.divide_no_nan(per_example, num_patches))


def _error(logits, target, kind):
    # `target` is 1 for real, 0 for fake, a number or a tensor like `logits`.
    target = tf.broadcast_to(tf.cast(target, logits.dtype), tf.shape(logits))
    if kind == "lsgan":
        return tf.square(logits - target)
    if kind == "bce":
        return tf.nn.sigmoid_cross_entropy_with_logits(target, logits)
    if kind == "hinge":
        return tf.nn.relu(1.0 - (2.0 * target - 1.0) * logits)
    raise ValueError(f"kind must be one of lsgan, bce, hinge; it is {kind!r}.")

"""The full objective: the one place that weighs terms and sums them (Sec. 3.2)."""

import keras
import tensorflow as tf

from tf_btgmi.losses.adversarial import discriminator_loss, generator_loss
from tf_btgmi.losses.lpips import LPIPSDistance
from tf_btgmi.losses.perceptual import PatchPerceptualLoss
from tf_btgmi.losses.reconstruction import (
    feature_matching_loss,
    hole_l1_loss,
    l1_loss,
    l2_loss,
    overlap_l2_loss,
)


class Objective(keras.layers.Layer):
    """Reconstruction and adversarial terms of the generator, and the discriminators'.

    The terms are returned unweighted under their names; `generator` weighs and sums.

    Args:
        reconstruction: `ppl`, `perceptual` (LPIPS of the whole composite), `l1`, `l2`,
            `overlap_l2` (Context Encoder) or `feature_matching` (pix2pixHD).
        reconstruction_weight: lambda_PPL of the paper, whatever the reconstruction.
        pixel_weight: weight of the L1 term; 0 in the paper.
        pixel_region: `picture` or `hole`, the region of that term's mean.
        adversarial: `lsgan`, `bce` or `hinge`.
        patch_labels: `hole` or `all_fake`, the labels of a composite's patches.
        ppl_patch_size: side of PPL's patches in pixels.
        ppl_context_margin: side of PPL's context box over that of its hole box.
        ppl_jitter: largest move of PPL's boxes in pixels of the resized patch.
        discriminator_patches: `all` or `hole`, the patches that the discriminators'
            loss is the mean over.

    Example:
        >>> objective = Objective(reconstruction="l1", reconstruction_weight=10.0)
        >>> terms = {"reconstruction_loss": 0.5, "pixel_loss": 0.0}
        >>> float(objective.generator(terms, adversarial_weight=1.0))
        5.0
    """

    def __init__(
        self,
        reconstruction="ppl",
        reconstruction_weight=10.0,
        pixel_weight=0.0,
        pixel_region="picture",
        adversarial="lsgan",
        patch_labels="hole",
        ppl_patch_size=128,
        ppl_context_margin=1.5,
        ppl_jitter=8.0,
        discriminator_patches="all",
        **kwargs,
    ):
        super().__init__(trainable=False, **kwargs)
        self.reconstruction = reconstruction
        self.reconstruction_weight = reconstruction_weight
        self.pixel_weight = pixel_weight
        self.pixel_region = pixel_region
        self.adversarial = adversarial
        self.patch_labels = patch_labels
        self.discriminator_patches = discriminator_patches
        self.lpips = None
        if reconstruction in ("ppl", "perceptual"):
            self.lpips = LPIPSDistance()
        if reconstruction == "ppl":
            self.patch_perceptual_loss = PatchPerceptualLoss(
                self.lpips, ppl_patch_size, ppl_context_margin, ppl_jitter
            )
        self.built = True

    @property
    def matches_features(self) -> bool:
        """Whether the reconstruction term compares the discriminator's features."""
        return self.reconstruction == "feature_matching"

    def generator(self, terms: dict, adversarial_weight) -> tf.Tensor:
        """The generator's loss: its terms, weighed and summed; a scalar.

        Args:
            terms: scalars `reconstruction_loss`, `pixel_loss` and, where there is a
                discriminator, `adversarial_loss`.
            adversarial_weight: weight of `adversarial_loss`, a scalar.
        """
        return (
            self.reconstruction_weight * terms["reconstruction_loss"]
            + self.pixel_weight * terms["pixel_loss"]
            + adversarial_weight * terms.get("adversarial_loss", 0.0)
        )

    def reconstruction_terms(self, examples: dict, seed=None) -> dict:
        """The generator's unweighted terms that need no discriminator, by name.

        Args:
            examples: `image`, `prediction` and `composite` [B, H, W, 3] in [-1, 1],
                `mask` [B, H, W, 1], and `hole_boxes` [B, K, 4] as
                `mask_arrays.hole_boxes` gives them.
            seed: [2] integers for the jitter of PPL's boxes; None leaves it out.

        Raises:
            ValueError: an unknown `pixel_region` or `reconstruction`.
        """
        pair = examples["image"], examples["composite"]
        if self.pixel_region == "hole":
            terms = {"pixel_loss": hole_l1_loss(*pair, examples["mask"])}
        elif self.pixel_region == "picture":
            terms = {"pixel_loss": l1_loss(*pair)}
        else:
            raise ValueError(
                f"pixel_region must be picture or hole; it is {self.pixel_region!r}."
            )
        if not self.matches_features:
            terms["reconstruction_loss"] = self._reconstruct(examples, seed)
        return terms

    def realism_terms(self, real_features, fake_features, patch_masks) -> dict:
        """The generator's unweighted terms by the discriminator's features, by name.

        Args:
            real_features: of the image, scales of layers, the logits last; None where
                features are not matched.
            fake_features: of the composite.
            patch_masks: of the hole, finest first.

        Raises:
            ValueError: an unknown `adversarial` or `patch_labels`.
        """
        fake_logits = [layers[-1] for layers in fake_features]
        terms = {
            "adversarial_loss": generator_loss(
                fake_logits, self._labels(patch_masks), self.adversarial
            )
        }
        if self.matches_features:
            terms["reconstruction_loss"] = feature_matching_loss(
                real_features, fake_features
            )
        return terms

    def discriminator(self, real_logits, fake_logits, patch_masks) -> tf.Tensor:
        """The discriminators' loss, a scalar never scaled by the adversarial weight.

        Args:
            real_logits: of images, [B, h, w, 1] per scale, finest first.
            fake_logits: of composites.
            patch_masks: of the composites' holes.

        Raises:
            ValueError: an unknown `adversarial`, `patch_labels` or
                `discriminator_patches`.
        """
        return discriminator_loss(
            real_logits,
            fake_logits,
            self._labels(patch_masks),
            self.adversarial,
            self.discriminator_patches,
        )

    def _labels(self, patch_masks):
        if self.patch_labels == "hole":
            return patch_masks
        if self.patch_labels != "all_fake":
            raise ValueError(
                f"patch_labels must be hole or all_fake; it is {self.patch_labels!r}."
            )
        # All but those of a composite without any hole, which is the image itself.
        return [
            tf.ones_like(patch_mask)
            * tf.reduce_max(patch_mask, axis=[1, 2, 3], keepdims=True)
            for patch_mask in patch_masks
        ]

    def _reconstruct(self, examples, seed):
        image, composite = examples["image"], examples["composite"]
        if self.reconstruction == "ppl":
            return self.patch_perceptual_loss(
                image, composite, examples["hole_boxes"], seed=seed
            )
        if self.reconstruction == "perceptual":
            return tf.reduce_mean(self.lpips(image, composite))
        if self.reconstruction == "overlap_l2":
            return overlap_l2_loss(image, examples["prediction"], examples["mask"])
        if self.reconstruction == "l1":
            return l1_loss(image, composite)
        if self.reconstruction == "l2":
            return l2_loss(image, composite)
        raise ValueError(
            f"There is no reconstruction {self.reconstruction!r}; see `Objective`."
        )

"""Inpainting, object removal, harmonization and composition of pictures of any size.

Pictures are uint8 or uint16 [H, W, 3] arrays. Masks are [H, W], set where True or
>= 128. Pixels outside the hole or object are returned unchanged. `crops.py` plans the
windows that the network sees; `network.py` calls it.
"""

from typing import Optional, Sequence, Union

import numpy as np

from tf_btgmi.inference import sixteen_bits
from tf_btgmi.inference.arguments import check_pair, check_picture
from tf_btgmi.inference.boxes import slices
from tf_btgmi.inference.composing import blend, paste
from tf_btgmi.inference.filling import Progress, fill
from tf_btgmi.inference.harmonizing import recolor
from tf_btgmi.inference.holes import Holes, dilated
from tf_btgmi.inference.network import Network, predict_function
from tf_btgmi.inference.placement import Pose, place
from tf_btgmi.outputs import HARMONIZED, INPAINTED
from tf_btgmi.pictures.extended_colors import visible_colors
from tf_btgmi.pictures.mask_arrays import is_hole
from tf_btgmi.pictures.picture import in_depth

# Dilation of objects by `remove`, as a fraction of the picture's shorter side: shadows
# and blended edges lie outside most masks.
_REMOVAL_DILATION = 0.015


class Predictor(Network):
    """A network of fixed size, applied to pictures of any size.

    Args:
        *network: see `Network`.
        retouched: whether fills of `inpaint` and `remove` are retouched near their edge
            with patches of the picture, at the scale of the network; see `retouch.py`.
        **options: see `Network`.

    Raises:
        ValueError: see `Network`.

    Example:
        >>> import tf_btgmi
        >>> predictor = tf_btgmi.load("btgmi-outdoor-192")
        >>> image = np.full((200, 300, 3), 90, np.uint8)
        >>> mask = np.zeros((200, 300), bool)
        >>> mask[80:120, 100:150] = True
        >>> composite = predictor.inpaint(image, mask)
        >>> composite.shape, bool((composite[~mask] == 90).all())
        ((200, 300, 3), True)
    """

    def __init__(self, *network, retouched: bool = False, **options):
        super().__init__(*network, **options)
        self.retouched = retouched

    @classmethod
    def from_generator(cls, generator, config) -> "Predictor":
        """Makes a predictor of a Keras `Generator` and the config of its training.

        The predictor has a copy of the weights, with batch normalization folded into
        the convolutions; later changes of the generator have no effect.
        """
        # Imported on demand: TensorFlow takes seconds.
        from tf_btgmi.models.folding import fold

        size = config.data.image_size
        predict_fn = predict_function(fold(generator), size)
        return cls(
            predict_fn, size, generator.size_multiple, outputs=generator.output_names
        )

    def inpaint(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        mask_dilation: int = 0,
        progress: Optional[Progress] = None,
    ) -> np.ndarray:
        """Fills the hole of a picture.

        Args:
            image: uint8 or uint16 [H, W, 3], or [H, W, 4] with an alpha channel, which
                becomes opaque in the hole.
            mask: [H, W], bool, or uint8 with the hole at >= 128.
            mask_dilation: pixels by which the hole is dilated.
            progress: called as `progress(done, total)` with numbers of windows, first
                with 0, then after each batch. An exception that it raises ends the
                work.

        Returns:
            The composite, an array like `image` and equal to it outside the hole. A
            fill of 16 bits has smooth gradients, see `sixteen_bits.py`.

        Raises:
            ValueError: wrong types or shapes, sizes that differ, a mask that is empty
                or covers the whole picture, or an invalid prediction.
        """
        self.need(INPAINTED, "fill holes")
        check_pair(image, mask, channels=(3, 4))
        if not isinstance(mask_dilation, (int, np.integer)) or mask_dilation < 0:
            raise ValueError(
                f"mask_dilation must be a non-negative integer; it is {mask_dilation}."
            )
        if image.shape[2] == 4:
            colors = visible_colors(np.ascontiguousarray(image[..., :3]), image[..., 3])
            colors = self.inpaint(colors, mask, mask_dilation, progress)
            hole = dilated(mask, mask_dilation)
            result = image.copy()
            result[hole, :3] = colors[hole]
            result[hole, 3] = np.iinfo(image.dtype).max
            return result
        if image.dtype == np.uint16:
            return sixteen_bits.fill(
                image,
                dilated(mask, mask_dilation),
                lambda eight_bits, hole: self.inpaint(
                    eight_bits, hole, progress=progress
                ),
            )
        return fill(
            self,
            image,
            Holes(mask, mask_dilation),
            retouched=self.retouched,
            progress=progress,
        )

    def remove(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        mask_dilation: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> np.ndarray:
        """Removes an object: `inpaint` with its mask, dilated.

        Args:
            image: see `inpaint`.
            mask: [H, W], bool, or uint8 with the object at >= 128.
            mask_dilation: pixels by which the mask is dilated. Default:
                `removal_dilation`.
            progress: see `inpaint`.

        Returns:
            As `inpaint`.

        Raises:
            ValueError: as `inpaint`.
        """
        check_pair(image, mask, channels=(3, 4))
        if mask_dilation is None:
            mask_dilation = removal_dilation(image.shape)
        return self.inpaint(image, mask, mask_dilation, progress)

    def harmonize(
        self, image: np.ndarray, mask: np.ndarray, direct: bool = False
    ) -> np.ndarray:
        """Recolours an object to fit its surroundings.

        Args:
            image: uint8 or uint16 [H, W, 3], or [H, W, 4] with an alpha channel, which
                stays. New colours have a precision of 8 bits.
            mask: [H, W], bool, or uint8 with the object at >= 128.
            direct: whether the result has the network's own pixels, enlarged if
                necessary, instead of the object's pixels with the network's colour
                change, which keep their detail.

        Returns:
            An array like `image`, equal to it outside the object.

        Raises:
            ValueError: wrong types or shapes, sizes that differ, a mask that is empty,
                too thin for the network or covers the whole picture, or a network that
                does not harmonize.
        """
        self.need(HARMONIZED, "harmonize")
        check_pair(image, mask, channels=(3, 4))
        foreground = is_hole(mask)
        if image.shape[2] == 4:
            colors = visible_colors(np.ascontiguousarray(image[..., :3]), image[..., 3])
            result = image.copy()
            colors = self.harmonize(colors, mask, direct)
            result[foreground, :3] = colors[foreground]
            return result
        if image.dtype == np.uint16:
            result = self.harmonize(in_depth(image, np.uint8), mask, direct)
            return np.where(foreground[..., None], in_depth(result, np.uint16), image)
        recoloring = recolor(self, image, foreground)
        result = np.array(image, order="C")
        area = slices(recoloring.box)
        shown = foreground[area]
        recolored = recoloring.pixels() if direct else recoloring.change(image[area])
        result[area][shown] = recolored[shown]
        return result

    def compose(
        self,
        image: np.ndarray,
        guide: np.ndarray,
        guide_mask: np.ndarray,
        position: tuple[float, float],
        scale: float = 1.0,
        rotate: float = 0.0,
        flip: bool = False,
        gap: Optional[Union[int, str]] = None,
        harmonize: bool = True,
        progress: Optional[Progress] = None,
    ) -> np.ndarray:
        """Pastes an object of another picture, fills a gap around it and recolours it.

        Args:
            image: uint8 or uint16 [H, W, 3], or [H, W, 4] with an alpha channel, which
                becomes opaque in the object and its gap. New pixels have a precision
                of 8 bits.
            guide: uint8 [h, w, 3], the picture that shows the object.
            guide_mask: [h, w], bool, or uint8 with the object at >= 128.
            position: (y, x) in `image` of the centre of the object's box.
            scale: factor of the object's size.
            rotate: degrees counter-clockwise.
            flip: whether the object is first mirrored left to right.
            gap: width of the filled band around the object in pixels (0 for none),
                "box" for the rest of its box. Default: 2 % of the longer side of the
                box, at least 2 pixels. A network without the output "inpainted" takes
                no gap.
            harmonize: whether the object is recoloured.
            progress: see `inpaint`; called for the windows of the gap.

        Returns:
            An array like `image`, equal to it outside the object's box and its gap.

        Raises:
            ValueError: wrong types or shapes, no object, no part of it inside the
                picture, no surroundings, or a network without a required output.
        """
        if harmonize:
            self.need(HARMONIZED, "harmonize", "; harmonize=False keeps the colours")
        check_picture("image", image, channels=(3, 4))
        check_pair(guide, guide_mask, "guide", (np.uint8,))
        if INPAINTED not in self.outputs:
            if gap is not None and gap != 0:
                self.need(INPAINTED, "fill a gap", "; gap=0 leaves none")
            gap = 0
        pose = Pose(position, scale, rotate, flip)
        placed = place(image.shape[:2], guide, guide_mask, pose)
        stored = in_depth(np.ascontiguousarray(image[..., :3]), np.uint8)
        alpha = image[..., 3] if image.shape[2] == 4 else None
        composite, covered = self._composed(
            visible_colors(stored, alpha), placed, gap, harmonize, progress
        )
        result = np.array(image, order="C")
        # Where 8 bits do not change, 16 bits stay.
        changed = covered & (composite != stored).any(axis=-1)
        result[changed, :3] = in_depth(composite[changed], image.dtype)
        if alpha is not None:
            result[covered, 3] = np.iinfo(image.dtype).max
        return result

    def _composed(self, image, placed, gap, harmonize, progress):
        """Pastes a placed object: the composite, and the object with its gap."""
        pasted = paste(image, placed, gap)
        colors = placed.colors
        if harmonize:
            recoloring = recolor(
                self, pasted.image, pasted.foreground, pasted.gap, placed.box
            )
            # The soft edge has extended colours of the object, to which its change
            # applies as well.
            colors = recoloring.change(placed.colors)
        background = image
        if pasted.gap.any():
            holes = Holes(pasted.gap)
            filled = fill(
                self, pasted.image, holes, pasted.foreground, progress=progress
            )
            background = np.where(pasted.gap[..., None], filled, image)
        covered = pasted.gap.copy()
        covered[slices(placed.box)] |= placed.alpha > 0
        return blend(background, placed, colors), covered

    def need(self, output: str, work: str, way_out: str = "") -> None:
        """Raises unless the model has this output.

        Args:
            output: name of the output.
            work: its purpose, for the message, such as "fill holes".
            way_out: an alternative, such as "; gap=0 leaves none".

        Raises:
            ValueError: the model does not have the output.
        """
        if output not in self.outputs:
            raise ValueError(
                f"This model does not {work}: its output is "
                f"{' and '.join(self.outputs)}{way_out}."
            )


def removal_dilation(shape: Sequence[int]) -> int:
    """Default dilation of `Predictor.remove`: 1.5 % of the shorter side, in pixels.

    Args:
        shape: (height, width, ...) of the picture.
    """
    return max(1, round(_REMOVAL_DILATION * min(shape[:2])))


def removal_mask(mask: np.ndarray, mask_dilation: Optional[int] = None) -> np.ndarray:
    """The pixels that `Predictor.remove` replaces, [H, W] bool."""
    if mask_dilation is None:
        mask_dilation = removal_dilation(mask.shape)
    return dilated(mask, mask_dilation)

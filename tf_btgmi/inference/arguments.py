"""Checks of the pictures and masks that a `Predictor` is called with."""

from typing import Sequence

import numpy as np


def check_picture(
    name: str,
    image: np.ndarray,
    types: Sequence = (np.uint8, np.uint16),
    channels: Sequence[int] = (3,),
) -> None:
    """Checks a picture, [H, W, C].

    Args:
        name: name of the argument, for messages.
        image: the argument.
        types: allowed types.
        channels: allowed values of C.

    Raises:
        ValueError: another shape or type.
    """
    shape = np.shape(image)
    if len(shape) != 3 or shape[2] not in channels or 0 in shape:
        allowed = " or ".join(f"[H, W, {number}]" for number in channels)
        raise ValueError(f"{name} must be {allowed}; its shape is {shape}.")
    if not isinstance(image, np.ndarray) or image.dtype not in types:
        names = " or ".join(np.dtype(t).name for t in types)
        raise ValueError(
            f"{name} must be a NumPy array of {names}; it is {_kind(image)}."
        )


def check_pair(
    image: np.ndarray,
    mask: np.ndarray,
    name: str = "image",
    types: Sequence = (np.uint8, np.uint16),
    channels: Sequence[int] = (3,),
) -> None:
    """Checks a picture, as `check_picture` does, and its mask, [H, W], uint8 or bool.

    Raises:
        ValueError: another shape or type, or sizes that differ.
    """
    check_picture(name, image, types, channels)
    mask_shape = np.shape(mask)
    if len(mask_shape) != 2:
        raise ValueError(f"mask must be [H, W]; its shape is {mask_shape}.")
    if not isinstance(mask, np.ndarray) or mask.dtype not in (np.uint8, np.bool_):
        raise ValueError(
            f"mask must be a NumPy array of uint8 or bool; it is {_kind(mask)}."
        )
    if mask_shape != image.shape[:2]:
        is_turned = mask_shape[::-1] == image.shape[:2]
        turned = " Turn the mask: pictures are taken upright, as displayed."
        raise ValueError(
            f"The mask is {mask_shape[1]}x{mask_shape[0]} pixels, the {name} "
            f"{image.shape[1]}x{image.shape[0]}; they must be of the same size."
            f"{turned if is_turned else ''}"
        )


def _kind(value) -> str:
    """The type of a value for messages: `an array of float32`."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"of type {type(value).__name__}"

"""Fills the holes of a picture of any size on the windows that `crops.py` plans."""

from typing import Callable, Optional

import cv2
import numpy as np

from tf_btgmi.inference import crops as crop_plan
from tf_btgmi.inference.detail import VERSION as DETAIL_VERSION
from tf_btgmi.inference.detail import enlarge
from tf_btgmi.inference.holes import Holes
from tf_btgmi.inference.network import Network
from tf_btgmi.inference.retouch import VERSION as RETOUCH_VERSION
from tf_btgmi.inference.retouch import retouch
from tf_btgmi.outputs import INPAINTED
from tf_btgmi.pictures.levels import rounded

# Called with the numbers of filled windows and of all windows.
Progress = Callable[[int, int], None]


def version(retouched: bool) -> str:
    """Tells fills of one network by different releases apart, for evaluations.

    Args:
        retouched: as of `fill`.
    """
    text = f"detail v{DETAIL_VERSION}"
    return f"{text}, retouched v{RETOUCH_VERSION}" if retouched else text


def fill(
    network: Network,
    image: np.ndarray,
    holes: Holes,
    foreground: Optional[np.ndarray] = None,
    retouched: bool = False,
    progress: Optional[Progress] = None,
) -> np.ndarray:
    """Returns the composite: `image` with its holes filled, equal to it elsewhere.

    Args:
        network: has the output `inpainted`.
        image: uint8 [H, W, 3].
        holes: the holes; they are marked as filled.
        foreground: bool [H, W], an object as an input of the network, disjoint from
            the holes. With it, nothing is interpolated or retouched.
        retouched: whether fills are retouched before they are enlarged; `retouch.py`.
        progress: called with the numbers of filled windows and of all windows, first
            with 0, then after each batch. An exception that it raises ends the work.
    """
    composite = np.array(image, order="C")
    if foreground is None:
        holes.interpolate(composite)
    else:
        foreground = foreground.view(np.uint8)
    crops = crop_plan.plan(holes, network.image_size)
    done = 0
    if progress:
        progress(done, len(crops))
    for batch in crop_plan.batches(crops, network.batch_size):
        _fill(network, composite, holes, foreground, batch, retouched)
        done += len(batch)
        if progress:
            progress(done, len(crops))
    return composite


def shrunk(image: np.ndarray, gap: np.ndarray, size: int):
    """Scales a square window down to the network's size.

    A small pixel is the mean of the known pixels below it, and gap if these are less
    than half. A window of the network's size is returned unchanged.

    Args:
        image: uint8 [side, side, 3].
        gap: uint8 [side, side] in {0, 1}.
        size: the network's side.

    Returns:
        uint8 [size, size, 3] and uint8 [size, size] in {0, 1}.
    """
    if image.shape[0] == size:
        return image, gap
    known = image * (1 - gap)[..., None]
    known = cv2.resize(known, (size, size), interpolation=cv2.INTER_AREA)
    share = area_share(1 - gap, size)
    image = rounded(known / np.maximum(share, 0.25)[..., None])
    return image, (share < 0.5).astype(np.uint8)


def area_share(mask: np.ndarray, size: int) -> np.ndarray:
    """The share of a mask in each pixel of a smaller square, in steps of 1/255.

    Args:
        mask: uint8 [side, side] in {0, 1}.
        size: the new side.

    Returns:
        float32 [size, size] in [0, 1].
    """
    share = cv2.resize(mask * 255, (size, size), interpolation=cv2.INTER_AREA)
    return share.astype(np.float32) / 255


def _fill(
    network, composite, holes, foreground, batch: list[crop_plan.Crop], retouched: bool
) -> None:
    size = network.image_size
    windows, objects = [], []
    for crop in batch:
        gap = holes.window(crop.y, crop.x, crop.side)
        windows.append(shrunk(crop_plan.window_of(composite, crop), gap, size))
        if foreground is not None:
            object_window = crop_plan.window_of(foreground, crop)
            visible = area_share(object_window, size) >= 0.5
            objects.append(visible & (windows[-1][1] == 0))
    images = np.stack([image for image, _ in windows])
    gaps = np.stack([gap for _, gap in windows])
    predictions = network.run(images, gaps, np.stack(objects) if objects else None)
    for crop, (image, gap), prediction in zip(batch, windows, predictions[INPAINTED]):
        filled = np.where(gap[..., None] > 0, prediction, image)
        edge = crop_plan.edge_of(crop, holes.height, holes.width)
        if retouched and foreground is None:
            small_edge = area_share(edge.astype(np.uint8), size) > 0
            box = crop_plan.pixels_around(crop_plan.seen_box(crop, size))
            filled = retouch(filled, gap > 0, small_edge, box)
        _paste(composite, holes, crop, filled, edge)


def _paste(composite, holes, crop: crop_plan.Crop, filled, edge) -> None:
    if crop.side != filled.shape[0]:
        window = crop_plan.window_of(composite, crop)
        unknown = holes.window(crop.y, crop.x, crop.side) > 0
        filled = enlarge(filled, window, unknown, edge)
    y0, x0, y1, x1 = crop.box
    filled = filled[y0 - crop.y : y1 - crop.y, x0 - crop.x : x1 - crop.x]
    pixels = holes.fill(crop.hole, crop.box)
    composite[y0:y1, x0:x1][pixels] = filled[pixels]

"""Work of each request, run in a worker's thread."""

import dataclasses
import io
import time
from typing import Callable, List, NamedTuple, Optional

import numpy as np
from PIL import Image

from tf_btgmi.inference.holes import dilated
from tf_btgmi.inference.predictor import removal_dilation
from tf_btgmi.pictures.color_profiles import rgb_as_in, rgb_profile
from tf_btgmi.pictures.picture import Picture
from tf_btgmi.pictures.writer import encode_picture
from tf_btgmi.selection import select
from tf_btgmi.studio import errors, forms, overlays, uploads
from tf_btgmi.studio.limits import Limits
from tf_btgmi.studio.models import Model
from tf_btgmi.studio.worker import Job

MEDIA_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
}
# Previews above this many pixels are JPEG, which is much faster to make and to show.
_PNG_PIXELS = 4_000_000


@dataclasses.dataclass
class Answer:
    """The file that answers a request.

    Attributes:
        data: bytes of the file.
        media_type: its media type.
        notes: one sentence for each loss in its format.
        model_seconds: time in the model.
    """

    data: bytes
    media_type: str
    notes: List[str] = dataclasses.field(default_factory=list)
    model_seconds: float = 0.0


def inpaint(form: forms.InpaintForm, model: Model, limits: Limits):
    """The work of /inpaint."""

    def change(job: Job, image: np.ndarray, picture: Picture):
        del picture
        mask = uploads.read_mask(form.mask, limits, image.shape[:2], form.image)
        _check_not_empty(mask, "Nothing is selected.", "Mark what you want filled")
        dilation = form.mask_dilation
        if dilation is None:
            dilation = removal_dilation(image.shape) if form.remove else 0
        job.total = model.count_windows(mask, dilation)
        composite = model.run(
            job, lambda predictor: predictor.inpaint(image, mask, dilation)
        )
        return composite, dilated(mask, dilation)

    return _run(form, change, limits)


def harmonize(form: forms.HarmonizeForm, model: Model, limits: Limits):
    """The work of /harmonize."""

    def change(job: Job, image: np.ndarray, picture: Picture):
        del picture
        mask = uploads.read_mask(form.mask, limits, image.shape[:2], form.image)
        _check_not_empty(mask, "Nothing is selected.", "Mark the object to recolour")
        composite = model.run(job, lambda predictor: predictor.harmonize(image, mask))
        return composite, None

    return _run(form, change, limits)


def compose(form: forms.ComposeForm, model: Model, limits: Limits):
    """The work of /compose."""

    def change(job: Job, image: np.ndarray, picture: Picture):
        guide = uploads.read_picture(form.guide, limits, "The guide")
        guide = rgb_as_in(guide, picture)
        mask = uploads.read_mask(
            form.guide_mask, limits, guide.shape[:2], form.guide, "The guide's mask"
        )
        _check_not_empty(mask, "Nothing is cut out.", "Select the object in the guide")
        pose = ((form.y, form.x), form.scale, form.rotate, form.flip)
        composite = model.run(
            job,
            lambda predictor: predictor.compose(
                image, guide, mask, *pose, harmonize=form.harmonize
            ),
        )
        return composite, None

    return _run(form, change, limits)


def segment(form: forms.SegmentForm, limits: Limits):
    """The work of /segment: a PNG, white on the object."""

    def work(job: Job) -> Answer:
        del job
        image = _current(form, limits).composite
        mask: Optional[np.ndarray] = None
        if form.mask:
            mask = uploads.read_mask(form.mask, limits, image.shape[:2], form.image)
        try:
            found = select(image, form.box, form.clicks, mask)
        except ValueError as error:
            raise errors.impossible(str(error)) from None
        return Answer(overlays.png(found), "image/png")

    return work


def preview(form: forms.PictureForm, limits: Limits):
    """The work of /preview: the picture upright, as any browser can show it."""

    def work(job: Job) -> Answer:
        del job
        picture, image, _ = _current(form, limits)
        notes = [picture.format, picture.mode, str(picture.pixels.dtype)]
        if image.shape[0] * image.shape[1] <= _PNG_PIXELS:
            return Answer(overlays.png(image, picture), "image/png", notes)
        file = io.BytesIO()
        options = {"icc_profile": rgb_profile(picture), "subsampling": 0}
        Image.fromarray(image).save(file, "JPEG", quality=95, **options)
        return Answer(file.getvalue(), "image/jpeg", notes)

    return work


def export(form: forms.PictureForm, limits: Limits):
    """The work of /export: the changed picture in its own format."""

    def work(job: Job) -> Answer:
        del job
        return _finished(form.image, _current(form, limits))

    return work


def _run(form: forms.RunForm, change: Callable, limits: Limits):
    def work(job: Job) -> Answer:
        before = _current(form, limits)
        started = time.monotonic()
        composite, hole = change(job, before.composite, before.picture)
        seconds = time.monotonic() - started
        mask = before.mask | overlays.changed(before.composite, composite)
        if hole is not None and before.picture.alpha() is not None:
            # Over transparent pixels a fill is seen whatever its colour.
            mask |= hole
        after = _Current(before.picture, composite, mask)
        if form.output == "overlay":
            data = overlays.encode(composite, mask, before.picture)
            answer = Answer(data, "image/png")
        else:
            answer = _finished(form.image, after)
        answer.model_seconds = seconds
        return answer

    return work


class _Current(NamedTuple):
    """A picture with its edits so far.

    Attributes:
        picture: the picture as stored.
        composite: the picture with all edits, uint8 [H, W, 3], upright.
        mask: pixels that were changed or filled, bool [H, W], upright.
    """

    picture: Picture
    composite: np.ndarray
    mask: np.ndarray


def _current(form: forms.PictureForm, limits: Limits) -> _Current:
    picture = uploads.read_picture(form.image, limits)
    image = picture.rgb()
    if not form.overlay:
        return _Current(picture, image, np.zeros(image.shape[:2], bool))
    overlay = uploads.read_overlay(form.overlay, limits, image.shape[:2])
    return _Current(
        picture, overlays.applied(image, overlay), overlays.covered(overlay)
    )


def _finished(data: bytes, current: _Current) -> Answer:
    picture, composite, mask = current
    target = picture.format if picture.format in MEDIA_TYPES else "PNG"
    if not mask.any() and picture.format in MEDIA_TYPES:
        return Answer(data, MEDIA_TYPES[target])
    if mask.any():
        picture = picture.filled(composite, mask)
    try:
        data, notes = encode_picture(picture, target)
    except ValueError as error:
        raise errors.impossible(str(error)) from None
    return Answer(data, MEDIA_TYPES[target], notes)


def _check_not_empty(mask: np.ndarray, what: str, to_do: str) -> None:
    if not mask.any():
        raise errors.ApiError(
            422,
            "empty_mask",
            what,
            "The mask has no white pixel.",
            f"{to_do} with the brush, a box, the lasso or a click.",
        )

"""Work of each request, run in a worker's thread: job and form to an `Answer`."""

import dataclasses
import io
from typing import NamedTuple, Optional

import numpy as np
from PIL import Image

from tf_btgmi.inference.holes import dilated
from tf_btgmi.inference.predictor import removal_mask
from tf_btgmi.pictures.color_profiles import rgb_as_in, rgb_profile
from tf_btgmi.pictures.picture import Picture, in_depth, upright, with_alpha
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
# Limit of JPEG and of a canvas of Chromium.
_MOST_SIDE = 65_535


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
    notes: list[str] = dataclasses.field(default_factory=list)
    model_seconds: float = 0.0


def inpaint(job: Job, form: forms.InpaintForm, limits: Limits, model: Model):
    """Answers /inpaint."""
    before = _current(form, limits)
    image = before.composite
    mask = uploads.read_mask(form.mask, limits, image.shape[:2], form.image)
    _check_not_empty(mask, "Nothing is selected.", "Mark what you want filled")
    dilation = form.mask_dilation if form.remove else form.mask_dilation or 0

    def fill(predictor):
        work = predictor.remove if form.remove else predictor.inpaint
        return work(image, mask, dilation, job.report)

    composite = model.run(job, fill)
    hole = None
    if before.picture.alpha() is not None:
        # The fill makes transparent pixels opaque, even where their colour is equal.
        hole = (removal_mask if form.remove else dilated)(mask, dilation)
    return _changed(job, form, before, composite, hole)


def harmonize(job: Job, form: forms.HarmonizeForm, limits: Limits, model: Model):
    """Answers /harmonize."""
    before = _current(form, limits)
    image = before.composite
    mask = uploads.read_mask(
        form.mask, limits, image.shape[:2], form.image, is_object=True
    )
    _check_not_empty(mask, "Nothing is selected.", "Mark the object to recolour")
    composite = model.run(job, lambda predictor: predictor.harmonize(image, mask))
    return _changed(job, form, before, composite, opaque=False)


def compose(job: Job, form: forms.ComposeForm, limits: Limits, model: Model):
    """Answers /compose."""
    before = _current(form, limits)
    guide = uploads.read_picture(form.guide, limits, "The guide")
    guide = rgb_as_in(guide, before.picture)
    mask = uploads.read_mask(
        form.guide_mask,
        limits,
        guide.shape[:2],
        form.guide,
        "The guide's mask",
        is_object=True,
    )
    _check_not_empty(mask, "Nothing is cut out.", "Select the object in the guide")
    pose = ((form.y, form.x), form.scale, form.rotate, form.flip)
    image = with_alpha(before.composite, before.alpha())
    composite = model.run(
        job,
        lambda predictor: predictor.compose(
            *(image, guide, mask, *pose),
            harmonize=form.harmonize,
            progress=job.report,
        ),
    )
    # Transparent pixels become opaque, even where their colour stays.
    new = overlays.changed(image, composite)
    return _changed(job, form, before, composite[..., :3], new)


def mask(job: Job, form: forms.MaskForm, limits: Limits):
    """Answers /mask with a PNG, white where the mask selects."""
    del job
    picture = uploads.read_picture(form.image, limits)
    shape = upright(picture.pixels, picture.metadata.orientation).shape[:2]
    selected = uploads.read_mask(
        form.mask, limits, shape, form.image, is_object=form.is_object
    )
    return Answer(overlays.png(selected.astype(np.uint8) * 255), "image/png")


def segment(job: Job, form: forms.SegmentForm, limits: Limits):
    """Answers /segment with a PNG, white on the object."""
    del job
    image = _current(form, limits).composite
    mask: Optional[np.ndarray] = None
    if form.mask is not None:
        mask = uploads.read_mask(form.mask, limits, image.shape[:2], form.image)
    try:
        selected = select(in_depth(image, np.uint8), form.box, form.clicks, mask)
    except ValueError as error:
        raise errors.impossible(str(error)) from None
    return Answer(overlays.png(selected), "image/png")


def preview(job: Job, form: forms.PictureForm, limits: Limits):
    """Answers /preview: the picture upright, in a format that browsers show."""
    del job
    current = _current(form, limits)
    picture, alpha = current.picture, current.picture.alpha()
    notes = [picture.format, picture.mode, str(picture.pixels.dtype)]
    height, width, _ = current.composite.shape
    if max(height, width) > _MOST_SIDE:
        raise errors.bad_picture(
            "The picture",
            f"It is {width}x{height} pixels; browsers show at most {_MOST_SIDE:,} in a "
            "row or column.",
            "Cut it into parts, or use the command `inpaint`.",
        )
    image = in_depth(current.composite, np.uint8)
    if alpha is not None and alpha.min() < alpha.max():
        image = with_alpha(image, current.alpha())
        notes.append("transparent")
    elif alpha is not None and alpha.max() < 255:
        notes.append("shown opaque")
    if image.shape[-1] == 4 or height * width <= _PNG_PIXELS:
        return Answer(overlays.png(image, picture), "image/png", notes)
    file = io.BytesIO()
    options = {"icc_profile": rgb_profile(picture), "subsampling": 0}
    Image.fromarray(image).save(file, "JPEG", quality=95, **options)
    return Answer(file.getvalue(), "image/jpeg", notes)


def export(job: Job, form: forms.PictureForm, limits: Limits):
    """Answers /export: the edited picture in its own format."""
    del job
    return _finished(form.image, _current(form, limits))


class _Current(NamedTuple):
    """A picture with its edits so far.

    Attributes:
        picture: the picture as stored.
        composite: the picture with all edits, [H, W, 3] in its depth, upright.
        mask: pixels that were changed or filled, bool [H, W], upright.
        kept: those of them that were recoloured alone and keep the alpha channel.
    """

    picture: Picture
    composite: np.ndarray
    mask: np.ndarray
    kept: np.ndarray

    def alpha(self) -> Optional[np.ndarray]:
        """The alpha channel with all edits, uint8 [H, W]; None without one."""
        alpha = self.picture.alpha()
        if alpha is None:
            return None
        return np.where(self.mask & ~self.kept, np.uint8(255), alpha)


def _current(form: forms.PictureForm, limits: Limits) -> _Current:
    picture = uploads.read_picture(form.image, limits)
    image = picture.rgb(sixteen_bits=True)
    if form.overlay is None:
        nothing = np.zeros(image.shape[:2], bool)
        return _Current(picture, image, nothing, nothing)
    overlay = uploads.read_overlay(form.overlay, limits, image.shape[:2])
    return _Current(
        picture,
        overlays.applied(image, overlay),
        overlays.covered(overlay),
        overlays.recolored(overlay),
    )


def _changed(
    job: Job,
    form: forms.RunForm,
    before: _Current,
    composite: np.ndarray,
    hole: Optional[np.ndarray] = None,
    opaque: bool = True,
) -> Answer:
    """The answer to a run: the finished picture, or the overlay of all edits."""
    new = overlays.changed(before.composite, composite)
    if hole is not None:
        new |= hole
    if opaque:
        kept = before.kept & ~new
    else:
        alpha = before.picture.alpha()
        if alpha is not None:
            # New colours of what nobody sees would only show on the page.
            new &= before.mask | (alpha > 0)
        kept = before.kept | (new & ~before.mask)
    after = _Current(before.picture, composite, before.mask | new, kept)
    if form.output == "overlay":
        answer = Answer(
            overlays.encode(composite, after.mask, kept, before.picture), "image/png"
        )
    else:
        answer = _finished(form.image, after)
    answer.model_seconds = job.model_seconds
    return answer


def _finished(data: bytes, current: _Current) -> Answer:
    picture, composite, mask, kept = current
    target = picture.format if picture.format in MEDIA_TYPES else "PNG"
    if not mask.any() and picture.format in MEDIA_TYPES:
        return Answer(data, MEDIA_TYPES[target])
    for part, opaque in ((mask & ~kept, True), (mask & kept, False)):
        if part.any():
            picture = picture.filled(composite, part, opaque)
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

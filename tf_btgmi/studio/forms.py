"""Fields of each request, as a multipart form or as JSON with base64 files.

FastAPI's form models are not used: an address has either a form or JSON, not both, and
the upload is read before the queue can be asked for room.
"""

import base64
import copy
import json
from typing import Annotated, Any, Literal, Optional, TypeVar

from fastapi import Request
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser

from tf_btgmi.studio import errors
from tf_btgmi.studio.limits import Limits

# Uploads stay in memory and never reach the disk.
MultiPartParser.spool_max_size = 1 << 40
JOB_PATTERN = r"^[A-Za-z0-9-]{8,64}$"
_MAX_CLICKS = 200


def _file(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a file, in JSON as base64")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise ValueError("must be base64") from None


def _from_text(value: Any) -> Any:
    """Parses a form field that holds a list, as JSON."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError("must be a JSON list like [10, 20]") from None
    return value


File = Annotated[
    bytes,
    BeforeValidator(_file),
    WithJsonSchema({"type": "string", "format": "byte"}),
]
Number = Annotated[float, Field(allow_inf_nan=False)]
Click = tuple[Number, Number, bool]
Clicks = Annotated[list[Click], BeforeValidator(_from_text)]


class PictureForm(BaseModel):
    """Picture file with the overlay of earlier runs."""

    model_config = ConfigDict(extra="forbid")

    image: File = Field(description="The picture file.")
    overlay: Optional[File] = Field(
        None,
        description="PNG of the same size, opaque where earlier runs changed it; one "
        "level below opaque where the picture keeps its transparency.",
    )


class RunForm(PictureForm):
    """Fields of every run of a model."""

    model: Optional[str] = Field(
        None,
        max_length=200,
        description="A name from /api/v1/models. Default: the first with the output.",
    )
    job: Optional[str] = Field(
        None,
        pattern=JOB_PATTERN,
        description="A name of your choice, to follow or cancel the job.",
    )
    output: Literal["picture", "overlay"] = Field(
        "picture",
        description="The finished picture in its own format with its metadata, or a "
        "PNG that is opaque where it changed.",
    )


class InpaintForm(RunForm):
    """Fill the white part of the mask."""

    mask: File = Field(description="Picture of the same size; white is filled.")
    mask_dilation: Optional[int] = Field(
        None, ge=0, le=512, description="Dilation of the hole in pixels."
    )
    remove: bool = Field(
        False,
        description="Treat the mask as an object: without mask_dilation it is dilated "
        "by 1.5 % of the picture's shorter side.",
    )


class HarmonizeForm(RunForm):
    """Give the masked object the colours of its surroundings."""

    mask: File = Field(description="Picture of the same size; white is the object.")


class ComposeForm(RunForm):
    """Put an object of a guide picture into the picture."""

    guide: File = Field(description="Picture with the object.")
    guide_mask: File = Field(description="Of the guide's size; white is the object.")
    y: Number = Field(description="Row of the picture for the centre of its box.")
    x: Number = Field(description="Column of the picture for the centre of its box.")
    scale: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 1.0
    rotate: Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)] = Field(
        0.0, description="Degrees, counter-clockwise."
    )
    flip: bool = Field(False, description="Mirror the object left to right.")
    harmonize: bool = Field(
        True, description="Match its colours; needs the output harmonized."
    )


class MaskForm(BaseModel):
    """Convert a mask file to white, which is selected, on black."""

    model_config = ConfigDict(extra="forbid")

    image: File = Field(description="The picture that the mask is for.")
    mask: File = Field(description="Picture of the same size.")
    is_object: bool = Field(
        False,
        description="Whether it is the mask of a cut-out: where it is the picture "
        "itself, the visible part is selected.",
    )


class SegmentForm(PictureForm):
    """Select an object by a box, by clicks, or by both."""

    box: Annotated[Optional[list[Number]], BeforeValidator(_from_text)] = Field(
        None,
        min_length=4,
        max_length=4,
        description="[y0, x0, y1, x1] in pixels, end-exclusive; in forms as JSON. With "
        "clicks and a mask: the box that the selection began with.",
    )
    clicks: Clicks = Field(
        [],
        max_length=_MAX_CLICKS,
        description="[[y, x, 1], ...], oldest first: 1 on the object, 0 on the "
        "background.",
    )
    mask: Optional[File] = Field(
        None, description="The selection so far; the newest click changes it."
    )
    job: Optional[str] = Field(None, pattern=JOB_PATTERN)


Form = TypeVar("Form", bound=BaseModel)


async def read(request: Request, form: type[Form], limits: Limits) -> Form:
    """Reads and checks a request's body.

    Raises:
        ApiError: another content type, or fields that do not fit.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        values = await _json(request)
    elif kind == "multipart/form-data":
        values = await _multipart(request, limits)
    else:
        raise errors.ApiError(
            415,
            "content_type",
            "The request is invalid.",
            f"Its content type is {kind[:100] or 'missing'}.",
            "Send multipart/form-data, or application/json with base64 files.",
        )
    try:
        return form.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        first["msg"] = first["msg"].replace("Value error, ", "")
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise errors.bad_request(f"{place}: {first['msg']}.") from None


def body_schema(form: type[BaseModel]) -> dict:
    """The OpenAPI description of a form in both content types."""
    as_json = form.model_json_schema(ref_template="#/components/schemas/{model}")
    as_json.pop("description", None)
    as_form = copy.deepcopy(as_json)
    for schema in as_form["properties"].values():
        for part in [schema, *schema.get("anyOf", [])]:
            if part.get("format") == "byte":
                part["format"] = "binary"
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": as_form},
                "application/json": {"schema": as_json},
            },
        }
    }


async def _json(request: Request) -> dict:
    try:
        values = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise errors.bad_request("The body is not JSON.") from None
    if not isinstance(values, dict):
        raise errors.bad_request("The body must be a JSON object.")
    return values


async def _multipart(request: Request, limits: Limits) -> dict:
    values = {}
    try:
        # Fields are as limited as files, which may be sent as text.
        form = await request.form(max_files=6, max_fields=24)
    except (HTTPException, ValueError) as error:
        raise errors.bad_request(f"The form is damaged: {error}") from None
    for key, value in form.multi_items():
        if key in values:
            raise errors.bad_request(f"{key} is given twice.")
        is_file = isinstance(value, UploadFile)
        values[key] = await value.read() if is_file else value
    await form.close()
    return values

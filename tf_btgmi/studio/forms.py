"""Fields of each request, as a multipart form or as JSON with base64 files.

FastAPI's form models are not used: an address has either a form or JSON, not both, and
the upload is read before the queue can be asked for room.
"""

import base64
import copy
import json
from typing import Annotated, Any, Literal, Optional, Sequence, TypeVar

from fastapi import Request
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
)
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser

from tf_btgmi.studio import errors
from tf_btgmi.studio.limits import Limits

# Uploads stay in memory and never reach the disk.
MultiPartParser.spool_max_size = 1 << 40
_MAX_CLICKS = 200
_MAX_FILES = 6
_MAX_FIELDS = 24


def _must_be(allowed: str) -> WrapValidator:
    """Words the error of a field, whatever pydantic finds wrong with its value."""

    def check(value, validate):
        try:
            return validate(value)
        except ValidationError:
            raise ValueError(f"must be {allowed}") from None

    return WrapValidator(check)


def _file(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError
    return base64.b64decode(value, validate=True)


def _from_text(value: Any) -> Any:
    """Parses a form field that holds a list, as JSON."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except RecursionError:
            raise ValueError from None
    return value


File = Annotated[
    bytes,
    BeforeValidator(_file),
    WithJsonSchema({"type": "string", "format": "byte"}),
    _must_be("a file, in JSON as base64"),
]
Flag = Annotated[bool, _must_be("true or false")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Coordinate = Annotated[Finite, _must_be("a finite number of pixels")]
JobName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9-]{8,64}$"),
    _must_be("8 to 64 letters, digits or hyphens"),
]
Box = Annotated[
    list[Finite],
    Field(min_length=4, max_length=4),
    BeforeValidator(_from_text),
    _must_be("a list [y0, x0, y1, x1] of four finite numbers"),
]
Clicks = Annotated[
    list[tuple[Finite, Finite, bool]],
    Field(max_length=_MAX_CLICKS),
    BeforeValidator(_from_text),
    _must_be(
        f"a list [[y, x, 1], ...] of at most {_MAX_CLICKS} clicks, each with 1 on the "
        "object or 0 on the background"
    ),
]


class PictureForm(BaseModel):
    """Picture file with the overlay of earlier runs."""

    model_config = ConfigDict(extra="forbid")

    image: File = Field(description="The picture file.")
    overlay: Optional[File] = Field(
        None,
        description="PNG of the same size, opaque where earlier runs changed it; "
        "254/255 of it where the picture keeps its transparency.",
    )


class RunForm(PictureForm):
    """Fields of every run of a model."""

    model: Optional[
        Annotated[
            str, Field(max_length=200), _must_be("text of at most 200 characters")
        ]
    ] = Field(
        None,
        description="A name from /api/v1/models. Default: the first with the output.",
    )
    job: Optional[JobName] = Field(
        None, description="A name of your choice, to follow or cancel the job."
    )
    output: Annotated[Literal["picture", "overlay"], _must_be("picture or overlay")] = (
        Field(
            "picture",
            description="The finished picture in its own format with its metadata, or "
            "a PNG that is opaque where it changed.",
        )
    )


class InpaintForm(RunForm):
    """Fill the white part of the mask."""

    mask: File = Field(description="Picture of the same size; white is filled.")
    mask_dilation: Optional[
        Annotated[
            int, Field(ge=0, le=512), _must_be("a whole number of pixels from 0 to 512")
        ]
    ] = Field(None, description="Dilation of the hole in pixels.")
    remove: Flag = Field(
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
    y: Coordinate = Field(description="Row of the picture for the centre of its box.")
    x: Coordinate = Field(
        description="Column of the picture for the centre of its box."
    )
    scale: Annotated[
        Finite, Field(gt=0, le=100), _must_be("a number above 0, at most 100")
    ] = 1.0
    rotate: Annotated[
        Finite, Field(ge=-360, le=360), _must_be("a number from -360 to 360")
    ] = Field(0.0, description="Degrees, counter-clockwise.")
    flip: Flag = Field(False, description="Mirror the object left to right.")
    harmonize: Flag = Field(
        True, description="Match its colours; needs the output harmonized."
    )


class MaskForm(BaseModel):
    """Convert a mask file to white, which is selected, on black."""

    model_config = ConfigDict(extra="forbid")

    image: File = Field(description="The picture that the mask is for.")
    mask: File = Field(description="Picture of the same size.")
    is_object: Flag = Field(
        False,
        description="Whether it is the mask of an object: without a soft rim, and, "
        "where it is the picture itself, the visible part.",
    )


class SegmentForm(PictureForm):
    """Select an object by a box, by clicks, or by both."""

    box: Optional[Box] = Field(
        None,
        description="[y0, x0, y1, x1] in pixels, end-exclusive; in forms as JSON. With "
        "clicks and a mask: the box that the selection began with.",
    )
    clicks: Clicks = Field(
        [],
        description="[[y, x, 1], ...], oldest first: 1 on the object, 0 on the "
        "background.",
    )
    mask: Optional[File] = Field(
        None, description="The selection so far; the newest click changes it."
    )
    job: Optional[JobName] = None


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
        raise errors.bad_request(why(error, list(form.model_fields))) from None


def why(error, names: Sequence[str] = ()) -> str:
    """A sentence about the first of the errors that pydantic or FastAPI has found.

    Args:
        error: their exception.
        names: of the fields.
    """
    first = error.errors()[0]
    if not first["loc"]:
        return "The name of a field is not valid Unicode."
    name = str(first["loc"][-1])[:100]
    if first["type"] == "missing":
        return f"{name} is missing."
    if first["type"] == "extra_forbidden":
        return f"There is no field {name}; there are {', '.join(names)}."
    return f"{name} {first['msg'].removeprefix('Value error, ')}."


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
        form = await request.form(
            max_files=_MAX_FILES,
            max_fields=_MAX_FIELDS,
            # Files may be sent as text.
            max_part_size=limits.max_body_bytes,
        )
    except (HTTPException, ValueError):
        raise errors.bad_request(
            f"The form is damaged, or has more than {_MAX_FILES} files or "
            f"{_MAX_FIELDS} other fields."
        ) from None
    for key, value in form.multi_items():
        if key in values:
            raise errors.bad_request(f"{key} is given twice.")
        is_file = isinstance(value, UploadFile)
        values[key] = await value.read() if is_file else value
    await form.close()
    return values

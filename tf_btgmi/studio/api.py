"""HTTP API under /api/v1; `forms.py` has the fields of each call.

A form is answered with the file itself, JSON with the file in base64. The progress of a
run with a `job` name is under /api/v1/jobs/NAME, where it can be cancelled. A run is
also cancelled when its client disconnects.
"""

import asyncio
import base64
import dataclasses
import functools
import json
import uuid
from typing import Optional

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from tf_btgmi import __version__
from tf_btgmi.assets import sample_pictures
from tf_btgmi.outputs import HARMONIZED, INPAINTED
from tf_btgmi.studio import errors, forms, tasks
from tf_btgmi.studio import models as models_lib
from tf_btgmi.studio.limits import Limits
from tf_btgmi.studio.worker import Worker

# Seconds between two checks whether a waiting client is still connected.
_LOOK_EVERY = 0.2


class FileBody(BaseModel):
    """Answer to a JSON request: a file."""

    file: str = Field(description="base64.", json_schema_extra={"format": "byte"})
    media_type: str
    notes: list[str]
    model_seconds: float


class ModelBody(BaseModel):
    """One model."""

    name: str
    outputs: list[str]
    image_size: Optional[int]


class ModelsBody(BaseModel):
    """The models that the studio was started with.

    A request without a model uses the first one with the required output.
    """

    models: list[ModelBody]


class HealthBody(BaseModel):
    """Status and limits of the studio."""

    status: str
    version: str
    max_file_bytes: int
    max_pixels: int
    max_waiting: int
    max_seconds: float


class JobBody(BaseModel):
    """Progress of a job."""

    state: str = Field(description="waiting, running, ended or cancelled.")
    position: int = Field(description="Position in the queue; 0 while it runs.")
    done: int = Field(description="Steps taken.")
    total: Optional[int] = Field(description="Number of steps, if known.")


class ExampleBody(BaseModel):
    """A bundled picture."""

    name: str
    url: str


def make_router(models: list[models_lib.Model], limits: Limits, workers) -> APIRouter:
    """The API's routes.

    Args:
        models: at least one.
        limits: what a request may ask for.
        workers: (for models, for everything else), two `Worker`s.
    """
    model_worker, light_worker = workers
    router = APIRouter(prefix="/api/v1")

    async def answer(request, form, worker: Worker, work) -> Response:
        job = worker.submit(work, getattr(form, "job", None) or uuid.uuid4().hex)
        future = asyncio.wrap_future(job.result)
        while not (await asyncio.wait({future}, timeout=_LOOK_EVERY))[0]:
            if await request.is_disconnected():
                worker.cancel(job.name)
        return _response(request, future.result())

    def post(task, form_type, summary: str, output: Optional[str] = None):
        """Adds the address of a task, which uses a model if it needs an output."""
        worker = model_worker if output else light_worker

        async def endpoint(request: Request) -> Response:
            with worker.place():
                form = await forms.read(request, form_type, limits)
            work = functools.partial(task, form=form, limits=limits)
            if output:
                model = models_lib.find(models, form.model, output)
                work = functools.partial(work, model=model)
            return await answer(request, form, worker, work)

        router.post(
            f"/{task.__name__}",
            name=task.__name__,
            summary=summary,
            description=form_type.__doc__,
            responses=_file_responses(),
            response_class=Response,
            openapi_extra=forms.body_schema(form_type),
        )(endpoint)

    post(tasks.inpaint, forms.InpaintForm, "Remove and repair", INPAINTED)
    post(tasks.harmonize, forms.HarmonizeForm, "Harmonize an object", HARMONIZED)
    post(tasks.compose, forms.ComposeForm, "Compose two pictures", HARMONIZED)
    post(tasks.mask, forms.MaskForm, "Read a mask file")
    post(tasks.segment, forms.SegmentForm, "Select an object")
    post(tasks.preview, forms.PictureForm, "Get a picture upright")
    post(tasks.export, forms.PictureForm, "Get the edited picture")
    _add_descriptions(router, models, limits)
    _add_jobs(router, workers)
    return router


def _add_descriptions(router: APIRouter, models, limits: Limits) -> None:
    """Adds the routes that describe models, limits and examples."""

    @router.get("/models", response_model=ModelsBody, summary="List the models")
    async def list_models():
        return {
            "models": [
                {
                    "name": model.name,
                    "outputs": list(model.outputs),
                    "image_size": getattr(model.predictor, "image_size", None),
                }
                for model in models
            ]
        }

    @router.get("/health", response_model=HealthBody, summary="Get status and limits")
    async def health():
        return {
            "status": "ready",
            "version": __version__,
            **dataclasses.asdict(limits),
        }

    @router.get("/examples", response_model=list[ExampleBody], summary="List examples")
    async def list_examples():
        return [
            {"name": name.replace("_", " "), "url": f"/examples/{name}.jpg"}
            for name in sorted(example_paths())
        ]


def _add_jobs(router: APIRouter, workers) -> None:
    """Adds the routes of a job's progress and cancellation."""
    missing = {404: _ERROR, 422: _ERROR, 421: _ERROR, 403: _ERROR}

    @router.get(
        "/jobs/{job}",
        response_model=JobBody,
        responses=missing,
        summary="Get the progress of a job",
    )
    async def job_state(job: forms.JobName):
        states = (worker.state(job) for worker in workers)
        state = next((state for state in states if state), None)
        if state is None:
            raise _no_job()
        return state

    @router.delete(
        "/jobs/{job}", status_code=204, responses=missing, summary="Cancel a job"
    )
    async def cancel_job(job: forms.JobName):
        if not any(worker.cancel(job) for worker in workers):
            raise _no_job()


def example_paths() -> dict:
    """The bundled pictures by name."""
    paths = [*sample_pictures("train"), *sample_pictures("test")]
    return {path.stem: path for path in paths}


_ERROR = {"model": errors.ErrorBody}


def _file_responses() -> dict:
    answers = {
        200: {
            "description": "The file; its notes and the model's seconds are in the "
            "headers X-Notes (JSON) and X-Model-Seconds.",
            "model": FileBody,
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in tasks.MEDIA_TYPES.values()
            },
        }
    }
    for status in (400, 403, 409, 413, 415, 421, 422, 500, 502, 503, 504):
        answers[status] = _ERROR
    return answers


def _response(request: Request, answer: tasks.Answer) -> Response:
    if request.headers["content-type"].lower().startswith("application/json"):
        body = FileBody(
            file=base64.b64encode(answer.data).decode(),
            media_type=answer.media_type,
            notes=answer.notes,
            model_seconds=answer.model_seconds,
        )
        return Response(body.model_dump_json(), media_type="application/json")
    headers = {
        "X-Notes": json.dumps(answer.notes),
        "X-Model-Seconds": f"{answer.model_seconds:.3f}",
        "Cache-Control": "no-store",
    }
    return Response(answer.data, media_type=answer.media_type, headers=headers)


def _no_job() -> errors.ApiError:
    return errors.ApiError(
        404,
        "no_job",
        "This job does not exist.",
        "It has ended, or it never began.",
        "Nothing needs to be done.",
    )

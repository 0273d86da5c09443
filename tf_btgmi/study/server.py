"""The study's web application: a page, pictures, and a small JSON interface.

    POST /api/sessions                           starts a session: {"token": ...}
    GET  /api/sessions/TOKEN                     progress of the session
    POST /api/sessions/TOKEN/answers             stores an answer; returns the progress
    GET  /api/sessions/TOKEN/pictures/N/M        picture M of question N

No response reveals the method of a picture.
"""

import errno
import pathlib
from typing import Any, Iterable, NamedTuple, Optional

from absl import logging
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from tf_btgmi.study.pictures import StudyPictures
from tf_btgmi.study.votes import (
    OutOfTurnError,
    State,
    StorageError,
    UnknownVoterError,
    Votes,
)
from tf_btgmi.web import pages
from tf_btgmi.web.gate import Gate

_STATIC = pathlib.Path(__file__).resolve().parent / "static"
# An answer is a hundred bytes.
_MOST_BYTES = 10_000
# Maximum time of an answer, one hour.
_MOST_SECONDS = 3600.0


class Sizes(NamedTuple):
    """Numbers of pictures side by side, questions and attention checks."""

    num_shown: int
    num_questions: int
    num_checks: int


class AnswerBody(BaseModel):
    """An answer of the page; `chosen` is null for no difference."""

    position: int = Field(ge=0)
    chosen: Optional[int] = Field(ge=0)
    seconds: float = Field(ge=0.0, allow_inf_nan=False)


def make_app(
    pictures: StudyPictures,
    votes: Votes,
    sizes: Sizes,
    allowed_hosts: Iterable[str] = (),
) -> FastAPI:
    """The application, for any ASGI server.

    Args:
        pictures: the pictures.
        votes: storage of the answers.
        sizes: sizes of a session.
        allowed_hosts: names of the server besides localhost.
    """
    app = FastAPI(openapi_url=None)
    app.add_middleware(Gate, allowed_hosts=allowed_hosts, max_body_bytes=_MOST_BYTES)
    app.mount("/static", pages.Assets(directory=_STATIC), name="static")

    @app.exception_handler(UnknownVoterError)
    async def unknown(request: Request, error: UnknownVoterError):
        del request
        return JSONResponse({"detail": str(error)}, status_code=404)

    @app.exception_handler(StorageError)
    async def not_stored(request: Request, error: StorageError):
        del request
        logging.error("%s: %s.", error.filename, error.strerror)
        full = error.errno == errno.ENOSPC
        reason = "the disk is full" if full else error.strerror
        detail = f"Answers cannot be stored: {reason}."
        return JSONResponse({"detail": detail}, status_code=503)

    # The default handler repeats the value, and NaN is no JSON.
    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError):
        del request
        detail = [{"loc": e["loc"], "msg": e["msg"]} for e in error.errors()]
        return JSONResponse({"detail": detail}, status_code=422)

    @app.get("/")
    @app.get("/s/{token}")
    def page() -> Response:
        return pages.html(_STATIC / "index.html")

    # Functions that are not async run in threads; the database serializes them.
    @app.post("/api/sessions", status_code=201)
    def begin() -> dict[str, Any]:
        return {"token": votes.begin(pictures, *sizes)}

    @app.get("/api/sessions/{token}")
    def state(token: str) -> dict[str, Any]:
        return _progress(token, votes.state(token))

    @app.post("/api/sessions/{token}/answers")
    def answer(token: str, body: AnswerBody):
        seconds = min(body.seconds, _MOST_SECONDS)
        try:
            after = votes.answer(token, body.position, body.chosen, seconds)
        except OutOfTurnError:
            # Another tab was first: the page continues from the current state.
            progress = _progress(token, votes.state(token))
            return JSONResponse(progress, status_code=409)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return _progress(token, after)

    @app.get("/api/sessions/{token}/pictures/{position}/{place}")
    def picture(token: str, position: int, place: int) -> Response:
        questions = votes.state(token).questions
        if not 0 <= position < len(questions):
            raise HTTPException(404, "There is no such question.")
        question = questions[position]
        if not 0 <= place < len(question.shown):
            raise HTTPException(404, "There is no such picture.")
        read = pictures.check_png if question.is_check else pictures.method_png
        try:
            content = read(question.shown[place], question.picture)
        except (OSError, ValueError) as error:
            logging.error("%s", error)
            raise HTTPException(410, "This picture can no longer be read.") from error
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(content, media_type="image/png", headers=headers)

    return app


def _progress(token: str, state: State) -> dict[str, Any]:
    """Progress without names of pictures or methods."""
    coming = []
    for position in range(state.num_answered, len(state.questions))[:2]:
        num = len(state.questions[position].shown)
        base = f"/api/sessions/{token}/pictures/{position}"
        coming.append([f"{base}/{place}" for place in range(num)])
    return {
        "answered": state.num_answered,
        "total": len(state.questions),
        "coming": coming,
    }

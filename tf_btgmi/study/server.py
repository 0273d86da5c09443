"""The study's web application: a page, pictures, and a small JSON interface.

    POST /api/sessions                           a new voter: {"token": ...}
    GET  /api/sessions/TOKEN                     where the voter stands
    POST /api/sessions/TOKEN/answers             an answer; says where the voter stands
    GET  /api/sessions/TOKEN/pictures/N/M        picture M of question N

Nothing that leaves the server tells which method a picture is of.
"""

import importlib.resources
from typing import Any, Dict, Iterable, NamedTuple, Optional

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from tf_btgmi.study.pictures import StudyPictures
from tf_btgmi.study.votes import (
    OutOfTurnError,
    State,
    UnknownVoterError,
    Votes,
)
from tf_btgmi.web.gate import Gate

_STATIC = importlib.resources.files("tf_btgmi.study") / "static"
# The browser asks each time whether the page has changed.
_REVALIDATE = {"Cache-Control": "no-cache"}
# An answer is a hundred bytes.
_MOST_BYTES = 10_000
# Longer than anybody looks at a picture: an hour.
_MOST_SECONDS = 3600.0


class Sizes(NamedTuple):
    """How much a voter gets: pictures side by side, questions, attention checks."""

    num_shown: int
    num_questions: int
    num_checks: int


class Given(BaseModel):
    """An answer as the page sends it; `chosen` null is no difference."""

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
        pictures: what is shown.
        votes: where answers go.
        sizes: of a voter's session.
        allowed_hosts: names beside localhost by which the server may be called.
    """
    app = FastAPI(openapi_url=None)
    app.add_middleware(Gate, allowed_hosts=allowed_hosts, max_body_bytes=_MOST_BYTES)
    app.mount("/static", StaticFiles(directory=str(_STATIC)), name="static")

    @app.exception_handler(UnknownVoterError)
    async def unknown(request: Request, error: UnknownVoterError):
        del request
        return JSONResponse({"detail": str(error)}, status_code=404)

    @app.get("/")
    @app.get("/s/{token}")
    def page() -> Response:
        html = (_STATIC / "index.html").read_text(encoding="utf-8")
        return Response(html, media_type="text/html", headers=_REVALIDATE)

    # Plain functions run in threads of their own; the database sees to their order.
    @app.post("/api/sessions", status_code=201)
    def begin() -> Dict[str, Any]:
        return {"token": votes.begin(pictures, *sizes)}

    @app.get("/api/sessions/{token}")
    def state(token: str) -> Dict[str, Any]:
        return _told(token, votes.state(token))

    @app.post("/api/sessions/{token}/answers")
    def answer(token: str, given: Given):
        seconds = min(given.seconds, _MOST_SECONDS)
        try:
            found = votes.answer(token, given.position, given.chosen, seconds)
        except OutOfTurnError:
            # Another tab was first: the page goes on from where the voter stands.
            told = _told(token, votes.state(token))
            return JSONResponse(told, status_code=409)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return _told(token, found)

    @app.get("/api/sessions/{token}/pictures/{position}/{place}")
    def picture(token: str, position: int, place: int) -> Response:
        questions = votes.state(token).questions
        if not 0 <= position < len(questions):
            raise HTTPException(404, "There is no such question.")
        question = questions[position]
        if not 0 <= place < len(question.shown):
            raise HTTPException(404, "There is no such picture.")
        read = pictures.check_png if question.is_check else pictures.method_png
        content = read(question.shown[place], question.picture)
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(content, media_type="image/png", headers=headers)

    return app


def _told(token: str, state: State) -> Dict[str, Any]:
    """What the page may know: no name of a picture or a method."""
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

"""The studio's web application: the API, the page and its guards."""

import contextlib
import pathlib
from typing import Iterable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from tf_btgmi import __version__
from tf_btgmi.studio import api, errors, forms
from tf_btgmi.studio.limits import Limits
from tf_btgmi.studio.models import Model
from tf_btgmi.studio.worker import Worker
from tf_btgmi.web import pages
from tf_btgmi.web.gate import Gate

_STATIC = pathlib.Path(__file__).resolve().parent / "static"


def create_app(
    models: list[Model],
    limits: Limits = Limits(),  # noqa: B008 - frozen.
    allowed_hosts: Iterable[str] = (),
) -> FastAPI:
    """The application.

    Args:
        models: at least one; the first is the default.
        limits: what one visitor may ask for.
        allowed_hosts: names beside localhost by which the server may be called.
    """
    workers = tuple(
        Worker(name, limits.max_waiting, limits.max_seconds)
        for name in ("model", "pictures")
    )

    @contextlib.asynccontextmanager
    async def lifespan(_):
        for worker in workers:
            worker.start()
        yield
        for worker in workers:
            worker.stop()

    app = FastAPI(
        title="tf_btgmi studio",
        version=__version__,
        description="Remove, repair and compose pictures. The server keeps nothing "
        "after its answer.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        # Every address has one form.
        redirect_slashes=False,
    )
    app.state.cancel_jobs = lambda: [worker.cancel_all() for worker in workers]
    app.state.is_working = lambda: any(worker.is_alive() for worker in workers)
    router = api.make_router(models, limits, workers)
    app.include_router(router)
    _add_pages(app)
    _add_error_handlers(app, router.routes)
    app.add_middleware(
        Gate, allowed_hosts=allowed_hosts, max_body_bytes=limits.max_body_bytes
    )
    return app


def _add_pages(app: FastAPI) -> None:
    examples = api.example_paths()

    @app.get("/", include_in_schema=False)
    async def index():
        return pages.html(_STATIC / "index.html")

    @app.get("/docs", include_in_schema=False)
    async def docs():
        return pages.html(_STATIC / "docs.html")

    @app.get("/favicon.ico", include_in_schema=False)
    async def favicon():
        return FileResponse(_STATIC / "icon.svg", media_type="image/svg+xml")

    @app.get("/examples/{name}.jpg", include_in_schema=False)
    async def example(name: str):
        if name not in examples:
            raise HTTPException(404)
        return FileResponse(examples[name], media_type="image/jpeg")

    app.mount("/static", pages.Assets(directory=_STATIC), name="static")


def _add_error_handlers(app: FastAPI, routes) -> None:
    @app.exception_handler(errors.ApiError)
    async def known(request: Request, error: errors.ApiError):
        del request
        return JSONResponse(error.body(), error.status)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError):
        del request
        return await known(None, errors.bad_request(forms.why(error)))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException):
        headers = dict(error.headers or {})
        why = {
            404: "There is nothing at this address.",
            405: "The address does not take this method.",
        }.get(error.status_code, str(error.detail))
        if error.status_code == 405:
            # A path may be several routes; each knows its own methods only.
            matching = [r for r in routes if r.matches(request.scope)[0] != Match.NONE]
            if matching:
                methods = set().union(*(route.methods for route in matching))
                headers = {"Allow": ", ".join(sorted(methods))}
        text = errors.ApiError(
            error.status_code,
            "not_found" if error.status_code == 404 else "http_error",
            f"{request.method} {request.url.path[:200]} cannot be served.",
            why,
            "See /docs for what there is.",
        )
        return JSONResponse(text.body(), error.status_code, headers=headers)

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception):
        # Starlette logs the traceback.
        del request, error
        return await known(None, errors.internal())

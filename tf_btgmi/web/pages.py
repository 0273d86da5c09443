"""Files of a page; the browser asks each time whether one has changed.

An update of the program is therefore seen at once.
"""

import pathlib

from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

_REVALIDATE = {"Cache-Control": "no-cache"}


def html(path: pathlib.Path) -> FileResponse:
    """The response for a page."""
    return FileResponse(path, headers=_REVALIDATE)


class Assets(StaticFiles):
    """The style sheets, scripts and pictures of a folder."""

    def file_response(self, *args, **kwargs):
        """Adds the header to Starlette's response."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(_REVALIDATE)
        return response

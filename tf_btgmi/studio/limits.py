"""Limits of requests to the studio."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of one request.

    Attributes:
        max_file_bytes: of one uploaded file.
        max_pixels: of one picture, width times height; read from its header, before
            anything is decoded.
        max_waiting: jobs in the queue; further ones are refused.
        max_seconds: run time of a job.
    """

    max_file_bytes: int = 64_000_000
    max_pixels: int = 50_000_000
    max_waiting: int = 8
    max_seconds: float = 300.0

    @property
    def max_overlay_bytes(self) -> int:
        """Bytes of the edits so far: four for a pixel, and what PNG adds.

        The server made them itself, so that they may be larger than other files.
        """
        return 5 * self.max_pixels

    @property
    def max_body_bytes(self) -> int:
        """Bytes of one request: pictures, masks and edits, also as base64."""
        return 3 * self.max_file_bytes + self.max_overlay_bytes

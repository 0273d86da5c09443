"""A job: one picture and its result, named by flags, folders or a CSV file."""

import os
from typing import Callable, NamedTuple


class Job(NamedTuple):
    """One job, its values still unparsed.

    Attributes:
        values: texts by name (the column of a CSV file, or the flag); empty ones are
            left out.
        folder: the folder that relative paths start at.
        label: prefix of its error messages: file and line.
    """

    values: dict[str, str]
    folder: str = ""
    label: str = ""

    @classmethod
    def of(cls, image: str, mask: str, output: str, **values: str) -> "Job":
        """Makes the job of a picture, its mask and its result."""
        return cls({"image": image, "mask": mask, "output": output, **values})

    @property
    def image(self) -> str:
        """Path of the picture."""
        return self.path("image")

    @property
    def mask(self) -> str:
        """Path of the mask."""
        return self.path("mask")

    @property
    def output(self) -> str:
        """Path of the result."""
        return self.path("output")

    def text(self, name: str) -> str:
        """Returns a required value.

        Raises:
            ValueError: it is missing.
        """
        if name not in self.values:
            raise ValueError(f"The column {name} is empty.")
        return self.values[name]

    def path(self, name: str) -> str:
        """Returns a required value as a path; addresses are taken as they are."""
        place = self.text(name)
        return place if "://" in place else os.path.join(self.folder, place)

    def value(self, name: str, parse: Callable, default=None):
        """Returns a parsed value, or the default if it is missing.

        Raises:
            ValueError: from `parse`, with the name in front.
        """
        if name not in self.values:
            return default
        try:
            return parse(self.values[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

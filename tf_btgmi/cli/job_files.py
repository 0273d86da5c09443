"""A CSV file of jobs: a row a picture, columns named as the program's flags.

    image,mask,output
    photos/boat.jpg,masks/boat.png,done/boat.jpg

Paths are taken from the folder that the file lies in, unless they are whole or an
address (`gs://bucket/boat.jpg`). An empty cell counts as absent.
"""

import csv
import os
from typing import (
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    TextIO,
)


class Row(NamedTuple):
    """One job as it was written.

    Attributes:
        label: what an error calls it: file and line.
        folder: what paths are relative to.
        values: cells by column, those that are not empty.
    """

    label: str
    folder: str
    values: Dict[str, str]

    def text(self, column: str) -> str:
        """A cell that must be there.

        Raises:
            ValueError: it is empty.
        """
        if column not in self.values:
            raise ValueError(f"{column} is missing.")
        return self.values[column]

    def path(self, column: str) -> str:
        """A cell that must be there, as a path."""
        place = self.text(column)
        return place if "://" in place else os.path.join(self.folder, place)

    def value(self, column: str, parse: Callable, default=None):
        """A cell through `parse`; the default where it is empty.

        Raises:
            ValueError: `parse` does not take it.
        """
        if column not in self.values:
            return default
        return parse(self.values[column])


def read_rows(path: str, required: Sequence[str], optional: Sequence[str]) -> List[Row]:
    """The jobs of a file.

    Args:
        path: CSV in UTF-8 with a line of column names.
        required: columns that there must be.
        optional: columns that there may be.

    Raises:
        ValueError: no such file, not a CSV in UTF-8, columns that are missing or not
            known, or no jobs.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return list(iterate_rows(file, path, required, optional))
    except OSError as error:
        raise ValueError(f"--jobs: {path} cannot be read: {error.strerror}.") from None


def iterate_rows(
    file: TextIO, path: str, required: Sequence[str], optional: Sequence[str]
) -> Iterator[Row]:
    """The jobs of an open file, one after another, as `read_rows` reads them."""
    reader = csv.reader(file, strict=True)
    found = False
    try:
        columns = [name.strip() for name in next(reader, [])]
        _check_columns(path, columns, required, optional)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found = True
                yield _row(path, reader.line_num, columns, cells)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"--jobs: {path} cannot be read: {error}.") from None
    if not found:
        raise ValueError(f"--jobs: {path} has no jobs, only column names.")


def pair_of_numbers(text: str) -> tuple:
    """`"120,35.5"` as (120.0, 35.5)."""
    return _numbers(text, 2, "two numbers y,x")


def box(text: str) -> tuple:
    """`"10,20,200,300"` as (10, 20, 200, 300)."""
    return _numbers(text, 4, "four numbers y0,x0,y1,x1")


def number(text: str) -> float:
    """A number; one that is none is named."""
    return _numbers(text, 1, "a number")[0]


def whole_number(text: str) -> int:
    """A whole number, at least 0."""
    if not text.strip().isdigit():
        raise ValueError(f"{text!r} is not a whole number, at least 0.")
    return int(text)


def yes_or_no(text: str) -> bool:
    """`true`, `yes` or `1`, or the contrary."""
    word = text.strip().lower()
    if word not in ("true", "yes", "1", "false", "no", "0"):
        raise ValueError(f"{text!r} is neither true nor false.")
    return word in ("true", "yes", "1")


def _numbers(text: str, count: int, wanted: str) -> tuple:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise ValueError(f"{text!r} is not {wanted}.")
    return numbers


def _check_columns(path, columns, required, optional) -> None:
    known = [*required, *optional]
    problem: Optional[str] = None
    for name in columns:
        if name not in known:
            problem = f"has a column {name!r}"
        elif columns.count(name) > 1:
            problem = f"has two columns {name}"
    for name in required:
        if name not in columns:
            problem = f"has no column {name}"
    if problem:
        raise ValueError(
            f"--jobs: {path} {problem}; its first line must name its columns: "
            f"{', '.join(required)}, and if wanted {', '.join(optional)}."
        )


def _row(path: str, line: int, columns: List[str], cells: List[str]) -> Row:
    values = {name: cell.strip() for name, cell in zip(columns, cells) if cell.strip()}
    return Row(f"{path}, line {line}", os.path.dirname(path), values)

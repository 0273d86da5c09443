"""CSV files of jobs: one row per picture, with columns named like the program's flags.

    image,mask,output
    photos/boat.jpg,masks/boat.png,done/boat.jpg

Relative paths start at the folder of the CSV file; addresses such as
`gs://bucket/boat.jpg` are taken as they are. An empty cell counts as absent.
"""

import csv
import os
from typing import Iterator, Optional, Sequence, TextIO

from tf_btgmi.cli.jobs import Job


def read_jobs(path: str, required: Sequence[str], optional: Sequence[str]) -> list[Job]:
    """Reads the jobs of a file.

    Args:
        path: CSV in UTF-8, separated by commas; the first line names the columns.
        required: columns that the file must have.
        optional: columns that it may have.

    Raises:
        ValueError: the file is missing, is not such a CSV, lacks a column or has an
            unknown one, or has no jobs.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return list(iterate_jobs(file, path, required, optional))
    except OSError as error:
        raise ValueError(f"--jobs: {path} cannot be read: {error.strerror}.") from None


def iterate_jobs(
    file: TextIO, path: str, required: Sequence[str], optional: Sequence[str]
) -> Iterator[Job]:
    """Iterates over the jobs of an open file; see `read_jobs`."""
    reader = csv.reader(file, strict=True)
    has_jobs = False
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        _check_columns(path, columns, required, optional)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                has_jobs = True
                yield _job(path, reader.line_num, columns, cells)
    except UnicodeDecodeError:
        raise ValueError(f"--jobs: {path} is not a text file in UTF-8.") from None
    except csv.Error as error:
        raise ValueError(f"--jobs: {path}, line {reader.line_num}: {error}.") from None
    if not has_jobs:
        raise ValueError(f"--jobs: {path} has no jobs, only column names.")


def paths_of(jobs: Sequence[Job], columns: Sequence[str]) -> list[str]:
    """The paths in the non-empty cells of some columns."""
    return [job.path(name) for job in jobs for name in columns if name in job.values]


def check_exactly_one(job: Job, columns: Sequence[str]) -> None:
    """Raises `ValueError` unless just one of two cells has a value."""
    if len([name for name in columns if name in job.values]) != 1:
        raise ValueError(f"Exactly one of {' and '.join(columns)} must be given.")


def pair_of_numbers(text: str) -> tuple:
    """Parses `"120,35.5"` to (120.0, 35.5)."""
    return _numbers(text, 2, "two numbers y,x")


def box(text: str) -> tuple:
    """Parses `"10,20,200,300"` to (10.0, 20.0, 200.0, 300.0)."""
    y0, x0, y1, x1 = corners = _numbers(text, 4, "four numbers y0,x0,y1,x1")
    if y0 >= y1 or x0 >= x1:
        raise ValueError(
            f"{text!r} is an empty box: give y0,x0,y1,x1 with y0 < y1 and x0 < x1."
        )
    return corners


def number(text: str) -> float:
    """Parses a float; the error quotes the text."""
    return _numbers(text, 1, "a number")[0]


def whole_number(text: str) -> int:
    """Parses a non-negative integer."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a non-negative integer.")
    return int(text)


def yes_or_no(text: str) -> bool:
    """Parses `true`, `yes`, `1`, `false`, `no` or `0`."""
    word = text.strip().lower()
    if word not in ("true", "yes", "1", "false", "no", "0"):
        raise ValueError(f"{text!r} is neither true nor false.")
    return word in ("true", "yes", "1")


def _numbers(text: str, count: int, form: str) -> tuple:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise ValueError(f"{text!r} is not {form}.")
    return numbers


def _check_columns(path, columns, required, optional) -> None:
    known = [*required, *optional]
    problem: Optional[str] = None
    for name in columns:
        if name not in known:
            problem = f"has the unknown column {name!r}"
        elif columns.count(name) > 1:
            problem = f"has two columns {name}"
    for name in required:
        if name not in columns:
            problem = f"has no column {name}"
    if problem and len(columns) == 1:
        for separator, word in ((";", "semicolons"), ("\t", "tabs")):
            if separator in columns[0]:
                raise ValueError(
                    f"--jobs: {path} is separated by {word}; save it with commas."
                )
    if problem:
        is_or_are = "is" if len(optional) == 1 else "are"
        also = f"; {', '.join(optional)} {is_or_are} optional" if optional else ""
        raise ValueError(
            f"--jobs: {path} {problem}. Its first line must name the columns "
            f"{', '.join(required)}{also}."
        )


def _job(path: str, line: int, columns: list[str], cells: list[str]) -> Job:
    if any("\0" in cell for cell in cells):
        raise ValueError(f"--jobs: {path}, line {line}: a NUL character.")
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise ValueError(
            f"--jobs: {path}, line {line} has {len(cells)} cells, but there are "
            f"{len(columns)} columns. Put values with commas in quotes."
        )
    values = {name: cell.strip() for name, cell in zip(columns, cells) if cell.strip()}
    return Job(values, os.path.dirname(path), f"{path}, line {line}")

"""A batch of pictures as an Apache Beam pipeline, on any of its runners.

    names of pictures and masks, paired by name     (or the rows of a file of jobs)
      -> grouped by path of the result              (spreads them over the workers, too)
      -> filled; each process loads the model once
      -> counts and the list of failures

Files are read and written by Beam's file systems: paths, gs://, s3:// and others whose
Beam extras are installed.
"""

import contextlib
import functools
import io
import json
import os
import uuid
from typing import Iterable, Iterator, NamedTuple, Optional, Sequence, Union

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.utils import shared

from export import batch_filling
from export.batch_filling import Outcome
from tf_btgmi.cli import job_files
from tf_btgmi.cli.jobs import Job
from tf_btgmi.files import identity, is_below
from tf_btgmi.outputs import INPAINTED
from tf_btgmi.pictures.listing import is_picture, name_of
from tf_btgmi.pictures.pairs import group_key, stem

COUNTS, FAILURES = "counts.json", "failed.jsonl"
# Results lie under such names until they are whole.
_UNFINISHED = ".unfinished-"
_PLAIN = CompressionTypes.UNCOMPRESSED
_REQUIRED, _OPTIONAL = ("image", "mask", "output"), ("mask_dilation",)


class Batch(NamedTuple):
    """Settings of a batch: either `images`, `masks` and `output`, or `jobs`.

    Attributes:
        images: pattern of the pictures; that of a folder ends in `/**`.
        masks: pattern of the masks, likewise.
        one_mask: whether `masks` is one file for all pictures.
        output: folder of the results.
        jobs: CSV file of jobs.
        report: folder of the counts and the list of failures.
        model: for `tf_btgmi.load`, on the workers.
        retouched: whether fills are retouched near the hole's edge.
        dilation: default dilation of the holes in pixels.
        options: options of all jobs.
    """

    images: str
    masks: str
    one_mask: bool
    output: str
    jobs: str
    report: str
    model: Optional[str]
    retouched: bool
    dilation: int
    options: batch_filling.Options


class Files:
    """Access to files through Beam's file systems."""

    @staticmethod
    def exists(path: str) -> bool:
        """Whether there is a file."""
        return FileSystems.exists(path)

    @staticmethod
    def read(path: str) -> bytes:
        """Reads a file as it is stored."""
        with FileSystems.open(path, compression_type=_PLAIN) as file:
            return file.read()

    @staticmethod
    def write(path: str, parts: Iterable[bytes]) -> None:
        """Writes to a temporary path and renames it: no partial file is ever seen."""
        folder, name = os.path.split(path)
        _, ending = os.path.splitext(name)
        temporary = os.path.join(folder, f"{_UNFINISHED}{uuid.uuid4().hex}{ending}")
        try:
            with FileSystems.create(temporary, compression_type=_PLAIN) as file:
                for part in parts:
                    file.write(part)
            FileSystems.rename([temporary], [path])
        except BaseException:
            # It may not exist; the first error is the one to report.
            with contextlib.suppress(Exception):
                FileSystems.delete([temporary])
            raise


class Fill(beam.DoFn):
    """Turns jobs into outcomes. All threads of a process share one model."""

    def __init__(self, batch: Batch):
        super().__init__()
        self._batch = batch
        self._shared = shared.Shared()
        self._counters = {
            state: Metrics.counter("pictures", state) for state in batch_filling.STATES
        }

    def setup(self):
        """Loads the model, once per process."""
        # TensorFlow takes seconds to import, and the launcher does not need it.
        from tf_btgmi import loading

        self._predictor = self._shared.acquire(
            lambda: loading.load(self._batch.model, retouched=self._batch.retouched)
        )
        self._predictor.need(INPAINTED, "fill holes")

    def teardown(self):
        """Releases the model, which TensorFlow 2.15 cannot when Python ends."""
        self._predictor = None
        # Beam keeps the object that was last acquired.
        shared.Shared().acquire(type("Nothing", (), {}))

    def process(self, job: Job) -> Iterator[Outcome]:
        """Does one job."""
        options = self._batch.options
        outcome = batch_filling.fill(job, self._predictor, Files, options)
        self._counters[outcome.state].inc()
        yield outcome


def build(pipeline: beam.Pipeline, batch: Batch) -> None:
    """Adds all steps to `pipeline`."""
    if batch.jobs:
        found = (
            pipeline
            | "Jobs" >> beam.Create([batch.jobs])
            | "Rows" >> beam.FlatMap(_rows, batch.dilation)
        )
    elif batch.one_mask:
        found = _names(pipeline, "Pictures", batch.images, batch) | (
            "Jobs" >> beam.Map(_job_of_one_mask, batch)
        )
    else:
        sides = {
            "images": _by_key(pipeline, "Pictures", batch.images, batch),
            "masks": _by_key(pipeline, "Masks", batch.masks, batch),
        }
        found = (
            sides | "Pair" >> beam.CoGroupByKey() | "Jobs" >> beam.FlatMap(_pair, batch)
        )
    wanted = (
        found
        | "Only jobs" >> beam.Filter(isinstance, Job)
        | "By output" >> beam.Map(lambda job: (job.output, job))
        | "Group" >> beam.GroupByKey()
        | "One each" >> beam.FlatMapTuple(batch_filling.one_job_an_output)
    )
    outcomes = (
        found | "No job" >> beam.Filter(isinstance, Outcome),
        wanted | "Clash" >> beam.Filter(isinstance, Outcome),
        wanted
        | "Fillable" >> beam.Filter(isinstance, Job)
        | "Fill" >> beam.ParDo(Fill(batch)),
    ) | "All outcomes" >> beam.Flatten()
    failures = (
        outcomes
        | "Failures" >> beam.Filter(lambda one: one.state == batch_filling.FAILED)
        | "As lines" >> beam.Map(_line)
    )
    # One empty part more, so that the file is new where nothing has failed, too.
    _ = (
        (failures, pipeline | "No line" >> beam.Create([b""]))
        | "All lines" >> beam.Flatten()
        | "In one file" >> beam.WithKeys(FAILURES)
        | "All of them" >> beam.GroupByKey()
        | "Write failures" >> beam.Map(_write, batch.report)
    )
    _ = (
        outcomes
        | "States" >> beam.Map(lambda one: one.state)
        | "Count" >> beam.combiners.Count.PerElement()
        | "To dict" >> beam.combiners.ToDict()
        | "As JSON" >> beam.Map(lambda found: (COUNTS, [json.dumps(found).encode()]))
        | "Write counts" >> beam.Map(_write, batch.report)
    )


def check_jobs(path: str) -> list[str]:
    """Checks a whole file of jobs, so that mistakes are reported before the start.

    Returns:
        The folders of the results.

    Raises:
        ValueError: as `job_files.read_jobs`.
    """
    found = _rows(path, 0)
    return sorted(
        {os.path.dirname(one.output) for one in found if isinstance(one, Job)}
    )


def remove_unfinished(folders: Sequence[str]) -> int:
    """Removes the incomplete files of a killed run and returns their number."""
    patterns = [os.path.join(folder, f"**{_UNFINISHED}*") for folder in set(folders)]
    found = [
        entry.path
        for match in FileSystems.match(patterns)
        for entry in match.metadata_list
    ]
    if found:
        FileSystems.delete(found)
    return len(found)


def matches(pattern: str) -> bool:
    """Returns whether a file matches the pattern."""
    (found,) = FileSystems.match([pattern], limits=[1])
    return bool(found.metadata_list)


def read_counts(report: str) -> dict:
    """Returns the numbers of pictures that were done, skipped and failed."""
    counts = json.loads(Files.read(os.path.join(report, COUNTS)))
    return {state: counts.get(state, 0) for state in batch_filling.STATES}


def _rows(path: str, dilation: int) -> Iterator[Union[Job, Outcome]]:
    """Yields the jobs of a file; an invalid row becomes a failed picture."""
    try:
        with FileSystems.open(path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            for row in job_files.iterate_jobs(text, path, _REQUIRED, _OPTIONAL):
                try:
                    places = [row.path(name) for name in _REQUIRED]
                    grown = row.value("mask_dilation", job_files.whole_number, dilation)
                except ValueError as error:
                    yield Outcome(batch_filling.FAILED, row.label, str(error))
                else:
                    yield Job.of(*places, mask_dilation=str(grown))
    except OSError as error:
        raise ValueError(
            f"--jobs: {path} cannot be read: {batch_filling.reason(error)}."
        ) from None


def _names(pipeline, label: str, pattern: str, batch: Batch):
    """(name, path) of each picture that fits the pattern; see `pairs`."""
    return (
        pipeline
        | label >> beam.Create([pattern])
        | f"List {label.lower()}" >> beam.FlatMap(_list, batch)
    )


def _by_key(pipeline, label: str, pattern: str, batch: Batch):
    names = _names(pipeline, label, pattern, batch)
    return names | f"{label} by key" >> beam.Map(
        lambda each: (group_key(each[0]), each)
    )


def _list(pattern: str, batch: Batch) -> Iterator[tuple[str, str]]:
    # Results and masks below the folder of the pictures are not pictures.
    others = [batch.output]
    if pattern != batch.masks:
        others.append(batch.masks.removesuffix("/**"))
    others = [place for place in others if not is_below(pattern, place)]
    mask = identity(batch.masks) if batch.one_mask else None

    # The files of a folder come one after another.
    @functools.lru_cache(maxsize=16)
    def is_left_out(folder):
        return any(is_below(os.path.join(folder, ""), place) for place in others)

    for match in FileSystems.match([pattern]):
        for entry in match.metadata_list:
            path = entry.path
            hidden = "/." in "/" + path[len(pattern.rstrip("*")) :]
            hidden = hidden or os.path.basename(path).startswith(".")
            if not is_picture(path) or hidden or is_left_out(os.path.dirname(path)):
                continue
            if pattern == batch.masks or not mask or identity(path) != mask:
                yield _name(path, pattern, batch), path


def _name(path: str, pattern: str, batch: Batch) -> str:
    """Returns the path in a folder, otherwise the file name, without the ending."""
    if pattern.endswith("/**") and batch.images.endswith("/**"):
        return name_of(path[len(pattern) - 2 :])
    return stem(path)


def _job_of_one_mask(named, batch: Batch) -> Job:
    return batch_filling.job_of(*named, batch.masks, batch.output, batch.dilation)


def _pair(group, batch: Batch):
    _, sides = group
    all_masks = batch.images.endswith("/**")
    return batch_filling.pair(
        sides["images"], sides["masks"], batch.output, batch.dilation, all_masks
    )


def _line(outcome: Outcome) -> bytes:
    entry = {"picture": outcome.picture, "reason": outcome.reason}
    # A name that is no UTF-8 is written with escapes, too.
    return json.dumps(entry).encode() + b"\n"


def _write(file, folder: str) -> None:
    name, parts = file
    Files.write(os.path.join(folder, name), parts)

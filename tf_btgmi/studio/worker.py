"""Worker thread with a bounded queue.

Decoding, the network and encoding run here, so that one job at a time takes memory,
however many are requested.
"""

import collections
import concurrent.futures
import contextlib
import logging
import threading
import time
from typing import Any, Callable, Optional

from tf_btgmi.studio import errors

# Ended jobs whose names are remembered.
_REMEMBERED = 64


class Job:
    """Unit of work, from the queue to its result.

    Args:
        work: called with the job; it should call `report` now and then.
        name: chosen by the client.
        max_seconds: limit of its run time.

    Attributes:
        result: a future of what `work` returns; only its worker ends it.
        done: steps taken.
        total: number of steps; None if unknown.
        model_seconds: time spent in a model.
        started: start of the run, `time.monotonic`; None while it waits.
    """

    def __init__(self, work: Callable[["Job"], Any], name: str, max_seconds: float):
        self.work = work
        self.name = name
        self.max_seconds = max_seconds
        self.result: concurrent.futures.Future = concurrent.futures.Future()
        # From here on `Future.cancel` does nothing: a job is cancelled by its worker.
        self.result.set_running_or_notify_cancel()
        self.done = 0
        self.total: Optional[int] = None
        self.model_seconds = 0.0
        self.started: Optional[float] = None
        self._end: Optional[errors.ApiError] = None

    def cancel(self, reason: errors.ApiError) -> None:
        """Ends the job at its next step."""
        self._end = reason

    def report(self, done: int, total: int) -> None:
        """Records progress, as the `progress` of a `Predictor`.

        Raises:
            ApiError: the job was cancelled or ran out of time.
        """
        self.done, self.total = done, total
        self.check()

    def check(self) -> None:
        """Raises like `report`, without progress."""
        if self._end:
            raise self._end
        if self.started and time.monotonic() - self.started > self.max_seconds:
            raise errors.too_slow(self.max_seconds)


class Worker:
    """Runs jobs one after another.

    Args:
        name: of the thread.
        max_waiting: jobs that may wait.
        max_seconds: limit of the run time of each.
    """

    def __init__(self, name: str, max_waiting: int, max_seconds: float):
        self.max_waiting = max_waiting
        self.max_seconds = max_seconds
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._running: Optional[Job] = None
        self._ended: collections.deque[tuple[str, str]] = collections.deque(
            maxlen=_REMEMBERED
        )
        self._reading = 0
        # From `cancel_all` to the next start.
        self._stopped = False
        self._name = name
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        """Starts the thread; jobs that were submitted before wait for it."""
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def place(self):
        """Keeps a place in the queue while a request is read, a context manager.

        Otherwise any number of requests could be read into memory at once.

        Raises:
            ApiError: the queue is full, or ends.
        """
        with self._changed:
            self._check_room(self._reading)
            self._reading += 1
        try:
            yield
        finally:
            with self._changed:
                self._reading -= 1

    def submit(self, work: Callable[[Job], Any], name: str) -> Job:
        """Puts work at the end of the queue.

        Raises:
            ApiError: the queue is full, ends, or has a job of this name.
        """
        job = Job(work, name, self.max_seconds)
        with self._changed:
            self._check_room()
            if self._find(name):
                raise errors.bad_request(f"There is a job named {name} already.")
            self._waiting.append(job)
            self._changed.notify_all()
        return job

    def state(self, name: str) -> Optional[dict[str, Any]]:
        """State, position in the queue and steps of a job; None if it is unknown.

        The last jobs that ended or were cancelled are known, so that a client that asks
        a moment too late gets an answer.
        """
        with self._changed:
            job = self._find(name)
            if job is None:
                state = dict(self._ended).get(name)
                if state is None:
                    return None
                return {"state": state, "position": 0, "done": 0, "total": None}
            waits = job in self._waiting
            return {
                "state": "waiting" if waits else "running",
                "position": self._waiting.index(job) + 1 if waits else 0,
                "done": job.done,
                "total": job.total,
            }

    def cancel(self, name: str) -> bool:
        """Cancels a job; returns whether one has this name."""
        with self._changed:
            job = self._find(name)
            if job is None:
                return False
            job.cancel(errors.cancelled())
            if job in self._waiting:
                self._waiting.remove(job)
                self._remember(job, errors.cancelled())
                job.result.set_exception(errors.cancelled())
            return True

    def cancel_all(self) -> None:
        """Cancels the running job and all that wait; takes no other.

        All are answered at once; the running one ends at its next step.
        """
        with self._changed:
            self._stopped = True
            for job in self._waiting:
                job.result.set_exception(errors.stopped())
            self._waiting.clear()
            if self._running and not self._running.result.done():
                self._running.cancel(errors.stopped())
                self._running.result.set_exception(errors.stopped())
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends the thread after the running job, and waits a moment for it."""
        self.cancel_all()
        if self._thread:
            self._thread.join(timeout=0.5)

    def is_alive(self) -> bool:
        """Whether the thread has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def _check_room(self, others: int = 0) -> None:
        if self._stopped:
            raise errors.stopped()
        if len(self._waiting) + others >= self.max_waiting:
            raise errors.busy(len(self._waiting) + others)

    def _find(self, name: str) -> Optional[Job]:
        jobs = self._waiting + ([self._running] if self._running else [])
        return next((job for job in jobs if job.name == name), None)

    def _remember(self, job: Job, error: Optional[errors.ApiError]) -> None:
        is_cancelled = error is not None and error.text.code == "cancelled"
        self._ended.append((job.name, "cancelled" if is_cancelled else "ended"))

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return
                job = self._running = self._waiting.pop(0)
                job.started = time.monotonic()
            try:
                job.check()
                outcome, error = job.work(job), None
                # Not all work reports its steps.
                job.check()
            except errors.ApiError as known:
                outcome, error = None, known
            except MemoryError:
                error = errors.too_large("The picture", "There is not enough memory.")
                outcome = None
            except Exception:  # noqa: BLE001 - the thread must outlive any job.
                logging.exception("A job failed.")
                outcome, error = None, errors.internal()
            with self._changed:
                self._running = None
                self._remember(job, error)
                # When the studio is stopped, running jobs are answered, too.
                is_answered = job.result.done()
            if error is not None and not is_answered:
                job.result.set_exception(error)
            elif not is_answered:
                job.result.set_result(outcome)
            # Nothing of a job stays here until the next one comes.
            del job, outcome, error

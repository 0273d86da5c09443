"""One thread that does the heavy work, and the bounded queue in front of it.

Everything that takes memory or time (decoding, the network, encoding) runs here, so
that one job is in memory at a time however many are asked for.
"""

import concurrent.futures
import logging
import threading
import time
from typing import Any, Callable, Dict, List, Optional

from tf_btgmi.studio import errors


class Job:
    """One piece of work, from the queue to its result.

    Args:
        work: called with the job; it should call `advance` now and then.
        name: what the client calls it.
        max_seconds: that it may run for.

    Attributes:
        result: a future of what `work` returns.
        done: steps taken.
        total: steps there are; None where nobody knows.
        started: when it began to run, `time.monotonic`; None while it waits.
    """

    def __init__(self, work: Callable[["Job"], Any], name: str, max_seconds: float):
        self.work = work
        self.name = name
        self.max_seconds = max_seconds
        self.result: concurrent.futures.Future = concurrent.futures.Future()
        self.done = 0
        self.total: Optional[int] = None
        self.started: Optional[float] = None
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ends the job at its next step."""
        self._cancelled.set()

    def advance(self, steps: int = 1) -> None:
        """Counts steps.

        Raises:
            ApiError: somebody has cancelled the job, or its time is over.
        """
        self.done += steps
        self.check()

    def check(self) -> None:
        """Raises as `advance`, without a step."""
        if self._cancelled.is_set():
            raise errors.cancelled()
        if self.started and time.monotonic() - self.started > self.max_seconds:
            raise errors.too_slow(self.max_seconds)


class Worker:
    """Runs jobs one after another.

    Args:
        name: of the thread.
        max_waiting: jobs that may wait.
        max_seconds: that each may run for.
    """

    def __init__(self, name: str, max_waiting: int, max_seconds: float):
        self.max_waiting = max_waiting
        self.max_seconds = max_seconds
        self._changed = threading.Condition()
        self._waiting: List[Job] = []
        self._running: Optional[Job] = None
        self._stopped = True
        self._name = name
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        """Starts the thread; jobs that were submitted before wait for it."""
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def check_room(self) -> None:
        """Raises `ApiError` where the queue is full."""
        with self._changed:
            if len(self._waiting) >= self.max_waiting:
                raise errors.busy(len(self._waiting))

    def submit(self, work: Callable[[Job], Any], name: str) -> Job:
        """Puts work at the end of the queue.

        Raises:
            ApiError: the queue is full, or has a job of this name.
        """
        job = Job(work, name, self.max_seconds)
        with self._changed:
            if len(self._waiting) >= self.max_waiting:
                raise errors.busy(len(self._waiting))
            if self._find(name):
                raise errors.bad_request(f"There is a job named {name} already.")
            self._waiting.append(job)
            self._changed.notify_all()
        return job

    def state(self, name: str) -> Optional[Dict[str, Any]]:
        """Where a job stands: state, position in the queue, steps; None if unknown."""
        with self._changed:
            job = self._find(name)
            if job is None:
                return None
            waits = job in self._waiting
            return {
                "state": "waiting" if waits else "running",
                "position": self._waiting.index(job) + 1 if waits else 0,
                "done": job.done,
                "total": job.total,
            }

    def cancel(self, name: str) -> bool:
        """Ends a job; whether there was one of this name."""
        with self._changed:
            job = self._find(name)
            if job is None:
                return False
            job.cancel()
            if job in self._waiting:
                self._waiting.remove(job)
                job.result.set_exception(errors.cancelled())
            return True

    def stop(self) -> None:
        """Ends the thread after the job that runs."""
        with self._changed:
            self._stopped = True
            for job in self._waiting:
                job.result.set_exception(errors.cancelled())
            self._waiting.clear()
            if self._running:
                self._running.cancel()
            self._changed.notify_all()
        if self._thread:
            self._thread.join(timeout=5)

    def _find(self, name: str) -> Optional[Job]:
        jobs = self._waiting + ([self._running] if self._running else [])
        return next((job for job in jobs if job.name == name), None)

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
            except errors.ApiError as known:
                outcome, error = None, known
            except MemoryError:
                error = errors.too_large("The picture", "There is no memory for it.")
                outcome = None
            except Exception:  # noqa: BLE001 - the thread must outlive any job.
                logging.exception("A job failed.")
                outcome, error = None, errors.internal()
            with self._changed:
                self._running = None
            if error is not None:
                job.result.set_exception(error)
            else:
                job.result.set_result(outcome)
            # Nothing of a job stays here until the next one comes.
            del job, outcome, error

"""The queue: order, bounds, cancelling, time, and errors that do not end it."""

import threading
import time

import pytest

from tf_btgmi.studio.errors import ApiError
from tf_btgmi.studio.worker import Worker


@pytest.fixture
def make_worker():
    """Makes a running worker with the given time limit of jobs."""
    workers = []

    def make(max_seconds):
        worker = Worker("test", max_waiting=2, max_seconds=max_seconds)
        worker.start()
        workers.append(worker)
        return worker

    yield make
    for worker in workers:
        worker.stop()


@pytest.fixture
def worker(make_worker):
    return make_worker(20)


def code_of(job):
    return job.result.exception(timeout=5).text.code


def test_jobs_run_one_after_another_in_order(worker):
    running, order = [], []

    def work(job):
        running.append(job.name)
        assert len(running) == 1
        time.sleep(0.01)
        running.remove(job.name)
        order.append(job.name)
        return job.name

    gate = threading.Event()
    first = worker.submit(lambda job: gate.wait(5), "gate")
    time.sleep(0.05)
    jobs = [worker.submit(work, name) for name in ("a", "b")]
    with pytest.raises(ApiError, match="2 jobs are waiting"):
        worker.submit(work, "c")
    gate.set()
    assert first.result.result(timeout=5) is True
    assert [job.result.result(timeout=5) for job in jobs] == order == ["a", "b"]


def test_a_job_that_has_ended_is_known_for_a_while(worker):
    assert worker.submit(lambda job: 7, "mine").result.result(timeout=5) == 7
    assert worker.state("mine")["state"] == "ended"
    assert worker.state("other") is None


@pytest.fixture
def held(worker):
    """A job that runs until the event is set: (job, event)."""
    gate, runs = threading.Event(), threading.Event()
    job = worker.submit(lambda job: (runs.set(), gate.wait(5), job.check()), "held")
    assert runs.wait(5)
    yield job, gate
    gate.set()


def test_a_cancelled_job_leaves_the_queue_and_is_known_as_cancelled(worker, held):
    job, gate = held
    first, second = (worker.submit(lambda job: 7, name) for name in ("one", "two"))
    assert worker.cancel("one")
    assert worker.state("one")["state"] == "cancelled"
    assert worker.state("two")["position"] == 1
    assert code_of(first) == "cancelled" and not worker.cancel("one")
    assert worker.cancel("held")
    gate.set()
    assert code_of(job) == worker.state("held")["state"] == "cancelled"
    assert second.result.result(timeout=5) == 7


def test_whoever_holds_a_future_cannot_end_the_worker(worker, held):
    job, gate = held
    waiting = worker.submit(lambda job: 1, "waiting")
    assert not waiting.result.cancel() and not job.result.cancel()
    gate.set()
    assert waiting.result.result(timeout=5) == 1
    assert worker.submit(lambda job: 7, "next").result.result(timeout=5) == 7


def test_a_job_ends_at_its_next_step_after_its_time(make_worker):
    def work(job):
        while True:
            time.sleep(0.02)
            job.report(1, 2)

    worker = make_worker(0.2)
    assert code_of(worker.submit(work, "slow")) == "too_slow"
    # Work without steps is looked at when it ends.
    assert code_of(worker.submit(lambda job: time.sleep(0.4), "slow")) == "too_slow"


def test_work_without_steps_that_is_cancelled_gives_no_result(worker):
    gate, runs = threading.Event(), threading.Event()
    job = worker.submit(lambda job: (runs.set(), gate.wait(5)), "silent")
    assert runs.wait(5) and worker.cancel("silent")
    gate.set()
    assert code_of(job) == worker.state("silent")["state"] == "cancelled"


def test_requests_that_are_read_have_a_place_in_the_queue(worker, held):
    worker.submit(lambda job: 7, "waiting")
    with worker.place():
        with pytest.raises(ApiError, match="2 jobs are waiting"):
            with worker.place():
                pass
    with worker.place():
        pass


def test_an_ended_queue_takes_nothing(worker):
    with worker.place():
        worker.cancel_all()
        with pytest.raises(ApiError, match="shut down"):
            worker.submit(lambda job: 7, "late")
    with pytest.raises(ApiError, match="shut down"), worker.place():
        pass
    worker.start()
    assert worker.submit(lambda job: 7, "again").result.result(timeout=5) == 7


def test_a_crash_is_told_as_a_mistake_and_the_next_job_runs(worker):
    assert code_of(worker.submit(lambda job: 1 / 0, "crash")) == "internal"

    def hungry(job):
        raise MemoryError

    assert code_of(worker.submit(hungry, "memory")) == "too_large"
    assert worker.submit(lambda job: 7, "next").result.result(timeout=5) == 7


def test_stopping_answers_all_jobs_and_does_not_wait_for_the_running_one(worker, held):
    running, gate = held
    waiting = worker.submit(lambda job: 1, "waiting")
    worker.stop()
    assert code_of(waiting) == code_of(running) == "stopped"
    assert worker.is_alive()
    gate.set()
    worker._thread.join(timeout=5)
    assert not worker.is_alive()

"""Which results of a run are skipped, and which may not be written."""

import cv2
import numpy as np
import pytest

from tf_btgmi.cli.batches import Outputs, Written, run
from tf_btgmi.cli.jobs import Job
from tf_btgmi.cli.program import ProgramFailure
from tf_btgmi.serving.client import ServingClient
from tf_btgmi.serving.contract import UnavailableError


def test_a_server_that_is_gone_ends_the_batch():
    class Transport:
        place = "http://localhost:1"

        def describe(self, left):
            return 32, ("inpainted",)

        def predict(self, inputs, left):
            raise UnavailableError("http://localhost:1: Connection refused.")

    server, begun = ServingClient(Transport(), deadline=0.05), []

    def work(job):
        begun.append(job.image)
        return server.predict({}) if len(begun) > 2 else Written("x", [])

    jobs = [Job({"image": f"{name}.png", "output": "x"}) for name in "abcdef"]
    with pytest.raises(ProgramFailure) as caught:
        run(jobs, work)
    assert str(caught.value) == (
        "http://localhost:1: Connection refused. Gave up after 0.05 s. 2 done, "
        "0 skipped, 0 failed before. The results so far are complete; the same command "
        "without --overwrite resumes."
    )
    assert begun == ["a.png", "b.png", "c.png"]


def test_a_picture_that_opencv_or_the_memory_cannot_hold_ends_no_batch(capsys):
    def work(job):
        if job.image == "a.png":
            cv2.resize(np.zeros((2, 2)), (0, 0))
        if job.image == "b.png":
            raise MemoryError
        if job.image == "d.png":
            raise TypeError("a bug")
        return Written(job.image, [])

    jobs = [Job({"image": f"{name}.png"}, label=name) for name in "abcd"]
    assert str(run(jobs[:3], work)) == "1 done, 0 skipped, 2 failed"
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("a: OpenCV cannot process a picture") for line in lines)
    assert "b: Out of memory." in lines
    with pytest.raises(TypeError):
        run(jobs, work)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_second_job_of_an_output_fails_whether_the_first_was_done_or_skipped(
    tmp_path, is_there
):
    path = tmp_path / "a.png"
    if is_there:
        path.write_bytes(b"of the run before")
    outputs = Outputs(overwrite=False, skip=True, inputs=())
    assert outputs.skips(str(path)) == is_there
    with pytest.raises(ValueError, match="a.png is the output of an earlier job, too"):
        outputs.skips(f"{tmp_path}/./a.png")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_no_result_that_exists(tmp_path, overwrite):
    folder = tmp_path / "dir.png"
    folder.mkdir()
    with pytest.raises(ValueError, match="dir.png is a folder. Give the name of a"):
        Outputs(overwrite, skip=True, inputs=()).skips(str(folder))

"""Memory stays flat over many pictures of many sizes, with a real network."""

import os
import pathlib

import httpx
import numpy as np
import pytest

from tests.picture_files import file_of
from tests.studio.running import studio

PAGE_BYTES = 4096


def resident_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="utf-8")
    return int(text.split()[1]) * PAGE_BYTES


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
def test_500_requests_of_mixed_sizes_leave_the_memory_flat(tmp_path, make_workdir):
    workdir = make_workdir(tmp_path / "run")
    with studio(workdir, tmp_path) as (process, url):
        rng = np.random.default_rng(0)
        sizes = []
        with httpx.Client(base_url=url, timeout=60) as client:
            for number in range(500):
                height, width = rng.integers(40, 900, 2)
                picture = rng.integers(0, 256, (height, width, 3), np.uint8)
                mask = np.zeros((height, width), np.uint8)
                y, x = rng.integers(0, height - 20), rng.integers(0, width - 20)
                h, w = rng.integers(5, 90, 2)
                mask[y : y + h, x : x + w] = 255
                files = {"image": file_of(picture, "BMP"), "mask": file_of(mask)}
                fields = {"output": ("picture", "overlay")[number % 2]}
                answer = client.post("/api/v1/inpaint", files=files, data=fields)
                assert answer.status_code == 200, answer.text
                sizes.append(resident_bytes(process.pid) / 1e6)
    early, late = np.median(sizes[100:200]), np.median(sizes[400:])
    print(f"resident: {early:.0f} MB, 300 requests later {late:.0f} MB")
    assert late < 1.05 * early

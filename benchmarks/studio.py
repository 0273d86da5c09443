"""What the studio adds to the model: a removal's answer, and the page's first paint.

    python -m benchmarks.studio --model=btgmi-outdoor-128

Starts `tf_btgmi.serve_ui`, removes an object of a bundled picture (512 pixels) in turn
by the API and by the model in this process, and prints medians. With Playwright and a
Chromium (CHROMIUM names it) the page is opened as well, each time in a new browser.
"""

import base64
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request

import numpy as np
from absl import flags
from PIL import Image

from benchmarks import shared_flags
from tf_btgmi import loading
from tf_btgmi.assets import samples_dir
from tf_btgmi.cli import common_flags, program

FLAGS = flags.FLAGS
# The sheep's box in its picture, y0, x0, y1, x1.
_BOX = (30, 90, 345, 405)


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    common_flags.define_model()
    shared_flags.define_rounds(25, "Removals that are timed.")
    flags.DEFINE_integer("paints", 7, "Times the page is opened.", lower_bound=0)


def main(argv):
    """Starts the studio, times it and prints a row for each figure."""
    del argv
    predictor = loading.load(FLAGS.model)
    command = [sys.executable, "-u", "-m", "tf_btgmi.serve_ui", "--port=0"]
    if FLAGS.model:
        command.append(f"--model={FLAGS.model}")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            place = address(process.stdout)
            answers, model = removals(place, predictor)
            print("| what | median of | seconds |")
            print("|---|---|---|")
            row("answer to a removal, 512 px", answers)
            row("the model alone", model)
            row(
                "what is left after 1.1 of the model",
                [mine - 1.1 * bare for mine, bare in zip(answers, model)],
            )
            paints = first_paints(place)
            if paints:
                row("first contentful paint", paints)
        finally:
            process.terminate()
    return 0


def row(what: str, seconds) -> None:
    """Prints a row of the table."""
    print(f"| {what} | {len(seconds)} | {statistics.median(seconds):.3f} |", flush=True)


def address(lines) -> str:
    """The page's address, from what the studio prints.

    Raises:
        ProgramFailure: it ended without one.
    """
    said = []
    for line in lines:
        said.append(line)
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found:
            return found.group()
    raise program.ProgramFailure("The studio did not start: " + "".join(said[-3:]))


def removals(place: str, predictor):
    """Seconds of each answer, and of the model for the same picture right after it."""
    image = np.asarray(Image.open(samples_dir() / "train" / "sheep.jpg"))
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[_BOX[0] : _BOX[2], _BOX[1] : _BOX[3]] = 255
    request = {"image": encoded(image), "mask": encoded(mask), "remove": True}
    text = json.dumps(request).encode()
    headers = {"Content-Type": "application/json"}
    answers, model = [], []
    for turn in range(FLAGS.rounds + 2):
        start = time.perf_counter()
        call = urllib.request.Request(f"{place}/api/v1/inpaint", text, headers)
        with urllib.request.urlopen(call) as answer:  # noqa: S310
            answer.read()
        middle = time.perf_counter()
        predictor.remove(image, mask)
        end = time.perf_counter()
        # The first ones trace the network.
        if turn >= 2:
            answers.append(middle - start)
            model.append(end - middle)
    return answers, model


def encoded(picture: np.ndarray) -> str:
    """A picture as a PNG file in base64."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def first_paints(place: str) -> list:
    """Seconds to the first contentful paint; none where there is no browser."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        browser = None
    if not browser:
        print("No Playwright or no Chromium; the page was not opened.")
        return []
    paints = []
    with sync_playwright() as playwright:
        for _ in range(FLAGS.paints):
            with playwright.chromium.launch(
                executable_path=browser, args=["--no-sandbox"]
            ) as opened:
                page = opened.new_page()
                page.goto(place, wait_until="load")
                page.wait_for_timeout(500)
                entry = page.evaluate(
                    "performance.getEntriesByName('first-contentful-paint')"
                    "[0].startTime"
                )
                paints.append(entry / 1000)
    return paints


if __name__ == "__main__":
    program.run(main, define_flags)

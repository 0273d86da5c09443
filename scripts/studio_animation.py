"""Makes the animation of the README, docs/studio/studio.webp, from a running studio.

    python -m tf_btgmi.serve_ui &
    python scripts/studio_animation.py

A box around an object, a click on its tail, the fill, and an object of another picture
put in. The file has 3 MB at most.
"""

import io
import pathlib
import sys

from PIL import Image, ImageDraw

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.studio_screenshots import (  # noqa: E402
    BISON,
    OUTPUT,
    SHEEP,
    TAIL,
    visitor,
)
from tf_btgmi.cli import program  # noqa: E402

SIZE = {"width": 960, "height": 600}
MOST_BYTES = 3_000_000
# Outline of the mouse pointer, which the browser does not draw, in pixels.
POINTER = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12))
PLACE = (300, 390)


class Film:
    """Frames of a visit, with the mouse pointer drawn in."""

    def __init__(self, visit):
        self.visit = visit
        self.mouse = 480, 300
        self.frames = []
        self.milliseconds = []

    def frame(self, milliseconds):
        """Adds a frame with its duration."""
        picture = Image.open(io.BytesIO(self.visit.page.screenshot())).convert("RGB")
        outline = [(self.mouse[0] + x, self.mouse[1] + y) for x, y in POINTER]
        ImageDraw.Draw(picture).polygon(outline, fill="white", outline="black")
        self.frames.append(picture)
        self.milliseconds.append(milliseconds)

    def move(self, x, y, steps=5):
        """Moves the mouse, with a frame for each step."""
        start = self.mouse
        for step in range(1, steps + 1):
            share = step / steps
            self.mouse = tuple(
                round(a + (b - a) * share) for a, b in zip(start, (x, y))
            )
            self.visit.page.mouse.move(*self.mouse)
            self.visit.page.wait_for_timeout(60)
            self.frame(60)

    def drag(self, start, end, steps=8):
        """Drags from one point (y, x) of the picture to another."""
        self.move(*self.visit.at(*start))
        self.visit.page.mouse.down()
        self.move(*self.visit.at(*end), steps=steps)
        self.visit.page.mouse.up()

    def click(self, selector):
        """Moves to the middle of an element and clicks it."""
        box = self.visit.page.locator(selector).bounding_box()
        self.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.visit.page.click(selector)

    def save(self, path):
        """Writes the frames as an animated WebP."""
        first, *others = self.frames
        for quality in (70, 50, 35):
            first.save(
                path,
                save_all=True,
                append_images=others,
                duration=self.milliseconds,
                loop=0,
                quality=quality,
                method=4,
            )
            if path.stat().st_size <= MOST_BYTES:
                return
        raise SystemExit(f"{path} has more than {MOST_BYTES / 1e6:g} MB.")


def play(film):
    """Box, click, fill, compose."""
    visit = film.visit
    visit.open_example("bison")
    visit.page.wait_for_timeout(300)
    film.frame(900)
    film.drag(*BISON)
    visit.until("state.active.selection.count")
    visit.idle()
    visit.page.wait_for_timeout(200)
    film.frame(900)
    film.move(*visit.at(*TAIL))
    visit.page.mouse.click(*visit.at(*TAIL))
    visit.page.wait_for_timeout(300)
    visit.idle()
    film.frame(900)
    film.click("#run")
    visit.made(2)
    visit.page.wait_for_timeout(200)
    film.frame(1500)
    film.click('[data-mode-button="compose"]')
    film.frame(700)
    film.click('#examples button[title="sheep"]')
    visit.until("state.guide")
    visit.page.wait_for_timeout(300)
    film.frame(600)
    film.drag(*SHEEP)
    visit.until("state.guide.selection.count")
    visit.idle()
    visit.page.wait_for_timeout(200)
    film.frame(900)
    film.click("#run")
    visit.page.wait_for_selector("#panel-place:not([hidden])")
    visit.page.wait_for_timeout(200)
    film.frame(500)
    corner = visit.page.evaluate(
        "import('/static/js/state.js').then(({state: {layer}}) => layer.corner(1, 1))"
    )
    film.drag((corner["y"], corner["x"]), (250, 320))
    middle = visit.page.evaluate(
        "import('/static/js/state.js').then(({state: {layer}}) => [layer.y, layer.x])"
    )
    film.drag(middle, PLACE)
    film.frame(600)
    film.click("#run")
    visit.made(3)
    visit.page.wait_for_timeout(200)
    film.frame(2500)


def main():
    """Records the animation of a running studio."""
    with visitor(__doc__) as opened:
        film = Film(opened(viewport=SIZE, color_scheme="light"))
        play(film)
    path = OUTPUT / "studio.webp"
    film.save(path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    program.answered(main)

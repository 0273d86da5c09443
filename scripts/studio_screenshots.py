"""Takes the pictures of docs/studio.md from a running studio.

    python -m tf_btgmi.serve_ui         # until it has printed its address
    python scripts/studio_screenshots.py    # in another terminal

Removes and composes on a desktop, a phone and a phone on its side.
"""

import argparse
import contextlib
import io
import pathlib
import sys
import urllib.request

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.studio.browser import Visit, launched  # noqa: E402
from tf_btgmi.cli import program  # noqa: E402

OUTPUT = ROOT / "docs/studio"
SCREENS = {
    "desktop": {"viewport": {"width": 1200, "height": 760}},
    "phone": {
        "viewport": {"width": 390, "height": 800},
        "device_scale_factor": 1.25,
        "has_touch": True,
    },
    "landscape": {
        "viewport": {"width": 740, "height": 360},
        "device_scale_factor": 1.25,
        "has_touch": True,
    },
}
# The steps of each screen and theme that the page shows.
SHOWN = {
    ("desktop", "light"): {"selected", "filled", "place", "composed"},
    ("desktop", "dark"): {"compare", "cut"},
    ("phone", "light"): {"selected", "filled"},
    ("phone", "dark"): {"cut", "place"},
    ("landscape", "light"): {"selected", "place"},
    ("landscape", "dark"): {"filled", "composed"},
}
# Boxes around the bison at the right edge, and around the sheep.
BISON = (118, 450), (250, 511)
TAIL = 165, 463
SHEEP = (30, 105), (350, 375)
PLACEMENT = "{x: 390, y: 300, scale: 0.42, rotate: 4, flip: true}"


def remove(visit, shoot):
    """Removes an object: from the loaded page to the comparison."""
    visit.open_example("bison")
    visit.drag(*BISON)
    visit.until("state.active.selection.count")
    visit.idle()
    visit.page.mouse.click(*visit.at(*TAIL))
    visit.page.wait_for_timeout(300)
    visit.idle()
    shoot("selected")
    visit.page.click("#run")
    visit.made(2)
    shoot("filled")
    visit.page.click("#compare-button")
    # The line goes where something has changed.
    visit.page.evaluate(
        "import('/static/js/state.js').then(({state}) => state.set({compareAt: 0.94}))"
    )
    shoot("compare")
    visit.page.keyboard.press("Escape")


def compose(visit, shoot):
    """Puts an object of another picture into this one."""
    visit.load()
    visit.open_example("bison")
    visit.page.click('[data-mode-button="compose"]')
    visit.open_example("sheep")
    visit.drag(*SHEEP)
    visit.until("state.active.selection.count")
    visit.idle()
    shoot("cut")
    visit.page.click("#run")
    visit.page.wait_for_selector("#panel-place:not([hidden])")
    visit.page.evaluate(
        "import('/static/js/tools/place.js').then(({replace}) => "
        f"replace({PLACEMENT}))"
    )
    shoot("place")
    visit.page.click("#run")
    visit.made(2)
    shoot("composed")


@contextlib.contextmanager
def visitor(description):
    """Reads `--url`; yields a function that opens the studio there, as a `Visit`."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    url = parser.parse_args().url
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except OSError as error:
        raise program.ProgramFailure(
            f"No studio answers at {url}. Start python -m tf_btgmi.serve_ui first, and "
            "wait until it has printed its address."
        ) from error
    with launched() as browser:

        def visit(script="", **options):
            context = browser.new_context(**options)
            context.add_init_script(script)
            return Visit(context.new_page(), url, wait_ms=60_000).load()

        yield visit


def main():
    """Takes the screenshots of a running studio."""
    no_hint = "localStorage.setItem('studio-gestures', '1')"
    with visitor(__doc__) as opened:
        for (screen, theme), shown in SHOWN.items():
            visit = opened(no_hint, color_scheme=theme, **SCREENS[screen])

            def shoot(step, visit=visit, name=f"{screen}-{theme}", shown=shown):
                if step not in shown:
                    return
                visit.page.mouse.move(600, 5)
                visit.page.wait_for_timeout(300)
                picture = Image.open(io.BytesIO(visit.page.screenshot()))
                path = OUTPUT / f"{name}-{step}.webp"
                picture.convert("RGB").save(path, quality=62, method=6)
                print(path.name, flush=True)

            remove(visit, shoot)
            compose(visit, shoot)
            visit.page.context.close()


if __name__ == "__main__":
    program.answered(main)

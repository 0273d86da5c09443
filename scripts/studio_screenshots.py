"""Takes the pictures of docs/studio.md from a running studio.

    python -m tf_btgmi.serve_ui &
    python scripts/studio_screenshots.py

Removes and composes on a desktop, a phone and a phone on its side.
"""

import argparse
import io
import pathlib
import sys

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.studio.browser import Visit, launched  # noqa: E402

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


def main():
    """Takes the screenshots of a running studio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = launched(playwright)
        for (screen, theme), shown in SHOWN.items():
            context = browser.new_context(color_scheme=theme, **SCREENS[screen])
            context.add_init_script("localStorage.setItem('studio-gestures', '1')")
            visit = Visit(context.new_page(), options.url, wait_ms=60_000).load()

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
            context.close()
        browser.close()


if __name__ == "__main__":
    main()

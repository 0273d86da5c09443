"""Takes the pictures of docs/studio.md from a running studio.

    python -m tf_btgmi.serve_ui &
    python scripts/studio_screenshots.py

Every step of removing and composing, on a desktop and on a phone, dark and light, with
pictures that come with this project.
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

DESKTOP = {"viewport": {"width": 1200, "height": 760}}
PHONE = {
    "viewport": {"width": 390, "height": 800},
    "device_scale_factor": 1.25,
    "has_touch": True,
}
# Boxes around the bison that is cut off, and around the sheep.
BISON = (118, 450), (250, 511)
SHEEP = (30, 105), (350, 375)


def shoot(visit, name, output):
    """Saves what the page shows as OUTPUT/NAME.webp."""
    visit.page.wait_for_timeout(250)
    picture = Image.open(io.BytesIO(visit.page.screenshot())).convert("RGB")
    picture.save(output / f"{name}.webp", quality=62, method=6)
    print(f"{name}.webp", flush=True)


def select(visit, corners):
    """Draws a box around an object and waits until it is found."""
    visit.drag(*corners)
    visit.page.wait_for_selector("#run:enabled", timeout=60_000)
    visit.page.wait_for_selector("#running", state="hidden", timeout=60_000)


def remove(visit, name, output):
    """The steps from loading the page to a removed object."""
    shoot(visit, f"{name}-open", output)
    visit.open_example("bison")
    mouse = visit.page.mouse
    mouse.move(*visit.at(*BISON[0]))
    mouse.down()
    mouse.move(*visit.at(*BISON[1]), steps=5)
    if name.endswith("light"):
        shoot(visit, f"{name}-box", output)
    mouse.up()
    visit.page.wait_for_selector("#run:enabled", timeout=60_000)
    visit.page.wait_for_selector("#running", state="hidden", timeout=60_000)
    shoot(visit, f"{name}-selected", output)
    visit.page.click("#run")
    visit.page.wait_for_selector("#results:not([hidden])", timeout=60_000)
    mouse.move(600, 5)
    shoot(visit, f"{name}-filled", output)
    visit.page.click("#compare-button")
    # The line goes where something has changed.
    for _ in range(44):
        visit.page.keyboard.press("ArrowRight")
    shoot(visit, f"{name}-compare", output)
    visit.page.keyboard.press("Escape")


def compose(visit, name, output):
    """The steps of putting an object of another picture into this one."""
    visit.load()
    visit.open_example("bison")
    visit.page.click('[data-mode-button="compose"]')
    visit.page.wait_for_selector("text=Open a guide picture")
    visit.open_example("sheep")
    select(visit, SHEEP)
    shoot(visit, f"{name}-cut", output)
    visit.page.click("#run")
    visit.page.wait_for_selector("#panel-place:not([hidden])")
    visit.page.evaluate(
        "import('/static/js/tools/place.js').then(({replace}) => "
        "replace({x: 390, y: 300, scale: 0.42, rotate: 4, flip: true}))"
    )
    shoot(visit, f"{name}-place", output)
    visit.page.click("#run")
    visit.page.wait_for_selector("#results:not([hidden])", timeout=60_000)
    visit.page.mouse.move(600, 5)
    shoot(visit, f"{name}-composed", output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--output", default=ROOT / "docs/studio", type=pathlib.Path)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launched(playwright)
        for device, settings in (("desktop", DESKTOP), ("phone", PHONE)):
            for theme in ("light", "dark"):
                context = browser.new_context(color_scheme=theme, **settings)
                visit = Visit(context.new_page(), options.url).load()
                visit.page.set_default_timeout(60_000)
                remove(visit, f"{device}-{theme}", options.output)
                compose(visit, f"{device}-{theme}", options.output)
                if (device, theme) == ("desktop", "light"):
                    visit.page.keyboard.press("?")
                    shoot(visit, f"{device}-{theme}-help", options.output)
                context.close()
        browser.close()


if __name__ == "__main__":
    main()

"""A page of the studio as a visitor uses it, in the system's Chromium."""

import base64
import contextlib
import io
import os
import shutil
import time

import numpy as np
from PIL import Image

# Names under which systems have it.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_MS = 15_000
RED = (255, 0, 0)


def chromium_path():
    """Path of the system's Chromium, or the one that CHROMIUM names; or None."""
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, CHROMIUM)), None
    )


@contextlib.contextmanager
def launched():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # Containers do not allow its sandbox.
        chromium = driver.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


def red_pixels(picture):
    """bool [H, W]: where the red model has painted.

    A fill that is enlarged to its window gets up to four levels of its detail.
    """
    return (np.abs(picture.astype(int) - RED) <= 4).all(axis=-1)


def painted(visit, *points):
    """An example with a stroke that can be filled."""
    visit.open_example()
    visit.tool("brush")
    visit.drag(*(points or ((300, 40), (300, 120))))


def scene(height=240, width=320):
    """A red square and a blue one on noisy green."""
    rng = np.random.default_rng(0)
    image = np.array([60, 150, 70]) + rng.normal(0, 8, (height, width, 3))
    image[80:160, 60:140] = (200, 50, 40)
    image[80:160, 200:280] = (40, 60, 200)
    return image.clip(0, 255).astype(np.uint8)


def held(visit, path):
    """Holds requests of a path back; call the result to let them go."""
    routes = []
    released = False

    def handle(route):
        if released:
            route.continue_()
        else:
            routes.append(route)

    def release():
        nonlocal released
        released = True
        for route in routes:
            route.continue_()
        visit.page.unroute(path, handle)

    visit.page.route(path, handle)
    return release


class Visit:
    """One visit to the studio.

    Args:
        page: Playwright's.
        url: of the studio.
        wait_ms: the longest wait for anything on the page.
    """

    def __init__(self, page, url, wait_ms=WAIT_MS):
        self.page = page
        self.url = url
        self.wait_ms = wait_ms
        self.problems = []
        page.set_default_timeout(wait_ms)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def load(self):
        self.page.goto(self.url)
        self.page.wait_for_selector("#examples img")
        return self

    def open_example(self, name="sheep"):
        self.page.click(f'#examples button[title="{name}"]')
        self.opened()

    def open_file(self, name, data, media_type="image/png", field="#file-input"):
        file = {"name": name, "mimeType": media_type, "buffer": data}
        self.page.set_input_files(field, file)

    def opened(self):
        self.page.wait_for_selector("body:not([data-empty])")

    def at(self, y, x):
        """Where a point of the picture is on the page."""
        scale, left, top = self.page.evaluate(
            "import('/static/js/stage.js').then(({stage: {view}}) => "
            "[view.scale, view.x, view.y])"
        )
        canvas = self.page.locator("#canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        return box["x"] + left + x * scale, box["y"] + top + y * scale

    def drag(self, *points):
        """Draws from one point (y, x) of the picture to the next."""
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=4)
        mouse.up()

    def tool(self, name):
        self.page.click(f'[data-tool="{name}"]')

    def box(self):
        """Selects a square of 100 pixels with the box tool."""
        self.tool("box")
        self.drag((100, 150), (200, 250))

    def cut(self):
        """Selects a square of the sheep picture to be put into the open one."""
        self.page.click('[data-mode-button="compose"]')
        self.open_example()
        self.box()

    def keep_sent(self):
        """Keeps the fields of the last form that the page sends in `window.sent`."""
        self.page.evaluate(
            """() => {
              const {send} = XMLHttpRequest.prototype;
              XMLHttpRequest.prototype.send = function (form) {
                if (form instanceof FormData) window.sent = Object.fromEntries(form);
                send.call(this, form);
              };
            }"""
        )

    def place(self):
        """Puts the selected object into the other picture."""
        self.page.click("#run:enabled")
        self.page.wait_for_selector("#panel-place:not([hidden])")

    def run(self):
        self.page.click("#run:enabled")
        self.idle()

    def until(self, condition, module="state"):
        """Waits until a JavaScript condition on an export of a module holds."""
        check = f"import('/static/js/{module}.js').then(({{{module}}}) => {condition})"
        deadline = time.monotonic() + self.wait_ms / 1000
        while not self.page.evaluate(check):
            assert time.monotonic() < deadline, condition
            self.page.wait_for_timeout(20)

    def idle(self):
        """Waits until nothing is under way."""
        self.page.wait_for_selector("#running", state="hidden")

    def made(self, count):
        """Waits until there are so many results, the original included."""
        self.page.wait_for_selector(f"#result-list li:nth-child({count})")
        self.idle()

    def selected(self):
        """How many pixels are selected."""
        return self.page.evaluate(
            "import('/static/js/state.js').then(({state}) => "
            "state.active.selection.count)"
        )

    def placement(self):
        """Place, scale, rotation and flip of the object that is being placed."""
        return self.page.evaluate(
            "import('/static/js/state.js').then(({state}) => state.layer.placement)"
        )

    def results(self):
        return self.page.locator("#result-list li").count()

    def shown(self, mode="RGB"):
        """The target as it is now, uint8 [H, W, channels]."""
        pixels = self.page.evaluate(
            """import('/static/js/state.js').then(({state: {target}}) => {
              const canvas = document.createElement('canvas');
              canvas.width = target.width; canvas.height = target.height;
              target.drawOn(canvas);
              return canvas.toDataURL().split(',')[1];
            })"""
        )
        picture = Image.open(io.BytesIO(base64.b64decode(pixels))).convert(mode)
        return np.array(picture)

    def edited(self):
        """Mask of the target's edited pixels, bool [H, W]."""
        file = self.page.evaluate(
            """import('/static/js/state.js').then(async ({state: {target}}) => [
              ...new Uint8Array(await target.overlay.arrayBuffer())])"""
        )
        return np.array(Image.open(io.BytesIO(bytes(file))))[..., 3] == 255

    def download(self, button="#download"):
        """Name and bytes of the file that a button saves."""
        with self.page.expect_download() as waiting:
            self.page.click(button)
        with open(waiting.value.path(), "rb") as file:
            return waiting.value.suggested_filename, file.read()

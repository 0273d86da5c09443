"""The page's own files of masks: what it writes and what it reads."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.picture_files import file_of, png_of
from tf_btgmi.pictures.masks import decode_mask

ENCODE = """async ({mask, width, height}) => {
  const {maskWork} = await import('/static/js/mask_work.js');
  const file = await maskWork.encode(new Uint8Array(mask), width, height);
  return Array.from(new Uint8Array(await file.arrayBuffer()));
}"""
DECODE = """async (file) => {
  const {maskWork} = await import('/static/js/mask_work.js');
  const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
  const {mask, width, height} = await maskWork.decode(new Blob([bytes]));
  return {mask: Array.from(mask), width, height};
}"""


@pytest.fixture
def page(browser, studio):
    page = browser.new_page()
    page.goto(studio.url)
    yield page
    page.close()


@pytest.mark.parametrize("width, height", [(64, 48), (61, 7), (1, 9)])
def test_a_written_mask_is_read_by_the_server(page, width, height):
    mask = np.random.default_rng(0).integers(0, 2, (height, width)).astype(np.uint8)
    call = {"mask": mask.ravel().tolist(), "width": width, "height": height}
    data = bytes(page.evaluate(ENCODE, call))
    image = Image.open(io.BytesIO(data))
    image.load()
    assert image.mode == "1"
    np.testing.assert_array_equal(decode_mask(data), mask > 0)


def grey(kind):
    """Levels of a mask file, [37, 53] uint8."""
    y, x = np.mgrid[:37, :53]
    noise = np.random.default_rng(1).integers(0, 9, (37, 53))
    return {
        "flat": np.where(x > 20, 255, 0),
        "across": x * 4,
        "down": y * 6,
        "both": 2 * x + 3 * y + noise,
    }[kind].astype(np.uint8)


@pytest.mark.parametrize("kind", ["flat", "across", "down", "both"])
def test_a_grey_file_is_read_as_pillow_reads_it(page, kind):
    levels = grey(kind)
    read = page.evaluate(DECODE, base64.b64encode(file_of(levels)).decode())
    assert (read["width"], read["height"]) == (53, 37)
    np.testing.assert_array_equal(np.reshape(read["mask"], (37, 53)), levels >= 128)


def filtered(levels, kind) -> bytes:
    """A PNG whose rows all have one filter."""
    padded = np.pad(levels.astype(np.int16), ((1, 0), (1, 0)))
    left, up, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
    guesses = np.stack([left, up, corner])
    nearest = np.abs(guesses - (left + up - corner)).argmin(axis=0)
    paeth = np.take_along_axis(guesses, nearest[None], axis=0)[0]
    guess = [0 * left, left, up, (left + up) // 2, paeth][kind]
    rows = np.pad((levels - guess).astype(np.uint8), ((0, 0), (1, 0)))
    rows[:, 0] = kind
    height, width = levels.shape
    return png_of(rows.tobytes(), width, height, color_type=0)


@pytest.mark.parametrize("kind", range(5))
def test_each_filter_of_png_is_undone(page, kind):
    data = filtered(grey("both"), kind)
    np.testing.assert_array_equal(Image.open(io.BytesIO(data)), grey("both"))
    read = page.evaluate(DECODE, base64.b64encode(data).decode())
    mask = np.reshape(read["mask"], (37, 53))
    np.testing.assert_array_equal(mask, grey("both") >= 128)

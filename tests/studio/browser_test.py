"""Work on pictures in a real browser, on a studio whose models paint red and blue."""

import base64
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.picture_files import file_of
from tests.studio.browser import RED, red_pixels
from tf_btgmi.assets import samples_dir


def sheep():
    return np.array(Image.open(samples_dir() / "train" / "sheep.jpg"))


def test_a_stroke_is_filled_and_downloaded_in_the_pictures_format(visit):
    visit.open_example()
    visit.tool("brush")
    visit.drag((300, 40), (300, 120))
    selected = visit.selected()
    assert selected > 1000
    visit.run()
    assert visit.results() == 2
    red = red_pixels(visit.shown())
    assert red[300, 40:120].all()
    # The edge was taken too: six pixels all around.
    assert selected < red.sum() < 2.2 * selected
    # Outside the filled pixels, some of which are retouched, nothing has changed.
    kept = ~visit.edited()
    assert kept.sum() > 0.9 * kept.size
    np.testing.assert_array_equal(visit.shown()[kept], sheep()[kept])
    copied = visit.page.evaluate(
        """import('/static/js/state.js').then(async ({state: {target}}) => [
          ...new Uint8Array(await (await target.toPng()).arrayBuffer())])"""
    )
    copied = np.array(Image.open(io.BytesIO(bytes(copied))).convert("RGB"))
    np.testing.assert_array_equal(copied, visit.shown())
    name, data = visit.download()
    assert name == "sheep-edited.jpg"
    stored = Image.open(io.BytesIO(data))
    assert (stored.format, stored.size) == ("JPEG", (512, 371))
    assert abs(np.array(stored)[300, 80].astype(int) - [254, 0, 0]).max() < 20


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_a_large_picture_is_copied_without_loss(visit, kind):
    pixels = np.full((2050, 2050, 3), 90, np.uint8)
    pixels[:300] = np.random.default_rng(0).integers(0, 256, (300, 2050, 3), np.uint8)
    visit.open_file(f"large.{kind.lower()}", file_of(pixels, kind))
    visit.opened()
    visit.tool("box")
    visit.drag((100, 100), (200, 200))
    visit.run()
    visit.page.evaluate(
        """() => {
          Object.defineProperty(navigator, 'clipboard', {value: {
            write: async ([item]) => {
              window.copied = await item.getType('image/png');
            },
          }});
        }"""
    )
    visit.page.click("#copy")
    if kind == "TIFF":
        # Chromium cannot read it.
        visit.page.wait_for_selector("text=Copied slightly compressed")
        return
    visit.page.wait_for_selector("text=Result copied.")
    data = visit.page.evaluate(
        """() => new Promise((resolve) => {
          const reader = new FileReader();
          reader.onload = () => resolve(reader.result.split(',')[1]);
          reader.readAsDataURL(window.copied);
        })"""
    )
    copied = Image.open(io.BytesIO(base64.b64decode(data)))
    assert copied.format == "PNG"
    copied = np.array(copied.convert("RGB"))
    kept = ~visit.edited()
    assert kept.mean() > 0.9
    np.testing.assert_array_equal(copied[kept], pixels[kept])
    assert red_pixels(copied)[150, 150]


def test_an_object_is_boxed_and_removed_in_three_actions(visit):
    visit.open_example()  # 1
    visit.drag((30, 105), (350, 375))  # 2
    visit.run()  # 3
    red = red_pixels(visit.shown())
    assert red[150, 200] and not red[20, 20] and not red[360, 500]
    assert 0.15 < red.mean() < 0.45


@pytest.mark.slow
def test_clicks_refine_an_object(visit):
    visit.open_example()
    visit.page.mouse.click(*visit.at(200, 220))
    visit.page.wait_for_selector("#run:enabled")
    first = visit.selected()
    visit.page.keyboard.down("Alt")
    visit.page.mouse.click(*visit.at(150, 220))
    visit.page.keyboard.up("Alt")
    visit.page.wait_for_selector("#running:not([hidden])")
    visit.idle()
    taken = visit.selected()
    assert 0 < taken < first
    visit.page.click("#undo")
    assert visit.selected() == first


def test_an_object_is_composed_dragged_and_scaled(visit):
    visit.open_example("rocket")
    visit.page.click('[data-mode-button="compose"]')
    visit.page.wait_for_selector("text=Open the picture with the object")
    visit.open_example()
    visit.box()
    visit.place()
    # From the middle (171, 256), where it was put at its own size.
    visit.drag((171, 256), (151, 156))
    visit.drag((201, 206), (176, 181))
    visit.page.click("#flip")
    placed = visit.page.evaluate(
        "import('/static/js/state.js').then(({state}) => state.layer.placement)"
    )
    assert abs(placed["x"] - 156) < 1.5 and abs(placed["y"] - 151) < 1.5
    assert abs(placed["scale"] - 0.5) < 0.04 and placed["flip"]
    visit.page.uncheck("#harmonize-check")
    before = visit.shown()
    visit.run()
    after = visit.shown()
    changed = (before != after).any(axis=-1)
    rows, columns = np.nonzero(changed)
    assert abs(rows.mean() - 151) < 3 and abs(columns.mean() - 156) < 3
    assert 48 < np.ptp(rows) < 60
    guide = np.flip(sheep()[100:200, 150:250], axis=1)
    wanted = np.array(Image.fromarray(guide).resize((50, 50), Image.Resampling.BOX))
    inner = after[131:171, 136:176].astype(int) - wanted[5:45, 5:45]
    assert abs(inner).mean() < 12
    # Undone, the object can be moved again.
    visit.page.click("#undo")
    np.testing.assert_array_equal(visit.shown(), before)
    visit.page.wait_for_selector("#panel-place:not([hidden])")


def test_undo_and_redo_go_through_strokes_and_runs(visit):
    visit.open_example()
    original = visit.shown()
    visit.tool("brush")
    visit.drag((300, 40), (300, 90))
    one = visit.selected()
    visit.drag((330, 40), (330, 90))
    two = visit.selected()
    visit.run()
    filled = visit.shown()
    assert visit.selected() == 0
    visit.drag((60, 40), (60, 90))
    visit.run()
    steps = []
    for _ in range(5):
        visit.page.keyboard.press("Control+z")
        steps.append((visit.selected(), int(red_pixels(visit.shown()).sum())))
    red = int(red_pixels(filled).sum())
    assert [s[0] for s in steps][1:] == [0, two, one, 0]
    assert [s[1] for s in steps] == [red, red, 0, 0, 0]
    np.testing.assert_array_equal(visit.shown(), original)
    assert visit.page.is_disabled("#undo")
    for _ in range(3):
        visit.page.keyboard.press("Control+Shift+Z")
    np.testing.assert_array_equal(visit.shown(), filled)
    # A result is stepped back to by its thumbnail, too, after which nothing is redone.
    assert visit.page.is_enabled("#redo")
    visit.page.click("#result-list li:first-child button")
    np.testing.assert_array_equal(visit.shown(), original)
    assert visit.page.is_disabled("#redo")


def test_a_mask_goes_up_and_down(visit):
    visit.open_example()
    mask = np.zeros((371, 512), np.uint8)
    mask[50:90, 60:160] = 255
    visit.open_file("mask.png", file_of(mask), field="#mask-input")
    visit.page.wait_for_selector("#run:enabled")
    assert visit.selected() == 4000
    visit.page.keyboard.press("i")
    assert visit.selected() == 371 * 512 - 4000
    visit.page.keyboard.press("i")
    name, data = visit.download("#mask-save")
    assert name == "sheep-mask.png"
    saved = np.array(Image.open(io.BytesIO(data)).convert("L"))
    np.testing.assert_array_equal(saved, mask)
    visit.page.click("#grow-button")
    visit.until("state.active.selection.count === 4564")
    visit.page.click("#shrink-button")
    visit.until("state.active.selection.count === 4000")
    # Strokes on a transparent layer, of any colour.
    strokes = np.dstack([mask, 0 * mask, 0 * mask, mask])
    strokes[50:70, :, 3] = 0
    visit.open_file("mask.png", file_of(strokes), field="#mask-input")
    visit.until("state.active.selection.count === 2000")
    visit.open_file("mask.png", file_of(mask[:9]), field="#mask-input")
    visit.page.wait_for_selector("text=512x371")


def test_files_that_are_no_pictures_are_named_and_nothing_is_lost(visit):
    visit.open_file("letter.png", b"Dear Sir or Madam")
    visit.page.wait_for_selector("text=It is not a JPEG, PNG")
    visit.open_example()
    visit.open_file("half.jpg", file_of(sheep(), "JPEG")[:3000])
    visit.page.wait_for_selector("text=damaged")
    assert visit.shown().shape == (371, 512, 3)
    wide = file_of(np.zeros((7200, 7200), np.uint8))
    visit.open_file("huge.png", wide)
    visit.page.wait_for_selector("text=It has 7200x7200 pixels; the limit is 50")


@pytest.mark.slow
def test_pictures_are_dropped_and_pasted_and_come_up_the_right_way_round(visit):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = file_of(sheep(), "JPEG", exif=exif)
    transfer = """async (bytes) => {
      const data = new DataTransfer();
      const file = new File([new Uint8Array(bytes)], 'phone.jpg', {type: 'image/jpeg'});
      data.items.add(file);
      return data;
    }"""
    handle = visit.page.evaluate_handle(transfer, list(data))
    for kind in ("dragenter", "dragover", "drop"):
        visit.page.dispatch_event("#stage", kind, {"dataTransfer": handle})
    visit.opened()
    assert visit.shown().shape == (512, 371, 3)
    visit.page.evaluate(
        "(data) => window.dispatchEvent(new ClipboardEvent('paste', "
        "{clipboardData: data}))",
        handle,
    )
    visit.page.wait_for_timeout(200)
    assert visit.shown().shape == (512, 371, 3)


@pytest.mark.slow
def test_progress_is_shown_and_a_run_can_be_cancelled(visit):
    visit.open_example()
    visit.page.keyboard.press("i")
    visit.page.keyboard.press("i")
    visit.tool("brush")
    visit.drag((300, 40), (300, 470))
    selected = visit.selected()
    visit.paint.gate.clear()
    visit.page.click("#run")
    visit.page.wait_for_selector("text=Filling, 0 %")
    assert visit.page.is_disabled("#run")
    visit.page.keyboard.press("Escape")
    visit.paint.gate.set()
    visit.page.wait_for_selector("text=Cancelled. Nothing was changed.")
    assert (visit.selected(), visit.results()) == (selected, 1)
    visit.run()
    assert visit.results() == 2


@pytest.mark.slow
def test_before_and_after(visit):
    visit.open_example()
    visit.tool("brush")
    visit.drag((180, 100), (180, 400))
    visit.run()

    def color(y, x):
        return visit.page.evaluate(
            """([x, y]) => {
              const canvas = document.getElementById('canvas');
              const box = canvas.getBoundingClientRect();
              return [...canvas.getContext('2d').getImageData(
                x - box.x, y - box.y, 1, 1).data].slice(0, 3);
            }""",
            list(visit.at(y, x)),
        )

    visit.page.mouse.move(5, 400)
    visit.page.wait_for_timeout(100)
    assert color(180, 150) == color(180, 380) == list(RED)
    visit.page.click("#compare-button")
    visit.page.wait_for_timeout(100)
    assert color(180, 150) != list(RED) and color(180, 380) == list(RED)
    for _ in range(50):
        visit.page.keyboard.press("ArrowLeft")
    visit.page.wait_for_timeout(100)
    assert color(180, 150) == list(RED)
    visit.page.keyboard.press("Escape")
    visit.page.keyboard.down("c")
    visit.page.wait_for_timeout(100)
    assert color(180, 380) != list(RED)
    visit.page.keyboard.up("c")
    visit.page.wait_for_timeout(100)
    assert color(180, 380) == list(RED)


def test_a_recoloured_picture_keeps_its_transparency_on_the_page(visit):
    # Browsers show 16 bits, as they are here, in 8.
    half = np.random.default_rng(0).integers(0, 65536, (60, 80, 4), np.uint16)
    half[..., 3] = 120 * 257
    half[:, 40:, 3] = 65535
    visit.open_file("half.png", cv2.imencode(".png", half)[1].tobytes())
    visit.opened()
    before = visit.shown("RGBA")
    visit.tool("box")
    visit.drag((10, 10), (50, 70))
    visit.page.click('[data-mode-button="harmonize"]')
    visit.run()
    after = visit.shown("RGBA")
    assert (after[10:50, 10:70, :3] != before[10:50, 10:70, :3]).any(
        axis=-1
    ).mean() > 0.5
    np.testing.assert_array_equal(after[..., 3], half[..., 3] // 257)
    # Fills are opaque.
    visit.page.click('[data-mode-button="fill"]')
    visit.page.uncheck("#margin-check")
    visit.drag((10, 10), (50, 30))
    visit.run()
    assert (visit.shown("RGBA")[10:50, 10:30, 3] == 255).all()
    assert (visit.shown("RGBA")[10:50, 30:40, 3] == 120).all()


@pytest.mark.slow
def test_all_models_are_run_at_once_and_harmonizing_needs_one_that_can(visit):
    visit.open_example()
    visit.tool("brush")
    visit.drag((300, 40), (300, 120))
    visit.page.select_option("#model", "*")
    visit.run()
    labels = visit.page.locator("#result-list li span").all_inner_texts()
    assert labels == ["Original", "1 Fill, red", "2 Fill, blue"]
    visit.page.click('[data-mode-button="harmonize"]')
    visit.page.select_option("#model", "blue")
    visit.page.wait_for_selector(
        "#tool-hint:has-text('This model cannot match colours')"
    )
    visit.page.select_option("#model", "red")
    visit.box()
    visit.run()
    assert visit.results() == 4

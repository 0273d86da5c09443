"""Composing: both pictures in view, the open one as guide, another placement."""

import base64
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.picture_files import file_of
from tests.studio.browser import held, scene
from tf_btgmi.inference import placement
from tf_btgmi.pictures.masks import decode_mask


def test_the_other_picture_is_in_view_and_changes_places(visit):
    visit.open_example("rocket")
    visit.page.click('[data-mode-button="compose"]')
    assert visit.page.is_visible("#welcome-target")
    visit.open_example()
    assert visit.page.inner_text("#other").strip() == "Your picture"
    visit.page.click("#other")
    visit.page.wait_for_selector("text=No object is selected yet.")
    visit.box()
    assert visit.download("#mask-save")[0] == "sheep-mask.png"
    visit.page.click("#other")
    visit.page.wait_for_selector("#panel-place:not([hidden])")
    assert visit.page.inner_text("#other").strip() == "Edit the object"
    visit.page.click("#other")
    assert visit.selected() == 10_000


def test_the_open_picture_is_taken_as_guide_with_its_selection(visit):
    visit.open_example()
    visit.box()
    visit.page.click('[data-mode-button="compose"]')
    visit.page.click("#use-target")
    visit.until("state.guide && state.guide.selection.count === 10000")
    visit.place()
    # A picture that is opened now is the one that the object goes into.
    with visit.page.expect_file_chooser() as chooser:
        visit.page.click("#open")
    assert chooser.value.element.get_attribute("id") == "file-input"


CENTRES = """async ({mask, poses}) => {
  const {Layer} = await import('/static/js/layer.js');
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [50, 30];
  const selection = {
    canvas, mask: new Uint8Array(mask), width: 50, version: 0, snapshot: () => null,
  };
  const guide = {bitmap: canvas, selection};
  const layer = new Layer(guide, [10, 5, 40, 25], {width: 100, height: 100});
  return poses.map((pose) => {
    layer.place({x: 0, y: 0, ...pose});
    return layer.centre;
  });
}"""


def test_the_centre_that_is_sent_is_that_of_the_turned_object(visit):
    mask = np.zeros((30, 50), np.uint8)
    mask[5:25, 10:16] = mask[21:25, 10:40] = 1
    poses = [
        {"scale": 1.0, "rotate": 0.0, "flip": False},
        {"scale": 1.5, "rotate": 35.0, "flip": False},
        {"scale": 0.5, "rotate": -110.0, "flip": True},
        {"scale": 2.0, "rotate": 20.0, "flip": True},
    ]
    found = visit.page.evaluate(
        CENTRES, {"mask": mask.ravel().tolist(), "poses": poses}
    )
    for pose, centre in zip(poses, found):
        shape = mask[5:25, 10:40] > 0
        turn = placement._turn(placement.Pose((0.0, 0.0), **pose))
        low, high = placement._extent(shape[:, ::-1] if pose["flip"] else shape, turn)
        # From the middle of the object's own box, which the page moves.
        offset = (low + high) / 2 - turn @ np.array(shape.shape) / 2
        assert (centre["y"], centre["x"]) == pytest.approx(tuple(offset), abs=1e-6)


def test_the_pose_and_earlier_edits_are_sent(placed):
    pose = "{scale: 0.5, rotate: 30, flip: true}"
    for _ in range(2):
        if placed.results() == 2:
            placed.place()
        placed.until(f"(state.layer.place({pose}), true)")
        placed.keep_sent()
        placed.run()
    sent = placed.page.evaluate("window.sent")
    assert [sent[name] for name in ("scale", "rotate", "flip", "harmonize")] == [
        "0.5",
        "30",
        "true",
        "false",
    ]
    assert placed.page.evaluate("window.sent.overlay.type") == "image/png"


def test_a_placement_is_adjusted_after_the_run(placed):
    before = placed.shown()
    placed.drag((213, 256), (180, 200))
    placement = "state.layer.placement.x"
    x = placed.page.evaluate(
        f"import('/static/js/state.js').then(({{state}}) => {placement})"
    )
    placed.run()
    assert placed.results() == 2
    placed.page.click("#adjust")
    placed.until("state.layer")
    np.testing.assert_array_equal(placed.shown(), before)
    assert x == placed.page.evaluate(
        f"import('/static/js/state.js').then(({{state}}) => {placement})"
    )
    placed.run()
    assert placed.results() == 3
    # Undone step by step: the run, the adjusting, the first run.
    for _ in range(3):
        placed.page.click("#undo")
    np.testing.assert_array_equal(placed.shown(), before)


DRAWN = """import('/static/js/state.js').then(({state: {layer, target}}) => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [target.width, target.height];
  layer.draw(canvas.getContext('2d'));
  return canvas.toDataURL().split(',')[1];
})"""


def drawn(visit):
    """The placed object alone, uint8 [H, W, 4]."""
    png = base64.b64decode(visit.page.evaluate(DRAWN))
    return np.array(Image.open(io.BytesIO(png)))


def assert_contains(drawing, part):
    """The opaque pixels of `part` are in the drawing, at the same places."""
    opaque = cv2.erode((part[..., 3] == 255).astype(np.uint8), np.ones((5, 5))) > 0
    assert opaque.sum() > 3000
    np.testing.assert_allclose(
        drawing[opaque].astype(int), part[opaque].astype(int), atol=3
    )


def test_an_edited_object_stays_where_it_is_and_its_steps_can_be_undone(placed):
    placed.until("(state.layer.place({rotate: 30, scale: 0.8}), true)")
    first = drawn(placed)
    placed.drag((171, 256), (151, 156))
    placed.page.click("#flip")
    before = drawn(placed)
    placed.page.click("#other")
    placed.drag((100, 250), (200, 290))
    assert placed.selected() == 14_000
    # The picture that is opened here is that of the object.
    with placed.page.expect_file_chooser() as chooser:
        placed.page.click("#open")
    assert chooser.value.element.get_attribute("id") == "guide-input"
    placed.place()
    after = drawn(placed)
    assert (after[..., 3] > 0).sum() > 1.3 * (before[..., 3] > 0).sum()
    assert_contains(after, before)
    placed.page.click("#undo")
    placed.page.click("#undo")
    assert_contains(drawn(placed), first)


def test_the_object_that_is_shown_is_the_one_that_is_sent(placed):
    placed.page.keyboard.press("]")
    placed.page.click("#other")
    placed.page.keyboard.press("i")
    placed.until("state.active.selection.count > 100000")
    placed.page.click('[data-mode-button="fill"]')
    # It shows the object as it was placed.
    placed.page.keyboard.press("Control+z")
    placed.page.wait_for_selector("#panel-place:not([hidden])")
    placed.keep_sent()
    placed.run()
    sent = placed.page.evaluate(
        "window.sent.guide_mask.arrayBuffer().then((file) => [...new Uint8Array(file)])"
    )
    mask = np.array(Image.open(io.BytesIO(bytes(sent))).convert("L"))
    assert mask[100:200, 150:250].all() and (mask > 0).sum() == 10_000


def test_each_composition_keeps_its_own_placement(placed):
    positions = []
    for x in (60, 220):
        if placed.results() > 1:
            placed.page.click("#adjust")
        placed.until(f"(state.layer.place({{x: {x}, y: 90}}), true)")
        placed.paint.gate.clear()
        placed.page.click("#run")
        placed.page.wait_for_selector("#running:not([hidden])")
        # What is pressed during a run does not move the object.
        placed.page.keyboard.press("f")
        placed.page.focus("#canvas")
        placed.page.keyboard.press("ArrowLeft")
        placed.paint.gate.set()
        placed.made(len(positions) + 2)
        positions.append(x)
    placed.page.click("#result-list li:nth-child(2) button")
    placed.page.click("#adjust")
    assert placed.placement()["x"] == 60
    for _ in range(3):
        placed.page.click("#undo")
    now = placed.placement()
    assert (now["x"], now["flip"]) == (220, False)


def test_a_cut_out_with_a_soft_edge_is_selected_as_the_programs_do(visit):
    yy, xx = np.mgrid[:200, :240]
    alpha = 255 * np.clip((80 - np.hypot(yy - 100, xx - 120)) / 6 + 0.5, 0, 1)
    cut_out = np.full((200, 240, 4), 90, np.uint8)
    cut_out[..., 3] = alpha
    data = file_of(cut_out)
    expected = decode_mask(data, picture=data, is_object=True).sum()
    assert expected > (alpha == 255).sum() + 1000
    visit.open_file("object.png", data)
    visit.opened()
    visit.page.click('[data-mode-button="compose"]')
    visit.page.click("#use-target")
    visit.until("Boolean(state.guide)")
    assert visit.selected() == expected


def test_a_small_object_is_dragged_by_its_middle(visit):
    visit.open_file("large.png", file_of(np.zeros((3000, 4000, 3), np.uint8)))
    visit.opened()
    visit.cut()
    visit.place()
    start = visit.placement()
    # Enlarged, since 100 of 3000 pixels can hardly be seen.
    assert start["scale"] == pytest.approx(7.5)
    visit.until("(state.layer.place({scale: 1}), true)")
    visit.drag((1500, 2000), (1000, 1000))
    end = visit.placement()
    assert end["scale"] == 1
    assert (end["y"], end["x"]) == pytest.approx((1000, 1000), abs=10)


def test_a_cut_out_is_selected_and_shown_without_its_hidden_colours(visit):
    visit.open_example("rocket")
    visit.page.click('[data-mode-button="compose"]')
    cut_out = np.zeros((240, 320, 4), np.uint8)
    cut_out[..., 1] = 255
    cut_out[60:160, 100:220] = (200, 40, 30, 255)
    visit.open_file("object.png", file_of(cut_out), field="#guide-input")
    visit.opened()
    assert visit.selected() == 12_000
    visit.open_file("mask.png", file_of(cut_out), field="#mask-input")
    visit.idle()
    assert visit.selected() == 12_000
    pixel = visit.page.evaluate(
        """async ([x, y]) => {
          const canvas = document.getElementById('canvas');
          const box = canvas.getBoundingClientRect();
          for (let frame = 0; frame < 2; frame += 1) {
            await new Promise(requestAnimationFrame);
          }
          return [...canvas.getContext('2d').getImageData(
            x - box.x, y - box.y, 1, 1).data].slice(0, 3);
        }""",
        list(visit.at(20, 20)),
    )
    assert pixel[0] == pixel[1] == pixel[2] > 200


def test_a_tiny_object_starts_within_the_limits_of_the_scale(visit):
    visit.open_file("large.png", file_of(np.zeros((3000, 4000, 3), np.uint8)))
    visit.opened()
    visit.page.click('[data-mode-button="compose"]')
    visit.open_example()
    visit.tool("box")
    visit.drag((100, 150), (110, 160))
    visit.place()
    assert visit.placement()["scale"] == 50
    visit.page.keyboard.press("]")
    visit.page.fill("#scale", visit.page.get_attribute("#scale", "max"))
    assert visit.placement()["scale"] == 50


def test_another_guide_takes_the_place_of_one_that_is_being_opened(visit):
    visit.open_example("rocket")
    visit.page.click('[data-mode-button="compose"]')
    release = held(visit, "**/api/v1/preview")
    visit.page.click("#use-target")
    visit.page.wait_for_selector("#running:has-text('rocket.jpg')")
    visit.page.click('#examples button[title="sheep"]')
    visit.page.wait_for_selector("#running:has-text('sheep.jpg')")
    release()
    visit.until("state.guide?.name === 'sheep.jpg'")
    visit.box()
    visit.page.wait_for_timeout(200)
    assert visit.selected() == 10_000
    # Its selection is not lost without a question.
    visit.open_file("next.png", file_of(scene()), field="#guide-input")
    visit.page.wait_for_selector("#ask:has-text('The selection in sheep.jpg')")
    visit.page.keyboard.press("Escape")
    assert visit.selected() == 10_000


def test_the_focus_is_on_the_picture_when_its_button_is_gone(placed):
    placed.page.focus("#flip")
    placed.page.keyboard.press("Shift+R")
    placed.made(2)
    placed.page.wait_for_selector("#canvas:focus")

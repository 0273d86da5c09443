"""Composing: both pictures in view, the open one as guide, another placement."""

import numpy as np
import pytest

from tf_btgmi.inference import placement


@pytest.fixture
def placed(visit):
    """A square of the sheep picture on the rocket picture."""
    visit.open_example("rocket")
    visit.page.click('[data-mode-button="compose"]')
    visit.open_example()
    visit.box()
    visit.place()
    visit.page.uncheck("#harmonize-check")
    return visit


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
  const selection = {canvas, mask: new Uint8Array(mask), width: 50, version: 0};
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

"""Composing: both pictures in view, the open one as guide, another placement."""

import numpy as np
import pytest


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

"""Undo and redo of placements, and what another placement starts from."""

import pytest

from tests.picture_files import file_of
from tests.studio.browser import scene


def open_guide(visit):
    """Another guide, in place of the sheep picture with its selection."""
    visit.page.click("#other")
    visit.open_file("guide.png", file_of(scene()), field="#guide-input")
    visit.page.click("#ask-yes")
    visit.until("state.guide.name === 'guide.png'")


@pytest.mark.parametrize("key, what", [("ArrowRight", "x"), ("]", "scale")])
def test_a_held_key_is_one_step(placed, key, what):
    first = placed.placement()
    placed.page.focus("#canvas")
    for _ in range(5):
        placed.page.keyboard.down(key)
    placed.page.keyboard.up(key)
    held_once = placed.placement()
    placed.page.keyboard.press(key)
    last = placed.placement()
    assert first[what] < held_once[what] < last[what]
    for expected in (held_once, first):
        placed.page.keyboard.press("Control+z")
        assert placed.placement() == expected
    assert placed.page.is_disabled("#undo")
    for expected in (held_once, last):
        placed.page.keyboard.press("Control+Shift+Z")
        assert placed.placement() == expected


def test_steps_of_an_object_that_is_gone_are_passed_over(placed):
    placed.page.keyboard.press("]")
    open_guide(placed)
    placed.box()
    placed.place()
    second = placed.placement()
    # Nothing can be undone: the step was of the first object.
    assert placed.page.is_disabled("#undo")
    placed.page.keyboard.press("]")
    placed.page.keyboard.press("Control+z")
    assert placed.placement() == second
    placed.page.keyboard.press("Control+z")
    assert placed.placement() == second


def test_undoing_a_composition_leaves_another_object_where_it_is(placed):
    placed.run()
    placed.made(2)
    open_guide(placed)
    placed.box()
    placed.place()
    second = placed.placement()
    placed.page.keyboard.press("Control+z")
    placed.until("state.target.overlay === null")
    assert placed.placement() == second
    placed.page.keyboard.press("Control+Shift+Z")
    placed.until("state.target.overlay !== null")
    assert placed.placement() == second
    # The first object is adjusted with its own picture beside it.
    placed.page.click('#result-list li:has-text("Original") button')
    placed.until("state.target.overlay === null")
    placed.page.keyboard.press("Control+z")
    placed.until("(state.set({layer: null}), true)")
    placed.page.click("#adjust")
    placed.until(
        "state.guide.name === 'sheep.jpg' && state.layer.guide === state.guide"
    )
    placed.page.keyboard.press("Control+z")
    placed.until("state.guide.name === 'guide.png' && !state.layer")


def test_another_copy_has_the_size_and_direction_of_the_last(placed):
    for key in ("]", ",", "f"):
        placed.page.keyboard.press(key)
    first = placed.placement()
    placed.page.keyboard.press("ArrowLeft")
    placed.run()
    placed.made(2)
    placed.page.click("#run:has-text('Place again')")
    placed.page.wait_for_selector("#panel-place:not([hidden])")
    assert placed.placement() == first
    # Undone, the composition does not take the new copy away.
    placed.page.keyboard.press("ArrowRight")
    second = placed.placement()
    placed.page.keyboard.press("Control+z")
    placed.page.keyboard.press("Control+z")
    placed.until("state.target.overlay === null")
    assert placed.placement()["x"] == first["x"] != second["x"]
    assert placed.page.is_disabled("#undo")


def test_the_step_of_composing_is_kept_over_other_modes(placed):
    placed.page.click("#other")
    for mode in ("fill", "compose"):
        placed.page.click(f'[data-mode-button="{mode}"]')
    placed.until("state.step === 'cut'")
    placed.place()
    for mode in ("fill", "compose"):
        placed.page.click(f'[data-mode-button="{mode}"]')
    assert placed.page.is_visible("#panel-place")

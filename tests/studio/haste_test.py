"""What is pressed twice, held, or asked for while something else is under way."""

import numpy as np

from tests.picture_files import file_of
from tests.studio.browser import held, painted, scene


def test_a_fill_waits_for_the_object_that_is_searched_for(visit):
    """After an earlier fill, whose place it would fill again otherwise."""
    visit.open_file("scene.png", file_of(scene()))
    visit.opened()
    visit.tool("box")
    visit.drag((5, 5), (25, 25))
    visit.run()
    visit.keep_sent()
    visit.tool("object")
    release = held(visit, "**/api/v1/segment")
    visit.drag((65, 45), (175, 155))
    visit.page.wait_for_selector("#running:has-text('Selecting the object')")
    visit.page.keyboard.press("Shift+R")
    visit.page.wait_for_timeout(200)
    assert visit.results() == 2
    release()
    visit.made(3)
    edited = visit.edited()
    assert edited[110, 100] and visit.selected() == 0
    assert not visit.page.locator(".message").count()


def test_a_search_that_is_cancelled_is_not_filled(visit):
    visit.open_file("scene.png", file_of(scene()))
    visit.opened()
    visit.tool("box")
    visit.drag((5, 5), (25, 25))
    visit.tool("object")
    held(visit, "**/api/v1/segment")
    visit.drag((65, 45), (175, 155))
    visit.page.wait_for_selector("#running:has-text('Selecting the object')")
    visit.page.keyboard.press("Shift+R")
    visit.page.keyboard.press("Escape")
    visit.idle()
    visit.page.wait_for_timeout(200)
    assert visit.results() == 1 and visit.selected() == 400


def test_a_held_key_runs_once_but_undoes_as_long_as_it_is_held(visit):
    painted(visit)
    visit.page.keyboard.down("Shift")
    for _ in range(4):
        visit.page.keyboard.down("R")
        visit.page.wait_for_timeout(100)
    visit.page.keyboard.up("R")
    visit.page.keyboard.up("Shift")
    visit.idle()
    assert visit.results() == 2
    for x in (40, 60, 80):
        visit.drag((60, x), (80, x))
    visit.page.keyboard.down("Control")
    for _ in range(3):
        visit.page.keyboard.down("z")
    visit.page.keyboard.up("z")
    visit.page.keyboard.up("Control")
    visit.until("state.active.selection.isEmpty")
    assert visit.page.is_enabled("#undo")


def test_a_second_enter_does_not_cancel_the_run(visit):
    painted(visit)
    visit.paint.gate.clear()
    visit.page.focus("#run")
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("text=Filling, 0 %")
    visit.paint.gate.set()
    visit.made(2)


def test_a_double_click_on_place_it_places_only(visit):
    visit.open_example("rocket")
    visit.cut()
    visit.page.dblclick("#run:enabled")
    visit.page.wait_for_selector("#panel-place:not([hidden])")
    visit.page.wait_for_timeout(300)
    visit.idle()
    assert visit.results() == 1


def test_what_is_pressed_during_a_search_is_done_once_and_where_it_was_pressed(visit):
    visit.open_example("rocket")
    visit.cut()
    visit.tool("object")
    release = held(visit, "**/api/v1/segment")
    visit.drag((30, 105), (350, 375))
    visit.page.wait_for_selector("#running:has-text('Selecting the object')")
    for _ in range(2):
        visit.page.keyboard.press("Shift+R")
    release()
    visit.page.wait_for_selector("#panel-place:not([hidden])")
    visit.page.wait_for_timeout(300)
    visit.idle()
    assert visit.results() == 1
    # Another mode, chosen meanwhile, does not do it.
    visit.page.click('[data-mode-button="fill"]')
    visit.box()
    release = held(visit, "**/api/v1/segment")
    visit.tool("object")
    visit.drag((20, 20), (90, 90))
    visit.page.wait_for_selector("#running:has-text('Selecting the object')")
    visit.page.keyboard.press("Shift+R")
    visit.page.click('[data-mode-button="harmonize"]')
    release()
    visit.idle()
    visit.page.wait_for_timeout(300)
    assert visit.results() == 1 and visit.selected() > 0


def test_what_is_not_shown_is_not_changed(visit):
    visit.open_example("rocket")
    visit.box()
    selected = visit.selected()
    visit.page.click('[data-mode-button="compose"]')
    # There is no guide yet; the picture is covered.
    assert visit.page.is_disabled("#undo")
    visit.open_example()
    visit.box()
    visit.place()
    visit.page.uncheck("#harmonize-check")
    # In another mode F turns nothing, and an undone placement is shown.
    visit.page.keyboard.press("]")
    visit.page.click('[data-mode-button="fill"]')
    flip = "state.layer.flip"
    visit.page.keyboard.press("f")
    visit.until(f"!{flip}")
    visit.page.keyboard.press("Control+z")
    visit.until("state.mode === 'compose' && state.step === 'place'")
    visit.run()
    visit.made(2)
    # The selection for a later fill is still there, and so is the placement.
    visit.page.click('[data-mode-button="fill"]')
    assert visit.selected() == selected
    visit.page.click('[data-mode-button="compose"]')
    assert visit.page.is_visible("#adjust")


def test_a_change_is_of_the_picture_that_it_was_asked_for(visit):
    large = np.zeros((2400, 3200, 3), np.uint8)
    visit.open_file("large.png", file_of(large))
    visit.opened()
    visit.tool("box")
    visit.drag((200, 200), (2200, 3000))
    visit.page.evaluate(
        """() => {
          for (const key of ['.', '.', 'i']) {
            document.getElementById('canvas').dispatchEvent(
              new KeyboardEvent('keydown', {key, bubbles: true}));
          }
        }"""
    )
    visit.page.click('[data-mode-button="compose"]')
    visit.open_file("guide.png", file_of(scene()), field="#guide-input")
    visit.until("state.guide?.name === 'guide.png'")
    visit.idle()
    assert visit.selected() == 0
    assert visit.page.evaluate(
        "import('/static/js/state.js').then(({state}) => "
        "state.target.selection.count < 2400 * 3200 - 2000 * 2800)"
    )


def test_undo_waits_for_what_it_undoes(visit):
    visit.open_file("scene.png", file_of(scene()))
    visit.opened()
    visit.tool("box")
    visit.drag((80, 60), (160, 140))
    selected = visit.selected()
    visit.page.evaluate(
        """() => {
          document.getElementById('grow-button').click();
          document.getElementById('undo').click();
        }"""
    )
    visit.idle()
    visit.page.wait_for_timeout(200)
    assert visit.selected() == selected and visit.page.is_enabled("#redo")


def test_an_example_that_comes_late_does_not_replace_what_was_opened_since(visit):
    release = held(visit, "**/examples/moose.jpg")
    visit.page.click('#examples button[title="moose"]')
    visit.page.wait_for_selector("#running:has-text('moose.jpg')")
    visit.open_example()
    visit.box()
    release()
    visit.page.wait_for_timeout(300)
    assert visit.page.title() == "sheep.jpg – Studio" and visit.selected() == 10_000


def test_an_example_is_what_it_was_when_it_was_clicked(visit):
    visit.open_example("rocket")
    visit.page.click('[data-mode-button="compose"]')
    release = held(visit, "**/examples/moose.jpg")
    visit.page.click('#examples button[title="moose"]')
    visit.page.click('[data-mode-button="fill"]')
    release()
    visit.until("state.guide?.name === 'moose.jpg'")
    assert visit.page.title() == "rocket.jpg – Studio"


def test_a_mask_that_comes_late_does_not_replace_the_selection(visit):
    visit.open_file("scene.png", file_of(scene()))
    visit.opened()
    mask = np.zeros((240, 320), np.uint8)
    mask[:10] = 255
    release = held(visit, "**/api/v1/mask")
    visit.open_file("mask.png", file_of(mask), field="#mask-input")
    visit.page.wait_for_selector("#running:has-text('mask.png')")
    visit.tool("box")
    visit.drag((5, 5), (25, 25))
    release()
    visit.page.wait_for_selector("text=The selection changed before mask.png was read.")
    assert visit.selected() == 400
    # Of two masks the one that was asked for last is taken.
    release = held(visit, "**/api/v1/mask")
    visit.open_file("mask.png", file_of(mask), field="#mask-input")
    visit.page.wait_for_selector("#running:has-text('mask.png')")
    visit.open_file("other.png", file_of(255 - mask), field="#mask-input")
    visit.page.wait_for_selector("#running:has-text('other.png')")
    release()
    visit.idle()
    visit.until("state.active.selection.count === 230 * 320")


def test_a_key_press_ends_with_the_focus(visit):
    visit.open_example()
    visit.tool("brush")
    visit.page.focus("#canvas")
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("ArrowRight")
    visit.page.keyboard.press("Tab")
    visit.page.mouse.move(*visit.at(40, 40))
    visit.page.mouse.move(*visit.at(200, 300), steps=4)
    visit.until("!state.active.selection.live")
    assert visit.selected() == 0


def test_a_double_click_opens_and_saves_once(visit):
    opened = []
    visit.page.on(
        "request", lambda sent: "/preview" in sent.url and opened.append(sent.url)
    )
    visit.page.dblclick('#examples button[title="sheep"]')
    visit.opened()
    visit.idle()
    assert len(opened) == 1
    visit.tool("brush")
    visit.drag((300, 40), (300, 120))
    visit.run()
    saved = []
    visit.page.on("download", lambda file: saved.append(file))
    visit.page.dblclick("#download")
    visit.page.wait_for_timeout(500)
    assert len(saved) == 1


def test_what_cannot_be_grown_is_not_said_to_be_done(visit):
    visit.open_file("large.png", file_of(np.zeros((2400, 3200, 3), np.uint8)))
    visit.opened()
    visit.tool("box")
    visit.drag((200, 200), (2200, 3000))
    visit.tool("object")
    visit.page.evaluate(
        """async () => {
          document.getElementById('grow-button').click();
          await Promise.resolve();
          const {state} = await import('/static/js/state.js');
          state.active.remember(state.active.selection.clear());
          state.changed();
        }"""
    )
    visit.idle()
    visit.until("state.active.selection.isEmpty")
    said = visit.page.text_content("#announcement")
    assert said == "Nothing was changed: nothing is selected."


def test_a_gesture_during_a_run_is_answered(visit):
    painted(visit)
    visit.paint.gate.clear()
    visit.page.click("#run")
    visit.page.wait_for_selector("text=Filling, 0 %")
    for _ in range(3):
        visit.drag((60, 40), (60, 90))
    note = visit.page.locator(".message:has-text('Fill is still running.')")
    assert note.count() == 1
    visit.paint.gate.set()
    visit.made(2)
    assert visit.selected() == 0


def test_a_stroke_outside_of_the_picture_fills_nothing(visit):
    painted(visit)
    visit.page.check("#auto-fill")
    for _ in range(4):
        visit.page.click("#zoom-out")
    visit.drag((-100, 100), (-100, 150))
    visit.page.wait_for_timeout(300)
    visit.idle()
    assert visit.results() == 1
    visit.drag((60, 40), (60, 90))
    visit.made(2)


def test_an_error_goes_when_something_else_is_begun(visit):
    visit.open_example()
    for begin in (lambda: visit.box(), lambda: visit.page.click("#invert")):
        visit.page.keyboard.press("Delete")
        visit.idle()
        visit.page.keyboard.press("Shift+R")
        visit.page.wait_for_selector(".message:has-text('Nothing is selected.')")
        begin()
        assert not visit.page.locator(".message").count()

"""Picture files: read once, opened, cancelled, and never lost without a question."""

import numpy as np
from PIL import Image

from tests.picture_files import file_of
from tests.studio.browser import held, painted

NEXT = file_of(np.zeros((40, 50, 3), np.uint8))
ASKS_BEFORE_LEAVING = """() => {
  const event = new Event('beforeunload', {cancelable: true});
  return !window.dispatchEvent(event);
}"""


def test_a_file_may_be_deleted_once_it_is_open(visit, tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(np.full((240, 320, 3), 90, np.uint8)).save(path)
    visit.page.set_input_files("#file-input", path)
    visit.opened()
    path.unlink()
    visit.tool("brush")
    visit.drag((100, 40), (100, 120))
    visit.run()
    assert visit.results() == 2
    visit.page.evaluate(
        "() => { File.prototype.arrayBuffer = () => Promise.reject(); }"
    )
    visit.open_file("gone.png", NEXT)
    visit.page.wait_for_selector("text=The file cannot be read.")
    assert not visit.page.is_visible("#banner")


def test_a_file_above_the_limit_is_not_read(visit):
    visit.page.route(
        "**/api/v1/health", lambda route: route.fulfill(json={"max_file_bytes": 50})
    )
    visit.page.evaluate("() => { File.prototype.arrayBuffer = () => { throw 1; }; }")
    visit.open_file("next.png", NEXT)
    visit.page.wait_for_selector("text=The file is too large.")
    assert visit.page.locator(".message").count() == 1


def test_only_edits_that_were_not_downloaded_are_asked_about(visit):
    visit.open_example()
    visit.box()
    # A selection alone cannot be downloaded.
    assert not visit.page.evaluate(ASKS_BEFORE_LEAVING)
    visit.run()
    assert visit.page.evaluate(ASKS_BEFORE_LEAVING)
    # The second run ends while the first result is downloaded.
    release = held(visit, "**/api/v1/export")
    visit.page.click("#download")
    visit.page.wait_for_selector("#running:has-text('Preparing')")
    visit.drag((210, 150), (260, 250))
    visit.page.click("#run")
    visit.page.wait_for_selector("#result-list li:nth-child(3)")
    with visit.page.expect_download():
        release()
    visit.idle()
    assert visit.page.evaluate(ASKS_BEFORE_LEAVING)
    visit.download()
    assert not visit.page.evaluate(ASKS_BEFORE_LEAVING)
    # The selection of a guide is asked about when the guide is replaced only.
    visit.page.click('[data-mode-button="compose"]')
    visit.open_example("rocket")
    visit.box()
    assert not visit.page.evaluate(ASKS_BEFORE_LEAVING)
    visit.open_file("next.png", NEXT, field="#guide-input")
    visit.page.wait_for_selector("#ask:has-text('The selection in rocket.jpg')")
    visit.page.keyboard.press("Escape")
    assert visit.selected() == 10_000


def test_results_that_are_not_shown_are_asked_about(visit):
    painted(visit)
    visit.run()
    visit.page.keyboard.press("Control+z")
    assert visit.page.evaluate(ASKS_BEFORE_LEAVING)
    visit.page.keyboard.press("Control+Shift+Z")
    # The second result contains the first.
    visit.drag((60, 40), (60, 90))
    visit.run()
    visit.download()
    assert not visit.page.evaluate(ASKS_BEFORE_LEAVING)
    # The third continues the first, and is not downloaded.
    visit.page.click("#result-list li:nth-child(2) button")
    visit.drag((30, 40), (30, 90))
    visit.run()
    visit.page.click("#result-list li:nth-child(3) button")
    assert visit.page.evaluate(ASKS_BEFORE_LEAVING)
    visit.open_file("next.png", NEXT)
    visit.page.wait_for_selector("#ask:has-text('Results of sheep.jpg')")
    visit.page.keyboard.press("Escape")
    assert visit.results() == 4


def test_a_run_under_way_is_asked_about(visit):
    painted(visit)
    visit.paint.gate.clear()
    visit.page.click("#run")
    visit.page.wait_for_selector("text=Filling, 0 %")
    assert visit.page.evaluate(ASKS_BEFORE_LEAVING)
    visit.page.click("#cancel")
    visit.idle()
    assert not visit.page.evaluate(ASKS_BEFORE_LEAVING)


def test_edits_made_while_a_picture_opens_are_asked_about(visit):
    painted(visit)
    release = held(visit, "**/api/v1/preview")
    visit.open_file("next.png", NEXT)
    visit.page.wait_for_selector("#running:has-text('next.png')")
    visit.page.click("#run")
    visit.page.wait_for_selector("#result-list li:nth-child(2)")
    release()
    visit.page.wait_for_selector("#ask[open]")
    visit.page.keyboard.press("Escape")
    # A run that has begun meanwhile is named.
    release = held(visit, "**/api/v1/preview")
    visit.open_file("next.png", NEXT)
    visit.page.wait_for_selector("#running:has-text('next.png')")
    visit.drag((60, 40), (60, 90))
    visit.paint.gate.clear()
    visit.page.click("#run")
    visit.page.wait_for_selector("text=Filling, 0 %")
    release()
    visit.page.wait_for_selector("text=then open next.png")
    visit.paint.gate.set()
    visit.made(3)
    assert visit.page.title() == "sheep.jpg – Studio"


def test_cancel_ends_the_opening_of_a_mask_and_of_the_guide(visit):
    visit.open_example()
    release = held(visit, "**/api/v1/{mask,preview}")
    mask = np.full((371, 512), 255, np.uint8)
    visit.open_file("mask.png", file_of(mask), field="#mask-input")
    visit.page.wait_for_selector("#running:has-text('mask.png')")
    visit.page.click("#cancel")
    visit.page.click('[data-mode-button="compose"]')
    visit.page.click("#use-target")
    visit.page.wait_for_selector("#running:has-text('sheep.jpg')")
    visit.page.click("#cancel")
    visit.page.click('[data-mode-button="fill"]')
    release()
    # Both were dropped: the next mask is the first.
    mask[100:] = 0
    visit.open_file("next.png", file_of(mask), field="#mask-input")
    visit.until("state.target.selection.count === 51200")
    visit.idle()
    visit.page.click("#undo")
    assert visit.selected() == 0 and visit.page.is_disabled("#undo")
    assert visit.page.inner_text("[data-mode-button][aria-pressed=true]") == "Fill"

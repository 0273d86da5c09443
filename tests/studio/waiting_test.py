"""While the studio works: what is shown, cancelled, asked, kept and announced."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.picture_files import file_of
from tests.studio.browser import held, painted


def test_a_cancelled_run_answers_at_once(visit):
    painted(visit)
    visit.paint.gate.clear()
    visit.page.click("#run")
    visit.page.wait_for_selector("text=Filling, 0 %")
    # The model is still held when the page has answered already.
    visit.page.click("#cancel")
    visit.page.wait_for_selector("text=Cancelled. Nothing was changed.")
    assert visit.page.is_enabled("#run") and visit.results() == 1
    visit.paint.gate.set()
    visit.run()
    assert visit.results() == 2


def test_a_run_ends_although_the_mask_worker_does_not_answer(visit):
    script = "**/mask_worker.js"
    visit.page.route(script, lambda route: route.abort())
    visit.load()
    painted(visit)
    visit.page.click("#run")
    visit.page.wait_for_selector("text=The selection could not be processed.")
    visit.idle()
    visit.page.unroute(script)
    visit.run()
    assert visit.results() == 2
    # A worker that hangs.
    visit.page.evaluate("Worker.prototype.postMessage = () => {}")
    visit.drag((60, 40), (60, 90))
    visit.page.click("#run")
    visit.page.click("#cancel")
    visit.page.wait_for_selector("text=Cancelled. Nothing was changed.")
    assert visit.page.is_enabled("#run")


def test_opening_shows_that_something_happens_and_can_be_cancelled(visit):
    visit.open_example()
    release = held(visit, "**/api/v1/preview")
    visit.open_file("next.png", file_of(np.zeros((40, 50, 3), np.uint8)))
    visit.page.wait_for_selector("#running:has-text('next.png')")
    visit.page.click("#cancel")
    visit.idle()
    release()
    visit.page.wait_for_timeout(200)
    assert visit.page.title() == "sheep.jpg – Studio"


def test_downloading_shows_that_something_happens(visit):
    painted(visit)
    visit.run()
    release = held(visit, "**/api/v1/export")
    visit.page.click("#download")
    visit.page.wait_for_selector("#running:has-text('Preparing sheep.jpg')")
    with visit.page.expect_download():
        release()
    visit.idle()


def test_edited_work_is_not_lost_without_a_question(visit):
    next_file = file_of(np.zeros((40, 50, 3), np.uint8))
    painted(visit)
    visit.run()
    visit.open_file("next.png", next_file)
    visit.page.wait_for_selector("#ask[open]")
    visit.page.keyboard.press("Escape")
    assert visit.page.title() == "sheep.jpg – Studio" and visit.results() == 2
    visit.open_file("next.png", next_file)
    visit.page.click("#ask-yes")
    visit.page.wait_for_selector("#result-list li:nth-child(1):last-child")
    visit.until("state.target.name === 'next.png'")
    # Nothing was edited since, or it was downloaded: nothing to ask.
    visit.open_file("other.png", next_file)
    visit.until("state.target.name === 'other.png'")
    visit.tool("brush")
    visit.drag((10, 10), (10, 30))
    visit.run()
    visit.download()
    visit.open_file("next.png", next_file)
    visit.until("state.target.name === 'next.png'")


def test_a_file_that_is_dropped_during_a_run_is_answered(visit):
    painted(visit)
    visit.paint.gate.clear()
    visit.page.click("#run")
    visit.page.wait_for_selector("text=Filling, 0 %")
    # Nothing that would be lost at its end can be begun.
    for name in ("clear", "invert", "grow-button", "shrink-button", "mask-load"):
        assert visit.page.is_disabled(f"#{name}"), name
    visit.open_file("next.png", file_of(np.zeros((40, 50, 3), np.uint8)))
    visit.page.wait_for_selector("text=then open next.png")
    visit.paint.gate.set()
    visit.idle()
    assert visit.page.title() == "sheep.jpg – Studio"


def test_the_focus_stays_and_the_end_of_a_run_is_announced(visit):
    painted(visit)
    visit.page.focus("#run")
    visit.page.keyboard.press("Enter")
    visit.made(2)
    assert visit.page.evaluate("document.activeElement.id") == "run"
    assert "result 1" in visit.page.text_content("#announcement")


def test_results_are_numbered_and_kept_when_they_are_undone(visit):
    painted(visit)
    visit.run()
    visit.drag((60, 40), (60, 90))
    visit.run()
    visit.page.click("#undo")
    labels = visit.page.locator("#result-list li span").all_inner_texts()
    assert labels == ["Original", "1 Fill", "2 Fill"]
    current = visit.page.locator("#result-list [aria-current]").inner_text()
    assert current.strip() == "1 Fill"


def test_a_fill_is_made_again_a_little_wider(visit):
    painted(visit)
    visit.run()
    first, edited = visit.shown(), visit.edited().sum()
    # Cancelled, it has changed nothing.
    visit.paint.gate.clear()
    visit.page.click("#run:has-text('Fill again')")
    visit.page.wait_for_selector("text=Filling, 0 %")
    visit.page.click("#cancel")
    visit.page.wait_for_selector("text=Cancelled. Nothing was changed.")
    np.testing.assert_array_equal(visit.shown(), first)
    assert (visit.selected(), visit.results()) == (0, 2)
    visit.paint.gate.set()
    visit.page.click("#run:has-text('Fill again')")
    visit.made(3)
    assert visit.edited().sum() > edited
    # It is one step of the history.
    visit.page.click("#undo")
    np.testing.assert_array_equal(visit.shown(), first)


def test_decoded_results_take_bounded_memory(visit):
    visit.page.evaluate(
        "import('/static/js/results.js').then(({limits}) => "
        "{ limits.decodedBytes = 2e6; })"
    )
    visit.open_example()
    visit.tool("box")
    for x in (10, 130, 250, 370):
        visit.drag((100, x), (200, x + 100))
        visit.run()
    decoded = visit.page.evaluate(
        "import('/static/js/results.js').then(({decodedBytes}) => decodedBytes())"
    )
    assert visit.results() == 5 and 0 < decoded <= 2e6
    # A result whose pixels were dropped comes back.
    visit.page.click("#result-list li:nth-child(2) button")
    visit.until("Boolean(state.target.overlayBitmap)")
    visit.page.wait_for_timeout(200)
    red = (visit.shown() == (255, 0, 0)).all(axis=-1)
    assert red[150, 60] and not red[150, 180]


def test_no_request_of_a_run_fails(visit):
    failed = []
    visit.page.on(
        "response",
        lambda answer: answer.status >= 400 and failed.append(answer.url),
    )
    painted(visit)
    visit.paint.seconds = 0.4
    visit.run()
    visit.paint.seconds = 0.0
    visit.page.wait_for_timeout(700)
    assert failed == []


@pytest.mark.parametrize(
    "kind, name, message, stored",
    [
        ("GIF", "old.gif", "GIF pictures are downloaded as PNG.", "old.gif"),
        ("ICO", "icon.ico", "The picture was converted to PNG", "icon.png"),
    ],
)
def test_formats_that_are_not_kept_are_named(visit, kind, name, message, stored):
    file = io.BytesIO()
    Image.new("RGB", (48, 48), (9, 90, 200)).save(file, kind)
    visit.open_file(name, file.getvalue(), "image/x")
    visit.page.wait_for_selector(f"text={message}")
    assert visit.page.title() == f"{stored} – Studio"
    assert visit.shown().shape == (48, 48, 3)


def test_a_server_that_is_away_is_said_once(visit):
    painted(visit)
    visit.page.route("**/api/v1/**", lambda route: route.abort())
    visit.page.click("#run")
    visit.page.wait_for_selector("#banner:not([hidden])")
    visit.page.wait_for_timeout(200)
    assert visit.page.locator(".message").count() == 0
    visit.page.unroute("**/api/v1/**")
    visit.page.wait_for_selector("text=Reconnected to the server.")


@pytest.mark.parametrize(
    "status, message",
    [(503, "The server is busy."), (502, "The server did not answer as expected.")],
)
def test_an_answer_that_is_not_json_loses_no_work(visit, status, message):
    def refuse(route):
        route.fulfill(status=status, content_type="text/plain", body="No")

    painted(visit)
    # Progress is not worth a message; the run goes on.
    visit.page.route("**/api/v1/jobs/*", refuse)
    visit.paint.gate.clear()
    with visit.page.expect_response("**/api/v1/jobs/*"):
        visit.page.click("#run")
    visit.page.wait_for_timeout(100)
    assert visit.page.locator(".message").count() == 0
    visit.paint.gate.set()
    visit.made(2)
    visit.page.route("**/api/v1/export", refuse)
    visit.page.click("#download")
    shown = visit.page.locator(f".message:has-text('{message}')")
    assert "Your work is still here. Try again" in shown.inner_text()


def test_a_run_needs_no_list_of_models(visit):
    visit.until("state.models.length === 2")
    visit.page.select_option("#model", "blue")
    # The server was restarted with another model, then its list does not arrive.
    only = '{"models": [{"name": "red", "outputs": ["inpainted"], "image_size": 64}]}'
    visit.page.route("**/api/v1/models", lambda route: route.fulfill(body=only))
    visit.page.evaluate("window.dispatchEvent(new Event('server-back'))")
    visit.until("state.models.length === 1 && state.model === ''")
    painted(visit)
    visit.run()
    visit.until("(state.set({models: []}), true)")
    visit.drag((60, 40), (60, 90))
    visit.run()
    assert visit.results() == 3


def test_the_progress_is_asked_for_one_answer_at_a_time(visit):
    asked = []
    visit.page.on(
        "request", lambda sent: "/jobs/" in sent.url and asked.append(sent.url)
    )
    painted(visit)
    release = held(visit, "**/api/v1/jobs/*")
    visit.paint.gate.clear()
    with visit.page.expect_request("**/api/v1/jobs/*"):
        visit.page.click("#run")
    visit.page.wait_for_timeout(1000)
    assert len(asked) == 1
    release()
    visit.page.wait_for_selector("text=Filling, 0 %")
    visit.paint.gate.set()
    visit.made(2)


def _fill_the_list(visit):
    """A fill, and 30 more results: more than are listed."""
    painted(visit)
    visit.run()
    visit.page.evaluate(
        """import('/static/js/results.js').then(async ({shownResult, take}) => {
          for (let run = 0; run < 30; run += 1) {
            await take([{...shownResult(), label: 'Copy'}]);
          }
        })"""
    )


def test_a_result_that_has_left_the_list_comes_back_when_it_is_shown(visit):
    _fill_the_list(visit)
    labels = visit.page.locator("#result-list li span")
    assert labels.count() == 24 and "1 Fill" not in labels.all_inner_texts()
    for _ in range(30):
        visit.page.keyboard.press("Control+z")
    assert labels.count() == 24
    current = visit.page.locator("#result-list [aria-current]").inner_text()
    assert current.strip() == "1 Fill" == labels.all_inner_texts()[1]


def test_what_was_lost_with_the_connection_is_told_when_it_is_back(visit):
    painted(visit)
    away = True

    def refuse(route):
        route.abort() if away else route.continue_()

    visit.page.route("**/api/v1/inpaint", refuse)
    release = held(visit, "**/api/v1/health")
    visit.page.click("#run")
    visit.page.wait_for_selector("#banner:not([hidden])")
    # Slow answers are waited for: one question at a time.
    visit.page.wait_for_timeout(3500)
    away = False
    release()
    visit.page.wait_for_selector(".message:has-text('Filling was interrupted.')")
    assert visit.page.locator(".message:has-text('Reconnected')").count() == 1
    visit.run()
    assert visit.results() == 2


def test_a_search_is_cancelled_by_key_and_the_focus_stays(visit):
    visit.open_example()
    held(visit, "**/api/v1/segment")
    visit.drag((30, 105), (350, 375))
    visit.page.wait_for_selector("#running:has-text('Selecting the object')")
    # Sooner it would be the second Enter on Fill.
    visit.page.wait_for_timeout(350)
    visit.page.focus("#cancel")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("#canvas:focus")
    assert visit.page.text_content("#announcement") == "Cancelled."


def test_keys_of_the_page_work_in_the_list_of_models(visit):
    painted(visit)
    visit.page.focus("#model")
    visit.page.keyboard.press("Control+z")
    visit.until("state.active.selection.isEmpty")


def test_results_that_leave_the_list_are_told(visit):
    _fill_the_list(visit)
    note = visit.page.locator(".message:has-text('The last 23 results are kept')")
    assert note.count() == 1


def test_two_files_at_once_are_answered(visit):
    visit.page.evaluate(
        """(bytes) => {
          const data = new DataTransfer();
          for (const name of ['one.png', 'two.png']) {
            const file = new File([new Uint8Array(bytes)], name, {type: 'image/png'});
            data.items.add(file);
          }
          window.dispatchEvent(new DragEvent('drop', {dataTransfer: data}));
        }""",
        list(file_of(np.zeros((40, 50, 3), np.uint8))),
    )
    visit.page.wait_for_selector(".message:has-text('Only one.png is opened')")
    visit.until("state.target?.name === 'one.png'")


def test_the_picture_stays_in_sight(visit):
    visit.open_example()
    visit.page.evaluate(
        """import('/static/js/stage.js').then(({stage}) => {
          stage.view.pan(-5000, 9000);
          stage.redraw();
        })"""
    )
    visit.page.wait_for_timeout(100)
    x0, y0, x1, y1, width, height = visit.page.evaluate(
        """async () => {
          const {stage: {view, size}} = await import('/static/js/stage.js');
          const {state: {active}} = await import('/static/js/state.js');
          const end = view.toStage({x: active.width, y: active.height});
          return [view.x, view.y, end.x, end.y, size.width, size.height];
        }"""
    )
    assert x0 < 0 < 40 < x1 < width and 0 < y0 < height - 40 < height < y1

"""The page itself in a real browser: keys, sizes, themes, a server that goes away."""

import re

import pytest

from tests.studio.browser import Visit, red_pixels
from tests.studio.conftest import Server, make_models
from tf_btgmi.studio.server import create_app


def test_everything_can_be_done_by_keyboard(visit):
    keyboard = visit.page.keyboard
    for _ in range(30):
        keyboard.press("Tab")
        focused = visit.page.evaluate("document.activeElement.title")
        if focused == "sheep":
            break
    # What has the focus is seen.
    outline = visit.page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle"
    )
    assert (focused, outline) == ("sheep", "solid")
    keyboard.press("Enter")
    visit.opened()
    visit.page.wait_for_selector("canvas:focus")
    keyboard.press("m")
    keyboard.press("Shift+ArrowLeft")
    keyboard.press("Enter")
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown"):
        keyboard.press(key)
    keyboard.press("Enter")
    assert visit.selected() > 300
    keyboard.press("]")
    keyboard.press("Shift+R")
    visit.made(2)
    assert red_pixels(visit.shown()).sum() > 300
    keyboard.press("v")
    visit.page.wait_for_selector("#compare-range:focus")
    keyboard.press("Escape")
    keyboard.press("?")
    visit.page.wait_for_selector("#help[open]")
    assert visit.page.locator("#shortcuts kbd").count() > 25
    keyboard.press("Escape")
    visit.page.wait_for_selector("#help:not([open])", state="attached")
    keyboard.press("Delete")
    keyboard.press("Shift+R")
    visit.page.wait_for_selector("text=Nothing is selected.")


def _touch(page):
    session = page.context.new_cdp_session(page)

    def send(kind, *points):
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return send


def test_a_tap_right_after_a_quick_stroke_counts(browser, studio):
    context = browser.new_context(
        viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True
    )
    visit = Visit(context.new_page(), studio.url).load()
    page = visit.page
    page.tap('#examples button[title="sheep"]')
    visit.opened()
    page.tap('[data-tool="brush"]')
    send = _touch(page)
    (x, top), (_, bottom) = visit.at(20, 150), visit.at(300, 150)
    send("touchStart", (x, top))
    for step in range(1, 9):
        send("touchMove", (x, top + (bottom - top) * step / 8))
        page.wait_for_timeout(8)
    send("touchEnd")
    button = page.locator("#run").bounding_box()
    send("touchStart", (button["x"] + 40, button["y"] + 25))
    send("touchEnd")
    visit.made(2)
    context.close()


def test_a_phone_has_room_for_everything(browser, studio):
    context = browser.new_context(
        viewport={"width": 390, "height": 780}, has_touch=True, device_scale_factor=2
    )
    visit = Visit(context.new_page(), studio.url).load()
    page = visit.page
    page.tap('#examples button[title="sheep"]')
    visit.opened()
    # The hint of the gestures lies over the picture, which is touched through it.
    hint = page.locator(".message").bounding_box()
    place = [hint["x"] + 20, hint["y"] + hint["height"] / 2]
    under = "([x, y]) => document.elementFromPoint(x, y).id"
    assert page.evaluate(under, place) == "canvas"
    page.tap('[data-tool="brush"]')
    send = _touch(page)
    send("touchStart", visit.at(200, 200))
    send("touchMove", visit.at(200, 260))
    send("touchEnd")
    stroke = visit.selected()
    assert stroke > 500
    assert page.locator(".message").count() == 0
    # Two fingers zoom, and draw nothing.
    width = visit.at(0, 100)[0] - visit.at(0, 0)[0]
    send("touchStart", (150, 300), (240, 300))
    send("touchMove", (105, 300), (285, 300))
    send("touchEnd")
    assert abs((visit.at(0, 100)[0] - visit.at(0, 0)[0]) / width - 2) < 0.05
    assert visit.selected() == stroke
    page.tap("#run:enabled")
    visit.made(2)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for button in page.query_selector_all("button:visible"):
        box = button.bounding_box()
        if box["x"] + box["width"] <= 390:
            assert min(box["width"], box["height"]) >= 40, button.inner_html()
    for name in ("#open", "#download", "#run", "#undo", '[data-tool="lasso"]'):
        box = page.locator(name).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390, name
    assert visit.problems == []
    context.close()


@pytest.mark.slow
def test_wheel_zooms_at_the_pointer_and_space_moves_the_picture(visit):
    visit.open_example()
    spot = visit.at(100, 200)
    visit.page.mouse.move(*spot)
    visit.page.mouse.wheel(0, -240)
    visit.page.wait_for_timeout(100)
    moved = visit.at(100, 200)
    assert abs(moved[0] - spot[0]) < 1 and abs(moved[1] - spot[1]) < 1
    scale = visit.at(0, 100)[0] - visit.at(0, 0)[0]
    assert visit.page.inner_text("#zoom-value") == f"{scale:.0f} %"
    visit.page.keyboard.down(" ")
    visit.page.mouse.down()
    visit.page.mouse.move(spot[0] + 50, spot[1] - 30, steps=3)
    visit.page.mouse.up()
    visit.page.keyboard.up(" ")
    now = visit.at(100, 200)
    assert abs(now[0] - spot[0] - 50) < 1 and abs(now[1] - spot[1] + 30) < 1
    assert visit.selected() == 0


@pytest.mark.slow
def test_dark_and_light_follow_the_system_until_the_button(browser, studio):
    context = browser.new_context(color_scheme="dark")
    visit = Visit(context.new_page(), studio.url).load()
    theme = "document.documentElement.dataset.theme"
    assert visit.page.evaluate(theme) == "dark"
    # Known before anything is painted: its script is not a module.
    early = (
        "(({type, defer, async}) => [type, defer, async])"
        "(document.querySelector('head > script'))"
    )
    assert visit.page.evaluate(early) == ["", False, False]
    visit.page.click("#theme")
    assert visit.page.evaluate(theme) == "light"
    visit.load()
    assert visit.page.evaluate(theme) == "light"
    context.close()


def test_the_server_goes_away_and_comes_back(browser):
    models = make_models()[1]
    server = Server(create_app(models))
    context = browser.new_context()
    visit = Visit(context.new_page(), f"http://127.0.0.1:{server.port}").load()
    visit.open_example()
    visit.tool("brush")
    visit.drag((300, 40), (300, 120))
    selected = visit.selected()
    server.stop()
    visit.page.click("#run")
    visit.page.wait_for_selector("#banner:not([hidden])")
    assert visit.selected() == selected
    server = Server(create_app(models), server.port)
    visit.page.wait_for_selector("text=Reconnected to the server.")
    visit.run()
    assert visit.results() == 2
    context.close()
    server.stop()


@pytest.mark.slow
def test_the_api_is_described_at_docs(visit):
    visit.page.goto(f"{visit.url}/docs")
    visit.page.wait_for_selector("h2:has-text('/api/v1/compose')")
    assert visit.page.locator("section").count() >= 11


@pytest.mark.slow
def test_every_control_has_a_name(visit):
    visit.open_example()
    visit.tool("brush")
    visit.drag((300, 40), (300, 120))
    visit.run()
    nameless = visit.page.evaluate(
        """[...document.querySelectorAll('button, input, select, canvas[tabindex]')]
          .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.title ||
            one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') ||
            [...(one.labels ?? [])].some((label) => label.textContent.trim())))
          .map((one) => one.outerHTML)"""
    )
    assert nameless == []


def press(visit, **event):
    """Whether the page takes a key for itself."""
    return visit.page.evaluate(
        """(event) => !document.body.dispatchEvent(
          new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...event}))""",
        event,
    )


def test_keys_of_the_browser_and_of_other_alphabets(visit):
    theme = "document.documentElement.dataset.theme"
    visit.open_example()
    visit.box()
    before = visit.page.evaluate(theme)
    assert not press(visit, key="d", code="KeyD", altKey=True)
    assert visit.page.evaluate(theme) == before
    assert press(visit, key="я", code="KeyZ", ctrlKey=True)
    assert visit.selected() == 0
    for code in ("BracketLeft", "BracketRight", "Comma", "Period"):
        assert press(visit, key="я", code=code), code
    # Selected text is copied by the browser.
    assert press(visit, key="c", code="KeyC", ctrlKey=True)
    visit.page.evaluate("getSelection().selectAllChildren(document.body)")
    assert not press(visit, key="c", code="KeyC", ctrlKey=True)


def test_while_comparing_the_line_is_explained_and_a_tool_ends_it(visit):
    visit.open_example()
    visit.box()
    visit.run()
    visit.page.click("#compare-button")
    assert visit.page.inner_text("#tool-title") == "Compare"
    visit.tool("brush")
    assert visit.page.inner_text("#tool-title") == "Brush"
    visit.drag((300, 40), (300, 120))
    assert visit.selected() > 1000


def test_a_text_that_is_dragged_over_the_page_does_not_confuse_it(visit):
    transfers = visit.page.evaluate_handle(
        """() => [new DataTransfer(), new DataTransfer()].map((data, at) => {
          if (at) data.items.add(new File(['x'], 'x.png', {type: 'image/png'}));
          else data.setData('text/plain', 'x');
          return data;
        })"""
    )
    seen = visit.page.evaluate(
        """([text, file]) => ['dragleave', 'dragenter', 'dragenter', 'dragleave'].map(
          (kind, at) => {
            const dataTransfer = at ? file : text;
            window.dispatchEvent(new DragEvent(kind, {dataTransfer}));
            return !document.getElementById('drop').hidden;
          })""",
        transfers,
    )
    assert seen == [False, True, True, True]
    # A long name does not widen the question.
    visit.page.evaluate(
        """import('/static/js/messages.js').then(({ask}) => {
          ask('Open another picture?', 'x'.repeat(300), 'Open');
        })"""
    )
    overflow = "document.getElementById('ask-text').scrollWidth > 420"
    assert not visit.page.evaluate(overflow)


def test_the_focus_is_never_lost(visit):
    focused = "document.activeElement.id"
    visit.open_example()
    visit.box()
    visit.run()
    visit.page.focus("#compare-button")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("#compare-range:focus")
    visit.page.keyboard.press("Escape")
    assert visit.page.evaluate(focused) == "canvas"
    # What is held by a click ends with the result.
    visit.page.evaluate("document.getElementById('hold-button').click()")
    visit.until("state.holding")
    visit.page.keyboard.press("Control+z")
    visit.until("!state.holding")
    visit.page.keyboard.press("Control+Shift+Z")
    visit.page.focus("#undo")
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate(focused) == "undo"
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate(focused) == "canvas"
    visit.box()
    visit.page.focus("#clear")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("#canvas:focus")


def test_the_focus_stays_in_the_results(visit):
    visit.open_example()
    visit.box()
    visit.run()
    for select in (
        lambda: visit.page.click("#result-list li:nth-child(2) button"),
        lambda: visit.page.keyboard.press("Control+z"),
        lambda: visit.page.keyboard.press("Control+Shift+Z"),
        lambda: visit.page.click("#result-list li:nth-child(1) button"),
    ):
        select()
        assert visit.page.locator("#result-list [aria-current]:focus").count() == 1


def test_what_is_selected_is_announced(visit):
    visit.open_example()
    visit.tool("brush")
    visit.page.focus("#canvas")

    def announced(*keys):
        for key in keys:
            visit.page.keyboard.press(key)
        return visit.page.text_content("#announcement")

    assert announced("Enter") == "Pressed."
    assert announced(*["ArrowRight"] * 5) == "Pressed."
    stroke = announced("Enter")
    assert re.fullmatch(r"Released: \d\.\d percent is selected\.", stroke), stroke
    # The shape of a single point selects nothing.
    visit.tool("box")
    visit.page.focus("#canvas")
    assert announced("Enter", "Enter") == "Released."
    announced("Delete")
    text = "Done: nothing is selected."
    visit.page.wait_for_selector(f"#announcement:text-is('{text}')", state="attached")
    visit.tool("object")
    visit.drag((30, 105), (350, 375))
    visit.until("!state.active.selection.isEmpty")
    assert re.match(r"Done: \d\d\.", announced())


def test_the_pointer_of_the_arrow_keys_stays_in_sight(visit):
    visit.open_example()
    visit.page.focus("#canvas")
    for _ in range(8):
        visit.page.keyboard.press("+")
    canvas = visit.page.locator("#canvas").bounding_box()
    right = canvas["x"] + canvas["width"]
    assert visit.at(0, 512)[0] > right
    for _ in range(70):
        visit.page.keyboard.press("Shift+ArrowRight")
    # The picture was moved until its edge was reached.
    assert right - 20 < visit.at(0, 512)[0] <= right


def test_controls_say_what_they_hold_and_which_is_chosen(visit):
    visit.open_example()
    visit.tool("brush")
    visit.page.fill("#size", "150")
    assert visit.page.inner_text("#size-value") == "26 px"
    assert visit.page.get_attribute("#size", "aria-valuetext") == "26 pixels"
    labels = (
        "[...document.querySelectorAll('label.slider')].map((one) => one.control.id)"
    )
    assert visit.page.evaluate(labels) == ["scale", "rotate", "size"]
    live = "[...document.querySelectorAll('.slider output')].map((one) => one.ariaLive)"
    assert visit.page.evaluate(live) == ["off"] * 3
    visit.drag((300, 40), (300, 120))
    visit.run()
    # A click of a screen reader.
    visit.page.evaluate("document.getElementById('hold-button').click()")
    assert visit.page.is_visible("#tag-before")
    visit.page.evaluate("document.getElementById('hold-button').click()")
    assert not visit.page.is_visible("#tag-before")
    visit.page.emulate_media(forced_colors="active")
    for name in ("[data-mode-button=fill]", "[data-tool=brush]", "li [aria-current]"):
        style = "(one) => getComputedStyle(one).outlineStyle"
        assert visit.page.locator(name).evaluate(style) == "solid", name


def test_a_third_finger_does_not_zoom(visit):
    visit.open_example()
    scale = "import('/static/js/stage.js').then(({stage}) => stage.view.scale)"
    before = visit.page.evaluate(scale)
    # DevTools cannot lift one finger of three.
    visit.page.evaluate(
        """() => {
          const canvas = document.getElementById('canvas');
          canvas.setPointerCapture = () => {};
          const send = (type, pointerId, clientX) => canvas.dispatchEvent(
            new PointerEvent(type, {pointerId, clientX, clientY: 300, bubbles: true}));
          send('pointerdown', 1, 350);
          send('pointerdown', 2, 440);
          send('pointerdown', 3, 530);
          // The first two move apart meanwhile, and on a little afterwards.
          send('pointermove', 1, 260);
          send('pointerup', 3, 530);
          send('pointermove', 2, 442);
          send('pointerup', 1, 260);
          send('pointerup', 2, 442);
        }"""
    )
    assert abs(visit.page.evaluate(scale) / before - 1) < 0.05

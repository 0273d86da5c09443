"""Room for the picture on every screen, and controls that a finger or a key reaches."""

import numpy as np
import pytest

from tests.picture_files import file_of
from tests.studio.browser import Visit

SCREENS = {
    "desktop": (1440, 900),
    "phone": (390, 844),
    "phone on its side": (740, 360),
    "1280x720 at 200 % zoom": (640, 360),
    "short phone": (360, 560),
}

# As at 300 and 400 % zoom, or above the keyboard of a phone.
WINDOWS = [(320, 256), (480, 270), (427, 320), (360, 330), (540, 480)]


@pytest.fixture(params=SCREENS.values(), ids=SCREENS)
def screen(browser, studio, request):
    """A visit with the screen's size."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    visit = Visit(context.new_page(), studio.url).load()
    visit.size = width, height
    yield visit
    context.close()
    assert visit.problems == []


def assert_room(visit):
    """The picture has half of the height, the run button is on the page."""
    width, height = visit.size
    stage = visit.page.locator("#canvas").bounding_box()
    assert stage["height"] >= height / 2
    assert stage["width"] >= 0.55 * width
    button = visit.page.locator("#run").bounding_box()
    assert button["y"] + button["height"] <= height + 1
    assert button["x"] + button["width"] <= width + 1
    inside = visit.page.evaluate("document.documentElement.scrollWidth")
    assert inside <= width


def in_sight(visit, name):
    """Whether the middle of a control is not scrolled away."""
    return visit.page.evaluate(
        """(name) => {
          const control = document.querySelector(name);
          const {x, y, width, height} = control.getBoundingClientRect();
          const place = [x + width / 2, y + height / 2];
          return control.contains(document.elementFromPoint(...place));
        }""",
        name,
    )


def test_the_picture_has_half_of_the_height_at_every_step(screen):
    screen.open_example()
    assert_room(screen)
    assert in_sight(screen, "#zoom-in") and in_sight(screen, "#zoom-out")
    before = screen.page.locator("#canvas").bounding_box()
    screen.box()
    screen.run()
    assert_room(screen)
    # Nothing jumps when the first result appears.
    assert screen.page.locator("#canvas").bounding_box() == before
    screen.page.click('[data-mode-button="compose"]')
    screen.open_example("rocket")
    assert_room(screen)
    screen.box()
    screen.place()
    assert_room(screen)
    # Where the object is placed, its controls are in sight; a short phone has no room.
    is_short = screen.size == SCREENS["short phone"]
    for name in ("#scale",) if is_short else ("#scale", "#rotate", "#flip"):
        assert in_sight(screen, name), name
    screen.run()
    assert is_short or in_sight(screen, "#adjust")
    if screen.page.is_visible("#hint-line"):
        assert "Adjust the placement" in screen.page.inner_text("#hint-line")


@pytest.mark.parametrize("size", WINDOWS)
def test_every_control_of_a_small_window_is_reached_by_scrolling(browser, studio, size):
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height})
    visit = Visit(context.new_page(), studio.url).load()

    def assert_reached():
        assert visit.page.locator("#canvas").bounding_box()["height"] >= 200
        inside = visit.page.evaluate("document.documentElement.scrollWidth")
        assert inside <= width
        for control in visit.page.query_selector_all("button:visible, input:visible"):
            if control.is_enabled():
                control.click(trial=True)

    visit.open_example()
    visit.tool("brush")
    visit.drag((300, 40), (300, 120))
    assert_reached()
    visit.run()
    # The picture is in sight again.
    assert visit.page.evaluate("scrollY") < 100
    assert_reached()
    visit.page.click('[data-mode-button="compose"]')
    visit.open_example("rocket")
    visit.box()
    visit.place()
    assert_reached()
    visit.run()
    assert visit.results() == 3
    context.close()
    assert visit.problems == []


def test_the_modes_are_in_the_middle_of_a_desktop(visit):
    box = visit.page.locator(".modes").bounding_box()
    assert abs(box["x"] + box["width"] / 2 - 600) <= 1


def test_arrow_keys_move_through_the_toolbar(visit):
    visit.open_example()
    page = visit.page
    page.focus('[data-tool="object"]')
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.tool") == "eraser"
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.dataset.tool") == "object"
    # One button is in the tab order.
    assert page.locator("#tools button[tabindex='0']").count() == 1


def test_the_brush_grows_to_the_same_size_by_slider_and_keys(visit):
    visit.open_example()
    visit.tool("brush")
    visit.page.fill("#size", "400")
    largest = visit.page.inner_text("#size-value")
    visit.page.focus("#canvas")
    visit.page.keyboard.press("]")
    assert visit.page.inner_text("#size-value") == largest == "186 px"


def test_the_tab_names_the_picture_and_file_inputs_are_hidden(visit):
    assert visit.page.title() == "Studio"
    visit.open_example()
    assert visit.page.title() == "sheep.jpg – Studio"
    assert visit.page.locator("input[type=file]:visible").count() == 0


@pytest.mark.parametrize("shape", [(300, 400), (400, 300), (300, 900)])
def test_no_button_lies_over_a_picture_that_is_shown_whole(screen, shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    screen.open_file("noise.png", file_of(pixels))
    screen.opened()
    height, width = shape
    for y in (1, height / 2, height - 1):
        for x in (1, width / 4, width / 2, width - 1):
            place = screen.at(y, x)
            under = "([x, y]) => document.elementFromPoint(x, y).id"
            assert screen.page.evaluate(under, place) == "canvas"


@pytest.mark.parametrize("size", SCREENS.values(), ids=SCREENS)
def test_controls_are_as_large_as_the_pointer_needs(browser, studio, size):
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=True
    )
    visit = Visit(context.new_page(), studio.url).load()
    visit.open_example()
    for button in visit.page.query_selector_all("button:visible"):
        assert button.bounding_box()["height"] >= 44, button.inner_html()
    context.close()


def test_nothing_is_cut_off_on_the_narrowest_phone(browser, studio):
    size = {"width": 320, "height": 568}
    context = browser.new_context(viewport=size, has_touch=True)
    visit = Visit(context.new_page(), studio.url).load()
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 320
    visit.open_example()
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 320
    context.close()


def test_tab_follows_the_visual_order_while_placing(screen):
    screen.open_example()
    screen.page.click('[data-mode-button="compose"]')
    screen.open_example("rocket")
    screen.box()
    screen.place()
    place, guide = (
        screen.page.locator(name).bounding_box()
        for name in ("#panel-place", "#panel-guide")
    )
    assert guide["x"] + guide["width"] <= place["x"] + 1 or (
        guide["y"] + guide["height"] <= place["y"] + 1
    )
    screen.page.focus("#other")
    names = []
    while "scale" not in names and len(names) < 4:
        screen.page.keyboard.press("Tab")
        names.append(screen.page.evaluate("document.activeElement.id"))
    assert names == ["open-guide", "scale"]
    assert in_sight(screen, "#scale")


def test_the_toolbar_says_how_it_lies(visit):
    visit.open_example()
    lies = visit.page.locator("#tools")
    assert lies.get_attribute("aria-orientation") == "vertical"
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.page.wait_for_selector("#tools[aria-orientation=horizontal]")


def test_the_focus_is_never_half_hidden_in_the_row_of_a_phone(browser, studio):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    visit = Visit(context.new_page(), studio.url).load()
    visit.open_example()
    visit.box()
    visit.page.focus("#sign-subtract")
    names = []
    while "mask-save" not in names and len(names) < 9:
        visit.page.keyboard.press("Tab")
        name = visit.page.evaluate("document.activeElement.id")
        button, row = (
            visit.page.locator(place).bounding_box()
            for place in (f"#{name}", ".panel-scroll")
        )
        assert button["x"] >= row["x"], name
        assert button["x"] + button["width"] <= row["x"] + row["width"], name
        names.append(name)
    assert names[0] == "grow-button" and names[-1] == "mask-save"
    context.close()

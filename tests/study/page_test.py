"""The study's page in a real browser: whole sessions, by keyboard and by touch."""

import pytest

GREYS = {40: "dark", 120: "middle", 200: "light", 230: "truth"}
WINDOWS = {"desktop": (1280, 800), "phone": (390, 844), "flat": (740, 360)}


@pytest.fixture
def open_page(browser):
    """Opens pages, each in a browser of its own; errors on the console are failures."""
    contexts, said = [], []

    def page(address, window="desktop"):
        width, height = WINDOWS[window]
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        found = context.new_page()
        found.on("console", lambda message: said.append(message.text))
        found.on("pageerror", lambda error: said.append(str(error)))
        found.goto(address)
        return found

    yield page
    for context in contexts:
        context.close()
    # The browser itself remarks on an answer out of turn, and on a full disk.
    remarks = "409 (Conflict)", "503 (Service Unavailable)", "ERR_FAILED"
    assert not [text for text in said if not any(r in text for r in remarks)]


def wait_for(page, number, total=8):
    """Until a question is there, and an answer would be taken."""
    page.wait_for_function(
        """text => document.getElementById('count').textContent === text
          && document.getElementById('pictures').ariaBusy === 'false'""",
        arg=f"{number} of {total}",
    )


def begin(page):
    page.click("#begin")
    wait_for(page, 1)


def greys_on_page(page):
    """The first pixel of every picture shown, as the browser has decoded it."""
    return page.evaluate(
        """() => Array.from(document.querySelectorAll("#pictures img"), (image) => {
          const canvas = document.createElement("canvas");
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          return context.getImageData(0, 0, 1, 1).data[0];
        })"""
    )


@pytest.mark.parametrize("study", [2, 3], indirect=True)
def test_a_whole_session_by_keyboard_keeps_what_was_seen(study, open_page):
    page = open_page(study.address)
    begin(page)
    wanted = []
    for number in range(1, 9):
        wait_for(page, number)
        seen = greys_on_page(page)
        # The lightest every time, but for two without a difference.
        if number in (3, 6):
            page.keyboard.press("0")
            wanted.append(None)
        else:
            place = seen.index(max(seen))
            page.keyboard.press(str(place + 1))
            wanted.append(place)
    page.wait_for_selector("#end:visible")
    assert "all 8 questions" in page.inner_text("#end")
    answers = study.votes.answers()
    assert [answer.chosen for answer in answers] == wanted
    for answer in answers:
        # It may be slow here, but a session of milliseconds counts as thousands.
        assert 0.0 < answer.seconds < 100.0
        if not answer.question.is_check and answer.winner:
            shown = answer.question.shown
            lightest = max(shown, key=["dark", "middle", "light"].index)
            assert answer.winner == lightest


def test_clicks_arrows_and_the_tie_button_choose(study, open_page):
    page = open_page(study.address)
    begin(page)
    page.click(".choice >> nth=1")
    wait_for(page, 2)
    page.keyboard.press("ArrowLeft")
    wait_for(page, 3)
    page.click("#tie")
    wait_for(page, 4)
    # Keys that mean nothing, or something to the browser, choose nothing.
    for key in ("3", "a", "Escape", "Control+1"):
        page.keyboard.press(key)
    # By Tab and Enter alone.
    page.focus(".choice")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for(page, 5)
    assert [answer.chosen for answer in study.votes.answers()] == [1, 0, None, 1]


def test_a_session_goes_on_with_its_link_on_a_phone(study, open_page):
    page = open_page(study.address)
    begin(page)
    page.keyboard.press("1")
    wait_for(page, 2)
    page.click("summary")
    link = page.input_value("#link")
    phone = open_page(link, "phone")
    wait_for(phone, 2)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    boxes = [phone.locator(".choice >> nth=%d" % n).bounding_box() for n in (0, 1)]
    # One below the other, as wide as the window allows, both in sight.
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    assert boxes[1]["y"] + boxes[1]["height"] < 844 and boxes[0]["width"] > 350
    phone.click(".choice >> nth=1")
    wait_for(phone, 3)
    # The tab left open answers a question that is no longer due, and catches up.
    page.keyboard.press("2")
    wait_for(page, 3)
    assert [answer.chosen for answer in study.votes.answers()] == [0, 1]


def test_two_voters_at_once_stay_apart(study, open_page):
    pages = [open_page(study.address), open_page(study.address)]
    for page in pages:
        begin(page)
    for number in range(1, 9):
        for page, key in zip(pages, "12"):
            wait_for(page, number)
            page.keyboard.press(key)
    for page in pages:
        page.wait_for_selector("#end:visible")
    answers = study.votes.answers()
    by_voter = [[a.chosen for a in answers if a.voter == voter] for voter in (1, 2)]
    assert by_voter == [[0] * 8, [1] * 8]


def test_a_session_that_has_begun_goes_on_when_it_is_tried_again(study, open_page):
    page = open_page(study.address)
    page.route("**/pictures/**", lambda route: route.abort())
    page.click("#begin")
    page.wait_for_selector("#problem:visible")
    with page.expect_request("**/pictures/**"):
        page.click("#again")
    page.wait_for_selector("#again:enabled")
    page.unroute("**/pictures/**")
    asked = []
    page.on("request", lambda sent: asked.append(sent.method))
    page.dblclick("#again")
    wait_for(page, 1)
    assert "POST" not in asked
    page.keyboard.press("1")
    wait_for(page, 2)
    assert [answer.voter for answer in study.votes.answers()] == [1]


def test_a_double_press_answers_one_question(study, open_page):
    page = open_page(study.address)
    begin(page)
    for _ in range(5):
        page.keyboard.press("1", delay=0)
    wait_for(page, 2)
    assert len(study.votes.answers()) == 1


@pytest.mark.parametrize("study", [2, 3], indirect=True)
@pytest.mark.parametrize("window", WINDOWS)
def test_pictures_and_answers_fill_the_window_without_scrolling(
    study, open_page, window
):
    page = open_page(study.address, window)
    begin(page)
    width, height = WINDOWS[window]
    pictures = [one.bounding_box() for one in page.locator("#pictures img").all()]
    tie = page.locator("#tie").bounding_box()
    assert tie["y"] + tie["height"] <= height
    assert max(one["x"] + one["width"] for one in pictures) <= width
    used = sum(one["width"] * one["height"] for one in pictures)
    assert used > 0.4 * width * height


def test_a_full_disk_is_told_on_the_page(study, open_page, full_disk):
    page = open_page(study.address)
    full_disk()
    while study.request("api/sessions", {})[0] == 201:
        pass
    page.click("#begin")
    page.wait_for_selector("#problem:visible")
    assert "Answers cannot be stored: the disk is full." in page.inner_text("#problem")

"""The study's interface: what it tells, what it takes, what it keeps to itself."""

import json
import re
import threading
import urllib.error
import urllib.request

import pytest

GREYS = {"dark": 40, "middle": 120, "light": 200, "truth": 230}


def begin(study):
    status, found = study.request("api/sessions", {})
    assert status == 201
    return found["token"]


def test_a_session_goes_from_the_first_question_to_the_last(study):
    token = begin(study)
    status, state = study.request(f"api/sessions/{token}")
    assert status == 200 and (state["answered"], state["total"]) == (0, 8)
    for position in range(8):
        assert len(state["coming"]) == min(2, 8 - position)
        body = {"position": position, "chosen": position % 2, "seconds": 1.5}
        status, state = study.request(f"api/sessions/{token}/answers", body)
        assert status == 200 and state["answered"] == position + 1
    assert state["coming"] == []
    assert [answer.chosen for answer in study.votes.answers()] == [0, 1] * 4


@pytest.mark.parametrize("study", [2, 3], indirect=True)
def test_pictures_are_those_of_the_question_from_left_to_right(study):
    token = begin(study)
    for position, question in enumerate(study.votes.state(token).questions):
        for place, name in enumerate(question.shown):
            address = f"/api/sessions/{token}/pictures/{position}/{place}"
            found = study.grey(address)
            if question.is_check and name != "truth":
                assert found in (230, 25)
            else:
                assert found == GREYS[name]


def test_a_picture_that_is_deleted_during_the_study_is_told(study, tmp_path, caplog):
    token = begin(study)
    for path in tmp_path.glob("*/*.png"):
        path.unlink()
    status, found = study.request(f"api/sessions/{token}/pictures/0/0")
    assert (status, found["detail"]) == (410, "This picture can no longer be read.")
    assert ".png cannot be read: " in caplog.text
    assert study.request(f"api/sessions/{token}")[0] == 200


def test_the_page_learns_no_name_of_a_method_or_a_picture(study):
    token = begin(study)
    status, state = study.request(f"api/sessions/{token}")
    assert set(state) == {"answered", "total", "coming"}
    assert not re.search("dark|middle|light|truth|ruined|check", json.dumps(state))


def test_an_answer_out_of_turn_changes_nothing_and_tells_where_we_are(study):
    token = begin(study)
    body = {"position": 0, "chosen": 1, "seconds": 1.0}
    study.request(f"api/sessions/{token}/answers", body)
    status, state = study.request(
        f"api/sessions/{token}/answers", {**body, "chosen": None}
    )
    assert status == 409 and state["answered"] == 1
    assert [answer.chosen for answer in study.votes.answers()] == [1]


@pytest.mark.parametrize(
    "body",
    [
        {"position": 0, "chosen": 2, "seconds": 1.0},
        {"position": 0, "chosen": -1, "seconds": 1.0},
        {"position": 0, "chosen": "dark", "seconds": 1.0},
        {"position": 0, "chosen": 0, "seconds": -1.0},
        {"position": 0, "chosen": 0, "seconds": float("nan")},
        {"position": 0, "chosen": 0, "seconds": float("inf")},
        {"position": float("nan"), "chosen": 0, "seconds": 1.0},
        {"position": 0, "chosen": 0},
        {},
        [],
    ],
)
def test_what_is_no_answer_is_refused(study, body):
    token = begin(study)
    status, _ = study.request(f"api/sessions/{token}/answers", body)
    assert status == 422 and not study.votes.answers()


@pytest.mark.parametrize(
    "path",
    [
        "api/sessions/nobody",
        "api/sessions/nobody/pictures/0/0",
        "api/sessions/{token}/pictures/8/0",
        "api/sessions/{token}/pictures/-1/0",
        "api/sessions/{token}/pictures/0/2",
        "static/../server.py",
        "docs",
        "openapi.json",
    ],
)
def test_what_is_not_there_is_not_found(study, path):
    assert study.request(path.format(token=begin(study)))[0] == 404


@pytest.mark.parametrize("path", ["", "static/study.js", "static/study.css"])
def test_the_browser_asks_whether_the_page_has_changed(study, path):
    with urllib.request.urlopen(study.address + path) as response:
        assert response.headers["Cache-Control"] == "no-cache"


def test_an_hour_is_the_longest_time_kept(study):
    body = {"position": 0, "chosen": None, "seconds": 1e9}
    study.request(f"api/sessions/{begin(study)}/answers", body)
    assert study.votes.answers()[0].seconds == 3600.0


def test_ten_voters_at_once_lose_and_mix_nothing(study):
    failures = []

    def vote(number):
        token = begin(study)
        for position in range(8):
            chosen = (0, 1, None)[number % 3]
            body = {"position": position, "chosen": chosen, "seconds": number}
            status, state = study.request(f"api/sessions/{token}/answers", body)
            if (status, state["answered"]) != (200, position + 1):
                failures.append((number, position, status))

    threads = [threading.Thread(target=vote, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    answers = study.votes.answers()
    assert len(answers) == 80
    for voter in range(1, 11):
        mine = [answer for answer in answers if answer.voter == voter]
        assert [answer.position for answer in mine] == list(range(8))
        (number,) = {int(answer.seconds) for answer in mine}
        assert {answer.chosen for answer in mine} == {(0, 1, None)[number % 3]}


def test_two_tabs_of_one_voter_keep_one_answer_a_question(study):
    token = begin(study)
    statuses = []

    def answer(chosen):
        body = {"position": 0, "chosen": chosen, "seconds": 1.0}
        statuses.append(study.request(f"api/sessions/{token}/answers", body)[0])

    tabs = [threading.Thread(target=answer, args=(n % 2,)) for n in range(6)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert sorted(statuses) == [200] + [409] * 5
    assert len(study.votes.answers()) == 1


def test_a_body_that_is_too_long_names_the_limit(study):
    path = f"api/sessions/{begin(study)}/answers"
    status, body = study.request(path, {"position": 0, "chosen": "x" * 20_000})
    assert status == 413 and body["error"]["why"] == "The limit is 10 kB."


def test_other_hosts_and_other_sites_pages_are_refused(study):
    for header in (("Host", "evil.example"), ("Origin", "http://evil.example")):
        request = urllib.request.Request(f"{study.address}api/sessions", b"{}")
        request.add_header(*header)
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=30)
        assert error.value.code in (403, 421)
        assert "default-src 'none'" in error.value.headers["Content-Security-Policy"]


def test_what_cannot_be_stored_is_told(study, full_disk, caplog):
    full_disk()
    statuses = set()
    for _ in range(200):
        status, found = study.request("api/sessions", {})
        statuses.add(status)
        if status != 201:
            break
    assert statuses == {201, 503}
    assert found == {"detail": "Answers cannot be stored: the disk is full."}
    assert f"{study.votes.path}: database or disk is full." in caplog.text

"""Questions: balanced, different, in random order, with checks."""

import collections
import time

import numpy as np
import pytest

from tf_btgmi.study.plan import plan

PICTURES = [f"pic{number}" for number in range(8)]
METHODS = ["a", "b", "c"]


def planned(
    num_shown=2, num_questions=9, num_checks=2, asked=(), seed=0, methods=METHODS
):
    rng = np.random.default_rng(seed)
    return plan(PICTURES, methods, num_shown, num_questions, num_checks, asked, rng)


@pytest.mark.parametrize("seed", range(5))
def test_a_session_compares_every_pair_as_often_and_asks_nothing_twice(seed):
    questions = [q for q in planned(seed=seed) if not q.is_check]
    sets = collections.Counter(tuple(sorted(q.shown)) for q in questions)
    assert sets == {("a", "b"): 3, ("a", "c"): 3, ("b", "c"): 3}
    asked = {(q.picture, tuple(sorted(q.shown))) for q in questions}
    assert len(asked) == 9
    # Eight pictures for nine questions: one of them comes again.
    assert len({q.picture for q in questions}) == 8


def test_a_session_of_thousands_of_pictures_is_planned_at_once():
    # The database waits for it.
    pictures = [f"pic{number}" for number in range(4_000)]
    start = time.process_time()
    plan(pictures, METHODS, 2, 30, 2, (), np.random.default_rng(0))
    assert time.process_time() - start < 1.5


def test_other_voters_are_evened_out():
    asked = []
    for seed in range(8):
        asked += planned(seed=seed, num_questions=3, asked=asked)
    both = collections.Counter(
        (q.picture, tuple(sorted(q.shown))) for q in asked if not q.is_check
    )
    # 24 questions, and 24 different ones there are. A voter rather sees a new picture
    # than the rarest one, so a few come twice.
    assert len(both) >= 20 and max(both.values()) <= 2
    sets = collections.Counter(compared for _, compared in both.elements())
    assert set(sets.values()) == {8}


def test_sides_are_as_often_one_as_the_other():
    first = collections.Counter()
    for seed in range(60):
        for question in planned(seed=seed, methods=["a", "b"], num_questions=8):
            if not question.is_check:
                first[question.shown[0]] += 1
    assert 200 < first["a"] < 280 and first["a"] + first["b"] == 480


def test_checks_show_the_truth_and_come_anywhere():
    places, sides = set(), set()
    for seed in range(40):
        questions = planned(num_shown=3, seed=seed)
        checks = [q for q in questions if q.is_check]
        assert len(questions) == 10 and len(checks) == 2
        for check in checks:
            assert sorted(check.shown) == ["ruined 1", "ruined 2", "truth"]
            places.add(questions.index(check))
            sides.add(check.shown.index("truth"))
    assert places == set(range(10)) and sides == {0, 1, 2}


@pytest.mark.parametrize("num_shown, most", [(2, 24), (3, 8)])
def test_no_more_is_asked_than_there_is(num_shown, most):
    questions = planned(num_shown=num_shown, num_questions=100, num_checks=0)
    assert len(questions) == len(set(map(str, questions))) == most

"""Which questions a voter gets: balanced over methods and pictures, sides at random."""

import collections
import itertools
from typing import Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np

from tf_btgmi.study.pictures import RUINED, TRUTH


class Question(NamedTuple):
    """A picture as several methods have filled it.

    Attributes:
        picture: its name.
        shown: the methods from left to right; of an attention check, `TRUTH` and one
            or more kinds of `RUINED`.
        is_check: whether it is one.
    """

    picture: str
    shown: Tuple[str, ...]
    is_check: bool


def plan(
    pictures: Sequence[str],
    methods: Sequence[str],
    num_shown: int,
    num_questions: int,
    num_checks: int,
    asked: Iterable[Question],
    rng: np.random.Generator,
) -> List[Question]:
    """The questions of one voter, in order.

    Each is about the methods that have been compared least so far, and the picture
    that has been used least for them, if possible one that this voter has not seen;
    otherwise they are drawn at random. Checks come at random places among them.

    Args:
        pictures: names.
        methods: names.
        num_shown: 2 for pairs, 3 for triples.
        num_questions: how many; fewer where there are no more different ones.
        num_checks: attention checks besides.
        asked: the questions of other voters.
        rng: draws.
    """
    sets = list(itertools.combinations(sorted(methods), num_shown))
    of_set, of_both = collections.Counter(), collections.Counter()
    for question in asked:
        if not question.is_check:
            compared = tuple(sorted(question.shown))
            of_set[compared] += 1
            of_both[compared, question.picture] += 1
    seen, questions = collections.Counter(), []
    free = {compared: list(pictures) for compared in sets}
    for _ in range(min(num_questions, len(sets) * len(pictures))):
        left = [compared for compared in sets if free[compared]]
        compared = _least(left, [of_set[s] for s in left], rng)
        counts = [(seen[p], of_both[compared, p]) for p in free[compared]]
        picture = _least(free[compared], counts, rng)
        free[compared].remove(picture)
        seen[picture] += 1
        of_set[compared] += 1
        questions.append(Question(picture, _shuffled(compared, rng), False))
    kinds = [TRUTH, *(f"{RUINED} {number}" for number in range(1, num_shown))]
    for _ in range(num_checks):
        picture = _least(pictures, [seen[p] for p in pictures], rng)
        seen[picture] += 1
        check = Question(picture, _shuffled(kinds, rng), True)
        questions.insert(int(rng.integers(len(questions) + 1)), check)
    return questions


def _least(choices, counts, rng):
    least = [c for c, count in zip(choices, counts) if count == min(counts)]
    return least[int(rng.integers(len(least)))]


def _shuffled(names, rng) -> Tuple[str, ...]:
    return tuple(names[place] for place in rng.permutation(len(names)))

"""Questions of a voter: balanced over methods and pictures, in random order."""

import collections
import itertools
from typing import Iterable, NamedTuple, Sequence

import numpy as np

from tf_btgmi.study.pictures import RUINED, TRUTH


class Question(NamedTuple):
    """Results of several methods for one picture.

    Attributes:
        picture: name of the picture.
        shown: the methods from left to right; in an attention check, `TRUTH` and one
            or more kinds of `RUINED`.
        is_check: whether it is an attention check.
    """

    picture: str
    shown: tuple[str, ...]
    is_check: bool


def plan(
    pictures: Sequence[str],
    methods: Sequence[str],
    num_shown: int,
    num_questions: int,
    num_checks: int,
    asked: Iterable[Question],
    rng: np.random.Generator,
) -> list[Question]:
    """Draws the questions of one voter.

    Each compares the methods that were compared least, on the picture that this voter
    has seen least and that was used least for them; ties are broken at random.
    Attention checks are at random positions.

    Args:
        pictures: names of the pictures.
        methods: names of the methods.
        num_shown: 2 for pairs, 3 for triples.
        num_questions: maximum number of questions; they are all different.
        num_checks: number of additional attention checks.
        asked: the questions of other voters.
        rng: random generator.
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
    fewest = min(counts)
    least = [c for c, count in zip(choices, counts) if count == fewest]
    return least[int(rng.integers(len(least)))]


def _shuffled(names, rng) -> tuple[str, ...]:
    return tuple(names[place] for place in rng.permutation(len(names)))

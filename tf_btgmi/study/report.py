"""The answers of a study as text and CSV."""

from typing import NamedTuple, Sequence

from tf_btgmi.evaluation.tables import number, to_csv
from tf_btgmi.study.pictures import TRUTH
from tf_btgmi.study.preferences import (
    Comparison,
    Rate,
    Strength,
    bradley_terry,
    preference_rates,
    wilson,
)
from tf_btgmi.study.votes import Answer
from tf_btgmi.wording import number_of


class Counted(NamedTuple):
    """Answers that count.

    Attributes:
        answers: answers of attentive voters, without attention checks.
        voters: numbers of these voters.
        left_out: numbers of the other voters.
        checks: rate of correct answers to all attention checks.
    """

    answers: list[Answer]
    voters: list[int]
    left_out: list[int]
    checks: Rate


def count(answers: Sequence[Answer], least_share: float) -> Counted:
    """Leaves out voters who failed too many attention checks.

    Args:
        answers: answers of all voters.
        least_share: minimum fraction of correct answers to a voter's checks; voters
            without a check are counted.
    """
    right, num = {}, {}
    for answer in answers:
        voter = answer.voter
        right.setdefault(voter, 0)
        num.setdefault(voter, 0)
        if answer.question.is_check:
            right[voter] += answer.winner == TRUTH
            num[voter] += 1
    attentive = [v for v in num if right[v] >= least_share * num[v]]
    chosen = [a for a in answers if a.voter in attentive and not a.question.is_check]
    checks = wilson(sum(right.values()), sum(num.values()))
    return Counted(chosen, attentive, [v for v in num if v not in attentive], checks)


def files(answers: Sequence[Answer], counted: Counted, methods: Sequence[str]):
    """Content of the report's files, by name."""
    comparisons = [Comparison(a.question.shown, a.winner) for a in counted.answers]
    rates = preference_rates(comparisons)
    ranking = bradley_terry(comparisons, methods)
    return {
        "report.txt": _text(counted, rates, ranking),
        "preferences.csv": _preferences_csv(rates),
        "ranking.csv": _ranking_csv(ranking, comparisons),
        "answers.csv": _answers_csv(answers, counted),
    }


def _text(counted: Counted, rates, ranking: dict[str, Strength]) -> str:
    num, voters = len(counted.answers), number_of(len(counted.voters), "voter")
    lines = [
        f"{number_of(num, 'answer')} of {voters}; attention checks right: "
        f"{_rate(counted.checks)}"
    ]
    if counted.left_out:
        lines.append(
            "Left out, too many checks wrong: "
            f"{number_of(len(counted.left_out), 'voter')} (number "
            f"{', '.join(map(str, counted.left_out))})."
        )
    if not num:
        return "\n".join([*lines, "No answers yet: nothing to compare."]) + "\n"
    first = sum(answer.chosen == 0 for answer in counted.answers)
    lines.append(f"The first picture was preferred in {_rate(wilson(first, num))}")
    lines += ["", "Preferred, with 95 % Wilson intervals", ""]
    width = max(len(name) for by_name in rates.values() for name in by_name)
    for methods, by_name in rates.items():
        lines.append(" / ".join(methods))
        lines += [f"  {name:{width}}  {_rate(rate)}" for name, rate in by_name.items()]
    lines += [
        "",
        "Ranking (Bradley and Terry), strength 0 is the mean, with 95 % intervals,",
        "and the chance of being preferred to a method of strength 0",
        "",
    ]
    width = max(map(len, ranking))
    for place, (name, strength) in enumerate(ranking.items(), 1):
        value, low, high = (number(value, 2, signed=True) for value in strength)
        chance = f"{100 * strength.chance:.0f} %"
        lines.append(f"{place:2}. {name:{width}}  {value} [{low}, {high}]  {chance}")
    if num > len(counted.voters):
        lines += [
            "",
            "All intervals treat answers as independent. Several of one voter are not",
            "quite, so the true intervals are wider.",
        ]
    return "\n".join(lines) + "\n"


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return "none yet"
    value, low, high = (100.0 * number for number in rate[2:])
    return f"{rate.count} of {rate.num}, {value:.1f} % [{low:.1f}, {high:.1f}]"


def _preferences_csv(rates) -> str:
    return to_csv(
        ["compared", "preferred", "count", "n", "rate", "low", "high"],
        (
            [" / ".join(methods), name, rate.count, rate.num, *map(_number, rate[2:])]
            for methods, by_name in rates.items()
            for name, rate in by_name.items()
        ),
    )


def _ranking_csv(ranking: dict[str, Strength], comparisons) -> str:
    rows = []
    for place, (name, strength) in enumerate(ranking.items(), 1):
        shown = [c for c in comparisons if name in c.methods]
        won = sum(c.winner == name for c in shown)
        ties = sum(c.winner is None for c in shown)
        numbers = map(_number, (*strength, strength.chance))
        rows.append([place, name, *numbers, len(shown), won, ties])
    headings = ["rank", "method", "strength", "low", "high", "chance_against_mean"]
    return to_csv([*headings, "n", "preferred", "no_difference"], rows)


def _answers_csv(answers: Sequence[Answer], counted: Counted) -> str:
    rows = (
        [
            answer.voter,
            answer.position + 1,
            answer.question.picture,
            " / ".join(answer.question.shown),
            "" if answer.winner is None else answer.winner,
            int(answer.question.is_check),
            int(answer.voter in counted.voters),
            f"{answer.seconds:.2f}",
            answer.answered,
        ]
        for answer in answers
    )
    headings = ["voter", "question", "picture", "shown", "preferred", "is_check"]
    return to_csv([*headings, "voter_kept", "seconds", "answered_utc"], rows)


def _number(value) -> str:
    return "" if value is None else f"{value:.6g}"

import dataclasses

import pytest

from tf_btgmi.config import ProcedureConfig
from tf_btgmi.schedules import (
    DISCRIMINATOR,
    GENERATOR,
    Schedules,
    StagePlan,
)

# The paper's: 150,000 steps of the head, then three blocks of 1,500 steps.
PAPER = StagePlan(150_000, 1_500, 3)
LAST = 154_499
SMALL = StagePlan(10, 4, 2)


def schedules_of(plan, **fields):
    """The schedules of these stages and of other fields of the procedure."""
    return Schedules(ProcedureConfig(**dataclasses.asdict(plan), **fields))


def test_the_papers_plan_changes_stage_at_the_steps_of_algorithm_1():
    steps = (0, 149_999, 150_000, 151_499, 151_500, 152_999, 153_000, LAST, LAST + 9)
    assert [PAPER.stage(step) for step in steps] == [0, 0, 1, 1, 2, 2, 3, 3, 3]
    assert [PAPER.start(k) for k in range(4)] == [0, 150_000, 151_500, 153_000]
    assert PAPER.total_steps == LAST + 1


def test_a_plan_without_refinement_blocks_stays_in_stage_0():
    plan = StagePlan(7, 3, 0)
    assert plan.total_steps == 7
    assert [plan.stage(step) for step in (0, 6, 7, 100)] == [0] * 4


def test_a_plan_without_head_steps_starts_in_stage_1():
    plan = StagePlan(0, 3, 2)
    assert plan.total_steps == 6
    assert [plan.stage(step) for step in range(6)] == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    "step, weight",
    [
        (0, 1.0),
        (149_999, 1.0),
        (150_000, 0.1),
        (151_499, 0.1),
        (151_500, 0.01),
        (153_000, 0.001),
        (LAST, 0.001),
        (10**6, 0.001),
    ],
)
def test_stepwise_lambda_falls_tenfold_with_every_block(step, weight):
    schedules = schedules_of(PAPER)
    assert schedules.adversarial_weight(step) == pytest.approx(weight, rel=1e-12)


@pytest.mark.parametrize(
    "step, weight",
    [
        (0, 2.0),
        (9, 2.0),
        (10, 2.0),
        (12, 2.0 * (1 - 0.25 * 0.99)),
        (14, 2.0 * (1 - 0.5 * 0.99)),
        (18, 2.0 * 0.01),
        (99, 2.0 * 0.01),
    ],
)
def test_linear_lambda_falls_from_the_end_of_stage_0_to_the_end_of_the_run(
    step, weight
):
    schedules = schedules_of(
        SMALL, adversarial_weight=2.0, adversarial_annealing="linear"
    )
    assert schedules.adversarial_weight(step) == pytest.approx(weight, rel=1e-12)


def test_constant_lambda_never_changes():
    schedules = schedules_of(
        PAPER, adversarial_weight=0.7, adversarial_annealing="constant"
    )
    assert {schedules.adversarial_weight(step) for step in (0, 150_000, LAST)} == {0.7}


@pytest.mark.parametrize(
    "step, rate",
    [(0, 2e-4), (149_999, 2e-4), (150_000, 2e-5), (151_500, 2e-6), (LAST, 2e-7)],
)
def test_the_learning_rate_falls_tenfold_with_every_stage(step, rate):
    assert schedules_of(PAPER).learning_rate(step) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(
    "step, alpha",
    [
        (0, 1.0),
        (149_999, 1.0),
        (150_000, 0.0),
        (150_001, 0.001),
        (150_250, 0.25),
        (150_999, 0.999),
        (151_000, 1.0),
        (151_499, 1.0),
        (151_500, 0.0),
        (153_500, 0.5),
        (LAST, 1.0),
    ],
)
def test_alpha_climbs_from_0_to_1_at_the_start_of_every_refinement_stage(step, alpha):
    schedules = schedules_of(PAPER, fade_in_steps=1_000)
    assert schedules.fade_in_alpha(step) == pytest.approx(alpha, abs=1e-12)


def test_without_fade_in_steps_alpha_is_always_1():
    schedules = schedules_of(SMALL, fade_in_steps=0)
    assert {schedules.fade_in_alpha(step) for step in range(20)} == {1.0}


def test_the_rate_can_fall_to_0_over_the_last_steps():
    plan = StagePlan(10, 1, 0)
    decaying = schedules_of(plan, learning_rate=2.0, learning_rate_decay_steps=4)
    rates = [decaying.learning_rate(step) for step in (0, 5, 6, 7, 9, 10)]
    assert rates == [2, 2, 2, 1.5, 0.5, 0]
    assert schedules_of(plan, learning_rate=2.0).learning_rate(9) == 2.0


def test_blocks_start_with_their_stages_or_all_at_once():
    assert schedules_of(PAPER).block_starts == (150_000, 151_500, 153_000)
    assert schedules_of(SMALL, block_wise=False).block_starts == (0, 0)
    assert schedules_of(StagePlan(7, 3, 0)).block_starts == ()


def test_phases_train_the_generator_then_the_discriminator_then_both():
    phased = schedules_of(SMALL, generator_only_steps=2, discriminator_only_steps=1)
    both = (GENERATOR, DISCRIMINATOR)
    trained = [phased.trained(step) for step in range(5)]
    assert trained == [(GENERATOR,), (GENERATOR,), (DISCRIMINATOR,), both, both]
    assert schedules_of(SMALL).trained(0) == both


def segments(start, warmup, **phases):
    """The segments of `SMALL` at 32 pixels, after a warm-up at 16."""
    fields = {"warmup_steps": warmup, "warmup_image_size": 16, **phases}
    return schedules_of(SMALL, **fields).segments(start, 32)


def test_a_phase_is_a_segment():
    phases = {"generator_only_steps": 3, "discriminator_only_steps": 2}
    found = segments(0, 4, **phases)
    starts = [(first, end, size) for first, end, _, size in found]
    assert starts[:4] == [(0, 3, 16), (3, 4, 16), (4, 5, 32), (5, 10, 32)]
    assert segments(4, 0, **phases)[0] == (4, 5, 0, 32)


def test_segments_are_the_stages_from_the_start():
    assert segments(0, 0) == [
        (0, 10, 0, 32),
        (10, 14, 1, 32),
        (14, 18, 2, 32),
    ]


def test_a_warm_up_is_a_segment_at_its_own_size():
    assert segments(0, 6)[:2] == [(0, 6, 0, 16), (6, 10, 0, 32)]
    assert segments(0, 10)[:2] == [(0, 10, 0, 16), (10, 14, 1, 32)]


@pytest.mark.parametrize(
    "start, expected",
    [
        (4, [(4, 6, 0, 16), (6, 10, 0, 32), (10, 14, 1, 32), (14, 18, 2, 32)]),
        (6, [(6, 10, 0, 32), (10, 14, 1, 32), (14, 18, 2, 32)]),
        (7, [(7, 10, 0, 32), (10, 14, 1, 32), (14, 18, 2, 32)]),
        (10, [(10, 14, 1, 32), (14, 18, 2, 32)]),
        (13, [(13, 14, 1, 32), (14, 18, 2, 32)]),
        (17, [(17, 18, 2, 32)]),
        (18, []),
        (25, []),
    ],
)
def test_a_resumed_run_has_only_the_segments_that_are_left(start, expected):
    assert segments(start, 6) == expected


def test_segments_leave_no_step_out_and_take_none_twice():
    for start in range(18):
        for warmup in range(11):
            found = segments(start, warmup)
            steps = [s for first, end, *_ in found for s in range(first, end)]
            assert steps == list(range(start, 18))
            for first, end, stage, size in found:
                for step in range(first, end):
                    assert stage == SMALL.stage(step)
                    assert size == (16 if step < warmup else 32)


def test_every_schedule_takes_its_own_fields():
    found = schedules_of(
        SMALL,
        fade_in_steps=3,
        learning_rate=3e-3,
        learning_rate_factor=0.5,
        learning_rate_decay_steps=2,
        adversarial_weight=2.0,
        adversarial_weight_factor=0.3,
        adversarial_annealing="linear",
    )
    assert found.plan == SMALL
    rates = [found.learning_rate(step) for step in (9, 10, 14, 17)]
    assert rates == pytest.approx([3e-3, 1.5e-3, 7.5e-4, 3.75e-4])
    weights = [found.adversarial_weight(step) for step in (9, 14, 18)]
    assert weights == pytest.approx([2.0, 2.0 * (1 - 0.5 * 0.91), 2.0 * 0.09])
    alphas = [found.fade_in_alpha(step) for step in (9, 10, 11, 13)]
    assert alphas == pytest.approx([1.0, 0.0, 1 / 3, 1.0])
    assert [found.num_active_blocks(step) for step in (9, 10, 17)] == [0, 1, 2]


def test_without_block_wise_every_block_runs_from_the_first_step_at_full_weight():
    found = schedules_of(SMALL, fade_in_steps=3, block_wise=False)
    for step in range(SMALL.total_steps):
        assert found.num_active_blocks(step) == 2
        assert found.fade_in_alpha(step) == 1.0

"""Schedules: pure functions of the training step (Sec. 3.3, Alg. 1).

Step s is the one that is about to be taken, counted from 0 over the whole run. A
resumed run cannot drift, because nothing here keeps state.
"""

import dataclasses
from typing import NamedTuple


@dataclasses.dataclass(frozen=True)
class StagePlan:
    """The steps of each stage.

    Attributes:
        head_steps: steps of stage 0.
        refinement_steps: steps of each later stage.
        num_refinement_blocks: number of later stages.

    Example:
        >>> plan = StagePlan(100, 10, num_refinement_blocks=3)
        >>> plan.total_steps, plan.stage(99), plan.stage(100)
        (130, 0, 1)
    """

    head_steps: int
    refinement_steps: int
    num_refinement_blocks: int

    @property
    def total_steps(self) -> int:
        """Steps of all stages."""
        return self.start(self.num_refinement_blocks + 1)

    def start(self, stage: int) -> int:
        """First step of `stage`; one past the last stage gives the total."""
        if stage == 0:
            return 0
        return self.head_steps + (stage - 1) * self.refinement_steps

    def stage(self, step: int) -> int:
        """The stage that `step` belongs to; past the end, the last one."""
        if step < self.head_steps or self.num_refinement_blocks == 0:
            return 0
        passed = (step - self.head_steps) // self.refinement_steps
        return min(1 + int(passed), self.num_refinement_blocks)


GENERATOR = "generator"
DISCRIMINATOR = "discriminator"


@dataclasses.dataclass(frozen=True)
class Phases:
    """Networks that a step trains: both, except in initial phases of one alone.

    Globally-Locally (Iizuka et al. 2017, Sec. 4.2) trains its completion network alone,
    then its discriminators alone, then both.

    Attributes:
        generator_only_steps: first steps, of the generator's reconstruction alone.
        discriminator_only_steps: steps after them, the discriminator alone.
    """

    generator_only_steps: int = 0
    discriminator_only_steps: int = 0

    def trained(self, step: int) -> tuple[str, ...]:
        """The networks that `step` trains."""
        if step < self.generator_only_steps:
            return (GENERATOR,)
        if step < self.generator_only_steps + self.discriminator_only_steps:
            return (DISCRIMINATOR,)
        return (GENERATOR, DISCRIMINATOR)

    @property
    def boundaries(self) -> tuple[int, int]:
        """First steps of the phases after the first."""
        first = self.generator_only_steps
        return first, first + self.discriminator_only_steps


@dataclasses.dataclass(frozen=True)
class AdversarialWeightSchedule:
    """Adversarial loss annealing: the generator's adversarial weight by step.

    Args:
        plan: the stages.
        initial_weight: weight in stage 0, lambda_adv_0.
        factor: stage i has `factor ** i` times that, with `stepwise`.
        annealing: `stepwise` as in the paper; `linear` falls from the end of stage 0
            to the end of the run, reaching the last stage's weight there; `constant`.

    Example:
        >>> weight = AdversarialWeightSchedule(StagePlan(100, 10, 3))
        >>> weight(0), weight(100)
        (1.0, 0.1)
    """

    plan: StagePlan
    initial_weight: float = 1.0
    factor: float = 0.1
    annealing: str = "stepwise"

    def __call__(self, step: int) -> float:
        """The weight at a step.

        Raises:
            ValueError: an unknown `annealing`.
        """
        plan = self.plan
        if self.annealing == "constant" or plan.stage(step) == 0:
            return self.initial_weight
        if self.annealing == "stepwise":
            return self.initial_weight * self.factor ** plan.stage(step)
        if self.annealing != "linear":
            raise ValueError(
                "annealing must be stepwise, linear or constant; it is "
                f"{self.annealing!r}."
            )
        final = self.factor**plan.num_refinement_blocks
        span = plan.total_steps - plan.head_steps
        passed = min((step - plan.head_steps) / span, 1.0)
        return self.initial_weight * (1.0 + passed * (final - 1.0))


@dataclasses.dataclass(frozen=True)
class LearningRateByStage:
    """lr_i = factor ** i * lr_0 in stage i.

    Args:
        plan: the stages.
        initial_rate: learning rate in stage 0.
        factor: factor from each stage to the next.
        decay_steps: number of last steps in which the rate also decays linearly to 0; 0
            in the paper.
    """

    plan: StagePlan
    initial_rate: float = 2e-4
    factor: float = 0.1
    decay_steps: int = 0

    def __call__(self, step: int) -> float:
        """The learning rate at a step."""
        rate = self.initial_rate * self.factor ** self.plan.stage(step)
        left = max(self.plan.total_steps - step, 0)
        return rate if left >= self.decay_steps else rate * left / self.decay_steps


@dataclasses.dataclass(frozen=True)
class FadeInSchedule:
    """`fade_in_alpha` of the newest refinement block: 0 at its stage's first step.

    Linear to 1 over `fade_in_steps`; 1 in stage 0, where nothing fades in, and with
    `fade_in_steps` 0.

    Args:
        plan: the stages.
        fade_in_steps: length of the ramp in steps.

    Example:
        >>> alpha = FadeInSchedule(StagePlan(100, 10, 3), fade_in_steps=5)
        >>> alpha(100), alpha(101), alpha(105)
        (0.0, 0.2, 1.0)
    """

    plan: StagePlan
    fade_in_steps: int

    def __call__(self, step: int) -> float:
        """`fade_in_alpha` at a step."""
        stage = self.plan.stage(step)
        passed = step - self.plan.start(stage)
        if stage == 0 or passed >= self.fade_in_steps:
            return 1.0
        return passed / self.fade_in_steps


class Segment(NamedTuple):
    """Steps `first` to `end`, exclusive, of one stage, one phase and one image size."""

    first: int
    end: int
    stage: int
    image_size: int


class Schedules:
    """All schedules of `config.procedure`.

    Attributes:
        plan: the stages.
        phases: which networks are trained when.
        adversarial_weight: `AdversarialWeightSchedule`.
        learning_rate: `LearningRateByStage`, of the generator.
        fade_in_alpha: `FadeInSchedule`.
    """

    def __init__(self, procedure):
        self.plan = StagePlan(
            procedure.head_steps,
            procedure.refinement_steps,
            procedure.num_refinement_blocks,
        )
        self.phases = Phases(
            procedure.generator_only_steps, procedure.discriminator_only_steps
        )
        self.adversarial_weight = AdversarialWeightSchedule(
            self.plan,
            procedure.adversarial_weight,
            procedure.adversarial_weight_factor,
            procedure.adversarial_annealing,
        )
        self.learning_rate = LearningRateByStage(
            self.plan,
            procedure.learning_rate,
            procedure.learning_rate_factor,
            procedure.learning_rate_decay_steps,
        )
        self._warmup_steps = procedure.warmup_steps
        self._warmup_image_size = procedure.warmup_image_size
        self._block_wise = procedure.block_wise
        fade_in_steps = procedure.fade_in_steps if self._block_wise else 0
        self.fade_in_alpha = FadeInSchedule(self.plan, fade_in_steps)

    def num_active_blocks(self, step: int) -> int:
        """Refinement blocks that run: the stage, or all where not block-wise."""
        if not self._block_wise:
            return self.plan.num_refinement_blocks
        return self.plan.stage(step)

    def segments(self, start_step: int, image_size: int) -> list[Segment]:
        """The remaining steps as runs of one stage, one phase and one image size.

        Args:
            start_step: first step still to be taken.
            image_size: in pixels, after the warm-up.
        """
        plan, warmup_steps = self.plan, self._warmup_steps
        cuts = {plan.start(stage) for stage in range(plan.num_refinement_blocks + 2)}
        cuts |= {start_step, warmup_steps, *self.phases.boundaries}
        cuts = sorted(cut for cut in cuts if cut >= start_step)
        return [
            Segment(
                first,
                end,
                plan.stage(first),
                self._warmup_image_size if first < warmup_steps else image_size,
            )
            for first, end in zip(cuts, cuts[1:])
            if first < end <= plan.total_steps
        ]

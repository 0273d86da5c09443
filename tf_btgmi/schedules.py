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


class Segment(NamedTuple):
    """Steps `first` to `end`, exclusive, of one stage, one phase and one image size."""

    first: int
    end: int
    stage: int
    image_size: int


class Schedules:
    """All schedules of a training.

    Args:
        procedure: a `ProcedureConfig`.

    Attributes:
        plan: the stages.

    Example:
        >>> from tf_btgmi.config import ProcedureConfig
        >>> schedules = Schedules(
        ...     ProcedureConfig(
        ...         head_steps=100,
        ...         num_refinement_blocks=3,
        ...         refinement_steps=10,
        ...         fade_in_steps=5,
        ...         learning_rate=1.0,
        ...     )
        ... )
        >>> [schedules.fade_in_alpha(step) for step in (99, 100, 101, 105)]
        [1.0, 0.0, 0.2, 1.0]
        >>> schedules.learning_rate(100), schedules.num_active_blocks(100)
        (0.1, 1)
        >>> schedules.adversarial_weight(0), schedules.adversarial_weight(100)
        (1.0, 0.1)
    """

    def __init__(self, procedure):
        self._procedure = procedure
        self.plan = StagePlan(
            procedure.head_steps,
            procedure.refinement_steps,
            procedure.num_refinement_blocks,
        )

    def adversarial_weight(self, step: int) -> float:
        """The generator's adversarial weight: adversarial loss annealing.

        `factor ** i` of the initial one in stage i, with `stepwise` as in the paper;
        `linear` falls from the end of stage 0 to the end of the run, reaching the last
        stage's weight there.
        """
        procedure, plan = self._procedure, self.plan
        weight, stage = procedure.adversarial_weight, plan.stage(step)
        if procedure.adversarial_annealing == "constant" or stage == 0:
            return weight
        factor = procedure.adversarial_weight_factor
        if procedure.adversarial_annealing == "stepwise":
            return weight * factor**stage
        passed = (step - plan.head_steps) / (plan.total_steps - plan.head_steps)
        final = factor**plan.num_refinement_blocks
        return weight * (1.0 + min(passed, 1.0) * (final - 1.0))

    def learning_rate(self, step: int) -> float:
        """The generator's learning rate: `factor ** i` of the initial one in stage i.

        In the last `learning_rate_decay_steps` steps it also decays linearly to 0.
        """
        procedure = self._procedure
        factor = procedure.learning_rate_factor ** self.plan.stage(step)
        rate = procedure.learning_rate * factor
        decay_steps = procedure.learning_rate_decay_steps
        left = max(self.plan.total_steps - step, 0)
        return rate if left >= decay_steps else rate * left / decay_steps

    def fade_in_alpha(self, step: int) -> float:
        """Weight of the newest refinement block: 0 at its stage's first step.

        Linear to 1 over `fade_in_steps`. It is 1 in stage 0 and where blocks are not
        added by stage, since nothing fades in there.
        """
        stage = self.plan.stage(step)
        passed = step - self.plan.start(stage)
        fade_in_steps = self._procedure.fade_in_steps
        if stage == 0 or not self._procedure.block_wise or passed >= fade_in_steps:
            return 1.0
        return passed / fade_in_steps

    def num_active_blocks(self, step: int) -> int:
        """Refinement blocks that run: the stage, or all where not block-wise."""
        if not self._procedure.block_wise:
            return self.plan.num_refinement_blocks
        return self.plan.stage(step)

    @property
    def block_starts(self) -> tuple[int, ...]:
        """First step of each refinement block: its stage's, or 0 for all at once."""
        stages = range(1, self.plan.num_refinement_blocks + 1)
        if not self._procedure.block_wise:
            return tuple(0 for _ in stages)
        return tuple(self.plan.start(stage) for stage in stages)

    def trained(self, step: int) -> tuple[str, ...]:
        """The networks that a step trains: both, except in first phases of one alone.

        Globally-Locally (Iizuka et al. 2017, Sec. 4.2) trains its completion network
        alone, then its discriminators alone, then both.
        """
        generator_ends, discriminator_ends = self._ends_of_phases
        if step < generator_ends:
            return (GENERATOR,)
        if step < discriminator_ends:
            return (DISCRIMINATOR,)
        return (GENERATOR, DISCRIMINATOR)

    def segments(self, start_step: int, image_size: int) -> list[Segment]:
        """The remaining steps as runs of one stage, one phase and one image size.

        Args:
            start_step: first step still to be taken.
            image_size: in pixels, after the warm-up.
        """
        plan, warmup_steps = self.plan, self._procedure.warmup_steps
        cuts = {plan.start(stage) for stage in range(plan.num_refinement_blocks + 2)}
        cuts |= {start_step, warmup_steps, *self._ends_of_phases}
        cuts = sorted(cut for cut in cuts if cut >= start_step)
        return [
            Segment(
                first,
                end,
                plan.stage(first),
                self._procedure.warmup_image_size
                if first < warmup_steps
                else image_size,
            )
            for first, end in zip(cuts, cuts[1:])
            if first < end <= plan.total_steps
        ]

    @property
    def _ends_of_phases(self) -> tuple[int, int]:
        generator_ends = self._procedure.generator_only_steps
        return generator_ends, generator_ends + self._procedure.discriminator_only_steps

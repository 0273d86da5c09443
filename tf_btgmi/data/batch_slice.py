"""The share of one input pipeline in every global batch.

Example i of a run is at position i % global_batch_size of step i // global_batch_size.
With several workers, each has a contiguous slice of every global batch, so that global
batches do not depend on the number of workers.
"""

import dataclasses
from typing import Optional

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class BatchSlice:
    """Positions `start` to `start + size` of every global batch.

    Attributes:
        global_batch_size: examples per step, over all input pipelines.
        start: first position of the slice.
        size: number of positions.
    """

    global_batch_size: int
    start: int
    size: int

    def index(self, position):
        """Example index of a position within the slice; ints or tensors."""
        step = position // self.size
        return step * self.global_batch_size + self.start + position % self.size

    def owns(self, index: int) -> bool:
        """Whether the slice has example `index`."""
        return self.start <= index % self.global_batch_size < self.start + self.size

    def positions(
        self, start_step: int = 0, num_steps: Optional[int] = None
    ) -> tf.data.Dataset:
        """Positions within the slice, from `start_step` on."""
        last = tf.int64.max if num_steps is None else start_step + num_steps
        stop = last if num_steps is None else last * self.size
        return tf.data.Dataset.range(start_step * self.size, stop)


def batch_slice(
    global_batch_size: int, input_context: Optional[tf.distribute.InputContext] = None
) -> BatchSlice:
    """The slice of this input pipeline.

    Raises:
        ValueError: the batch cannot be divided among the input pipelines.
    """
    if input_context is None:
        return BatchSlice(global_batch_size, 0, global_batch_size)
    count = input_context.num_input_pipelines
    if global_batch_size % count:
        raise ValueError(
            f"config.data.global_batch_size ({global_batch_size}) must be a multiple "
            f"of the number of input pipelines ({count})."
        )
    size = global_batch_size // count
    return BatchSlice(global_batch_size, input_context.input_pipeline_id * size, size)

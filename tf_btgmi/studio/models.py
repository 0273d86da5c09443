"""Models of the studio by name, with progress of their jobs."""

import time
from typing import Callable, List, Optional

import numpy as np

from tf_btgmi.files import first_line
from tf_btgmi.inference import crops
from tf_btgmi.inference.holes import Holes
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.studio import errors
from tf_btgmi.studio.worker import Job

# Errors of a model server that does not answer.
_AWAY = (ConnectionError, TimeoutError, OSError)


class Model:
    """A predictor that reports progress and can be stopped between two windows.

    Args:
        name: shown in the page.
        predictor: see `inference.predictor.Predictor`; one thread uses it.
    """

    def __init__(self, name: str, predictor):
        self.name = name
        self.outputs = tuple(predictor.outputs)
        self._job: Optional[Job] = None
        if isinstance(predictor, Predictor):
            self._predict_fn = predictor.predict_fn
            predictor = Predictor(
                self._counted,
                predictor.image_size,
                predictor.multiple,
                predictor.batch_size,
                predictor.outputs,
                predictor.retouched,
            )
        self.predictor = predictor

    def run(self, job: Job, call: Callable) -> np.ndarray:
        """`call(predictor)` on behalf of a job.

        Raises:
            ApiError: cancelled, out of time, refused by the predictor, or its server
                does not answer.
        """
        self._job = job
        started = time.monotonic()
        try:
            return call(self.predictor)
        except _AWAY as error:
            raise errors.model_server_away(first_line(error)) from None
        except ValueError as error:
            raise errors.impossible(first_line(error)) from None
        finally:
            job.model_seconds = time.monotonic() - started
            self._job = None

    def count_windows(self, mask: np.ndarray, dilation: int) -> Optional[int]:
        """Number of network calls that fill a mask; None if unknown."""
        size = getattr(self.predictor, "image_size", None)
        batch_size = getattr(self.predictor, "batch_size", None)
        if not size or not batch_size:
            return None
        try:
            plan = crops.plan(Holes(mask, dilation), size)
        except ValueError:
            # The predictor raises the same error with a message.
            return None
        return sum(1 for _ in crops.batches(plan, batch_size))

    def _counted(self, inputs):
        if self._job:
            self._job.check()
        outputs = self._predict_fn(inputs)
        if self._job:
            self._job.advance()
        return outputs


def find(models: List[Model], name: Optional[str], output: str) -> Model:
    """The model of that name; without a name the first one that has the output.

    Raises:
        ApiError: there is none of that name.
    """
    if name is None:
        able = (model for model in models if output in model.outputs)
        return next(able, models[0])
    for model in models:
        if model.name == name:
            return model
    raise errors.bad_request(
        f"There is no model {name!r} here; there are "
        f"{', '.join(model.name for model in models)}."
    )

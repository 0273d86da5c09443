import time
import types

from tf_btgmi.training.progress import Progress


def test_less_than_a_minute_is_one_minute_left(caplog):
    progress = Progress([], 3, 0, 4, 1, writer=None)
    # As in a process that writes, without a terminal.
    progress._lines = True
    progress.set_model(
        types.SimpleNamespace(
            step=types.SimpleNamespace(numpy=lambda: 2),
            generator=types.SimpleNamespace(stage=0),
            reset_metrics=lambda: None,
        )
    )
    progress._since = (1, time.monotonic() - 10.0)
    with caplog.at_level("INFO", logger="absl"):
        progress.on_train_batch_end(0, {})
    assert caplog.messages[-1].endswith("0.4 images/s, 1 min left")

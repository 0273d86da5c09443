"""Unreadable pictures: each is reported once and skipped; too many end the run.

Pictures are decoded on threads of TensorFlow, which turns exceptions into
`tf.errors.OpError` with a traceback in its message. `clear_line` extracts the message
for the user.
"""

import errno
import re
import threading
from typing import Callable, Optional, Sequence

from absl import logging

from tf_btgmi.files import one_line

MAX_SHARE = 0.01
# Number of unreadable pictures that any source may have.
MAX_NUMBER = 1
# Faults of the machine or of a network drive, not of the file: they may pass.
_PASSING = frozenset(
    (errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ESTALE)
    + (errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENETDOWN, errno.ENETUNREACH)
)


class UnreadableError(ValueError):
    """Too many unreadable pictures, or none that can be read."""


class UnreadableCounter:
    """Thread-safe counter of the unreadable pictures of a source.

    Attributes:
        names: reasons by name, in the order of discovery.
    """

    def __init__(self, source: str, total: int):
        """Starts at zero."""
        self.names: dict[str, str] = {}
        self._source = source
        self._total = total
        self._lock = threading.Lock()

    def add(self, name: str, error: Exception) -> None:
        """Counts a picture, and logs it the first time.

        Raises:
            UnreadableError: all pictures of the source are unreadable, or several and
                more than 1 %.
        """
        reason = one_line(error)
        with self._lock:
            is_new = name not in self.names
            self.names.setdefault(name, reason)
            count = len(self.names)
            allowed = max(MAX_NUMBER, MAX_SHARE * self._total)
            stops = count > allowed or count == self._total
            if is_new and not stops:
                logging.warning(
                    "Skipped unreadable picture %d of %s: %s (%s).",
                    count,
                    self._source,
                    name,
                    reason,
                )
        if stops:
            examples = ", ".join(list(self.names)[:3])
            raise UnreadableError(
                f"{count} of the {self._total} pictures of {self._source} cannot be "
                f"used, more than {MAX_SHARE:.0%}: {examples}"
                f"{', ...' if count > 3 else ''} ({reason}). Repair or remove them."
            )

    def first_readable(self, names: Sequence[str], key: int, load: Callable):
        """`load(name)` of the name at `key`, or of the next name where it succeeds.

        Raises:
            UnreadableError: too many pictures are unreadable, or all of `names`, or the
                machine or the drive fails: a run that skipped a picture for that would
                not be the same when it is resumed.
        """
        for step in range(len(names)):
            name = names[(key + step) % len(names)]
            if name in self.names:
                continue
            try:
                return load(name)
            # Pillow raises many kinds of exceptions for damaged files.
            except Exception as error:
                if _may_pass(error):
                    raise UnreadableError(
                        f"{name} of {self._source} cannot be read: "
                        f"{one_line(error) or 'out of memory'}. This may pass: run the "
                        "same command again."
                    ) from error
                self.add(name, error)
        raise self.none_readable()

    def none_readable(self) -> UnreadableError:
        """The error for a source of which nothing can be read."""
        return UnreadableError(f"No picture of {self._source} can be read.")


def _may_pass(error: Exception) -> bool:
    return isinstance(error, MemoryError) or getattr(error, "errno", None) in _PASSING


def clear_line(error: Exception) -> Optional[str]:
    """The message of an `UnreadableError` that came through TensorFlow, or None."""
    if isinstance(error, UnreadableError):
        return str(error)
    match = re.search(r"\bUnreadableError: (.*)", str(error))
    return match.group(1).strip() if match else None

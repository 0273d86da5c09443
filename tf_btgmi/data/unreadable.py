"""Unreadable pictures: each is reported once and skipped; too many stop the run.

Decoding happens on TensorFlow's own threads, from where an exception comes out as a
`tf.errors.OpError` with a Python traceback in its text. `clear_line` finds the line
that was meant for the user in it.
"""

import re
import threading
from typing import Dict, Optional

from absl import logging

MAX_SHARE = 0.01
# Unreadable pictures that a source may have however small it is.
MAX_NUMBER = 1


class UnreadableError(ValueError):
    """Too many unreadable pictures, or none that can be read."""


class UnreadableCounter:
    """Counts the unreadable pictures of one opened source; safe to share by threads.

    Attributes:
        names: name -> reason of every unreadable picture, in the order of discovery.
    """

    def __init__(self, source: str, total: int):
        """Starts at zero.

        Args:
            source: the source's spec, for messages.
            total: pictures of the source, which the share is taken of.
        """
        self.names: Dict[str, str] = {}
        self._source = source
        self._total = total
        self._lock = threading.Lock()

    def add(self, name: str, error: Exception) -> None:
        """Counts `name`, and logs it if it is new.

        Raises:
            UnreadableError: all of the source's pictures are unreadable, or more than
                one of them and more than 1 %.
        """
        reason = " ".join(str(error).split()) or type(error).__name__
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


def clear_line(error: Exception) -> Optional[str]:
    """The message of an `UnreadableError` that came through TensorFlow, or None.

    Args:
        error: what iterating over a dataset raised.
    """
    if isinstance(error, UnreadableError):
        return str(error)
    found = re.search(r"\bUnreadableError: (.*)", str(error))
    return found.group(1).strip() if found else None

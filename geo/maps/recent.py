"""The last parts of maps that were made, shared by all sessions of a process."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Recent"]

_Value = TypeVar("_Value")


class Recent(Generic[_Value]):
    """What was asked for last, at most so many; many threads may ask at once.

    Parameters
    ----------
    most
        How many are kept; who asks for more than these makes them again, and nothing else.
    """

    def __init__(self, most: int) -> None:
        self._most, self._held, self._lock = most, OrderedDict[object, _Value](), Lock()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """Return what is kept under ``key``, made first if it is not."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()  # not under the lock: it takes long, and two who ask at once get equal parts
        with self._lock:
            kept = self._held.setdefault(key, made)
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return kept

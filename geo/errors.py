"""What can go wrong, said so that a person can mend it.

::

    GeoError
    ├── LayerError      a layer or a user's own file does not hold what it must
    ├── FactsError      a facts table does not hold what it must
    ├── ScenarioError   a scenario asks for what cannot be
    ├── ModelError      the model cannot answer: data or parameters out of bounds
    ├── StoreError      saved work cannot be read or written
    └── ExportError     a map, table or report cannot be written

Every kind carries all faults found at once. A fault names a text in ``geo/words`` and the values that
fill it, so the same error reads in English and in Chinese.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ExportError",
    "FactsError",
    "Fault",
    "GeoError",
    "LayerError",
    "ModelError",
    "ScenarioError",
    "StoreError",
]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Parameters
    ----------
    code
        Key below ``error`` in the words: ``error.<code>.what`` and ``error.<code>.remedy``.
    where
        File, row and field, as far as known; a path, not prose.
    values
        What fills the placeholders of both texts.
    """

    code: str
    where: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def what(self, language: str = "en") -> str:
        """Return what is wrong, in words."""
        return say(f"error.{self.code}.what", language, **self.values)

    def remedy(self, language: str = "en") -> str:
        """Return what to do about it, in words."""
        return say(f"error.{self.code}.remedy", language, **self.values)

    def text(self, language: str = "en") -> str:
        """Return where, what and the remedy in one line."""
        head = f"{self.where}: " if self.where else ""
        joiner = "" if language == "zh" else " "
        return f"{head}{self.what(language)}{joiner}{self.remedy(language)}"


class GeoError(Exception):
    """Base of every error of this package.

    Parameters
    ----------
    faults
        One fault, or all that were found; never empty.
    """

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        if not self.faults:
            raise ValueError("an error without a fault")
        super().__init__(self.text("en"))

    def __reduce__(self) -> tuple[type[GeoError], tuple[tuple[Fault, ...]]]:
        """Return how it is made again: errors pass between processes."""
        return type(self), (self.faults,)

    def text(self, language: str = "en") -> str:
        """Return every fault, one a line."""
        return "\n".join(fault.text(language) for fault in self.faults)


class LayerError(GeoError):
    """A layer or a user's own file does not hold what it must."""


class FactsError(GeoError):
    """A facts table does not hold what it must."""


class ScenarioError(GeoError):
    """A scenario asks for what cannot be."""


class ModelError(GeoError):
    """The model cannot answer: data or parameters are out of bounds."""


class StoreError(GeoError):
    """Saved work cannot be read or written."""


class ExportError(GeoError):
    """A map, table or report cannot be written."""

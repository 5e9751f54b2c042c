"""Which data and which version of the model numbers come of: told apart, and kept as one short text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geo.model.result import MODEL_VERSION

if TYPE_CHECKING:
    from geo.region import Region

__all__ = ["Edition"]

_KEPT: Final = 59  # digits of the hash: with the version before it the text has 64 letters at most
_TEXT = re.compile(r"m(\d{1,3})-([0-9a-f]{59})", re.ASCII)
_DATA = re.compile(r"[0-9a-f]{59,64}", re.ASCII)


@dataclass(frozen=True)
class Edition:
    """What numbers come of.

    Parameters
    ----------
    data
        First 59 digits of the hash of the layers; empty where it is not known.
    model
        :data:`geo.model.result.MODEL_VERSION`; None where it is not known.
    """

    data: str
    model: int | None

    @classmethod
    def here(cls, region: Region) -> Edition:
        """Return what numbers of a region come of now."""
        return cls(region.content_hash[:_KEPT], MODEL_VERSION)

    @classmethod
    def read(cls, text: str) -> Edition:
        """Return what a text says; scenarios kept before 2026-11-26 name the data alone.

        What no edition is written like is taken for data that nobody has.
        """
        written = _TEXT.fullmatch(text)
        if written:
            return cls(written[2], int(written[1]))
        return cls(text[:_KEPT] if _DATA.fullmatch(text) else text, None)

    @property
    def text(self) -> str:
        """Return the text that :meth:`read` reads, of 64 letters at most."""
        return self.data if self.model is None else f"m{self.model}-{self.data}"

    def differs(self, other: Edition) -> tuple[str, ...]:
        """Return what is not the same, ``data`` or ``model``; an unknown version differs from none."""
        known = self.model is not None and other.model is not None
        return tuple(
            name
            for name, differ in (
                ("data", self.data != other.data),
                ("model", known and self.model != other.model),
            )
            if differ
        )

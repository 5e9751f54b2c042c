"""What checking a user's file returns: all that is wrong, and what may be done about it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from geo.errors import Fault
from geo.words import say

__all__ = ["COORDINATE_FAULTS", "MAX_LISTED", "Findings", "LayerReport", "Suggestion", "shown"]

MAX_LISTED: Final = 100  # faults of one kind that are listed; the rest are counted
_MAX_SHOWN: Final = 80  # characters of a user's value repeated in a message

# Faults of the coordinate system as a whole: what `convert` can mend once the reader agrees.
COORDINATE_FAULTS: Final = frozenset(
    {
        "userlayer.all_swapped",
        "userlayer.gcj02",
        "userlayer.bd09",
        "userlayer.gcj02_declared",
        "userlayer.bd09_declared",
        "userlayer.projected",
        "userlayer.projected_unknown",
        "userlayer.other_datum",
        "userlayer.says_otherwise",
    }
)


def shown(value: Any) -> str:
    """Return a user's value as short text without control characters, safe to print in a terminal."""
    text = str(value)[: _MAX_SHOWN + 1]
    text = "".join("\ufffd" if unicodedata.category(sign)[0] == "C" else sign for sign in text)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


@dataclass(frozen=True)
class Suggestion:
    """A coordinate system that explains the file better than WGS84 does.

    Attributes
    ----------
    system
        ``"GCJ-02"``, ``"BD-09"``, ``"WGS84/swapped"``, ``"EPSG:32650"`` ...; what :func:`convert` takes.
    sure
        ``"certain"``, ``"likely"``, ``"declared"`` or ``"unknown"``.
    error_m
        Largest error of converting this file's own points there and back, in metres; the accuracy of the
        datum shift itself, where known, is ``accuracy_m``.
    fitting, tested
        Features that this system explains better than the runner-up, of those where the two differ.
    """

    system: str
    sure: str
    error_m: float = 0.0
    accuracy_m: float | None = None
    fitting: int = 0
    tested: int = 0


@dataclass(frozen=True)
class LayerReport:
    """All that was found in one file.

    Attributes
    ----------
    name
        The file's name, cleaned for display.
    kind
        ``geojson``, ``geopackage``, ``shapefile``, ``csv`` or ``unknown``; by content, not by extension.
    count
        Features read.
    crs
        The coordinate system taken: ``WGS84``, ``GCJ-02``, ``EPSG:32650`` ..., or ``unknown``.
    sure
        How sure that is: ``certain``, ``likely``, ``declared`` or ``unknown``.
    faults, warnings
        What must be mended, and what a reader should know.
    suggestion
        A coordinate system to convert from, when it is not WGS84.
    candidates
        Systems between which the file does not decide.
    geometry
        Number of features of each geometry type.
    frame
        The layer (GeoDataFrame, EPSG:4326) when there is no fault, else None.
    """

    name: str
    kind: str
    count: int
    crs: str
    sure: str
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()
    suggestion: Suggestion | None = None
    candidates: tuple[str, ...] = ()
    geometry: dict[str, int] = field(default_factory=dict)
    frame: Any = field(default=None, repr=False, compare=False)
    unconverted: Any = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the layer can be shown as it is."""
        return not self.faults

    @property
    def convertible(self) -> bool:
        """Whether only its coordinate system stands between this file and the map."""
        return self.unconverted is not None and all(one.code in COORDINATE_FAULTS for one in self.faults)

    def text(self, language: str = "en") -> str:
        """Return the whole report in words, one finding a line; plain text, never HTML."""
        kind = say(f"userlayer.kind.{self.kind}", language)
        sure = say(f"userlayer.sure.{self.sure}", language)
        crs = say("userlayer.unknown_crs", language) if self.crs == "unknown" else self.crs
        verdict = say(f"userlayer.{'accepted' if self.ok else 'refused'}", language, faults=len(self.faults))
        head = say(
            "userlayer.head", language, name=self.name, kind=kind, count=self.count, crs=crs, sure=sure
        )
        lines = [head, verdict]
        for key, found in (("fault", self.faults), ("warning", self.warnings)):
            mark = say(f"userlayer.{key}", language)
            lines += [f"  {mark} {one.text(language)}" for one in found]
        return "\n".join(lines)


class Findings:
    """Gathers faults and warnings; of each kind the first :data:`MAX_LISTED` are kept, the rest counted."""

    def __init__(self, name: str) -> None:
        self.name = shown(name)
        self._found: dict[bool, list[Fault]] = {True: [], False: []}
        self._counts: Counter[str] = Counter()

    def _add(self, code: str, row: int | None, part: str, *, grave: bool, values: dict[str, Any]) -> None:
        code = f"userlayer.{code}"
        self._counts[code] += 1
        if self._counts[code] > MAX_LISTED:
            return
        where = self.name + ("" if row is None else f"[{row}]") + (f".{shown(part)}" if part else "")
        clean = {key: shown(value) if isinstance(value, str) else value for key, value in values.items()}
        self._found[grave].append(Fault(code, where, clean))

    def fault(self, code: str, row: int | None = None, part: str = "", **values: Any) -> None:
        """Note what must be mended."""
        self._add(code, row, part, grave=True, values=values)

    def warn(self, code: str, row: int | None = None, part: str = "", **values: Any) -> None:
        """Note what a reader should know."""
        self._add(code, row, part, grave=False, values=values)

    @property
    def any_fault(self) -> bool:
        """Whether something must be mended."""
        return bool(self._found[True])

    def _close(self, *, grave: bool) -> tuple[Fault, ...]:
        found = self._found[grave]
        more = [
            Fault("userlayer.more", self.name, {"count": self._counts[code] - MAX_LISTED, "example": where})
            for code, where in {one.code: one.where for one in found}.items()
            if self._counts[code] > MAX_LISTED
        ]
        return (*found, *more)

    def faults(self) -> tuple[Fault, ...]:
        """Return what must be mended, in the order found."""
        return self._close(grave=True)

    def warnings(self) -> tuple[Fault, ...]:
        """Return what a reader should know, in the order found."""
        return self._close(grave=False)

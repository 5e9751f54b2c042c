"""Decides in which coordinate system a file lies, and says how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.userlayers.datum import SHIFTED
from geo.userlayers.report import Findings, Suggestion
from geo.userlayers.rows import named_datum
from geo.userlayers.systems import (
    DATUMS,
    Choice,
    Evidence,
    accuracy_m,
    centres,
    choose,
    equals_wgs84,
    fitting_projections,
    parse_crs,
    round_trip_m,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.userlayers.reference import Reference

__all__ = ["Verdict", "locate"]

Mask = NDArray[np.bool_]

_FAULT: Final = {"GCJ-02": "gcj02", "BD-09": "bd09"}
_HALF_TURN: Final = 180.0
_POLE: Final = 90.0


@dataclass(frozen=True)
class Verdict:
    """The system taken, how sure it is, and what to convert from if it is not WGS84.

    ``system`` is ``unknown`` when several fit or none does.
    """

    system: str
    sure: str
    suggestion: Suggestion | None = None
    candidates: tuple[str, ...] = ()


def _kinds(shapes: NDArray[np.object_], known: Reference) -> tuple[Mask, Mask, Mask]:
    """Return which rows have their axes swapped, are in metres, or are beyond any degree."""
    left, low, right, high = shapely.bounds(shapes).reshape(-1, 4).T
    west, south, east, north = known.wide_box()
    x, y = centres(shapes)
    swapped = (y > west) & (y < east) & (x > south) & (x < north)
    wide = np.maximum(np.maximum(abs(left), abs(right)), np.maximum(abs(low), abs(high)))
    metres = wide > 2 * _HALF_TURN
    beyond = (
        (np.maximum(abs(left), abs(right)) > _HALF_TURN) | (np.maximum(abs(low), abs(high)) > _POLE)
    ) & ~metres
    return swapped, metres, beyond & ~swapped


def _suggest(evidence: Evidence, system: str, sure: str, choice: Choice | None = None) -> Suggestion:
    return Suggestion(
        system=system,
        sure=sure,
        error_m=round_trip_m(evidence.shapes, system),
        accuracy_m=accuracy_m(system),
        fitting=choice.fitting if choice else 0,
        tested=choice.tested if choice else 0,
    )


def _error(suggestion: Suggestion) -> str:
    return f"{suggestion.error_m:.2g}"


def _datum(
    evidence: Evidence, declared: str | None, known: Reference, find: Findings, suffix: str
) -> Verdict:
    """Choose among WGS84, GCJ-02 and BD-09; what cannot be known is said."""
    choice = choose(evidence, known, [datum + suffix for datum in DATUMS])
    system = choice.system.removesuffix(suffix) if suffix else choice.system
    if choice.sure == "certain" and declared is not None and declared != system:
        votes = {"fitting": choice.fitting, "tested": choice.tested}
        find.fault("says_otherwise", None, "", declared=declared, found=system, **votes)
        return Verdict(choice.system, "certain", _suggest(evidence, choice.system, "certain", choice))
    if choice.sure != "certain" and declared is not None:
        choice = Choice(declared + suffix, "declared", choice.fitting, choice.tested)
        system = declared
    if choice.sure == "unknown":
        find.warn("datum_unknown")
        return Verdict("WGS84" + suffix, "unknown", candidates=DATUMS)
    if system in SHIFTED:
        return _shifted(evidence, system, choice, find)
    return Verdict(choice.system, choice.sure)


def _shifted(evidence: Evidence, system: str, choice: Choice, find: Findings) -> Verdict:
    """Say that the file lies in a shifted datum; only likely ones may still be shown as they are."""
    suggestion = _suggest(evidence, choice.system, choice.sure, choice)
    values = {"fitting": choice.fitting, "tested": choice.tested, "error": _error(suggestion)}
    if choice.sure == "likely":
        find.warn("likely_shifted", None, "", datum=system, **values)
        return Verdict("WGS84" + choice.system.removeprefix(system), "likely", suggestion)
    if choice.sure == "declared":
        find.fault(f"{_FAULT[system]}_declared", None, "", error=values["error"])
    else:
        find.fault(_FAULT[system], None, "", **values)
    return Verdict(choice.system, choice.sure, suggestion)


def _metres(evidence: Evidence, known: Reference, find: Findings) -> Verdict:
    """Name the projected system of a file that declares none; several may fit."""
    fitting = fitting_projections(evidence.shapes, known)
    if not fitting:
        find.fault("metres_unknown")
        return Verdict("unknown", "unknown")
    choice = choose(evidence, known, fitting)
    if len(fitting) == 1:
        choice = Choice(fitting[0], "likely", 0, 0)
    if choice.sure == "unknown":
        find.fault("projected_unknown", None, "", systems=", ".join(map(named, fitting)))
        return Verdict("unknown", "unknown", candidates=fitting)
    suggestion = _suggest(evidence, choice.system, choice.sure, choice)
    find.fault("projected", None, "", system=named(choice.system), error=_error(suggestion))
    return Verdict(choice.system, choice.sure, suggestion, fitting)


def named(system: str) -> str:
    """Return a projected system's code and registered name."""
    base = system.removesuffix("/swapped")
    crs = parse_crs(base)
    order = " (y, x)" if base != system else ""
    return f"{base} {crs.name}{order}" if crs and base.startswith("EPSG:") else crs.name if crs else base


def _foreign(declared: str, evidence: Evidence, find: Findings) -> Verdict | None:
    """Judge a declared CRS that is not WGS84; None when it is, or is one of the shifted datums by name."""
    crs = parse_crs(declared)
    if crs is None:
        find.fault("unknown_crs", None, "crs", value=declared)
        return Verdict("unknown", "unknown")
    if equals_wgs84(crs):
        return None
    if not (crs.is_projected or crs.is_geographic):
        find.fault("unknown_crs", None, "crs", value=crs.name)
        return Verdict("unknown", "unknown")
    code = crs.to_epsg()
    system = f"EPSG:{code}" if code else declared
    suggestion = _suggest(evidence, system, "declared")
    if not np.isfinite(suggestion.error_m):
        find.fault("metres_unknown")
        return Verdict("unknown", "unknown")
    accuracy = "–" if suggestion.accuracy_m is None else f"{suggestion.accuracy_m:.2g}"
    kind = "projected" if crs.is_projected else "other_datum"
    find.fault(kind, None, "crs", system=named(system), error=_error(suggestion), accuracy=accuracy)
    return Verdict(system, "declared", suggestion)


def _declared_datum(declared: str | None) -> str | None:
    """Return the one of :data:`DATUMS` that the file declares, if it does."""
    if declared is None or declared in DATUMS:
        return declared
    crs = parse_crs(declared)
    if crs is None:
        return named_datum(declared)
    by_name = named_datum(crs.name)
    return by_name if by_name in SHIFTED else "WGS84" if equals_wgs84(crs) else None


def locate(
    evidence: Evidence, numbers: Sequence[int], declared: str | None, known: Reference, find: Findings
) -> Verdict:
    """Return the coordinate system of the rows in ``evidence``; what is wrong goes to ``find``.

    Parameters
    ----------
    evidence
        Rows that have a geometry, in the file's own coordinates.
    numbers
        How a person counts these rows.
    declared
        What the file says of its coordinates: a datum, ``EPSG:n`` or a WKT; None if nothing.
    """
    if not len(evidence.shapes):
        return Verdict("unknown", "unknown")
    datum = _declared_datum(declared)
    if datum is None and declared is not None:
        verdict = _foreign(declared, evidence, find)
        if verdict is not None:
            return verdict
    swapped, metres, beyond = _kinds(evidence.shapes, known)
    if metres.all():
        return _metres(evidence, known, find)
    if swapped.all():
        find.fault("all_swapped")
        verdict = _datum(evidence, datum, known, find, "/swapped")
        return verdict if verdict.suggestion else _swapped(verdict, evidence)
    for code, mask in (("swapped", swapped), ("metres", metres), ("out_of_range", beyond)):
        for at in np.flatnonzero(mask):
            find.fault(code, numbers[int(at)], "geometry")
    if (swapped | metres | beyond).any():
        return Verdict("unknown", "unknown")
    return _datum(evidence, datum, known, find, "")


def _swapped(verdict: Verdict, evidence: Evidence) -> Verdict:
    suggestion = _suggest(evidence, verdict.system, "certain")
    return Verdict(verdict.system, verdict.sure, suggestion, verdict.candidates)

"""Ready scenarios: what has moved by now, what is announced, and an empty one.

Built from the layer of institutions. A row without a known county at either end is not guessed at: it
is left out, with the reason, see :func:`preset_skipped`. The baseline is the census of November 2020, so
what had moved by then does not move again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from geo.scenario import FIRST_YEAR, Move, Scenario
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.region import Region

__all__ = ["PRESETS", "Skipped", "preset", "preset_skipped"]

PRESETS = ("announced", "moved", "empty")

# Facts were gathered up to this year: what has no opening date by then opens later.
FACTS_YEAR = 2026
# Years from announcement to opening, where no opening is published (historical_relocations.csv):
# universities 5 (film academy) to 10 (Renmin), hospitals 5 (pkuph) to 7 (Anzhen), head offices 3.3
# (China Satellite Network) to 5 (Sinochem).
LEAD_YEARS = {"university": 7, "hospital": 6}
LEAD_OTHERS = 4
# Years from opening to completion: campuses fill by yearly intake; offices move within a year or two.
FILL_YEARS = {"university": 4, "hospital": 2, "state_enterprise": 2, "financial": 2}
# New branch of a hospital that stays: central beds given up for each new bed (licence condition of
# PKU People's Hospital in Tongzhou, 300 for 800; historical_relocations.csv, pkuph_tz).
BED_RULE = 0.375
# New campus of a school or university that keeps its old one: our assumption, none is published.
CAMPUS_SHARE = 0.5

# Universities and hospitals of which the whole moves (notes: "whole move", "whole-school move").
_WHOLE = frozenset({"ccmu", "kouqiang"})
# Only departments moved and nothing is counted.
_NO_SIZE = frozenset({"pku_cp", "cau", "cupes"})
# First phase open by now, of the capacity in the layer (beds; dest_capacity_unit "phase 1").
_OPEN_BEDS = {"xuanwu": 600}


@dataclass(frozen=True)
class Skipped:
    """An institution that a ready scenario leaves out.

    Parameters
    ----------
    id
        Institution.
    reason
        Key of a text below ``preset.reason``.
    parent
        The institution it is part of, if that is the reason.
    """

    id: str
    reason: str
    parent: str = ""

    def text(self, language: str = "en") -> str:
        """Return the reason in words."""
        return say(f"preset.reason.{self.reason}", language, parent=self.parent)


def preset(name: str, region: Region, language: str = "en") -> Scenario:
    """Return a ready scenario.

    Parameters
    ----------
    name
        One of ``PRESETS``.
    region
        Its institutions are the source.
    language
        Language of the name and the notes.

    Raises
    ------
    KeyError
        If there is no such scenario.
    """
    if name not in PRESETS:
        raise KeyError(name)
    moves, _ = _built(region, name, language)
    return Scenario(
        name=say(f"preset.{name}.name", language), note=say(f"preset.{name}.help", language), moves=moves
    )


def preset_skipped(region: Region, name: str = "announced") -> tuple[Skipped, ...]:
    """Return what a ready scenario leaves out, and why."""
    return _built(region, name, "en")[1]


_STATUSES: Mapping[str, frozenset[str]] = {
    "moved": frozenset({"moved"}),
    "announced": frozenset({"moved", "under_construction", "announced"}),
    "empty": frozenset(),
}


@cache
def _built(region: Region, name: str, language: str) -> tuple[tuple[Move, ...], tuple[Skipped, ...]]:
    table = region.institutions
    moves, skipped = [], []
    for row in table[table["institution_status"].isin(_STATUSES[name])].to_dict("records"):
        reason = _reason(row)
        if reason:
            skipped.append(Skipped(str(row["id"]), reason, _text(row, "part_of")))
        else:
            moves.append(_move(row, language))
    moves.sort(key=lambda move: (move.start, move.institution or ""))
    return tuple(moves), tuple(skipped)


def _reason(row: Mapping[Any, Any]) -> str:
    opened = _whole_number(row, "opened_year")
    checks = {
        "group": bool(row["group_row"]),
        "part": bool(_text(row, "part_of")),
        "baseline": row["institution_status"] == "moved" and (opened is None or opened <= FIRST_YEAR),
        "no_destination": not _text(row, "dest_code"),
        "no_origin": not _text(row, "county_code"),
        "no_size": row["id"] in _NO_SIZE,
    }
    return next((reason for reason, holds in checks.items() if holds), "")


def _move(row: Mapping[Any, Any], language: str) -> Move:
    notes: list[str] = []
    start = _start(row, notes, language)
    sizes = _sizes(row, notes, language)
    if pd.isna(row["employees"]) and "posts" not in sizes:
        sizes["class_default"] = True
        notes.append(say("preset.note.class_default", language))
    return Move(
        institution=str(row["id"]),
        destination=_text(row, "dest_code"),
        start=start,
        years=_years(row),
        note=("" if language == "zh" else " ").join(notes),
        **sizes,
    )


def _years(row: Mapping[Any, Any]) -> int:
    """Return years to completion: what is published as moved was counted in the year of opening."""
    kind = str(row["kind"])
    filling = row["institution_status"] != "moved" or (kind == "university" and pd.isna(row["moved_so_far"]))
    return FILL_YEARS.get(kind, 1) if filling else 1


def _start(row: Mapping[Any, Any], notes: list[str], language: str) -> int:
    known = _whole_number(row, "opened_year") or _whole_number(row, "expected_open")
    if known is not None:
        return known
    kind = str(row["kind"])
    announced = _whole_number(row, "announced_year") or FACTS_YEAR
    start = max(announced + LEAD_YEARS.get(kind, LEAD_OTHERS), FACTS_YEAR + 1)
    notes.append(say("preset.note.lead", language, start=start))
    return start


def _sizes(row: Mapping[Any, Any], notes: list[str], language: str) -> dict[str, Any]:
    """Return share, students and beds of a move; what is not stated is the institution's own number."""
    kind, moved = str(row["kind"]), _whole_number(row, "moved_so_far")
    if kind == "hospital" and row["id"] not in _WHOLE:
        return _branch(row, notes, language)
    if kind == "university" and moved is not None and row["id"] not in _WHOLE:
        values = {"year": _whole_number(row, "opened_year")}
        notes.append(say("preset.note.moved_so_far", language, **values))
        return {"students": moved}
    if kind not in {"university", "school"} or row["id"] in _WHOLE:
        notes.append(say("preset.note.whole", language))
        return {}
    notes.append(say("preset.note.campus_share", language, percent=round(100 * CAMPUS_SHARE)))
    capacity = _whole_number(row, "dest_capacity")
    if pd.isna(row["students"]) and capacity is not None:
        notes.append(say("preset.note.capacity", language, capacity=capacity))
        return {"share": CAMPUS_SHARE, "students": capacity}
    return {"share": CAMPUS_SHARE}


def _branch(row: Mapping[Any, Any], notes: list[str], language: str) -> dict[str, Any]:
    """Return the part of a hospital that a new branch takes from it, by the bed rule."""
    capacity = _OPEN_BEDS.get(str(row["id"])) or _whole_number(row, "dest_capacity")
    own = _whole_number(row, "beds")
    if capacity is None:
        notes.append(say("preset.note.campus_share", language, percent=round(100 * CAMPUS_SHARE)))
        return {"share": CAMPUS_SHARE}
    notes.append(say("preset.note.bed_rule", language, capacity=capacity))
    beds = round(BED_RULE * capacity)
    if own is not None and pd.notna(row["employees"]):
        return {"share": round(min(1.0, beds / own), 4)}
    return {"beds": beds if own is None else min(beds, own)}


def _text(row: Mapping[Any, Any], field: str) -> str:
    value = row.get(field)
    return value if isinstance(value, str) else ""


def _whole_number(row: Mapping[Any, Any], field: str) -> int | None:
    value = row.get(field)
    return None if value is None or pd.isna(value) else int(value)

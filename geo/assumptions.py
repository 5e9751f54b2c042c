"""Every assumption a scenario may override, each declared once.

The check of a scenario, the widget in the app and the row in the documentation derive from
:data:`ASSUMPTIONS`. A scenario stores only what it overrides. To add assumptions, extend the tuple.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from math import isfinite
from typing import Any

from pydantic import ConfigDict, RootModel, ValidationInfo, field_validator, model_serializer

from geo.errors import Fault, ScenarioError
from geo.words import say

__all__ = ["ASSUMPTIONS", "KINDS", "AssumptionSpec", "Assumptions", "shown", "spec_of"]

KINDS = (
    "government",
    "state_enterprise",
    "financial",
    "university",
    "research_institute",
    "school",
    "hospital",
    "industrial_plant",
    "market_wholesale",
)


@dataclass(frozen=True)
class AssumptionSpec:
    """One assumption.

    Parameters
    ----------
    family
        What is assumed; words at ``assumption.<family>.name`` and ``.help``.
    default
        Value used unless a scenario overrides it.
    low, high
        Smallest and largest value that makes sense; outside it a scenario is refused.
    likely
        Range that the sources support; an ensemble draws from it.
    unit
        Key of a text in ``unit``.
    status
        sourced, derived or assumption.
    source
        Where the default comes from.
    kind
        Class of institution that it is about; empty if it is about all.
    symbol
        Row of ``layers/facts/parameters.csv`` that it takes its default from; empty if none.
    """

    family: str
    default: float
    low: float
    high: float
    likely: tuple[float, float]
    unit: str
    status: str
    source: str
    kind: str = ""
    symbol: str = ""

    @property
    def id(self) -> str:
        """Return the key under which a scenario overrides it: ``home_share.university``."""
        return f"{self.family}.{self.kind}" if self.kind else self.family

    def name(self, language: str = "en") -> str:
        """Return its name in words, with the class of institution."""
        base = say(f"assumption.{self.family}.name", language)
        return f"{base} · {say(f'kind.{self.kind}', language)}" if self.kind else base

    def help(self, language: str = "en") -> str:
        """Return what it means, in words."""
        return say(f"assumption.{self.family}.help", language)


_CENSUS = "county_profile_2020.csv: residents per household of Beijing's six central districts"
_LIST = "institutions.csv: median of the institutions of this class with a known number"
_OURS = "our assumption: no published head-count of this class was found"
_MOVE = "parameters.csv, m_move: beta(7, 3), Lyons and Sejong practice"

# Posts of one institution of a class without a number of its own: default, likely range, status, source.
_POSTS: Mapping[str, tuple[float, tuple[float, float], str, str]] = {
    "government": (314, (286, 343), "derived", "institutions.csv: staff per department of bjgov1 and bjgov2"),
    "state_enterprise": (1000, (500, 2000), "derived", _LIST),
    "financial": (1000, (500, 3000), "assumption", _OURS + "; as for a state enterprise"),
    "university": (2044, (1272, 6150), "derived", _LIST),
    "research_institute": (500, (200, 2000), "assumption", _OURS),
    "school": (200, (50, 400), "assumption", _OURS),
    "hospital": (2800, (2300, 5000), "derived", _LIST),
    "industrial_plant": (1000, (200, 6000), "assumption", _OURS),
    "market_wholesale": (
        2667,
        (2000, 3333),
        "derived",
        "institutions.csv: workers per market, zoo and dahongmen",
    ),
}


def _by_class() -> Iterator[AssumptionSpec]:
    for kind in KINDS:
        default, likely, status, source = _POSTS[kind]
        yield AssumptionSpec("posts", default, 1, 1e6, likely, "jobs", status, source, kind)
    for kind in KINDS:
        yield AssumptionSpec(
            "home_share", 0.7, 0, 1, (0.45, 0.90), "ratio", "assumption", _MOVE, kind, "m_move"
        )
    for kind in KINDS:
        yield AssumptionSpec("family_size", 2.5, 1, 8, (2.0, 3.0), "persons", "derived", _CENSUS, kind)


ASSUMPTIONS: tuple[AssumptionSpec, ...] = (
    *_by_class(),
    AssumptionSpec(
        "students", 25138, 0, 1e6, (14623, 39666), "places", "derived", _LIST, "university"
    ),
    AssumptionSpec("students", 1000, 0, 1e5, (300, 3000), "places", "assumption", _OURS, "school"),
    AssumptionSpec("beds", 1100, 0, 1e5, (403, 1836), "bed", "derived", _LIST, "hospital"),
    AssumptionSpec(
        "posts_per_student", 0.115, 0, 2, (0.07, 0.155), "ratio", "derived",
        "institutions.csv: median staff per student of the universities with both numbers", "university",
    ),
    AssumptionSpec(
        "posts_per_bed", 2.23, 0, 10, (1.6, 3.0), "ratio", "derived",
        "institutions.csv: median staff per bed of the hospitals with both numbers", "hospital",
    ),
    AssumptionSpec(
        "student_residents", 1.0, 0, 1, (0.8, 1.0), "ratio", "assumption",
        "parameters.csv, omega_st: yearbooks", "university", "omega_st; spend_st",
    ),
    AssumptionSpec(
        "day_limit", 105, 30, 240, (90, 120), "minutes", "assumption",
        "commuting_facts.csv: commutes across Beijing's border usually take 1.5 to 2 hours; its middle",
    ),
    AssumptionSpec(
        "ramp_steepness", 6, 0, 20, (0, 10), "index", "assumption",
        "our assumption: slow start and end; 0 is a straight line",
    ),
)  # fmt: skip

_BY_ID: Mapping[str, AssumptionSpec] = {spec.id: spec for spec in ASSUMPTIONS}


def spec_of(key: str) -> AssumptionSpec:
    """Return the declaration of ``key``.

    Raises
    ------
    KeyError
        If nothing of that name is declared.
    """
    return _BY_ID[key]


def _fault(key: object, value: object) -> Fault | None:
    where = f"assumptions.{key}"
    spec = _BY_ID.get(str(key))
    if spec is None:
        near = get_close_matches(str(key), _BY_ID, n=3, cutoff=0.5) or sorted(
            {one.family for one in ASSUMPTIONS}
        )
        return Fault("scenario.unknown_assumption", where, {"key": str(key), "near": ", ".join(near)})
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return Fault("scenario.wrong_type", where, {"value": shown(value), "expected": "number"})
    if not spec.low <= value <= spec.high:
        return Fault("scenario.out_of_range", where, {"value": value, "low": spec.low, "high": spec.high})
    return None


def shown(value: object) -> str:
    """Return a value as an error message quotes it: its repr, cut to one line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Assumptions(RootModel[tuple[tuple[str, float], ...]]):
    """What a scenario assumes: its overrides, and the declared default of everything else.

    Read like a mapping: ``assumptions["day_limit"]``. Build from a mapping of overrides.
    """

    model_config = ConfigDict(frozen=True)
    root: tuple[tuple[str, float], ...] = ()

    @field_validator("root", mode="before")
    @classmethod
    def _ordered(cls, value: Any, _info: ValidationInfo) -> Any:
        pairs = value.items() if isinstance(value, Mapping) else value
        if not hasattr(pairs, "__iter__") or isinstance(pairs, str):
            fault = Fault("scenario.wrong_type", "assumptions", {"value": shown(value), "expected": "table"})
            raise ScenarioError(fault)
        pairs = tuple(pairs)
        found = [_fault(key, number) for key, number in pairs]
        faults = [fault for fault in found if fault is not None]
        if faults:
            raise ScenarioError(faults)
        return tuple(sorted((key, float(number)) for key, number in pairs))

    @model_serializer
    def _as_table(self) -> dict[str, float]:
        return dict(self.root)

    @cached_property
    def overrides(self) -> Mapping[str, float]:
        """Return only what differs from the declaration by being stated."""
        return dict(self.root)

    def __getitem__(self, key: str) -> float:
        """Return the value in force: the override, else the declared default."""
        return self.overrides.get(key, _BY_ID[key].default) if key in _BY_ID else self.overrides[key]

    def get(self, family: str, kind: str) -> float | None:
        """Return the value of ``family`` for a class of institution, or None if it has none."""
        key = f"{family}.{kind}"
        return self[key] if key in _BY_ID else None

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

__all__ = ["ASSUMPTIONS", "ASSUMPTION_GROUPS", "KINDS", "AssumptionSpec", "Assumptions", "shown", "spec_of"]

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

ASSUMPTION_GROUPS = ("moves", "floor_space", "economy", "adjustment", "roads", "environment")


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
    draw
        How an ensemble draws it: ``uniform`` over ``likely``; ``halves``, uniform on either side of the
        default, which is the median; or a distribution with its numbers, cut to ``low`` and ``high``:
        ``normal MEAN SD``, ``lognormal MEDIAN SD_OF_LOG``, ``beta A B``, ``triangular LOW MODE HIGH``.
    group
        One of ``ASSUMPTION_GROUPS``: what it is about.
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
    draw: str = "uniform"
    group: str = "moves"

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
        yield AssumptionSpec("posts", default, 1, 1e6, likely, "jobs", status, source, kind, draw="halves")
    for kind in KINDS:
        yield AssumptionSpec(
            "home_share", 0.7, 0, 1, (0.45, 0.90), "ratio", "assumption", _MOVE, kind, "m_move", "beta 7 3"
        )
    for kind in KINDS:
        yield AssumptionSpec("family_size", 2.5, 1, 8, (2.0, 3.0), "persons", "derived", _CENSUS, kind)


_ELASTICITIES = "parameters.csv"
_FITTED = "geo.model.multiplier: fitted to 0.7 private jobs per public job, published_effects.csv A14"
_FLOOR = "our assumption: usual office, campus and ward areas; no head-count of floor space was found"
_SPILLOVER = "parameters.csv, zG: universities and head offices 1, administration 0.2, others between"
_SCHEDULE = "xiongan_and_beijing_plan_facts.csv"

# Floor area of one post in m2 and its weight in the spillovers of density, by class; and their likely ranges.
_PER_POST: Mapping[str, tuple[float, tuple[float, float], float, tuple[float, float]]] = {
    "government": (40, (25, 60), 0.2, (0.0, 0.5)),
    "state_enterprise": (30, (20, 45), 1.0, (0.5, 1.0)),
    "financial": (30, (20, 45), 1.0, (0.5, 1.0)),
    "university": (100, (60, 250), 1.0, (0.5, 1.0)),
    "research_institute": (40, (25, 80), 1.0, (0.5, 1.0)),
    "school": (60, (40, 100), 0.5, (0.0, 1.0)),
    "hospital": (50, (35, 70), 0.5, (0.0, 1.0)),
    "industrial_plant": (60, (30, 120), 0.5, (0.0, 1.0)),
    "market_wholesale": (10, (7, 43), 0.5, (0.0, 1.0)),
}


def _of_posts() -> Iterator[AssumptionSpec]:
    markets = "historical_relocations.csv, zoo and xizhihe: floor area closed over workers"
    for kind in KINDS:
        area, likely, _, _ = _PER_POST[kind]
        status, source = ("derived", markets) if kind == "market_wholesale" else ("assumption", _FLOOR)
        yield AssumptionSpec(
            "floor_per_post", area, 0, 1000, likely, "m2", status, source, kind, group="floor_space"
        )
    for kind in KINDS:
        _, _, weight, likely = _PER_POST[kind]
        yield AssumptionSpec(
            "spillover_weight", weight, 0, 1, likely, "ratio", "assumption", _SPILLOVER, kind, "zG",
            group="economy",
        )  # fmt: skip


# Assumptions of the full model that are not of one class: family, default, low, high, likely, unit, status,
# source, symbol, draw.
_Row = tuple[str, float, float, float, tuple[float, float], str, str, str, str, str]
_OF_FLOOR: tuple[_Row, ...] = (
    ("floor_reuse", 0.7, 0, 1, (0.3, 1.0), "ratio", "assumption",
     "our assumption: share of the floor area left behind that finds a new user", "", "uniform"),
    ("floor_own", 1.0, 0, 1, (0.8, 1.0), "ratio", "assumption",
     "our assumption: the institutions that moved to Xiongan and Tongzhou moved into new buildings", "",
     "uniform"),
    ("floor_per_resident", 57.7, 20, 150, (46, 70), "m2", "derived",
     _SCHEDULE + ": Rongdong, 9,810,000 m2 for 170,000 persons, all uses", "", "uniform"),
    ("floor_homes", 1.0, 0, 3, (0.7, 1.3), "ratio", "assumption",
     "our assumption: places that receive institutions build for their staff, as Rongdong was built", "",
     "uniform"),
    ("xiongan_floor_per_year", 6.7e6, 0, 5e7, (5e6, 1.1e7), "m2", "derived",
     _SCHEDULE + ": 58.59 million m2 from April 2017 to the end of 2025; 8.29 in the last nine months", "",
     "uniform"),
    ("xiongan_floor_extra", 0, 0, 5e7, (0, 0), "m2", "assumption",
     "our assumption: nothing is built beyond what movers need", "", "uniform"),
    ("xiongan_price_cap", 1.3, 0.5, 10, (1.0, 1.6), "ratio", "assumption",
     "our assumption: homes in Xiongan are sold and let at set prices; no schedule was found", "", "uniform"),
    ("floor_elasticity_core", 0.2, 0, 10, (0.1, 0.4), "index", "sourced", _ELASTICITIES, "delta_H",
     "lognormal 0.2 0.5"),
    ("floor_elasticity", 0.6, 0, 10, (0.3, 1.1), "index", "sourced", _ELASTICITIES, "delta_H",
     "lognormal 0.6 0.5"),
    ("floor_elasticity_plain", 1.0, 0, 10, (0.5, 1.9), "index", "sourced", _ELASTICITIES, "delta_H",
     "lognormal 1.0 0.5"),
    ("floor_response", 2.54, 0.1, 10, (1.0, 3.0), "ratio", "derived", _FITTED, "", "lognormal 2.54 0.4"),
)  # fmt: skip
_OF_ECONOMY: tuple[_Row, ...] = (
    ("pay_premium", 1.3, 0.5, 3, (1.0, 1.6), "ratio", "assumption", _ELASTICITIES, "wG", "uniform"),
    ("procurement", 0.2, 0, 1, (0.05, 0.4), "ratio", "assumption", _ELASTICITIES, "procurement", "uniform"),
    ("student_spending", 0.35, 0, 1, (0.25, 0.5), "ratio", "assumption", _ELASTICITIES,
     "omega_st; spend_st", "uniform"),
    ("staff_elasticity", 3.0, 0.5, 10, (2.0, 6.0), "index", "assumption",
     "our assumption: staff react less to costs than private workers, whose shape is 4.5", "", "uniform"),
    ("frechet_shape", 4.5, 3, 7, (3.3, 6.2), "index", "sourced", _ELASTICITIES, "eps", "lognormal 4.5 0.25"),
    ("housing_share", 0.25, 0.05, 0.6, (0.20, 0.35), "ratio", "sourced", _ELASTICITIES, "aH", "uniform"),
    ("services_share", 0.625, 0.05, 0.9, (0.35, 0.65), "ratio", "derived", _FITTED, "", "uniform"),
    ("workplace_services", 0.463, 0, 1, (0.1, 0.5), "ratio", "derived", _FITTED, "", "uniform"),
    ("labour_share", 0.8, 0.5, 1, (0.75, 0.90), "ratio", "sourced", _ELASTICITIES, "bT; bS", "uniform"),
    ("trade_substitution", 4, 1.5, 12, (3, 6), "index", "sourced", _ELASTICITIES, "sigma_T", "uniform"),
    ("trade_distance", 0.42, 0.05, 2, (0.34, 0.50), "index", "sourced", _ELASTICITIES,
     "psi", "normal 0.42 0.06"),
    ("services_substitution", 4, 1.5, 12, (3, 6), "index", "assumption", _ELASTICITIES, "sigma_S; decay_S",
     "uniform"),
    ("services_km", 12, 2, 60, (7, 20), "km", "assumption", _ELASTICITIES, "sigma_S; decay_S",
     "lognormal 12 0.4"),
    ("import_share", 0.3, 0.05, 0.9, (0.2, 0.5), "ratio", "assumption",
     "our assumption: no input-output table between the region and the rest of China is in the facts", "",
     "uniform"),
    ("productivity_density", 0.06, 0, 0.15, (0.02, 0.10), "index", "sourced", _ELASTICITIES, "nu",
     "normal 0.06 0.025"),
    ("productivity_decay", 0.02, 0.001, 1, (0.014, 0.03), "index", "sourced", _ELASTICITIES, "delta_A",
     "lognormal 0.02 0.3"),
    ("amenity_density", 0.05, -0.1, 0.2, (-0.05, 0.15), "index", "derived", _ELASTICITIES, "eta", "uniform"),
    ("amenity_beds", 0.01, 0, 0.1, (0.0, 0.03), "index", "assumption",
     "our assumption: no elasticity of amenity to hospital beds was found", "", "uniform"),
    ("amenity_school", 0.01, 0, 0.1, (0.0, 0.03), "index", "assumption",
     "our assumption: no elasticity of amenity to school places was found", "", "uniform"),
    ("open_elasticity", 1.5, 0, 10, (0.6, 2.4), "index", "unverified", _ELASTICITIES, "open",
     "triangular 0 1.5 3"),
)  # fmt: skip
_OF_TIME: tuple[_Row, ...] = (
    ("adjust_people", 0.08, 0.005, 1, (0.04, 0.15), "ratio", "unverified", _ELASTICITIES, "rho_R", "uniform"),
    ("adjust_floor", 0.12, 0.005, 1, (0.06, 0.20), "ratio", "assumption", _ELASTICITIES, "rho_H", "uniform"),
    ("adjust_productivity", 0.10, 0.005, 1, (0.05, 0.20), "ratio", "unverified", _ELASTICITIES, "rho_A",
     "uniform"),
)  # fmt: skip
_OF_ROADS: tuple[_Row, ...] = (
    ("congestion_response", 1.0, 0, 3, (0.5, 1.5), "ratio", "derived",
     "parameters.csv, delta1: 0.5 (0.2), relative to its mean; 1 is the roads as calibrated", "",
     "normal 1 0.4"),
)  # fmt: skip
_OF_AIR: tuple[_Row, ...] = (
    ("amenity_pm", 0.001, 0, 0.02, (0.0, 0.002), "index", "assumption",
     "our assumption: no elasticity of amenity to PM2.5 was found in the facts", "", "uniform"),
    ("traffic_follows", 0.25, 0, 1, (0.1, 0.4), "ratio", "assumption",
     "our assumption: freight and other trips do not follow commuters", "", "uniform"),
    ("road_pm_share", 0.30, 0.05, 0.6, (0.172, 0.373), "ratio", "sourced",
     "published_effects.csv, A33: Fang et al. 2016", "", "uniform"),
    ("receptor_power", 1.0, 0.2, 3, (0.7, 1.5), "index", "assumption",
     "our assumption: between a plume and a well-mixed basin", "", "lognormal 1 0.25"),
    ("emission_scale", 1.0, 0.1, 3, (0.7, 1.4), "ratio", "unverified", _ELASTICITIES, "", "lognormal 1 0.3"),
)  # fmt: skip


def _rows(rows: tuple[_Row, ...], group: str) -> Iterator[AssumptionSpec]:
    for family, default, low, high, likely, unit, status, source, symbol, draw in rows:
        yield AssumptionSpec(
            family, default, low, high, likely, unit, status, source, "", symbol, draw, group
        )


ASSUMPTIONS: tuple[AssumptionSpec, ...] = (
    *_by_class(),
    AssumptionSpec(
        "students", 25138, 0, 1e6, (14623, 39666), "places", "derived", _LIST, "university", draw="halves"
    ),
    AssumptionSpec(
        "students", 1000, 0, 1e5, (300, 3000), "places", "assumption", _OURS, "school", draw="halves"
    ),
    AssumptionSpec(
        "beds", 1100, 0, 1e5, (403, 1836), "bed", "derived", _LIST, "hospital", draw="halves"
    ),
    AssumptionSpec(
        "posts_per_student", 0.115, 0, 2, (0.07, 0.155), "ratio", "derived",
        "institutions.csv: median staff per student of the universities with both numbers", "university",
        draw="halves",
    ),
    AssumptionSpec(
        "posts_per_bed", 2.23, 0, 10, (1.6, 3.0), "ratio", "derived",
        "institutions.csv: median staff per bed of the hospitals with both numbers", "hospital",
        draw="halves",
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
        "our assumption: slow start and end; 0 is a straight line", group="adjustment",
    ),
    *_of_posts(),
    *_rows(_OF_FLOOR, "floor_space"),
    *_rows(_OF_ECONOMY, "economy"),
    *_rows(_OF_TIME, "adjustment"),
    *_rows(_OF_ROADS, "roads"),
    *_rows(_OF_AIR, "environment"),
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

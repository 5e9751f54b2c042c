"""Every number shown: its unit, status, source and formula, and the main effects in words.

Names and helps are at ``measure.<id>.name`` and ``.help`` in the words. Models add their measures with
:func:`register`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.model_measures import FULL, FULL_GROUPS
from geo.words import has, number, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geo.model.result import Outcome

__all__ = [
    "ADDED",
    "GROUPS",
    "MEASURES",
    "XIONGAN",
    "Effect",
    "Measure",
    "Said",
    "across",
    "in_group",
    "register",
    "summary",
]

XIONGAN = ("130629", "130632", "130638")
GROUPS = ("base", "moves", "people", "commuting", *FULL_GROUPS)
#: How numbers that add up over counties are put together, see :func:`across`.
ADDED: Final = "sum"
# Units of numbers that add up over counties; all others are means.
_ADD_UP: Final = frozenset(
    {
        *("jobs", "persons", "places", "bed", "family", "trips", "m2", "km2", "bn_cny"),
        *("vehicle_hours", "million_km", "mt_per_year", "kt_per_year"),
    }
)
# What a mean over counties is weighted by: a measure of the outcome, or a column of the counties, which no
# move changes. What is published by city gets the latter: people who move do not carry it along.
# A mean that is not listed here (a ratio, an index, a speed) is not formed for a group of counties.
_WEIGHTS: Final = {
    "density": "counties.area_km2",
    "floor_price": "floor_space",
    "gdp_per_head": "counties.population",
    "income_per_head": "population",
    "mean_minutes": "population",
    "pm25": "counties.population",
    "productivity": "jobs",
    "real_income": "population",
    "share_over_60": "population",
    "staff_minutes": "staff_daily",
    "wage": "jobs",
}


@dataclass(frozen=True)
class Measure:
    """One number by county and year.

    Parameters
    ----------
    id
        Key in an outcome and in the words.
    unit
        Key of a text in ``unit``.
    status
        Key of a text in ``status``: how sure a reader may be.
    source
        Where it comes from.
    group
        One of ``GROUPS``.
    scale
        ``sequential`` for levels, ``diverging`` around zero for changes.
    digits
        Decimals shown.
    formula
        How it is read from the region and the scenario, and what its regional number is.
    """

    id: str
    unit: str
    status: str
    source: str
    group: str
    scale: str
    digits: int
    formula: str

    def name(self, language: str = "en") -> str:
        """Return its name in words."""
        return say(f"measure.{self.id}.name", language)

    def help(self, language: str = "en") -> str:
        """Return what it is, in words."""
        return say(f"measure.{self.id}.help", language)

    def source_text(self, language: str = "en") -> str:
        """Return its source in words; the technical one where there are none."""
        key = f"measure.{self.id}.source"
        return say(key, language) if has(key, language) else self.source

    def formula_text(self, language: str = "en") -> str:
        """Return how it is made, in words; the technical formula where there are none."""
        key = f"measure.{self.id}.formula"
        return say(key, language) if has(key, language) else self.formula

    def unit_name(self, language: str = "en") -> str:
        """Return its unit in words."""
        return say(f"unit.{self.unit}", language)

    def text(self, value: float | None, language: str = "en", *, sign: bool = False) -> str:
        """Return a value as a reader of ``language`` writes it, without the unit."""
        return number(value, language, digits=self.digits, sign=sign)


MEASURES: dict[str, Measure] = {}


def register(*measures: Measure) -> None:
    """Add measures; an id is declared once.

    Raises
    ------
    ValueError
        If an id is declared already.
    """
    for measure in measures:
        if measure.id in MEASURES:
            raise ValueError(measure.id)
        MEASURES[measure.id] = measure


def across(measure: str, unit: str) -> str:
    """Return how a measure of this unit is put together over several counties.

    Returns
    -------
    str
        ``ADDED``, or what its mean is weighted by: a measure, or ``counties.<column>``; empty where no mean
        is formed.
    """
    return ADDED if unit in _ADD_UP else _WEIGHTS.get(measure, "")


def in_group(group: str, outcome: Outcome | None = None) -> tuple[Measure, ...]:
    """Return the measures of a group, in order of declaration; of an outcome if one is given."""
    return tuple(
        measure
        for measure in MEASURES.values()
        if measure.group == group and (outcome is None or measure.id in outcome.values)
    )


_CENSUS = "Census 2020-11-01, county_population_2020.csv"
_JOBS = "Census 2020, economic census 2023, district GDP; own estimate (geo.model.jobs)"
_MOVES = "The scenario"
_GRAVITY = "Doubly constrained gravity model fitted to published moments (geo.model.gravity)"

register(
    Measure(
        "population", "persons", "identified", _CENSUS, "base", "sequential", 0,
        "census residents + residents who move here - residents who leave",
    ),
    Measure(
        "density", "persons_per_km2", "identified", _CENSUS, "base", "sequential", 0, "population / area",
    ),
    Measure(
        "jobs", "jobs", "estimated", _JOBS, "base", "sequential", 0,
        "estimated jobs + posts gained - posts lost",
    ),
    Measure(
        "institutional_jobs", "jobs", "estimated", _JOBS, "base", "sequential", 0,
        "public administration, education, health and listed institutions + posts gained - posts lost",
    ),
    Measure(
        "gdp_per_head", "yuan", "sourced", "city_indicators.csv, gdp_per_capita; by city", "base",
        "sequential", 0,
        "published value of the city; level 0 does not change it",
    ),
    Measure(
        "pm25", "ug_m3", "assumption", "city_indicators.csv, pm25_annual_mean; by city, latest year", "base",
        "sequential", 0, "published value of the city; level 0 does not change it",
    ),
    Measure(
        "posts", "jobs", "input", _MOVES, "moves", "diverging", 0,
        "posts x share x ramp(year): + at the destination, - at the origin; region: posts that have moved",
    ),
    Measure(
        "students", "places", "input", _MOVES, "moves", "diverging", 0,
        "students x share x ramp(year), as posts; region: places that have moved",
    ),
    Measure(
        "beds", "bed", "input", _MOVES, "moves", "diverging", 0,
        "beds x share x ramp(year), as posts; region: beds that have moved",
    ),
    Measure(
        "staff_home", "persons", "assumption", _MOVES + "; home_share", "people", "diverging", 0,
        "moved posts x home_share: + in the destination county, - where the staff lived; region: staff who "
        "have moved home",
    ),
    Measure(
        "family", "family", "assumption", _MOVES + "; family_size", "people", "diverging", 0,
        "staff who move home x (family_size - 1), as staff_home; region: family members who have moved",
    ),
    Measure(
        "residents", "persons", "assumption", _MOVES + "; home_share, family_size", "people", "diverging", 0,
        "staff_home + family + students x student_residents; region: persons who have moved home",
    ),
    Measure(
        "staff_daily", "persons", "estimated", _GRAVITY, "commuting", "sequential", 0,
        "moved staff who keep their home in this county and travel every day: trip within day_limit",
    ),
    Measure(
        "staff_weekly", "persons", "estimated", _GRAVITY, "commuting", "sequential", 0,
        "moved staff who keep their home in this county and travel weekly: trip longer than day_limit",
    ),
    Measure(
        "staff_minutes", "minutes", "estimated", _GRAVITY, "commuting", "sequential", 0,
        "mean one-way minutes of staff_daily",
    ),
    Measure(
        "in_commuters", "trips", "estimated", _GRAVITY, "commuting", "sequential", 0,
        "workers here who live in another county and travel every day",
    ),
    Measure(
        "out_commuters", "trips", "estimated", _GRAVITY, "commuting", "sequential", 0,
        "residents here who work in another county and travel every day",
    ),
    Measure(
        "mean_minutes", "minutes", "estimated", _GRAVITY, "commuting", "sequential", 1,
        "mean one-way minutes of all daily commuters who live here; region: of all",
    ),
    Measure(
        "cross_commuters", "trips", "estimated", _GRAVITY, "commuting", "sequential", 0,
        "region only: daily commuters who cross a county border",
    ),
)  # fmt: skip

register(*(Measure(*row) for row in FULL))


# The first visit in three sentences -----------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """One number that a sentence says.

    Parameters
    ----------
    key
        Its placeholder in the sentence.
    measure, place, year
        What it is a number of; ``place`` is ``region``, ``beijing`` or ``xiongan``, or the counties where
        posts arrive (``gaining``) or leave (``losing``).
    kind
        ``value``; ``change`` against before; ``percent``, that change in percent of before; ``mean_percent``,
        the mean over counties of it, weighted by posts; ``count``, the number of moves.
    value
        The number, before rounding.
    digits, sign
        How it is written.
    """

    key: str
    measure: str
    place: str
    year: int
    kind: str
    value: float
    digits: int = 0
    sign: bool = False

    def text(self, language: str = "en") -> str:
        """Return it as the sentence writes it."""
        return number(self.value, language, digits=self.digits, sign=self.sign)


@dataclass(frozen=True)
class Effect:
    """One main effect in words.

    Parameters
    ----------
    text
        A sentence with its numbers.
    status
        Key of a text in ``status``.
    measure
        The measure to look at on the map.
    year
        The year it speaks of.
    numbers
        The numbers that the sentence says, in no order of importance.
    """

    text: str
    status: str
    measure: str
    year: int
    numbers: tuple[Said, ...] = ()


def summary(outcome: Outcome, language: str = "en", year: int | None = None) -> tuple[Effect, ...]:
    """Return the three main effects in words; one sentence if nothing moves.

    Parameters
    ----------
    year
        Year to speak of; by default the one in which the last move is complete.
    """
    moves = outcome.scenario.moves
    if not moves:
        year = int(outcome.years[-1]) if year is None else year
        return (Effect(say("summary.nothing", language), "input", "posts", year),)
    year = max(move.end for move in moves) if year is None else year
    tellers: tuple[Callable[[Outcome, int, str], Effect], ...] = (_posts, _people, _commuting)
    if outcome.model == "full":
        tellers = (_posts_and_people, _jobs_and_prices, _traffic)
    return tuple(tell(outcome, year, language) for tell in tellers)


def _told(key: str, language: str, effect: Effect, **more: str) -> Effect:
    """Return an effect with its sentence, filled with its numbers."""
    values = {one.key: one.text(language) for one in effect.numbers}
    return replace(effect, text=say(key, language, **{"year": effect.year, **values, **more}))


def _region(outcome: Outcome, measure: str, year: int, key: str = "", digits: int = 0) -> Said:
    value = float(outcome.regional[measure][outcome.position(year)])
    return Said(key or measure, measure, "region", year, "value", value, digits)


_HEADS = {"xiongan": XIONGAN, "beijing": ("11",)}


def _within(outcome: Outcome, measure: str, year: int, place: str) -> Said:
    inside = np.array([code.startswith(_HEADS[place]) for code in outcome.codes])
    change = float(outcome.change(measure, year)[inside].sum())
    return Said(place, measure, place, year, "change", change, sign=True)


def _count(outcome: Outcome, year: int) -> Said:
    return Said("moves", "posts", "region", year, "count", float(len(outcome.scenario.moves)))


def _crossing(outcome: Outcome, year: int) -> Said:
    before = float(np.nansum(outcome.before["out_commuters"]))
    change = float(outcome.regional["cross_commuters"][outcome.position(year)]) - before
    return Said("crossing", "cross_commuters", "region", year, "change", change, sign=True)


def _posts(outcome: Outcome, year: int, language: str) -> Effect:
    numbers = (
        _count(outcome, year),
        _region(outcome, "posts", year),
        _within(outcome, "posts", year, "beijing"),
        _within(outcome, "posts", year, "xiongan"),
    )
    return _told("summary.posts", language, Effect("", "input", "posts", year, numbers))


def _people(outcome: Outcome, year: int, language: str) -> Effect:
    students = _region(outcome, "students", year)
    numbers = (
        _region(outcome, "staff_home", year, "staff"),
        _region(outcome, "family", year),
        *((students,) if students.value >= 0.5 else ()),
        _within(outcome, "population", year, "beijing"),
        _within(outcome, "population", year, "xiongan"),
    )
    key = "summary.people" if students.value >= 0.5 else "summary.people_only"
    return _told(key, language, Effect("", "assumption", "residents", year, numbers))


def _commuting(outcome: Outcome, year: int, language: str) -> Effect:
    daily = _region(outcome, "staff_daily", year, "daily")
    numbers = (
        *((daily, _region(outcome, "staff_minutes", year, "minutes")) if daily.value > 0 else ()),
        _region(outcome, "staff_weekly", year, "weekly"),
        _crossing(outcome, year),
    )
    key = "summary.commuting" if daily.value > 0 else "summary.commuting_weekly"
    return _told(key, language, Effect("", "estimated", "staff_daily", year, numbers))


# The same for the full model ------------------------------------------------------------------------


def _posts_and_people(outcome: Outcome, year: int, language: str) -> Effect:
    gap = _region(outcome, "six_districts_gap", year, "gap")
    numbers = (
        _count(outcome, year),
        _region(outcome, "posts", year),
        _region(outcome, "residents", year, "followers"),
        _within(outcome, "population", year, "beijing"),
        _within(outcome, "population", year, "xiongan"),
        gap,
    )
    key = "summary.full_people_above" if gap.value > 0 else "summary.full_people_below"
    effect = Effect("", "identified", "population", year, numbers)
    # the sentence says on which side of the target it lies
    return _told(key, language, effect, gap=number(abs(gap.value), language))


def _percent(
    outcome: Outcome, measure: str, year: int, weights: NDArray[np.float64], *, key: str, place: str
) -> Said:
    """Return the mean change in percent over counties, by ``weights``."""
    change = 100 * outcome.change(measure, year) / outcome.before[measure]
    mean = float(change @ weights / weights.sum()) if weights.sum() > 0 else float("nan")
    return Said(key, measure, place, year, "mean_percent", mean, 2, sign=True)


def _jobs_and_prices(outcome: Outcome, year: int, language: str) -> Effect:
    posts = outcome.at("posts", year)
    gained, lost = np.maximum(posts, 0.0), np.maximum(-posts, 0.0)
    private = outcome.change("private_jobs", year)
    there, here = float(private[gained > 0].sum()), float(private[lost > 0].sum())
    numbers = (
        Said("there", "private_jobs", "gaining", year, "change", there, sign=True),
        _region(outcome, "private_per_post", year, "per_post", 2),
        Said("here", "private_jobs", "losing", year, "change", here, sign=True),
        _percent(outcome, "floor_price", year, gained, key="price_there", place="gaining"),
        _percent(outcome, "floor_price", year, lost, key="price_here", place="losing"),
        _percent(outcome, "wage", year, gained, key="wage_there", place="gaining"),
        _percent(outcome, "wage", year, lost, key="wage_here", place="losing"),
    )
    return _told("summary.full_jobs", language, Effect("", "prior", "private_jobs", year, numbers))


def _delay(outcome: Outcome, year: int, key: str, place: str) -> Said:
    heads = _HEADS.get(place, ("",))
    inside = np.array([code.startswith(heads) for code in outcome.codes])
    before = float(np.nansum(outcome.before["delay"][inside]))
    change = 100 * float(outcome.change("delay", year)[inside].sum()) / before
    return Said(key, "delay", place, year, "percent", change, 2, sign=True)


def _traffic(outcome: Outcome, year: int, language: str) -> Effect:
    numbers = (
        _region(outcome, "staff_daily", year, "daily"),
        _region(outcome, "staff_weekly", year, "weekly"),
        _crossing(outcome, year),
        _delay(outcome, year, "delay", "region"),
        _delay(outcome, year, "beijing", "beijing"),
    )
    return _told("summary.full_traffic", language, Effect("", "identified", "delay", year, numbers))

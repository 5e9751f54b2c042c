"""What a destination can take, and where a scenario asks for more.

The rules are data: ``layers/facts/limits.csv``, the planned capacities in the list of institutions, and a
:class:`Budget` that the user states. A breach never stops a run; it is shown with rule,
number and source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo.downloads import Field, Table
from geo.errors import Fault, ModelError
from geo.model.moves import CALENDAR, ResolvedMoves, ramp, resolve
from geo.words import number, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from geo.outcome import Outcome
    from geo.region import Region
    from geo.scenario import Scenario

__all__ = [
    "Breach",
    "Budget",
    "Limit",
    "Standing",
    "breaches",
    "digits_of",
    "limits",
    "standings",
    "table_of_standings",
]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

RESIDENTS = "population"  # measure of an outcome that counts all residents
# The unit of a published capacity begins with a word that says what it counts.
_CAPACITIES = {"students": "students", "beds": "beds", "office": "posts", "jobs": "posts"}
_UNITS = {"students": "places", "beds": "beds", "posts": "jobs"}
_MIXED = "students and staff"
_DIGITS = {"percent": 1, "km2": 1, "mln_m3_year": 1}
# Head-counts are whole: less than this above a limit is rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Limit:
    """One rule; see ``layers/SOURCES.md``.

    Parameters
    ----------
    id
        Words at ``limits.rule.<id>``.
    quantity
        ``residents`` of the codes, or ``newcomers`` or ``posts`` that the scenario brings there.
    number, unit
        The largest value allowed of ``base + quantity / per``; unit at ``limits.unit.<unit>``.
    from_year
        First year in which it binds.
    base, per
        See ``number``.
    codes
        Counties that it is about.
    source, status, note
        Where the number comes from and how sure it is.
    """

    id: str
    quantity: str
    number: float
    unit: str
    from_year: int
    base: float
    per: float
    codes: tuple[str, ...]
    source: str
    status: str
    note: str = ""


@dataclass(frozen=True)
class Budget:
    """What the programme may cost: an assumption of the user, in CNY.

    Parameters
    ----------
    total
        For all moves and years together.
    per_post, per_student, per_bed
        Cost of moving one; at least one is above 0.

    Raises
    ------
    ModelError
        If a number is negative or not finite, or everything is free.
    """

    total: float
    per_post: float = 0.0
    per_student: float = 0.0
    per_bed: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no budget."""
        faults = [
            Fault("limits.bad_budget", f"budget.{name}", {"value": value})
            for name, value in vars(self).items()
            if not (np.isfinite(value) and value >= 0)
        ]
        if not faults and not (self.per_post or self.per_student or self.per_bed):
            faults = [Fault("limits.free_budget", "budget")]
        if faults:
            raise ModelError(faults)


@dataclass(frozen=True)
class Breach:
    """One rule that a scenario breaks.

    Parameters
    ----------
    rule
        Id of the limit, ``capacity`` for an institution's planned site, or ``budget``.
    institution
        Id, for ``capacity``; else empty.
    codes
        Counties that it is about; all moves' destinations for ``budget``.
    unit
        Key at ``limits.unit``.
    limit, value, without
        The number allowed, the largest one reached, and the one of the same year without any move.
    change
        What the scenario adds or takes away by the last year.
    year, worst_year
        First year in which the limit is exceeded, and the year of ``value``.
    source, status, note
        Of the limit.
    """

    rule: str
    institution: str
    codes: tuple[str, ...]
    unit: str
    limit: float
    value: float
    without: float
    change: float
    year: int
    worst_year: int
    source: str
    status: str
    note: str = ""

    @property
    def overshoot(self) -> float:
        """By how much the limit is exceeded at worst."""
        return self.value - self.limit

    @property
    def caused(self) -> bool:
        """Whether the limit would hold without the scenario."""
        return self.without <= self.limit

    def name(self, language: str = "en", region: Region | None = None) -> str:
        """Return the rule in words; with a region, an institution by its name."""
        if not self.institution:
            return say(f"limits.rule.{self.rule}", language)
        who = self.institution
        if region is not None and who in region.institutions.index:
            who = str(region.institutions.loc[who, f"name_{language}"])
        return say("limits.rule.capacity", language, who=who)

    def text(self, language: str = "en", region: Region | None = None) -> str:
        """Return the breach in one line: rule, number, limit, since when, and whether it was there before."""
        digits = digits_of(self.unit)
        values = {
            key: number(value, language, digits=digits)
            for key, value in (("value", self.value), ("limit", self.limit), ("over", self.overshoot))
        }
        line = say(
            "limits.breach",
            language,
            rule=self.name(language, region),
            unit=say(f"limits.unit.{self.unit}", language),
            year=self.year,
            worst=self.worst_year,
            **values,
        )
        if self.caused:
            return line
        values = {
            "without": number(self.without, language, digits=digits),
            "change": number(self.change, language, digits=digits, sign=True),
        }
        return line + say("limits.before", language, **values)

    def source_text(self, language: str = "en") -> str:
        """Return where the limit comes from and how sure it is."""
        source = say("limits.user", language) if self.rule == "budget" else self.source
        return say("limits.source", language, source=source, status=say(f"status.{self.status}", language))


def digits_of(unit: str) -> int:
    """Return how many decimals are shown of a unit at ``limits.unit``."""
    return _DIGITS.get(unit, 0)


@dataclass(frozen=True)
class Standing:
    """How far a scenario goes towards a limit, exceeded or not.

    Parameters
    ----------
    limit
        The rule.
    value
        The largest number reached in the years in which it binds.
    year
        When.
    """

    limit: Limit
    value: float
    year: int

    def name(self, language: str = "en") -> str:
        """Return the rule with what it allows: "Urban construction land of Xiongan: at most 350.0 km²"."""
        most = number(self.limit.number, language, digits=digits_of(self.limit.unit))
        return say(
            "limits.named",
            language,
            rule=say(f"limits.rule.{self.limit.id}", language),
            limit=most,
            unit=say(f"limits.unit.{self.limit.unit}", language),
        )

    @property
    def used(self) -> float:
        """The value in percent of the limit."""
        return 100.0 * self.value / self.limit.number


def limits(region: Region) -> tuple[Limit, ...]:
    """Return the rules of ``layers/facts/limits.csv`` in their order."""
    return tuple(_limit(row) for row in region.facts["limits"].to_dict("records"))


def _limit(row: Mapping[Any, Any]) -> Limit:
    note = row["note"]
    return Limit(
        id=str(row["limit"]),
        quantity=str(row["quantity"]),
        number=float(row["number"]),
        unit=str(row["unit"]),
        from_year=int(row["from_year"]),
        base=float(row["base"]),
        per=float(row["per"]),
        codes=tuple(str(row["codes"]).split(";")),
        source=str(row["source"]),
        status=str(row["status"]),
        note=note if isinstance(note, str) else "",
    )


@dataclass(frozen=True, eq=False)
class _Load:
    """What a scenario puts on each county: arrays of shape (T, N) on ``years``."""

    years: Ints
    residents: Array
    before: Array
    newcomers: Array
    posts: Array
    moves: ResolvedMoves
    done: Array  # (T, M)


def breaches(
    scenario: Scenario,
    region: Region,
    outcome: Outcome | None = None,
    *,
    population: Array | None = None,
    budget: Budget | None = None,
) -> tuple[Breach, ...]:
    """Return every limit that a scenario exceeds in any year, those that it causes itself first.

    Parameters
    ----------
    scenario
        Has passed :func:`geo.scenario.validate`.
    region
        Holds the limits.
    outcome
        Of this scenario: its residents are used. Without it they are the baseline plus those who move home
        and the students who live where they study, less the same at the origin.
    population
        Residents without the scenario, shape (N,) or (T, N); by default the outcome's, or the census.
    budget
        Checked only if given.

    Raises
    ------
    ModelError
        If ``population`` has another shape than the region and the years.
    """
    load = _load(scenario, region, outcome, population)
    found = [_check(limit, load, region) for limit in limits(region)]
    found += _capacities(scenario, region, load)
    found.append(_budget(budget, load, region))
    kept = [breach for breach in found if breach is not None]
    return tuple(sorted(kept, key=lambda breach: not breach.caused))


def standings(scenario: Scenario, region: Region, outcome: Outcome | None = None) -> tuple[Standing, ...]:
    """Return how far a scenario goes towards every rule, the one that is used up most first.

    Parameters are those of :func:`breaches`.
    """
    load = _load(scenario, region, outcome, None)
    found = []
    for limit in limits(region):
        values, _ = _reached(limit, load, region)
        peak = int(np.argmax(np.where(load.years >= limit.from_year, values, -np.inf)))
        found.append(Standing(limit, float(values[peak]), int(load.years[peak])))
    return tuple(sorted(found, key=lambda one: -one.used))


def table_of_standings(found: Iterable[Standing], language: str = "en") -> Table:
    """Return how far a scenario goes towards every rule as a table, with source and status of each."""
    keys = ("rule", "used", "value", "limit", "unit", "year", "note", "source", "status")
    fields = tuple(Field(key, say(f"limits.column.{key}", language)) for key in keys)
    rows = tuple(
        (
            say(f"limits.rule.{one.limit.id}", language),
            round(one.used, 1),
            *(round(value, digits_of(one.limit.unit)) for value in (one.value, one.limit.number)),
            say(f"limits.unit.{one.limit.unit}", language),
            one.year,
            one.limit.note,
            one.limit.source,
            say(f"status.{one.limit.status}", language),
        )
        for one in found
    )
    return Table("limits", say("limits.standing", language), fields, rows)


def _load(scenario: Scenario, region: Region, outcome: Outcome | None, population: Array | None) -> _Load:
    years = CALENDAR if outcome is None else np.asarray(outcome.years, dtype=np.int64)
    moves = resolve(scenario, region)
    done = ramp(moves.start, moves.years, years, scenario.assumptions["ramp_steepness"])
    here, there = np.eye(len(region.codes))[moves.origin], np.eye(len(region.codes))[moves.destination]
    people = done * (
        moves.posts * moves.home_share * moves.family_size + moves.students * moves.resident_students
    )
    before = _before(region, outcome, population, len(years))
    if outcome is None:
        residents = before + people @ (there - here)
    else:
        change = outcome.values[RESIDENTS] - outcome.before[RESIDENTS]
        residents = before + change
    return _Load(years, residents, before, people @ there, (done * moves.posts) @ there, moves, done)


def _before(region: Region, outcome: Outcome | None, population: Array | None, years: int) -> Array:
    own = region.population if outcome is None else outcome.before[RESIDENTS]
    given = np.asarray(own if population is None else population, dtype=np.float64)
    shape = (years, len(region.codes))
    if given.shape not in {shape, shape[1:]}:
        raise ModelError(
            Fault("limits.bad_population", "population", {"shape": given.shape, "wanted": shape})
        )
    return np.broadcast_to(given, shape)


def _reached(limit: Limit, load: _Load, region: Region) -> tuple[Array, Array]:
    """Return the number of a rule by year, with the scenario and without any move."""
    places = [region.positions[code] for code in limit.codes]
    quantity: Array = getattr(load, limit.quantity)[:, places].sum(axis=1)
    plain = load.before[:, places].sum(axis=1) if limit.quantity == "residents" else np.zeros(len(load.years))
    return limit.base + quantity / limit.per, limit.base + plain / limit.per


def _check(limit: Limit, load: _Load, region: Region) -> Breach | None:
    values, without = _reached(limit, load, region)
    worst = _worst(values, limit.number, load.years, limit.from_year)
    if worst is None:
        return None
    first, peak = worst
    return Breach(
        rule=limit.id,
        institution="",
        codes=limit.codes,
        unit=limit.unit,
        limit=limit.number,
        value=float(values[peak]),
        without=float(without[peak]),
        change=float(values[-1] - without[-1]),
        year=int(load.years[first]),
        worst_year=int(load.years[peak]),
        source=limit.source,
        status=limit.status,
        note=limit.note,
    )


def _worst(values: Array, allowed: float, years: Ints, since: int) -> tuple[int, int] | None:
    """Return the first position above ``allowed`` and that of the largest value, or None if it holds."""
    binding = years >= since
    above = np.flatnonzero(binding & (values > allowed * (1 + _ROUNDING)))
    if above.size == 0:
        return None
    return int(above[0]), int(np.argmax(np.where(binding, values, -np.inf)))


def _counted(unit: object) -> str | None:
    """Return what a published capacity counts: students, beds or posts; None if it is none of these."""
    if not isinstance(unit, str) or unit.startswith(_MIXED):
        return None
    return _CAPACITIES.get(unit.split(maxsplit=1)[0])


def _capacities(scenario: Scenario, region: Region, load: _Load) -> Iterator[Breach]:
    """Compare what comes to an institution's planned site with the site's published capacity."""
    rows = region.institutions
    going: dict[str, list[int]] = {}
    for place, move in enumerate(scenario.moves):
        if move.institution in rows.index and rows.loc[move.institution, "dest_code"] == move.destination:
            going.setdefault(str(move.institution), []).append(place)
    for key, places in going.items():
        row = rows.loc[key]
        counted, capacity = _counted(row["dest_capacity_unit"]), float(row["dest_capacity"])
        if counted is None or not np.isfinite(capacity):
            continue
        values = (load.done * getattr(load.moves, counted))[:, places].sum(axis=1)
        worst = _worst(values, capacity, load.years, int(load.years[0]))
        if worst is None:
            continue
        first, peak = worst
        yield Breach(
            rule="capacity",
            institution=key,
            codes=(str(row["dest_code"]),),
            unit=_UNITS[counted],
            limit=capacity,
            value=float(values[peak]),
            without=0.0,
            change=float(values[-1]),
            year=int(load.years[first]),
            worst_year=int(load.years[peak]),
            source=str(row["source"]),
            status=str(row["dest_capacity_status"]),
            note=str(row["dest_capacity_unit"]),
        )


def _budget(budget: Budget | None, load: _Load, region: Region) -> Breach | None:
    if budget is None:
        return None
    moves = load.moves
    each = budget.per_post * moves.posts + budget.per_student * moves.students + budget.per_bed * moves.beds
    values = load.done @ each
    worst = _worst(values, budget.total, load.years, int(load.years[0]))
    if worst is None:
        return None
    first, peak = worst
    codes = tuple(sorted({region.codes[place] for place in moves.destination}))
    return Breach(
        rule="budget",
        institution="",
        codes=codes,
        unit="cny",
        limit=budget.total,
        value=float(values[peak]),
        without=0.0,
        change=float(values[-1]),
        year=int(load.years[first]),
        worst_year=int(load.years[peak]),
        source="",
        status="assumption",
    )

"""What an explanation asks about: an outcome, counties and a year; and the parts that many answers share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geo.assumptions import ASSUMPTIONS, KINDS, spec_of
from geo.errors import Fault, ModelError
from geo.model.baseline import calibrate
from geo.model.level0 import place_staff
from geo.model.moves import ramp, resolve
from geo.model.result import MODEL_VERSION
from geo.model.terms import PRODUCT, SUM, Row, Term

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geo.model.baseline import Baseline
    from geo.model.indicators import World
    from geo.model.moves import ResolvedMoves
    from geo.model.path import Year
    from geo.model.result import Outcome
    from geo.model.solve import Array
    from geo.region import Region

__all__ = [
    "Case", "Movement", "assumed", "by_move", "case_of", "digits_of", "fitted_commuting", "home_share",
    "keeping", "lodging_share", "of_class", "sized", "stated", "unit_of",
]  # fmt: skip

# A remainder of rounding is nobody.
_NOBODY = 1e-9
_UNITS = {
    "floor_space": "m2", "floor_unmet": "m2", "share_over_60": "percent", "output": "bn_cny",
    "peak_speed": "km_h", "delay": "vehicle_hours", "vehicle_km": "million_km", "pm25": "ug_m3",
    "density": "persons_per_km2", "gdp_per_head": "yuan", "staff_minutes": "minutes", "co2": "mt_per_year",
    "nox": "kt_per_year", "pm25_emitted": "kt_per_year", "productivity": "index", "exposure": "ug_m3",
    "posts": "jobs", "students": "places", "beds": "bed", "jobs": "jobs", "institutional_jobs": "jobs",
    "private_jobs": "jobs", "tradable_jobs": "jobs", "services_jobs": "jobs", "in_commuters": "trips",
    "out_commuters": "trips", "cross_commuters": "trips", "mean_minutes": "minutes", "wage": "cny_per_year",
    "real_income": "cny_per_year", "income_per_head": "cny_per_year", "floor_price": "cny_per_m2_year",
    "private_per_post": "ratio", "services_per_post": "ratio", "welfare": "percent", "gini": "index",
    "theil_within": "index", "theil_between": "index", "income_beijing_hebei": "ratio",
    "income_tianjin_hebei": "ratio", "xiongan_fill": "percent", "industry_value_added": "bn_cny",
    "family": "family", "staff_trip": "minutes", "staff_trip_before": "minutes", "staff_trip_kept": "minutes",
    "staff_pay": "cny_per_year", "staff_pay_before": "cny_per_year", "staff_living": "percent",
}  # fmt: skip


def unit_of(measure: str) -> str:
    """Return the unit of a measure, a key of a text in ``unit``."""
    return _UNITS.get(measure, "persons")


_WHOLE = frozenset(
    {
        *("persons", "jobs", "places", "bed", "family", "trips", "m2", "cny_per_year", "yuan"),
        *("vehicle_hours", "moves"),
    }
)


def digits_of(unit: str, fine: int = 3) -> int:
    """Return the decimals shown of a unit: none of whole things, else ``fine``."""
    return 0 if unit in _WHOLE else fine


@dataclass(frozen=True, eq=False)
class Movement:
    """What moves with each move, by year, in either model; T rows, M moves, N counties.

    Parameters
    ----------
    moves
        The moves.
    done
        Completed part of each, (T, M).
    homes
        Old homes of the staff of each, (M, N), rows summing to one.
    stayers
        Staff who keep their old home, (T, M).
    daily
        Whether the trip from each old home fits into a day, (M, N).
    """

    moves: ResolvedMoves
    done: Array
    homes: Array
    stayers: Array
    daily: NDArray[np.bool_]

    @property
    def posts(self) -> Array:
        """Posts that have moved, (T, M)."""
        return np.asarray(self.done * self.moves.posts)

    @property
    def movers(self) -> Array:
        """Staff who have moved home, (T, M)."""
        return np.asarray(self.posts * self.moves.home_share)

    @property
    def lodging(self) -> Array:
        """Students who live where they study and have moved, (T, M)."""
        return np.asarray(self.done * self.moves.students * self.moves.resident_students)

    def signs(self, inside: Array) -> Array:
        """Return +1 for moves into the counties, -1 for moves out of them, 0 for others, (M,)."""
        return np.asarray(inside[self.moves.destination] - inside[self.moves.origin])


@dataclass(frozen=True, eq=False)
class Case:
    """One question.

    Parameters
    ----------
    outcome, region
        The outcome, and the layers that it was run on.
    inside
        1 in the counties asked about, (N,).
    row
        Position of the year.
    world
        The solved economy; None at level 0.
    baseline
        The region before any move.
    net
        Whether moves count where they arrive less where they leave; else, for the region's own numbers, as
        what has moved.
    """

    outcome: Outcome
    region: Region
    inside: Array
    row: int
    world: World | None
    baseline: Baseline
    net: bool = True

    @property
    def year(self) -> Year | None:
        """The solved year; None where nothing differs from before, and at level 0."""
        return None if self.world is None else self.world.solved.years[self.row]

    @cached_property
    def places(self) -> list[int]:
        """Positions of the counties asked about."""
        return [int(place) for place in np.flatnonzero(self.inside)]

    @property
    def single(self) -> int | None:
        """Position of the county, where only one is asked about."""
        return self.places[0] if len(self.places) == 1 else None

    @cached_property
    def movement(self) -> Movement:
        """What moves."""
        if self.world is not None:
            plan = self.world.plan
            return Movement(plan.moves, plan.done, plan.homes, plan.stayers, plan.daily)
        assumptions = self.outcome.scenario.assumptions
        moves = resolve(self.outcome.scenario, self.region)
        done = ramp(moves.start, moves.years, self.outcome.years, assumptions["ramp_steepness"])
        limit = assumptions["day_limit"]
        staff = place_staff(self.baseline, moves, done, limit)
        return Movement(moves, done, staff.homes, staff.stayers, staff.new_minutes <= limit)

    def total(self, values: Array) -> float:
        """Return the sum over the counties asked about."""
        return float(values[self.places].sum())

    def after(self, measure: str) -> float:
        """Return a measure that adds up, in the year."""
        return self.total(self.outcome.values[measure][self.row])

    def before(self, measure: str) -> float:
        """Return a measure that adds up, before any move."""
        return self.total(self.outcome.before[measure])

    def change(self, measure: str) -> float:
        """Return what the year's value is above the one before."""
        return self.after(measure) - self.before(measure)

    @property
    def code(self) -> str:
        """Code of the first county asked about."""
        return self.outcome.codes[self.places[0]]

    def fact(self, table: str, **where: str | int) -> Row:
        """Return the last row of the facts with these values; an estimate where there is none."""
        rows = self.region.facts[table]
        for column, value in where.items():
            rows = rows[rows[column] == value]
        key = ", ".join(f"{column} {value}" for column, value in where.items())
        if not len(rows):
            return Row(f"{table}.csv", key, "docs/model.md", "estimated")
        last = rows.iloc[-1]
        return Row(f"{table}.csv", key, str(last["source"]), str(last["status"]))

    def county_fact(self, table: str) -> Row:
        """Return the row of the county in a table by county; of the first and the last of several."""
        row = self.fact(table, code=self.code)
        if self.single is not None:
            return row
        last = self.outcome.codes[self.places[-1]]
        return Row(row.file, f"code {self.code} … {last} ({len(self.places)})", row.source, row.status)

    @property
    def city(self) -> str:
        """English name of the city, as in the facts."""
        return str(self.region.counties.at[self.code, "city_en"])

    @property
    def district(self) -> str:
        """Name of the district, as in the facts."""
        name = str(self.region.counties.at[self.code, "name_en"])
        return f"{self.city}: {name.removesuffix(' District')}"


def case_of(outcome: Outcome, region: Region, inside: Array, year: int, *, net: bool = True) -> Case:
    """Return a question about an outcome.

    Parameters
    ----------
    inside
        1 in the counties asked about, (N,); at least one.

    Raises
    ------
    ModelError
        If the outcome was run on other layers than ``region`` or by another version of the model, or does
        not hold the year.
    """
    if outcome.region_hash != region.content_hash:
        values = {
            "name": outcome.scenario.name,
            "here": region.content_hash[:8],
            "there": outcome.region_hash[:8],
        }
        raise ModelError(Fault("compare.other_layers", "outcome", values))
    if outcome.version != MODEL_VERSION:
        values = {"name": outcome.scenario.name, "here": str(MODEL_VERSION), "there": str(outcome.version)}
        raise ModelError(Fault("compare.other_version", "outcome", values))
    world: World | None = getattr(outcome, "world", None)
    baseline = calibrate(region) if world is None else world.baseline
    return Case(
        outcome, region, np.asarray(inside, dtype=float), outcome.position(year), world, baseline, net
    )


# Moves ----------------------------------------------------------------------------------------------


def assumed(case: Case, key: str) -> Row:
    """Return an assumption as a row; one that the scenario states itself is the scenario's."""
    if key in case.outcome.scenario.assumptions.overrides:
        return stated(case, f"assumptions.{key}")
    spec = spec_of(key)
    return Row("assumptions", key, spec.source, spec.status)


def fitted_commuting(case: Case) -> Row:
    """Return what the commuting of before was fitted to: nobody counted the trips of a county or a pair."""
    fact = case.fact("commuting_facts", fact="mean one-way commute time", place="北京市", year=2022)
    return replace(fact, status="estimated")


def stated(case: Case, what: str) -> Row:
    """Return what the scenario states as a row."""
    return Row("scenario", what, case.outcome.scenario.name, "input")


def of_class(case: Case, family: str, move: int) -> Row:
    """Return where a number of a move's class was read: from the move, if it states its own."""
    if getattr(case.outcome.scenario.moves[move], family, None) is not None:
        return stated(case, f"moves[{move}].{family}")
    return assumed(case, f"{family}.{KINDS[case.movement.moves.kind[move]]}")


def home_share(case: Case, move: int) -> Term:
    """Return the share of a move's staff who move home."""
    value = float(case.movement.moves.home_share[move])
    return Term("home_share", value, "ratio", row=of_class(case, "home_share", move), digits=2)


def by_move(
    case: Case, key: str, unit: str, amounts: Array, sizes: Callable[[int], tuple[Term, ...]]
) -> Term:
    """Return contributions of moves as one term.

    Parameters
    ----------
    amounts
        What each move contributes, (M,).
    sizes
        The factors of a move's contribution; none where it is merely stated.
    """
    some = [int(move) for move in np.flatnonzero(np.abs(amounts) > _NOBODY)]
    digits = digits_of(unit)
    parts = []
    for move in some:
        factors = sizes(move)
        how = PRODUCT if factors else SUM
        amount = float(amounts[move])
        parts.append(Term("move", amount, unit, how, factors, label=_label(case, move), digits=digits))
    return Term(key, float(amounts[some].sum()), unit, parts=tuple(parts), digits=digits)


def _label(case: Case, move: int) -> tuple[str, str]:
    asked = case.outcome.scenario.moves[move]
    if asked.institution is None:
        return asked.name or "", asked.name or ""
    row = case.baseline.institutions.loc[asked.institution]
    return str(row["name_en"]), str(row["name_zh"])


def sized(case: Case, size: str, move: int, *more: Term) -> tuple[Term, ...]:
    """Return the size of a move, how far it is, and more factors."""
    movement, asked = case.movement, case.outcome.scenario.moves[move]
    whole = float(getattr(movement.moves, size)[move])
    done = Term(
        "done", float(movement.done[case.row, move]), "ratio", row=assumed(case, "ramp_steepness"), digits=3
    )
    row = _size_row(case, size, move, asked.institution)
    share: tuple[Term, ...] = ()
    if asked.share != 1.0:
        share = (
            Term("share_moved", asked.share, "ratio", row=stated(case, f"moves[{move}].share"), digits=3),
        )
    return (Term("size", whole / asked.share, unit_of(size), row=row, digits=0), *share, done, *more)


def keeping(case: Case, move: int, key: str, share: float) -> tuple[Term, ...]:
    """Return the factors of staff who keep their old home: size of the move, who does, ``share`` of them.

    Parameters
    ----------
    key
        Name of the share.
    """
    movement = case.movement
    kept = float(movement.stayers[case.row, move] / movement.posts[case.row, move])
    keep = Term("keep_home", kept, "ratio", row=of_class(case, "home_share", move), digits=2)
    away = Term(key, share, "ratio", row=assumed(case, "day_limit"), digits=4)
    return sized(case, "posts", move, keep, away)


def lodging_share(case: Case, move: int) -> Term:
    """Return the share of a move's students who live where they study."""
    value = float(case.movement.moves.resident_students[move])
    row = of_class(case, "student_residents", move)
    return Term("student_residents", value, "ratio", row=row, digits=2)


def _size_row(case: Case, size: str, move: int, institution: str | None) -> Row:
    moves = case.movement.moves
    origin = moves.sources[move].get(size, "move")
    if origin == "institution" and institution is not None:
        row = case.baseline.institutions.loc[institution]
        return Row("institutions.csv", f"id {institution}", str(row["source"]), str(row["status"]))
    if origin == "class":
        return assumed(case, _class_default(moves, size, move))
    return stated(case, f"moves[{move}]")


def _class_default(moves: ResolvedMoves, size: str, move: int) -> str:
    """Return the assumption that a size came from: staff for each student or bed where these are known."""
    kind, sources = KINDS[moves.kind[move]], moves.sources[move]
    if size == "posts":
        for known, family in (("students", "posts_per_student"), ("beds", "posts_per_bed")):
            given = sources.get(known) in {"move", "institution"}
            if given and any(spec.id == f"{family}.{kind}" for spec in ASSUMPTIONS):
                return f"{family}.{kind}"
    return f"{size}.{kind}"

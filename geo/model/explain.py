"""Why a number is what it is: the terms that made it, down to the rows of the facts.

``explain(outcome, region, "population", "130629", 2035).text("en")`` prints a tree. Every branch adds up, or
multiplies up, to its parent; which of the two stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from geo.assumptions import KINDS, spec_of
from geo.errors import Fault, ModelError
from geo.model.economy import WAGE_YEAR
from geo.words import LANGUAGES, has, number, say

if TYPE_CHECKING:
    from geo.model.indicators import World
    from geo.model.path import Year
    from geo.model.result import Outcome
    from geo.model.solve import Array
    from geo.region import Region

__all__ = ["Row", "Term", "explain"]

# Moves that contribute less than this share of the largest contribution are shown together.
_SMALL, _MOST = 0.01, 12
_INTO = "commuters living outside Beijing and working in Beijing (环京进京通勤者)"
_SUM, _PRODUCT, _FACTS = "sum", "product", "facts"


@dataclass(frozen=True)
class Row:
    """A row of the facts, or an assumption.

    Parameters
    ----------
    file
        Table in ``layers/facts`` or layer; ``assumptions`` or ``scenario``.
    key
        Which row of it.
    source, status
        As the row says.
    """

    file: str
    key: str
    source: str
    status: str


@dataclass(frozen=True)
class Term:
    """One number and what made it.

    Parameters
    ----------
    key
        Its name is at ``explain.<key>`` in the words; a measure's name where it is one.
    value
        The number.
    unit
        Key of a text in ``unit``.
    how
        Whether ``parts`` add up (``sum``), multiply up (``product``) or are merely named (``facts``).
    parts
        The terms that made it.
    formula
        The formula, with the number of its equation.
    row
        Where it was read.
    label
        A name that is no text of ours, in both languages: an institution.
    digits
        Decimals shown.
    """

    key: str
    value: float
    unit: str
    how: str = _SUM
    parts: tuple[Term, ...] = ()
    formula: str = ""
    row: Row | None = None
    label: tuple[str, str] = ("", "")
    digits: int = 1

    def name(self, language: str = "en") -> str:
        """Return its name in words."""
        own = f"explain.{self.key}"
        base = say(own if has(own, language) else f"measure.{self.key}.name", language)
        label = self.label[LANGUAGES.index(language)]
        return f"{base}: {label}" if label else base

    def total(self) -> float:
        """Return what the parts make: their sum or product; the value itself where they are merely named."""
        if not self.parts or self.how == _FACTS:
            return self.value
        values = [part.value for part in self.parts]
        return float(np.sum(values) if self.how == _SUM else np.prod(values))

    def lines(self, language: str = "en", depth: int = 0) -> list[str]:
        """Return the tree as lines, indented by depth."""
        unit = say(f"unit.{self.unit}", language)
        head = (
            f"{'  ' * depth}{self.name(language)} = {number(self.value, language, digits=self.digits)} {unit}"
        )
        if self.formula and depth == 0:
            head += f"  [{self.formula}]"
        if self.row is not None:
            status = say(f"status.{self.row.status}", language)
            head += f"  ({self.row.file}, {self.row.key}: {self.row.source}; {status})"
        if self.parts and self.how != _FACTS:
            head += f"  {say(f'explain.how.{self.how}', language)}"
        return [head, *(line for part in self.parts for line in part.lines(language, depth + 1))]

    def text(self, language: str = "en") -> str:
        """Return the tree as text."""
        return "\n".join(self.lines(language))


@dataclass(frozen=True, eq=False)
class _Case:
    """One question: an outcome, a county and a year."""

    outcome: Outcome
    world: World
    region: Region
    place: int
    row: int

    @property
    def year(self) -> Year | None:
        return self.world.solved.years[self.row]

    @property
    def code(self) -> str:
        return self.world.baseline.codes[self.place]

    def after(self, measure: str) -> float:
        return float(self.outcome.values[measure][self.row, self.place])

    def before(self, measure: str) -> float:
        return float(self.outcome.before[measure][self.place])

    def change(self, measure: str) -> float:
        return self.after(measure) - self.before(measure)

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

    @property
    def city(self) -> str:
        return str(self.region.counties.at[self.code, "city_en"])

    @property
    def district(self) -> str:
        name = str(self.region.counties.at[self.code, "name_en"])
        return f"{self.city}: {name.removesuffix(' District')}"


def explain(outcome: Outcome, region: Region, measure: str, code: str, year: int) -> Term:
    """Return the terms that made a measure of a county in a year.

    Parameters
    ----------
    outcome
        Of the full model.
    region
        The layers that it was run on, for the rows of the facts.
    measure
        Id of a measure by county.
    code
        Six-digit county code.
    year
        One of the outcome's years.

    Raises
    ------
    ModelError
        If the outcome is not of the full model, or holds no such measure, county or year.
    """
    world: World | None = getattr(outcome, "world", None)
    if world is None or measure not in outcome.values or code not in outcome.codes:
        raise ModelError(Fault("model.no_measure", measure, {"measure": f"{measure} ({code})"}))
    case = _Case(outcome, world, region, outcome.codes.index(code), outcome.position(year))
    maker = _MAKERS.get(measure, _plain)
    return maker(case, measure)


def _level(case: _Case, measure: str, unit: str, parts: tuple[Term, ...], *, formula: str, row: Row) -> Term:
    """Return a level as what it was before plus changes."""
    before = Term("before", case.before(measure), unit, row=row)
    return Term(measure, case.after(measure), unit, parts=(before, *parts), formula=formula)


def _plain(case: _Case, measure: str) -> Term:
    """Return a level as before plus change where no finer account is kept; itself if nothing was before."""
    if not np.isfinite(case.before(measure)):
        return Term(measure, case.after(measure), _unit(measure), digits=3)
    before = Term("before", case.before(measure), _unit(measure), digits=3)
    change = Term("change", case.change(measure), _unit(measure), digits=3)
    return Term(measure, case.after(measure), _unit(measure), parts=(before, change), digits=3)


_UNITS = {
    "floor_space": "m2", "floor_unmet": "m2", "share_over_60": "percent", "output": "bn_cny",
    "peak_speed": "km_h", "delay": "vehicle_hours", "vehicle_km": "million_km", "pm25": "ug_m3",
    "density": "persons_per_km2", "gdp_per_head": "yuan", "staff_minutes": "minutes", "co2": "mt_per_year",
    "nox": "kt_per_year", "pm25_emitted": "kt_per_year", "productivity": "index",
}  # fmt: skip


def _unit(measure: str) -> str:
    return _UNITS.get(measure, "persons")


# Moves ----------------------------------------------------------------------------------------------


def _by_move(
    case: _Case, key: str, unit: str, amounts: Array, sizes: Callable[[int], tuple[Term, ...]]
) -> Term:
    """Return contributions of moves as one term, the large ones by themselves."""
    largest = float(np.abs(amounts).max(initial=0.0))
    order = [int(move) for move in np.argsort(-np.abs(amounts)) if abs(amounts[move]) > _SMALL * largest]
    shown = order[:_MOST] if largest > 0 else []
    parts = [
        Term("move", float(amounts[move]), unit, _PRODUCT, sizes(move), label=_label(case, move))
        for move in shown
    ]
    rest = float(amounts.sum()) - sum(part.value for part in parts)
    if abs(rest) > 1e-9:
        parts.append(Term("other_moves", rest, unit))
    return Term(key, float(amounts.sum()), unit, parts=tuple(parts))


def _label(case: _Case, move: int) -> tuple[str, str]:
    asked = case.outcome.scenario.moves[move]
    if asked.institution is None:
        return asked.name or "", asked.name or ""
    row = case.world.baseline.institutions.loc[asked.institution]
    return str(row["name_en"]), str(row["name_zh"])


def _sized(case: _Case, size: str, move: int, *more: Term) -> tuple[Term, ...]:
    """Return the size of a move, how far it is, and more factors."""
    plan, asked = case.world.plan, case.outcome.scenario.moves[move]
    whole = float(getattr(plan.moves, size)[move])
    done = Term("done", float(plan.done[case.row, move]), "ratio", row=_assumed("ramp_steepness"), digits=3)
    return (Term("size", whole, "jobs", row=_size_row(case, size, move, asked.institution)), done, *more)


def _size_row(case: _Case, size: str, move: int, institution: str | None) -> Row:
    origin = case.world.plan.moves.sources[move].get(size, "move")
    if origin == "institution" and institution is not None:
        row = case.world.baseline.institutions.loc[institution]
        return Row("institutions.csv", f"id {institution}", str(row["source"]), str(row["status"]))
    if origin == "class":
        return _assumed(f"{size}.{KINDS[case.world.plan.moves.kind[move]]}")
    return Row("scenario", f"moves[{move}]", case.outcome.scenario.name, "input")


def _assumed(key: str) -> Row:
    spec = spec_of(key)
    return Row("assumptions", key, spec.source, spec.status)


def _signs(case: _Case) -> Array:
    """Return +1 for moves to the county, -1 for moves from it, (M,)."""
    moves = case.world.plan.moves
    here, there = moves.origin == case.place, moves.destination == case.place
    return np.asarray(there.astype(float) - here.astype(float))


def _sizes(case: _Case, measure: str) -> Term:
    moves, signs = case.world.plan.moves, _signs(case)
    amounts = signs * getattr(moves, measure) * case.world.plan.done[case.row]
    unit = {"posts": "jobs", "students": "places", "beds": "bed"}[measure]
    return _by_move(
        case, measure, unit, amounts,
        lambda move: _sized(case, measure, move, Term("sign", float(signs[move]), "ratio", digits=0)),
    )  # fmt: skip


def _people_by_move(case: _Case, key: str, each: Array, more: Callable[[int], Term]) -> Term:
    """Return staff or families who move in and out, by move."""
    plan, year = case.world.plan, case.year
    if year is None:
        return Term(key, 0.0, "persons")
    share = year.homes[case.place, plan.moves.destination] - plan.homes[:, case.place]

    def factors(move: int) -> tuple[Term, ...]:
        kind = KINDS[plan.moves.kind[move]]
        home = Term(
            "home_share", float(plan.moves.home_share[move]), "ratio", row=_assumed(f"home_share.{kind}")
        )
        lives = Term("share_of_homes", float(share[move]), "ratio", digits=4)
        return _sized(case, "posts", move, replace(home, digits=2), more(move), lives)

    return _by_move(case, key, "persons", plan.movers[case.row] * each * share, factors)


def _population(case: _Case, measure: str) -> Term:
    plan = case.world.plan
    one = np.ones(len(plan.moves))
    staff = _people_by_move(case, "staff_home", one, lambda _: Term("each", 1.0, "persons"))
    family = _people_by_move(
        case, "family", plan.family,
        lambda move: Term(
            "each", float(plan.family[move]), "family",
            row=_assumed(f"family_size.{KINDS[plan.moves.kind[move]]}"),
        ),
    )  # fmt: skip
    lodging = _signs(case) * plan.students[case.row] * plan.moves.resident_students
    students = _by_move(case, "lodging", "persons", lodging, lambda _: ())
    parts = (staff, family, students, _followers(case, "followers"))
    formula = "before + staff_home + family + students + followers (eq. 1, 3)"
    if measure == "residents":
        return Term(measure, case.after(measure), "persons", parts=parts, formula=formula)
    row = case.fact("county_population_2020", code=case.code)
    return _level(case, measure, "persons", parts, formula=formula, row=row)


def _followers(case: _Case, measure: str) -> Term:
    world, year = case.world, case.year
    private = other = 0.0
    if year is not None:
        private = float(year.state.residents[case.place] - world.plan.base.residents[case.place])
        other = case.after("followers") / world.persons_per_worker - private
    each = Term("persons_per_worker", world.persons_per_worker, "ratio", digits=3)
    people = Term(
        "chose_home", private + other, "persons",
        parts=(Term("private_residents", private, "persons"), Term("other_staff", other, "persons")),
    )  # fmt: skip
    return Term(measure, case.after("followers"), "persons", _PRODUCT, (people, each), "eq. 1, 3 and 4")


# Jobs -----------------------------------------------------------------------------------------------


def _institutional(case: _Case, measure: str) -> Term:
    row = case.fact("county_employed_residents_by_sector_2020", code=case.code)
    return _level(case, measure, "jobs", (_sizes(case, "posts"),), formula="before + posts", row=row)


def _jobs(case: _Case, measure: str) -> Term:
    row = case.fact("county_employed_residents_by_sector_2020", code=case.code)
    parts: tuple[Term, ...] = (
        Term("tradable_jobs", case.change("tradable_jobs"), "jobs", _FACTS, _pull(case, "T")),
        Term("services_jobs", case.change("services_jobs"), "jobs", _FACTS, _pull(case, "S")),
    )
    if measure == "jobs":
        parts = (*parts, _sizes(case, "posts"))
    return _level(case, measure, "jobs", parts, formula="before + changes by sector (eq. 1, 7, 8)", row=row)


def _pull(case: _Case, sector: str) -> tuple[Term, ...]:
    """Name what moved a sector's jobs: its sales and the wage it pays."""
    year, start = case.year, case.world.start
    if year is None:
        return ()
    name = f"sales_{sector}"
    sold = float(getattr(year.state, name)[case.place] / getattr(start, name)[case.place])
    wage = float(year.state.wage_hat[case.place])
    return (Term("sales_hat", sold, "ratio", digits=5), Term("wage_hat", wage, "ratio", digits=5))


def _one_sector(case: _Case, measure: str) -> Term:
    sector = "T" if measure == "tradable_jobs" else "S"
    row = case.fact("county_employed_residents_by_sector_2020", code=case.code)
    change = Term("change", case.change(measure), "jobs", _FACTS, _pull(case, sector))
    return _level(case, measure, "jobs", (change,), formula="eq. 1, 6, 7 and 8", row=row)


def _per_post(case: _Case, measure: str) -> Term:
    source = {"private_per_post": "private_jobs", "services_per_post": "services_jobs"}[measure]
    near, each = case.world.near(case.world.plan.change[case.row].sum(0))
    change = case.outcome.values[source][case.row] - case.outcome.before[source]
    gained = float(each[case.place])
    one = 1.0 / gained if gained > 0 else float("nan")
    parts = (
        Term("jobs_within_an_hour", float(near[case.place] @ change), "jobs"),
        Term("one_over_posts", one, "ratio", digits=6),
    )
    formula = "change of jobs / posts gained, both within an hour"
    return Term(measure, case.after(measure), "ratio", _PRODUCT, parts, formula, digits=2)


# Prices ---------------------------------------------------------------------------------------------


def _scaled(case: _Case, measure: str, unit: str, row: Row, *factors: Term, formula: str) -> Term:
    before = Term("before", case.before(measure), unit, row=row)
    return Term(measure, case.after(measure), unit, _PRODUCT, (before, *factors), formula)


def _wage(case: _Case, measure: str) -> Term:
    place, year, start = case.place, case.year, case.world.start
    if year is None:
        return _plain(case, measure)
    base = case.world.plan.base.parameters
    bill = base.labour_T * start.sales_T[place] + base.labour_S * start.sales_S[place]
    after = base.labour_T * year.state.sales_T[place] + base.labour_S * year.state.sales_S[place]
    sold = Term("bill_hat", float(after / bill), "ratio", digits=5)
    jobs = Term("one_over_jobs", float(start.jobs[place] / year.state.jobs[place]), "ratio", digits=5)
    row = case.fact("city_indicators", unit=case.city, indicator="average_wage_employees", year=WAGE_YEAR)
    return _scaled(
        case, measure, "cny_per_year", row, sold, jobs, formula="labour's share of sales / jobs (eq. 8)"
    )


def _floor_price(case: _Case, measure: str) -> Term:
    place, year = case.place, case.year
    if year is None:
        return _plain(case, measure)
    state, start = year.state, case.world.start
    spent = float(state.floor_rent[place] / start.floor_rent[place])
    plan = case.world.plan
    stock = float(start.floor_rent[place] / plan.base.floor_price[place])
    built = 1.0 + float(plan.floor_space[case.row, place]) / stock
    supply = float(state.floor_space_hat[place]) / built
    capped = float(state.floor_price_paid[place]) / (
        float(state.floor_price_hat[place]) * float(plan.base.floor_price[place])
    )
    factors = (
        Term("spent_hat", spent, "ratio", digits=5),
        Term("one_over_built", 1.0 / built, "ratio", _FACTS, _built(case), digits=5),
        Term("one_over_supply", 1.0 / supply, "ratio", row=_assumed("floor_response"), digits=5),
        Term("cap", capped, "ratio", row=_assumed("xiongan_price_cap"), digits=5),
    )
    row = case.fact("district_indicators", unit=case.district, indicator="rent_per_listing")
    return _scaled(case, measure, "cny_per_m2_year", row, *factors, formula="spending / floor space (eq. 9)")


def _built(case: _Case) -> tuple[Term, ...]:
    plan = case.world.plan
    empty = (plan.assumed["floor_reuse"] - 1.0) * float(plan.area_vacated[case.row, case.place])
    return (
        Term("built", float(plan.built[case.row, case.place]), "m2", row=_assumed("floor_per_resident")),
        Term("empty", empty, "m2", row=_assumed("floor_reuse")),
    )


def _real_income(case: _Case, measure: str) -> Term:
    place, year = case.place, case.year
    if year is None:
        return _plain(case, measure)
    state, p = year.state, case.world.plan.base.parameters
    factors = (
        Term("wage_home_hat", float(state.residential_wage_hat[place]), "ratio", digits=5),
        Term("goods", float(state.price_T_hat[place] ** -p.share_T), "ratio", digits=5),
        Term("services", float(state.price_S_hat[place] ** -p.share_S), "ratio", digits=5),
        Term("floor", float(state.floor_price_hat[place] ** -p.housing_share), "ratio", digits=5),
    )
    row = case.fact("city_indicators", unit=case.city, indicator="average_wage_employees", year=WAGE_YEAR)
    return _scaled(
        case, measure, "cny_per_year", row, *factors, formula="wages / (P_T^aT P_S^aS Q^aH) (eq. 5, 13)"
    )  # fmt: skip


# Commuting, roads and air ---------------------------------------------------------------------------


def _minutes(case: _Case, measure: str) -> Term:
    place, year = case.place, case.year
    minutes = case.world.baseline.minutes[place]
    first = case.world.solved.trips[place] / case.world.solved.trips[place].sum()
    trips, slower = first, 0.0
    if year is not None:
        trips = year.daily[place] / year.daily[place].sum()
        slower = 0.0 if year.minutes is None else float(trips @ year.minutes[place])
    parts = (
        Term("who_goes_where", float((trips - first) @ minutes), "minutes", digits=4),
        Term("slower", slower, "minutes", digits=4),
    )
    row = case.fact("commuting_facts", fact="mean one-way commute time")
    term = _level(
        case, measure, "minutes", parts, formula="sum of trips x minutes / trips (eq. 1, 2, 11)", row=row
    )
    return replace(term, digits=3)


def _emitted(case: _Case, measure: str) -> Term:
    which = {"co2": 0, "nox": 1, "pm25_emitted": 2}[measure]
    scale = 1e6 if measure == "co2" else 1e3
    unit = _unit(measure)
    year, air = case.year, case.world.air
    state, traffic = (None, None) if year is None else (year.state, year.traffic)
    after = air.tonnes(state, traffic)[which, :, case.place] / scale
    names = {
        "co2": "co2_total_city_data_based",
        "nox": "total_emissions_NOx",
        "pm25_emitted": "total_emissions_PM25",
    }
    row = case.fact("regional_series", indicator=names.get(measure, "total_emissions_PM25"))
    keys = ("from_road", "from_buildings", "from_output")
    parts = tuple(
        Term(key, float(value), unit, row=row, digits=4) for key, value in zip(keys, after, strict=True)
    )
    return Term(
        measure, case.after(measure), unit, parts=parts, formula="activity x factor (eq. 12)", digits=4
    )


def _commuters(case: _Case, measure: str) -> Term:
    """Split daily commuters of other counties into private workers and staff."""
    place, year, plan = case.place, case.year, case.world.plan
    axis = 0 if measure == "in_commuters" else 1
    private = staff = stay = 0.0
    if year is not None:
        base = plan.base.commuting * plan.base.workers
        change = year.flows - base
        private = float(change.sum(axis)[place] - change[place, place])
        kept = (plan.stayers[case.row][:, None] * plan.homes * plan.daily).T @ plan.there
        stay = float(kept.sum(axis)[place] - kept[place, place])
        staff = case.change(measure) - private - stay
    parts = (
        Term("private_commuters", private, "trips"),
        Term("staff_commuters", staff, "trips"),
        Term("stay_commuters", stay, "trips"),
    )
    row = case.fact("commuting_facts", fact=_INTO)
    return _level(
        case, measure, "trips", parts, formula="trips to or from other counties (eq. 1, 3)", row=row
    )


_Maker = Callable[[_Case, str], Term]
_MAKERS: dict[str, _Maker] = {
    "posts": _sizes, "students": _sizes, "beds": _sizes, "population": _population, "residents": _population,
    "followers": _followers, "institutional_jobs": _institutional, "jobs": _jobs, "private_jobs": _jobs,
    "tradable_jobs": _one_sector, "services_jobs": _one_sector, "private_per_post": _per_post,
    "services_per_post": _per_post, "wage": _wage, "floor_price": _floor_price, "real_income": _real_income,
    "mean_minutes": _minutes, "in_commuters": _commuters, "out_commuters": _commuters, "co2": _emitted,
    "nox": _emitted, "pm25_emitted": _emitted,
}  # fmt: skip

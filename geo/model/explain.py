"""Why a number of one county, or of several together, is what it is: its terms, down to the facts.

``explain(outcome, region, "population", "130629", 2035).text("en")`` prints a tree. Every branch adds up, or
multiplies up, to its parent; which of the two stands beside it. The region's own numbers are explained by
:mod:`geo.model.explain_region`, groups and differences by :mod:`geo.explaining`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geo.errors import Fault, ModelError
from geo.model.cases import (
    Case,
    assumed,
    by_move,
    case_of,
    digits_of,
    fitted_commuting,
    home_share,
    keeping,
    lodging_share,
    of_class,
    sized,
    unit_of,
)
from geo.model.economy import WAGE_YEAR
from geo.model.explain_flows import delay_of
from geo.model.terms import FACTS, PRODUCT, Row, Term

if TYPE_CHECKING:
    from geo.model.cases import Movement
    from geo.model.result import Outcome
    from geo.model.solve import Array
    from geo.region import Region

__all__ = ["Row", "Term", "explain", "explain_case", "explain_inside", "per_head"]

_SECTORS = "county_employed_residents_by_sector_2020"
_LONG = 60.0  # minutes: the published share of long commutes


def explain(outcome: Outcome, region: Region, measure: str, code: str, year: int) -> Term:
    """Return the terms that made a measure of a county in a year.

    Parameters
    ----------
    outcome
        Of either model; at level 0 by formula and moves.
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
        If the outcome holds no such measure, county or year, or is of other layers.
    """
    if measure not in outcome.values or code not in outcome.codes:
        raise ModelError(Fault("model.no_measure", measure, {"measure": f"{measure} ({code})"}))
    inside = np.array([one == code for one in outcome.codes], dtype=float)
    return explain_case(case_of(outcome, region, inside, year), measure).trimmed()


def explain_inside(outcome: Outcome, region: Region, measure: str, inside: Array, year: int) -> Term | None:
    """Return the terms that made a measure of several counties together; None where they make no sum.

    Nothing is left out: see :meth:`geo.model.terms.Term.trimmed`.

    Parameters
    ----------
    inside
        1 in the counties, (N,).

    Raises
    ------
    ModelError
        As :func:`explain`.
    """
    if measure not in outcome.values:
        raise ModelError(Fault("model.no_measure", measure, {"measure": measure}))
    case = case_of(outcome, region, inside, year)
    if case.single is None and measure not in _TOGETHER:
        return None
    return explain_case(case, measure)


def explain_case(case: Case, measure: str) -> Term:
    """Return the answer to a question that :func:`geo.model.cases.case_of` made."""
    makers = _MAKERS if case.world is not None else _DIRECT
    made = makers.get(measure, _plain)(case, measure)
    return replace(made, formula=(f"measure.{measure}.formula",))


def _level(case: Case, measure: str, unit: str, *parts: Term, row: Row | None = None) -> Term:
    """Return a level as what it was before plus changes."""
    digits = digits_of(unit)
    before = Term("before", case.before(measure), unit, row=row, digits=digits)
    return Term(measure, case.after(measure), unit, parts=(before, *parts), digits=digits)


def _plain(case: Case, measure: str) -> Term:
    """Return a level as before plus change where no finer account is kept; itself if nothing was before."""
    unit = unit_of(measure)
    digits = digits_of(unit)
    if not np.isfinite(case.before(measure)):
        return Term(measure, case.after(measure), unit, digits=digits)
    return _level(case, measure, unit, Term("change", case.change(measure), unit, digits=digits))


# What moves -----------------------------------------------------------------------------------------


def _sizes(case: Case, measure: str) -> Term:
    """Return posts, students or beds by move: net, or as what has moved."""
    movement = case.movement
    amounts = getattr(movement.moves, measure) * movement.done[case.row]
    signs = movement.signs(case.inside)
    if not case.net:
        return by_move(case, measure, unit_of(measure), amounts, lambda m: sized(case, measure, m))

    def factors(move: int) -> tuple[Term, ...]:
        return sized(case, measure, move, _sign(signs, move))

    return by_move(case, measure, unit_of(measure), signs * amounts, factors)


def _sign(signs: Array, move: int) -> Term:
    return Term("sign", float(signs[move]), "ratio", digits=0)


def _new_homes(case: Case) -> Array:
    """Return where the staff of each move who choose a new home find it, (M, N)."""
    moves = case.movement.moves
    if case.world is None:
        return np.eye(len(case.outcome.codes))[moves.destination]
    return case.movement.homes if case.year is None else case.year.homes[:, moves.destination].T


def _movers(case: Case, key: str, each: Array, more: Callable[[int], Term] | None = None) -> Term:
    """Return staff who move home, or ``each`` with them, by move."""
    movement = case.movement
    share = (_new_homes(case) - movement.homes) @ case.inside if case.net else np.ones(len(each))

    def factors(move: int) -> tuple[Term, ...]:
        with_each = () if more is None else (more(move),)
        lives = (Term("share_of_homes", float(share[move]), "ratio", digits=4),) if case.net else ()
        return sized(case, "posts", move, home_share(case, move), *with_each, *lives)

    return by_move(case, key, unit_of(key), movement.movers[case.row] * each * share, factors)


def _staff_home(case: Case, _: str) -> Term:
    return _movers(case, "staff_home", np.ones(len(case.movement.moves)))


def _family(case: Case, _: str) -> Term:
    moves = case.movement.moves
    each = moves.family_size - 1.0

    def more(move: int) -> Term:
        return Term("each", float(each[move]), "family", row=of_class(case, "family_size", move))

    return _movers(case, "family", each, more)


def _lodging(case: Case) -> Term:
    """Return students who live where they study, by move."""
    movement = case.movement
    signs = movement.signs(case.inside) if case.net else np.ones(len(movement.moves))

    def factors(move: int) -> tuple[Term, ...]:
        more = (lodging_share(case, move), *((_sign(signs, move),) if case.net else ()))
        return sized(case, "students", move, *more)

    return by_move(case, "lodging", "persons", signs * movement.lodging[case.row], factors)


def _residents(case: Case, measure: str) -> Term:
    parts: tuple[Term, ...] = (_staff_home(case, ""), _family(case, ""), _lodging(case))
    if case.net and case.world is not None:
        parts = (*parts, _followers(case, "followers"))
    return Term(measure, float(sum(part.value for part in parts)), "persons", parts=parts, digits=0)


def _population(case: Case, measure: str) -> Term:
    moved = _residents(case, "residents").parts
    return _level(case, measure, "persons", *moved, row=case.county_fact("county_population_2020"))


def _density(case: Case, measure: str) -> Term:
    """Return residents by area, of several counties together too."""
    area = case.total(case.baseline.area_km2)
    row = case.county_fact("county_population_2020")
    unit = unit_of(measure)
    people = case.total(case.outcome.before["population"])
    before = Term("before", people / area, unit, row=row, digits=1)
    one = Term("one_over_area", 1.0 / area, "ratio", digits=6)
    residents = _residents(case, "residents")
    more = Term("change", residents.value / area, unit, PRODUCT, (residents, one))
    return Term(measure, before.value + more.value, unit, parts=(before, more))


def _followers(case: Case, measure: str) -> Term:
    """Return residents who choose another home: private workers, and staff of other institutions."""
    world, year = case.world, case.year
    private = other = 0.0
    each = 1.0 if world is None else world.persons_per_worker
    if world is not None and year is not None:
        private = case.total(year.state.residents - world.plan.base.residents)
        other = case.after("followers") / each - private
    people = Term(
        "chose_home", private + other, "persons",
        parts=(
            Term("private_residents", private, "persons", digits=0),
            Term("other_staff", other, "persons", digits=0),
        ), digits=0,
    )  # fmt: skip
    per = Term("persons_per_worker", each, "ratio", digits=3)
    return Term(measure, case.after("followers"), "persons", PRODUCT, (people, per), digits=0)


# Jobs -----------------------------------------------------------------------------------------------


def _institutional(case: Case, measure: str) -> Term:
    return _level(case, measure, "jobs", _sizes(case, "posts"), row=case.county_fact(_SECTORS))


def _jobs(case: Case, measure: str) -> Term:
    parts = tuple(
        Term(key, case.change(key), "jobs", FACTS, _pull(case, key), digits=0)
        for key in ("tradable_jobs", "services_jobs")
    )
    if measure == "jobs":
        parts = (*parts, _sizes(case, "posts"))
    # jobs by sector and in all clear to the solver's accuracy alone
    rest = case.change(measure) - float(sum(part.value for part in parts))
    if rest:
        parts = (*parts, Term("left_over", rest, "jobs", digits=5))
    return _level(case, measure, "jobs", *parts, row=case.county_fact(_SECTORS))


def _pull(case: Case, measure: str) -> tuple[Term, ...]:
    """Name what moved a sector's jobs: its sales and, in a county, the wage it pays."""
    year, world = case.year, case.world
    if year is None or world is None:
        return ()
    name = f"sales_{'T' if measure == 'tradable_jobs' else 'S'}"
    sold = case.total(getattr(year.state, name)) / case.total(getattr(world.start, name))
    facts = (Term("sales_hat", sold, "ratio", digits=5),)
    if case.single is None:
        return facts
    return (*facts, Term("wage_hat", float(year.state.wage_hat[case.single]), "ratio", digits=5))


def _one_sector(case: Case, measure: str) -> Term:
    change = Term("change", case.change(measure), "jobs", FACTS, _pull(case, measure), digits=0)
    return _level(case, measure, "jobs", change, row=case.county_fact(_SECTORS))


def _per_post(case: Case, measure: str) -> Term:
    """Return jobs gained within an hour for each post gained there; of one county."""
    place, world = case.single, case.world
    value = case.after(measure)
    if world is None or place is None or not np.isfinite(value):
        return Term(measure, value, "ratio", digits=2)
    source = {"private_per_post": "private_jobs", "services_per_post": "services_jobs"}[measure]
    near, each = world.near(world.plan.change[case.row].sum(0))
    change = case.outcome.values[source][case.row] - case.outcome.before[source]
    parts = (
        Term("jobs_within_an_hour", float(near[place] @ change), "jobs", digits=0),
        Term("one_over_posts", 1.0 / float(each[place]), "ratio", digits=6),
    )
    return Term(measure, value, "ratio", PRODUCT, parts, digits=2)


# Prices and money -----------------------------------------------------------------------------------


def _scaled(case: Case, measure: str, row: Row | None, *factors: Term) -> Term:
    """Return a level of one county as what it was before times changes."""
    unit = unit_of(measure)
    digits = digits_of(unit, 1)
    before = Term("before", case.before(measure), unit, row=row, digits=digits)
    return Term(measure, case.after(measure), unit, PRODUCT, (before, *factors), digits=digits)


def _hat(key: str, value: float, row: Row | None = None, **more: object) -> Term:
    return replace(Term(key, value, "ratio", row=row, digits=5), **more)  # type: ignore[arg-type]


def _average_wage(case: Case) -> Row:
    return case.fact("city_indicators", unit=case.city, indicator="average_wage_employees", year=WAGE_YEAR)


def _wage(case: Case, measure: str) -> Term:
    place, year, world = case.places[0], case.year, case.world
    sold = jobs = 1.0
    if year is not None and world is not None:
        start, base = world.start, world.plan.base.parameters
        bill = base.labour_T * start.sales_T[place] + base.labour_S * start.sales_S[place]
        after = base.labour_T * year.state.sales_T[place] + base.labour_S * year.state.sales_S[place]
        sold, jobs = float(after / bill), float(start.jobs[place] / year.state.jobs[place])
    paid = 1.0 if year is None else float(year.state.wage_hat[place])
    # the wage bill is paid to the solver's accuracy
    rest = replace(_hat("left_over", paid / (sold * jobs)), digits=9)
    factors = (_hat("bill_hat", sold), _hat("one_over_jobs", jobs), rest)
    return _scaled(case, measure, _average_wage(case), *factors)


def _floor_price(case: Case, measure: str) -> Term:
    place, year, world = case.places[0], case.year, case.world
    spent = built = supply = cap = 1.0
    if year is not None and world is not None:
        state, start, plan = year.state, world.start, world.plan
        spent = float(state.floor_rent[place] / start.floor_rent[place])
        stock = float(start.floor_rent[place] / plan.base.floor_price[place])
        built = 1.0 + float(plan.floor_space[case.row, place]) / stock
        supply = float(state.floor_space_hat[place]) / built
        cap = float(state.floor_price_paid[place]) / (
            float(state.floor_price_hat[place]) * float(plan.base.floor_price[place])
        )
    factors = (
        _hat("spent_hat", spent),
        _hat("one_over_built", 1.0 / built, how=FACTS, parts=_built(case)),
        _hat("one_over_supply", 1.0 / supply, assumed(case, "floor_response")),
        _hat("cap", cap, assumed(case, "xiongan_price_cap")),
    )
    row = case.fact("district_indicators", unit=case.district, indicator="rent_per_listing")
    return _scaled(case, measure, row, *factors)


def _built(case: Case) -> tuple[Term, ...]:
    """Name what is built for movers, and what stays empty."""
    if case.world is None or case.year is None:
        return ()
    plan = case.world.plan
    empty = (plan.assumed["floor_reuse"] - 1.0) * case.total(plan.area_vacated[case.row])
    built = case.total(plan.built[case.row])
    return (
        Term("built", built, "m2", row=assumed(case, "floor_per_resident"), digits=0),
        Term("empty", empty, "m2", row=assumed(case, "floor_reuse"), digits=0),
    )


def _floor_space(case: Case, measure: str) -> Term:
    """Return floor space as what was there, what is built or emptied, and what answers to the price."""
    done = 0.0
    if case.world is not None and case.year is not None:
        done = case.total(case.world.plan.floor_space[case.row])
    answer = case.change(measure) - done
    parts = (
        Term("built_or_emptied", done, "m2", FACTS, _built(case), digits=0),
        Term("supply_answer", answer, "m2", row=assumed(case, "floor_response"), digits=0),
    )
    return _level(case, measure, "m2", *parts)


def _real_income(case: Case, measure: str) -> Term:
    place, year, world = case.places[0], case.year, case.world
    values = (1.0, 1.0, 1.0, 1.0)
    if year is not None and world is not None:
        state, p = year.state, world.plan.base.parameters
        values = (
            float(state.residential_wage_hat[place]),
            float(state.price_T_hat[place] ** -p.share_T),
            float(state.price_S_hat[place] ** -p.share_S),
            float(state.floor_price_hat[place] ** -p.housing_share),
        )
    keys = ("wage_home_hat", "goods", "services", "floor")
    factors = (_hat(key, value) for key, value in zip(keys, values, strict=True))
    return _scaled(case, measure, _average_wage(case), *factors)


def per_head(case: Case, measure: str = "income_per_head") -> Term:
    """Return income per resident of one county or several: income after / before, people before / after."""
    people, heads = (held["population"] for held in (_now(case), case.outcome.before))
    earned = _now(case)["income_per_head"] * people
    first = case.outcome.before["income_per_head"] * heads
    income = case.total(earned) / case.total(first)
    crowd = case.total(heads) / case.total(people)
    unit = unit_of("income_per_head")
    before = Term("before", case.total(first) / case.total(heads), unit, row=_average_wage(case), digits=0)
    value = case.total(earned) / case.total(people)
    parts = (before, _hat("income_hat", income), _hat("one_over_people", crowd))
    return Term(measure, value, unit, PRODUCT, parts, digits=0)


def _now(case: Case) -> dict[str, Array]:
    return {key: value[case.row] for key, value in case.outcome.values.items()}


def _gdp(case: Case, measure: str) -> Term:
    """Return a county's GDP per head: its city's, moved by the city's output and residents."""
    world, now, before = case.world, _now(case), case.outcome.before
    if world is None:
        return _plain(case, measure)
    city = world.cities[:, case.places[0]] @ world.cities
    grown = float(city @ now["output"] / (city @ before["output"]))
    crowd = float(city @ before["population"] / (city @ now["population"]))
    row = case.fact("city_indicators", unit=case.city, indicator="gdp_per_capita")
    return _scaled(case, measure, row, _hat("output_hat", grown), _hat("one_over_people", crowd))


def _output(case: Case, measure: str) -> Term:
    """Return output as what it was, and what firms sell and institutions pay more or less."""
    goods = services = pay = 0.0
    if case.world is not None and case.year is not None:
        state, start, base = case.year.state, case.world.start, case.world.plan.base
        goods = case.total(state.sales_T - start.sales_T) / 1e9
        services = case.total(state.sales_S - start.sales_S) / 1e9
        pay = case.total(((state.staff_jobs - base.staff) * base.staff_pay).sum(0)) / 1e9
    named = (("sold_goods", goods), ("sold_services", services), ("staff_pay", pay))
    parts = tuple(Term(key, value, "bn_cny", digits=3) for key, value in named)
    return _level(
        case, measure, "bn_cny", *parts, row=_average_wage(case) if case.single is not None else None
    )


# Commuting, roads and air ---------------------------------------------------------------------------


def _trip_mean(case: Case, measure: str) -> Term:
    """Return a mean over the daily trips from the counties: other trips, and slower or faster roads."""
    world, year = case.world, case.year
    if world is None:
        return _direct_minutes(case, measure)
    minutes = world.baseline.minutes[case.places]
    first = world.solved.trips[case.places]
    trips, later = first, minutes
    if year is not None:
        trips = year.daily[case.places]
        later = minutes if year.minutes is None else minutes + year.minutes[case.places]
    if measure == "share_over_60":
        minutes, later = (np.asarray(100.0 * (one > _LONG)) for one in (minutes, later))
    share, old = trips / trips.sum(), first / first.sum()
    unit = unit_of(measure)
    before, moved = float((old * minutes).sum()), float(((share - old) * minutes).sum())
    slower = float((share * (later - minutes)).sum())
    parts = (
        Term(
            "before",
            before,
            unit,
            row=fitted_commuting(case),
            digits=3,
        ),
        Term("who_goes_where", moved, unit, digits=4),
        Term("slower", slower, unit, digits=4),
    )
    return Term(measure, before + moved + slower, unit, parts=parts, digits=3)


def _emitted(case: Case, measure: str) -> Term:
    """Return emissions as what was emitted before, and changes by source."""
    if case.world is None:
        return _plain(case, measure)
    which = {"co2": 0, "nox": 1, "pm25_emitted": 2}[measure]
    scale = 1e6 if measure == "co2" else 1e3
    unit, year, air = unit_of(measure), case.year, case.world.air
    state, traffic = (None, None) if year is None else (year.state, year.traffic)
    more = (air.tonnes(state, traffic) - air.tonnes(None, None))[which] / scale
    names = {"co2": "co2_total_city_data_based", "nox": "total_emissions_NOx"}
    row = case.fact("regional_series", indicator=names.get(measure, "total_emissions_PM25"))
    keys = ("from_road", "from_buildings", "from_output")
    parts = (Term(key, case.total(one), unit, digits=4) for key, one in zip(keys, more, strict=True))
    return _level(case, measure, unit, *parts, row=row)


def _concentration(case: Case, measure: str) -> Term:
    """Return PM2.5 of one county as what was measured, and changes by source."""
    if case.world is None:
        return _plain(case, measure)
    year, air = case.year, case.world.air
    state, traffic = (None, None) if year is None else (year.state, year.traffic)
    more = air.air.by_source((air.tonnes(state, traffic) - air.tonnes(None, None))[2])
    keys = ("from_road", "from_buildings", "from_output")
    parts = [Term(key, case.total(one), "ug_m3", digits=4) for key, one in zip(keys, more, strict=True)]
    rest = case.change(measure) - sum(part.value for part in parts)
    if abs(rest) > 1e-9:
        parts.append(Term("not_below_zero", rest, "ug_m3", digits=4))
    row = case.fact("city_indicators", unit=case.city, indicator="pm25_annual_mean")
    return _level(case, measure, "ug_m3", *parts, row=row)


def _commuters(case: Case, measure: str) -> Term:
    """Split daily commuters of other counties into private workers and staff."""
    year, world = case.year, case.world
    axis = 0 if measure == "in_commuters" else 1
    private = staff = stay = 0.0
    if year is not None and world is not None:
        plan = world.plan
        change = year.flows - plan.base.commuting * plan.base.workers
        private = case.total(change.sum(axis) - np.diag(change))
        kept = (plan.stayers[case.row][:, None] * plan.homes * plan.daily).T @ plan.there
        stay = case.total(kept.sum(axis) - np.diag(kept))
        staff = case.change(measure) - private - stay
    named = (("private_commuters", private), ("staff_commuters", staff), ("stay_commuters", stay))
    parts = (Term(key, value, "trips", digits=0) for key, value in named)
    return _level(case, measure, "trips", *parts, row=fitted_commuting(case))


def _keep_home(case: Case, measure: str) -> Term:
    """Return staff who keep their old home in the counties, by move: those who travel daily, or weekly."""
    movement = case.movement
    daily = measure == "staff_daily"
    share = (movement.homes * (movement.daily == daily)) @ case.inside

    def factors(move: int) -> tuple[Term, ...]:
        return keeping(case, move, "share_daily" if daily else "share_weekly", float(share[move]))

    return by_move(case, measure, "persons", movement.stayers[case.row] * share, factors)


def _staff_minutes(case: Case, measure: str) -> Term:
    """Return the mean over moved staff who travel daily, by move: their share times their minutes."""
    movement = case.movement
    minutes = case.baseline.minutes
    if case.year is not None and case.year.minutes is not None:
        minutes = minutes + case.year.minutes
    stay = movement.stayers[case.row][:, None] * movement.homes * movement.daily * case.inside
    people = stay.sum(axis=1)
    spent = (stay * minutes[:, movement.moves.destination].T).sum(axis=1)
    everybody = float(people.sum())
    if not everybody > 1e-9:
        return Term(measure, float("nan"), "minutes")

    def factors(move: int) -> tuple[Term, ...]:
        return (
            Term("share_of_staff", float(people[move]) / everybody, "ratio", digits=4),
            Term("minutes_each", float(spent[move] / people[move]), "minutes", digits=1),
        )

    return by_move(case, measure, "minutes", spent / everybody, factors)


# Level 0: accounting alone --------------------------------------------------------------------------


def _direct_level(case: Case, measure: str) -> Term:
    """Return jobs as estimated before, and posts by move."""
    return _level(case, measure, "jobs", _sizes(case, "posts"), row=case.county_fact(_SECTORS))


def _direct_commuters(case: Case, measure: str) -> Term:
    """Return daily commuters of other counties as balanced before, and what each move adds or takes."""
    movement, row = case.movement, case.row
    new, old = _crossing(movement)
    if measure == "in_commuters":
        arrive = case.inside[movement.moves.destination] * new.sum(axis=1)
        leave = case.inside[movement.moves.origin] * old.sum(axis=1)
    else:
        arrive, leave = new @ case.inside, old @ case.inside
    come, go = movement.stayers[row] * arrive, movement.posts[row] * leave
    moves = by_move(case, "moved_commuters", "trips", come - go, lambda m: _trips_of(come, go, m))
    return _level(case, measure, "trips", moves, row=fitted_commuting(case))


def _crossing(movement: Movement) -> tuple[Array, Array]:
    """Return homes of each move's staff whose daily trip crosses a border: to the new work, to the old."""
    size = movement.homes.shape[1]
    there, here = np.eye(size)[movement.moves.destination], np.eye(size)[movement.moves.origin]
    return movement.homes * movement.daily * (1 - there), movement.homes * (1 - here)


def _trips_of(come: Array, go: Array, move: int) -> tuple[Term, ...]:
    both = (
        Term("new_trips", float(come[move]), "trips", digits=0),
        Term("trips_no_more", -float(go[move]), "trips", digits=0),
    )
    return (Term("change", float(come[move] - go[move]), "trips", parts=both, digits=0),)


def _direct_minutes(case: Case, measure: str) -> Term:
    """Return person-minutes over daily trips: as before, and what each move adds or takes."""
    movement, base, row = case.movement, case.baseline, case.row
    moves, inside = movement.moves, case.inside
    old_minutes, new_minutes = base.minutes[:, moves.origin].T, base.minutes[:, moves.destination].T
    stay, posts, gone = movement.stayers[row], movement.posts[row], movement.movers[row]
    daily, arrives = movement.homes * movement.daily, inside[moves.destination]
    own = np.diag(base.minutes)[moves.destination]
    trips = stay * (daily @ inside) - posts * (movement.homes @ inside) + gone * arrives
    spent = (
        stay * ((daily * new_minutes) @ inside)
        - posts * ((movement.homes * old_minutes) @ inside)
        + gone * own * arrives
    )
    first, time = case.total(base.flows.sum(1)), case.total((base.flows * base.minutes).sum(1))
    parts = (
        Term("before", time / first, "minutes", row=fitted_commuting(case), digits=3),
        _hat("time_hat", (time + float(spent.sum())) / time, how=FACTS, parts=(_named(case, "time", spent),)),
        _hat("one_over_trips", first / (first + float(trips.sum())), how=FACTS,
             parts=(_named(case, "trips_daily", trips),)),
    )  # fmt: skip
    value = (time + float(spent.sum())) / (first + float(trips.sum()))
    return Term(measure, value, "minutes", PRODUCT, parts, digits=3)


def _named(case: Case, key: str, amounts: Array) -> Term:
    return by_move(case, key, "trips" if key == "trips_daily" else "minutes", amounts, lambda _: ())


_Maker = Callable[[Case, str], Term]
_MOVED: dict[str, _Maker] = {
    "posts": _sizes, "students": _sizes, "beds": _sizes, "staff_home": _staff_home, "family": _family,
    "residents": _residents, "population": _population, "density": _density,
    "institutional_jobs": _institutional, "staff_daily": _keep_home, "staff_weekly": _keep_home,
    "staff_minutes": _staff_minutes, "mean_minutes": _trip_mean,
}  # fmt: skip
_DIRECT: dict[str, _Maker] = _MOVED | {
    "jobs": _direct_level, "in_commuters": _direct_commuters, "out_commuters": _direct_commuters,
}  # fmt: skip
_MAKERS: dict[str, _Maker] = _MOVED | {
    "followers": _followers, "jobs": _jobs, "private_jobs": _jobs, "tradable_jobs": _one_sector,
    "services_jobs": _one_sector, "private_per_post": _per_post, "services_per_post": _per_post,
    "wage": _wage, "floor_price": _floor_price, "floor_space": _floor_space, "real_income": _real_income,
    "income_per_head": per_head, "gdp_per_head": _gdp, "output": _output, "share_over_60": _trip_mean,
    "in_commuters": _commuters, "out_commuters": _commuters, "co2": _emitted, "nox": _emitted,
    "pm25_emitted": _emitted, "pm25": _concentration, "delay": delay_of,
}  # fmt: skip
# Of several counties together these are sums, or means of people and area whose parts add up.
_TOGETHER = frozenset(
    {
        *("posts", "students", "beds", "staff_home", "family", "residents", "population", "density"),
        *("followers", "jobs", "institutional_jobs", "private_jobs", "tradable_jobs", "services_jobs"),
        *("staff_daily", "staff_weekly", "staff_minutes", "in_commuters", "out_commuters"),
        *("floor_space", "floor_unmet", "income_per_head", "output", "delay", "vehicle_km"),
        *("co2", "nox", "pm25_emitted"),
    }
)

"""Why a number of the whole region is what it is: sums, weighted means, and indices by their terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geo.errors import Fault, ModelError
from geo.model.cases import Case, case_of, digits_of, unit_of
from geo.model.economy import INDUSTRY_YEAR, WAGE_YEAR
from geo.model.explain import explain_case, per_head
from geo.model.plan import XIONGAN
from geo.model.terms import FACTS, PRODUCT, Row, Term

if TYPE_CHECKING:
    from geo.model.result import Outcome
    from geo.model.solve import Array
    from geo.region import Region

__all__ = ["by_county", "explain_region", "mean_weights"]

_Maker = Callable[[Case, str], Term]
# What the region's number counts as what has moved, not where.
_MOVED = frozenset({"posts", "students", "beds", "staff_home", "family", "residents"})
# The region's number is the sum of this measure over counties.
_SUMS = {
    key: key
    for key in (
        *("population", "jobs", "institutional_jobs", "private_jobs", "tradable_jobs", "services_jobs"),
        *("output", "floor_space", "floor_unmet", "followers", "staff_daily", "staff_weekly", "delay"),
        *("vehicle_km", "co2", "nox", "pm25_emitted"),
    )
} | {"cross_commuters": "out_commuters"}
_PLANS = "xiongan_and_beijing_plan_facts"


def explain_region(outcome: Outcome, region: Region, measure: str, year: int) -> Term | None:
    """Return the terms that made the region's own number; None where there is only a mean over counties.

    Nothing is left out: see :meth:`geo.model.terms.Term.trimmed`.

    Raises
    ------
    ModelError
        If the outcome holds no such number or year, or is of other layers.
    """
    if measure not in outcome.regional:
        raise ModelError(Fault("model.no_measure", measure, {"measure": measure}))
    everywhere = np.ones(len(outcome.codes))
    case = case_of(outcome, region, everywhere, year, net=measure not in _MOVED)
    value = float(outcome.regional[measure][case.row])
    maker = _MAKERS.get(measure)
    if not np.isfinite(value):
        made: Term | None = Term(measure, value, unit_of(measure), digits=digits_of(unit_of(measure)))
    elif maker is not None and case.world is not None:
        made = maker(case, measure)
    elif measure in _SUMS:
        made = replace(explain_case(case, _SUMS[measure]), key=measure)
    elif measure in _MOVED or measure in {"mean_minutes", "share_over_60", "staff_minutes"}:
        made = explain_case(case, measure)
    else:
        made = None
    return None if made is None else replace(made, formula=(f"measure.{measure}.formula",))


# By county ------------------------------------------------------------------------------------------


def by_county(outcome: Outcome, region: Region, measure: str, year: int) -> Term | None:
    """Return the region's own number by county: a sum, or shares times values; None where it is neither.

    Raises
    ------
    ModelError
        As :func:`explain_region`.
    """
    if measure not in outcome.regional:
        raise ModelError(Fault("model.no_measure", measure, {"measure": measure}))
    case = case_of(outcome, region, np.ones(len(outcome.codes)), year)
    formula = (f"measure.{measure}.formula",)
    if measure in _SUMS:
        made = county_sum(case, _SUMS[measure], case.inside)
        return replace(made, key=measure, formula=formula)
    weights = mean_weights(case, measure)
    # without a number, the terms say so
    if weights is None or not np.isfinite(float(outcome.regional[measure][case.row])):
        return None
    source = "pm25" if measure == "exposure" else measure
    return replace(county_mean(case, source, weights), key=measure, formula=formula)


def county_sum(case: Case, measure: str, inside: Array) -> Term:
    """Return a sum over counties: each as before plus change."""
    unit, row = unit_of(measure), case.row
    after, before = case.outcome.values[measure][row], case.outcome.before[measure]
    digits = digits_of(unit)
    parts = []
    for place in np.flatnonzero(inside):
        if not np.isfinite(after[place]):
            continue
        was = float(before[place]) if np.isfinite(before[place]) else 0.0
        two = (
            Term("before", was, unit, digits=digits),
            Term("change", float(after[place]) - was, unit, digits=digits),
        )
        parts.append(_county(case, int(place), float(after[place]), unit, digits=digits, parts=two))
    value = float(sum(part.value for part in parts)) if parts else float("nan")
    return Term(measure, value, unit, parts=tuple(parts), digits=digits)


def county_mean(case: Case, measure: str, weights: Array) -> Term:
    """Return a mean over counties: each with its share of the weights times its value."""
    unit, values = unit_of(measure), case.outcome.values[measure][case.row]
    digits = digits_of(unit)
    heavy = np.where(np.isfinite(values), np.nan_to_num(weights), 0.0)
    total = float(heavy.sum())
    if not total > 0:
        return Term(measure, float("nan"), unit, digits=digits)
    parts = []
    for place in np.flatnonzero(heavy):
        share, value = float(heavy[place]) / total, float(values[place])
        two = (
            Term("share_of_weights", share, "ratio", digits=5),
            Term("value_there", value, unit, digits=digits),
        )
        parts.append(
            _county(case, int(place), share * value, unit, how=PRODUCT, parts=two, digits=digits + 1)
        )
    return Term(measure, float(sum(p.value for p in parts)), unit, parts=tuple(parts), digits=digits)


def _county(case: Case, place: int, value: float, unit: str, **more: object) -> Term:
    names = case.region.counties
    code = case.outcome.codes[place]
    label = (str(names.at[code, "name_en"]), str(names.at[code, "name_zh"]))
    return replace(Term("county", value, unit, label=label, code=code), **more)  # type: ignore[arg-type]


def mean_weights(case: Case, measure: str) -> Array | None:
    """Return what the region's own mean of a measure is weighted by, (N,); None where it is no mean."""
    now = {key: value[case.row] for key, value in case.outcome.values.items()}
    keys = {
        "staff_minutes": "staff_daily", "wage": "private_jobs", "floor_price": "floor_space",
        "exposure": "population",
    }  # fmt: skip
    if measure in keys:
        return np.asarray(now[keys[measure]])
    if measure in {"mean_minutes", "share_over_60", "real_income"}:
        return _trips_from(case)
    if measure == "peak_speed" and case.world is not None:
        roads, year = case.world.air.roads, case.year
        found = roads.by_county(roads.before if year is None or year.traffic is None else year.traffic)
        some = found.vehicle_km > 0
        return np.asarray(np.where(some, found.vehicle_km / np.where(some, found.speed, 1.0), 0.0))
    return None


def _trips_from(case: Case) -> Array:
    """Return daily trips by home, (N,)."""
    if case.world is not None:
        trips = case.world.solved.trips if case.year is None else case.year.daily
        return np.asarray(trips.sum(axis=1))
    movement, row = case.movement, case.row
    there = np.eye(len(case.outcome.codes))[movement.moves.destination]
    stay = movement.stayers[row] @ (movement.homes * movement.daily)
    left = movement.posts[row] @ movement.homes
    return np.asarray(case.baseline.flows.sum(axis=1) - left + movement.movers[row] @ there + stay)


# Jobs for each post ---------------------------------------------------------------------------------


def _per_post(case: Case, measure: str) -> Term:
    """Return jobs gained around receiving counties for each post gained there."""
    world, outcome = case.world, case.outcome
    if world is None:
        return Term(measure, float("nan"), "ratio")
    source = {"private_per_post": "private_jobs", "services_per_post": "services_jobs"}[measure]
    posts = outcome.values["institutional_jobs"][case.row] - world.reference.staff.sum(0)
    near, gained = world.near(posts)
    around = near[np.isfinite(gained)].any(axis=0)
    change = outcome.values[source][case.row] - outcome.before[source]
    counties = tuple(
        _county(case, int(place), float(change[place]), "jobs", digits=0) for place in np.flatnonzero(around)
    )
    jobs = Term("jobs_around", float(change[around].sum()), "jobs", parts=counties, digits=0)
    each = float(np.maximum(posts, 0.0) @ around)
    one = Term("one_over_gained", 1.0 / each, "per_job", digits=6)
    return Term(measure, jobs.value * one.value, "ratio", PRODUCT, (jobs, one), digits=2)


# Welfare and inequality -----------------------------------------------------------------------------


def _welfare(case: Case, measure: str) -> Term:
    """Return the change of welfare by home: share of workers times what living there gains (eq. 13)."""
    world, year = case.world, case.year
    if world is None or year is None:
        return Term(measure, 0.0, "percent", digits=3)
    base, state = world.plan.base, year.state
    eps = base.parameters.eps
    seen = base.commuting
    if year.minutes is not None:
        seen = seen * np.exp(-eps * base.parameters.kappa * year.minutes)
    share = base.commuting.sum(axis=1)
    worth = state.home_factor * (seen @ state.work_factor)
    parts = tuple(
        _county(
            case, place, float(worth[place] - share[place]), "ratio", how=PRODUCT, digits=6,
            parts=(
                Term("share_of_workers", float(share[place]), "ratio", digits=5),
                Term("worth_more", float(worth[place] / share[place] - 1.0), "ratio", digits=5),
            ),
        )
        for place in range(len(share)) if share[place] > 0
    )  # fmt: skip
    gained = Term("choices_worth", float(sum(part.value for part in parts)), "ratio", parts=parts, digits=6)
    value = 100.0 * (state.welfare - 1.0)
    each = value / gained.value if gained.value else 100.0 / eps
    root = Term("percent_utility", each, "ratio", digits=3)
    return Term(measure, gained.value * each, "percent", PRODUCT, (gained, root), digits=3)


def _real(case: Case) -> tuple[Array, Array]:
    """Return real income per head and residents by county, (N,) each."""
    now = {key: case.outcome.values[key][case.row] for key in ("population", "income_per_head")}
    living = 1.0 if case.year is None else case.year.state.cost_of_living_hat
    return now["income_per_head"] / living, now["population"]


def _gini(case: Case, measure: str) -> Term:
    """Return the sum over counties: share of residents, income over the mean, and rank from -1 to +1."""
    income, people = _real(case)
    share = people / people.sum()
    ratio = income / (share @ income)
    order = np.argsort(income, kind="stable")
    rank = np.empty_like(share)
    cumulated = np.cumsum(share[order])
    rank[order] = 2.0 * cumulated - share[order] - 1.0
    parts = tuple(
        _county(
            case, place, float(share[place] * ratio[place] * rank[place]), "index", how=PRODUCT, digits=5,
            parts=(
                Term("share_of_people", float(share[place]), "ratio", digits=5),
                Term("income_over_mean", float(ratio[place]), "ratio", digits=4),
                Term("rank", float(rank[place]), "ratio", digits=4),
            ),
        )
        for place in range(len(share))
    )  # fmt: skip
    return Term(measure, float(sum(part.value for part in parts)), "index", parts=parts, digits=5)


def _theil_within(case: Case, measure: str) -> Term:
    """Return the sum over the three: their share of income times the index inside, by county."""
    income, people = _real(case)
    world = case.world
    if world is None:
        return Term(measure, float("nan"), "index")
    earned = income * people
    parts = []
    for name, inside in world.three.items():
        own = np.flatnonzero(inside)
        share = people[own] / people[own].sum()
        ratio = income[own] / (share @ income[own])
        counties = tuple(
            _county(
                case, int(place), float(s * r * np.log(r)), "index", how=PRODUCT, digits=6,
                parts=(
                    Term("share_of_people", float(s), "ratio", digits=5),
                    Term("income_over_mean", float(r), "ratio", digits=4),
                    Term("log_income_over_mean", float(np.log(r)), "ratio", digits=4),
                ),
            )
            for place, s, r in zip(own, share, ratio, strict=True)
        )  # fmt: skip
        index = Term("theil_inside", float(sum(c.value for c in counties)), "index", parts=counties, digits=5)
        weight = Term("share_of_income", float(earned[own].sum() / earned.sum()), "ratio", digits=4)
        value = weight.value * index.value
        parts.append(_province(name, value, (weight, index)))
    return Term(measure, float(sum(part.value for part in parts)), "index", parts=tuple(parts), digits=5)


def _province(name: str, value: float, parts: tuple[Term, ...]) -> Term:
    return Term(f"province_{name}", value, "index", PRODUCT, parts, digits=6)


def _theil_between(case: Case, measure: str) -> Term:
    """Return the sum over the three: share of residents, income over the mean, and its logarithm."""
    income, people = _real(case)
    world = case.world
    if world is None:
        return Term(measure, float("nan"), "index")
    mean = float(income @ people / people.sum())
    parts = []
    for name, inside in world.three.items():
        ratio = float((income * people) @ inside / (people @ inside)) / mean
        factors = (
            Term("share_of_people", float(people @ inside / people.sum()), "ratio", digits=4),
            Term("income_over_mean", ratio, "ratio", digits=4),
            Term("log_income_over_mean", float(np.log(ratio)), "ratio", digits=4),
        )
        parts.append(_province(name, float(np.prod([one.value for one in factors])), factors))
    return Term(measure, float(sum(part.value for part in parts)), "index", parts=tuple(parts), digits=5)


def _gap(case: Case, measure: str) -> Term:
    """Return a ratio of published incomes times the change of both."""
    world = case.world
    if world is None:
        return Term(measure, float("nan"), "ratio")
    first = measure.removeprefix("income_").removesuffix("_hebei")
    facts = world.plan.inputs.facts
    units = {"beijing": "Beijing", "tianjin": "Tianjin", "hebei": "Hebei (province)"}

    def published(name: str) -> Row:
        where = {"indicator": "disposable_income_per_capita", "unit": units[name], "year": WAGE_YEAR}
        return case.fact("city_indicators", **where)  # type: ignore[arg-type]

    def moved(name: str) -> tuple[float, Term]:
        tree = per_head(replace(case, inside=world.three[name]))
        return tree.value / tree.parts[0].value, tree

    (up, rich), (down, poor) = moved(first), moved("hebei")
    one, two = facts[f"income_{first}"], facts["income_hebei"]
    parts = (
        Term(f"published_{first}", one, "yuan", row=published(first), digits=0),
        Term("one_over_published_hebei", 1.0 / two, "ratio", row=published("hebei"), digits=8),
        Term(f"income_moved_{first}", up, "ratio", FACTS, (rich,), digits=5),
        Term("one_over_income_moved_hebei", 1.0 / down, "ratio", FACTS, (poor,), digits=5),
    )
    return Term(measure, float(np.prod([part.value for part in parts])), "ratio", PRODUCT, parts, digits=4)


# Plans and targets ----------------------------------------------------------------------------------


def _fill(case: Case, measure: str) -> Term:
    world = case.world
    if world is None:
        return Term(measure, float("nan"), "percent")
    inside = np.isin(case.outcome.codes, XIONGAN).astype(float)
    people = explain_case(replace(case, inside=inside), "population")
    row = case.fact(_PLANS, fact="xiongan_planned_population_longrun_high")
    per = Term(
        "percent_of_planned",
        100.0 / world.plan.inputs.facts["xiongan_population"],
        "ratio",
        row=row,
        digits=8,
    )
    people = replace(people, formula=())
    return Term(measure, people.value * per.value, "percent", PRODUCT, (people, per), digits=1)


def _six(case: Case, measure: str) -> Term:
    world = case.world
    if world is None:
        return Term(measure, float("nan"), "persons")
    people = explain_case(replace(case, inside=world.plan.inputs.centre), "population")
    if measure == "six_districts":
        return replace(people, key=measure)
    target = world.plan.inputs.facts["six_districts_target"]
    row = case.fact(_PLANS, fact="beijing_six_districts_target")
    parts = (*people.parts, Term("less_target", -target, "persons", row=row, digits=0))
    return Term(measure, people.value - target, "persons", parts=parts, digits=0)


def _industry(case: Case, measure: str) -> Term:
    """Return the published added value, as sales of goods move it."""
    world, year = case.world, case.year
    if world is None:
        return Term(measure, float("nan"), "bn_cny")
    made = float(world.before.sales_T.sum())
    change = np.zeros(len(case.outcome.codes)) if year is None else year.state.sales_T - world.start.sales_T
    value = world.plan.inputs.facts["industry_value_added"]
    row = case.fact("regional_series", indicator="industrial_added_value", year=INDUSTRY_YEAR)
    parts = tuple(
        _county(case, place, value * float(change[place]) / made, "bn_cny", digits=4)
        for place in range(len(change))
    )
    before = Term("before", value, "bn_cny", row=row, digits=1)
    total = value + float(sum(part.value for part in parts))
    return Term(measure, total, "bn_cny", parts=(before, *parts), digits=1)


_MAKERS: dict[str, _Maker] = {
    "private_per_post": _per_post, "services_per_post": _per_post, "welfare": _welfare, "gini": _gini,
    "theil_within": _theil_within, "theil_between": _theil_between, "income_beijing_hebei": _gap,
    "income_tianjin_hebei": _gap, "xiongan_fill": _fill, "six_districts": _six, "six_districts_gap": _six,
    "industry_value_added": _industry,
}  # fmt: skip

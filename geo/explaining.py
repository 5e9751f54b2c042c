"""Why a number is what it is, wherever it is shown: of a place, of a difference, of a sentence, of a limit.

A number can be taken apart in up to two ways: by ``terms`` (what it was before, each move, who follows) and
by ``counties`` (a sum, or shares times values). Nothing here draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.comparison import REGION, Place, adds_up, mean_weights, place_of, series
from geo.downloads import Field, Table
from geo.errors import Fault, ModelError
from geo.limits import limits
from geo.measures import MEASURES
from geo.model.cases import by_move, case_of, home_share, lodging_share, of_class, sized, unit_of
from geo.model.explain import explain_inside
from geo.model.explain_region import by_county, county_mean, county_sum, explain_region
from geo.model.terms import PRODUCT, SUM, Row, Term, changed, difference, share_of
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geo.limits import Breach, Budget, Limit, Standing
    from geo.measures import Said
    from geo.model.cases import Case
    from geo.outcome import Outcome
    from geo.region import Region

__all__ = [
    "WAYS",
    "Asked",
    "explain_breach",
    "explain_change",
    "explain_difference",
    "explain_place",
    "explain_said",
    "explain_standing",
    "inside_of",
    "said_label",
    "table_of_term",
]


WAYS: Final = ("terms", "counties")
_UNITS: Final = {"beds": "bed", "cny": "yuan"}
Views = dict[str, Term]


@dataclass(frozen=True)
class Asked:
    """A number that two outcomes both have, to be explained in each and in their difference.

    Parameters
    ----------
    name
        What it is, and whose or where.
    measure
        Key of what says its unit, status and source.
    of
        Explains it in one outcome.
    """

    name: str
    measure: str
    of: Callable[[Outcome], Term]


# A number of a place --------------------------------------------------------------------------------


def explain_place(outcome: Outcome, region: Region, measure: str, place: Place, year: int) -> Views:
    """Return a number of a place, as :func:`geo.comparison.series` gives it, in each way to take it apart.

    Raises
    ------
    ModelError
        If the outcome holds no such number or year, or is of other layers than ``region``.
    """
    return _trimmed(_views(outcome, region, measure, place, year))


def explain_change(outcome: Outcome, region: Region, measure: str, place: Place, year: int) -> Views:
    """Return a number of a place less what it was before any move.

    A way in which only the number itself can be taken apart is left out. What has no number before any move
    (jobs per post) has no change.

    Raises
    ------
    ModelError
        As :func:`explain_place`.
    """
    found = _views(outcome, region, measure, place, year)
    grown = {way: changed(tree) if way == "terms" else _grown(tree) for way, tree in found.items()}
    if not _starts_at_nothing(outcome, measure):
        grown = {way: tree for way, tree in grown.items() if tree is not found[way]}
    return _trimmed(grown or _unexplained(measure))


def _starts_at_nothing(outcome: Outcome, measure: str) -> bool:
    """Return whether a number is itself what moves change."""
    if measure in outcome.before:
        return not np.any(outcome.before[measure])
    return MEASURES[measure].scale == "diverging"


def _unexplained(measure: str) -> Views:
    return {"terms": Term(measure, float("nan"), unit_of(measure), formula=("explain.group.none",))}


def explain_difference(
    first: Outcome, second: Outcome, region: Region, measure: str, place: Place, *, year: int
) -> Views:
    """Return the second outcome's number less the first's, term by term, in each way that both have.

    Raises
    ------
    ModelError
        As :func:`explain_place`.
    """
    one, two = (_views(outcome, region, measure, place, year) for outcome in (first, second))
    shared = [way for way in WAYS if way in one and way in two]
    if not shared:  # one of the two has no number
        bare = next(iter(one.values())), next(iter(two.values()))
        return {"terms": difference(*bare)}
    return _trimmed({way: difference(one[way], two[way]) for way in shared})


def _trimmed(views: Views) -> Views:
    return {way: tree.trimmed() for way, tree in views.items()}


def _grown(tree: Term) -> Term:
    """Return a sum over counties less what each was before; any other tree as it is."""
    if tree.how != SUM or not all(part.how == SUM and part.key == "county" for part in tree.parts):
        return changed(tree)
    parts = tuple(changed(part) for part in tree.parts)
    if all(new is old for new, old in zip(parts, tree.parts, strict=True)):
        return tree
    return replace(tree, value=float(sum(part.value for part in parts)), parts=parts)


def _views(outcome: Outcome, region: Region, measure: str, place: Place, year: int) -> Views:
    """Return all ways to take a number apart, with nothing left out; at least one."""
    if measure not in outcome.values and measure not in outcome.regional:
        raise ModelError(Fault("model.no_measure", measure, {"measure": measure}))
    if place.id == REGION and measure in outcome.regional:
        found = {
            "terms": explain_region(outcome, region, measure, year),
            "counties": by_county(outcome, region, measure, year),
        }
    elif measure not in outcome.values or not place.inside.any():
        found = {}
    elif place.inside.sum() == 1:
        found = {"terms": explain_inside(outcome, region, measure, place.inside.astype(float), year)}
    else:
        found = _of_group(outcome, region, measure, place, year)
    kept = {way: tree for way, tree in found.items() if tree is not None}
    return kept or _unexplained(measure)


def _of_group(
    outcome: Outcome, region: Region, measure: str, place: Place, year: int
) -> dict[str, Term | None]:
    """Return a number of several counties: nothing where no mean is formed."""
    value = float(series(region, outcome, measure, place)[outcome.position(year)])
    if not np.isfinite(value):
        return {}
    inside = place.inside.astype(float)
    case = case_of(outcome, region, inside, year)
    formula = f"measure.{measure}.formula"
    if adds_up(measure):
        listed = replace(county_sum(case, measure, inside), formula=(formula, "explain.group.sum"))
    else:
        weights = mean_weights(region, outcome, measure, year)
        if weights is None:  # pragma: no cover - then there is no number either
            return {}
        heavy = np.where(place.inside, weights, 0.0)
        listed = replace(county_mean(case, measure, heavy), formula=(formula, f"explain.group.{measure}"))
    terms = explain_inside(outcome, region, measure, inside, year)
    return {"terms": None if terms is None else replace(terms, formula=listed.formula), "counties": listed}


# A number in a sentence -----------------------------------------------------------------------------


def inside_of(outcome: Outcome, region: Region, key: str, year: int, language: str = "en") -> Place:
    """Return the place that a sentence speaks of: by its id, or where posts arrive or leave by a year."""
    if key not in {"gaining", "losing"}:
        return place_of(region, key, language)
    posts = outcome.at("posts", year)
    return Place(key, say(f"explain.place.{key}", language), posts > 0 if key == "gaining" else posts < 0)


def explain_said(outcome: Outcome, region: Region, said: Said) -> Views:
    """Return a number in a sentence of :func:`geo.measures.summary`, taken apart.

    Raises
    ------
    ModelError
        As :func:`explain_place`.
    """
    if said.kind == "count":
        case = case_of(outcome, region, np.ones(len(outcome.codes)), said.year)
        ones = np.ones(len(outcome.scenario.moves))
        return {"terms": by_move(case, "moves", "moves", ones, lambda _: ())}
    place = inside_of(outcome, region, said.place, said.year)
    if said.kind == "mean_percent":
        return _trimmed({"counties": _mean_percent(outcome, region, said, place)})
    if said.kind == "value":
        return explain_place(outcome, region, said.measure, place, said.year)
    views = explain_change(outcome, region, said.measure, place, said.year)
    if said.kind == "change":
        return views
    before = float(np.nansum(outcome.before[said.measure][place.inside]))
    per = Term("percent_of_before", 100.0 / before, "ratio", digits=8)
    return {way: share_of(tree, per, key=said.measure, unit="percent") for way, tree in views.items()}


def said_label(outcome: Outcome, region: Region, said: Said, language: str = "en") -> str:
    """Return what a number in a sentence is: measure, place, year, value and unit."""
    measure = MEASURES[said.measure]
    return say(
        f"explain.kind.{said.kind}",
        language,
        measure=measure.name(language),
        place=inside_of(outcome, region, said.place, said.year, language).name,
        year=said.year,
        value=said.text(language),
        unit=measure.unit_name(language),
    )


def _mean_percent(outcome: Outcome, region: Region, said: Said, place: Place) -> Term:
    """Return a mean change in percent by county, weighted by the posts that arrive or leave there."""
    posts = np.where(place.inside, np.abs(outcome.at("posts", said.year)), 0.0)
    before = outcome.before[said.measure]
    percent = 100.0 * outcome.change(said.measure, said.year) / before
    parts = []
    for at in np.flatnonzero(posts):
        code, share = outcome.codes[at], float(posts[at] / posts.sum())
        names = region.counties.loc[code]
        two = (
            Term("share_of_posts", share, "ratio", digits=4),
            Term("percent_there", float(percent[at]), "percent", digits=3),
        )
        label = (str(names["name_en"]), str(names["name_zh"]))
        value = share * float(percent[at])
        parts.append(
            Term("county", value, "percent", PRODUCT, two, label=label, code=code, digits=3),
        )
    value = float(sum(part.value for part in parts)) if parts else float("nan")
    formula = (f"measure.{said.measure}.formula", "explain.group.posts")
    return Term(said.measure, value, "percent", parts=tuple(parts), formula=formula, digits=2)


# A number that a limit is held against --------------------------------------------------------------


def explain_breach(breach: Breach, outcome: Outcome, region: Region, budget: Budget | None = None) -> Views:
    """Return the number that a limit is held against in its worst year, taken apart.

    Raises
    ------
    ModelError
        As :func:`explain_place`; or if the limit is a budget and none is given.
    """
    if breach.rule != "budget" and not breach.institution:
        limit = next(one for one in limits(region) if one.id == breach.rule)
        return _of_limit(limit, outcome, region, breach.worst_year)
    inside = np.isin(outcome.codes, breach.codes).astype(float)
    case = case_of(outcome, region, inside, breach.worst_year)
    return _trimmed({"terms": _arriving(case, breach) if breach.institution else _spent(case, budget)})


def explain_standing(standing: Standing, outcome: Outcome, region: Region) -> Views:
    """Return the number that a limit is held against, exceeded or not, in the year in which it is largest.

    Raises
    ------
    ModelError
        As :func:`explain_place`.
    """
    return _of_limit(standing.limit, outcome, region, standing.year)


def _of_limit(limit: Limit, outcome: Outcome, region: Region, year: int) -> Views:
    inside = np.isin(outcome.codes, limit.codes)
    if limit.quantity != "residents":
        case = case_of(outcome, region, inside.astype(float), year)
        return _trimmed({"terms": _held(limit, _counted(case, limit.quantity))})
    views = explain_place(outcome, region, "population", Place(limit.id, "", inside), year)
    return {way: _held(limit, tree) for way, tree in views.items()}


def _held(limit: Limit, quantity: Term) -> Term:
    """Return ``base + quantity / per``, the number of a rule."""
    if not limit.base and limit.per == 1:
        return quantity
    unit = _UNITS.get(limit.unit, limit.unit)
    row = Row("limits.csv", f"limit {limit.id}", limit.source, limit.status)
    per = Term("one_over_each", 1.0 / limit.per, "ratio", row=row, digits=8)
    amount = share_of(quantity, per, key="limit_quantity", unit=unit)
    base = Term("limit_base", limit.base, unit, row=row, digits=2)
    parts = (base, amount) if limit.base else (amount,)
    return Term("limit_number", limit.base + amount.value, unit, parts=parts, digits=2)


def _counted(case: Case, quantity: str) -> Term:
    """Return newcomers, or posts, that the scenario brings to the counties, by move."""
    movement = case.movement
    here = case.inside[movement.moves.destination]
    if quantity == "posts":
        amounts = here * movement.posts[case.row]
        return by_move(case, "limit_posts", "jobs", amounts, lambda move: sized(case, "posts", move))
    moves = movement.moves
    staff = by_move(
        case, "limit_staff", "persons", here * movement.movers[case.row] * moves.family_size,
        lambda move: sized(
            case, "posts", move, home_share(case, move),
            Term(
                "persons_each", float(moves.family_size[move]), "persons",
                row=of_class(case, "family_size", move), digits=2,
            ),
        ),
    )  # fmt: skip
    students = by_move(
        case, "lodging", "persons", here * movement.lodging[case.row],
        lambda move: sized(case, "students", move, lodging_share(case, move)),
    )  # fmt: skip
    return Term("newcomers", staff.value + students.value, "persons", parts=(staff, students), digits=0)


def _arriving(case: Case, breach: Breach) -> Term:
    """Return what comes to an institution's planned site, by move."""
    what = {"places": "students", "beds": "beds", "jobs": "posts"}[breach.unit]
    movement, moves = case.movement, case.outcome.scenario.moves
    own = np.array(
        [move.institution == breach.institution and move.destination in breach.codes for move in moves]
    )
    amounts = own * getattr(movement.moves, what) * movement.done[case.row]
    return by_move(
        case, "arriving", _UNITS.get(breach.unit, breach.unit), amounts, lambda m: sized(case, what, m)
    )


def _spent(case: Case, budget: Budget | None) -> Term:
    """Return what a programme costs, by move."""
    if budget is None:
        raise ModelError(Fault("limits.free_budget", "budget"))
    moves, done = case.movement.moves, case.movement.done[case.row]
    rates = (("posts", budget.per_post), ("students", budget.per_student), ("beds", budget.per_bed))
    kinds = []
    for size, rate in rates:
        amounts: NDArray[np.float64] = np.asarray(done * getattr(moves, size) * rate)
        if amounts.any():
            each = Term("cost_each", rate, "yuan", digits=0)
            kinds.append(by_move(case, f"cost_{size}", "yuan", amounts, _rated(case, size, each)))
    value = float(sum(part.value for part in kinds))
    return Term("cost", value, "yuan", parts=tuple(kinds), digits=0)


def _rated(case: Case, size: str, each: Term) -> Callable[[int], tuple[Term, ...]]:
    return lambda move: sized(case, size, move, each)


# Tables ---------------------------------------------------------------------------------------------


def table_of_term(term: Term, language: str = "en") -> Table:
    """Return an explanation as a table, one term a row, deepest last; sides only for a difference."""
    rows = []
    two = term.sides is not None
    for depth, one in term.walk():
        line = one.line(language, depth)
        sides = (line.sides or ("", "")) if two else ()
        rows.append((depth, line.name, one.value, line.unit, *sides, line.how, line.source, line.status))
    beside = ("before", "after") if term.sides is not None and term.sides.words == "grown" else ("a", "b")
    keys = ("depth", "term", "value", "unit", *(beside if two else ()), "how", "source", "status")
    fields = tuple(Field(key, say(f"explain.column.{key}", language)) for key in keys)
    return Table("explanation", say("explain.panel.title", language), fields, tuple(rows))

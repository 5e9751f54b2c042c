"""Why a flow between two counties is what it is: the delay on a road link, the daily trips of a pair.

Both are read from the solved economy that :mod:`geo.model.flows` reads; only the full model has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from geo.errors import Fault, ModelError
from geo.model.cases import assumed, by_move, case_of, fitted_commuting, keeping
from geo.model.flows import links
from geo.model.terms import FACTS, PRODUCT, Row, Term
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geo.model.cases import Case
    from geo.model.indicators import World
    from geo.model.path import Year
    from geo.model.result import Outcome
    from geo.model.roads import Traffic
    from geo.model.solve import Array
    from geo.region import Region

__all__ = ["delay_of", "explain_link", "explain_pair"]

_VEHICLES: Final = "vehicles_per_hour"
_NETWORK: Final = Row("baseline.npz", "roads", "docs/model.md", "estimated")
_EXACT: Final = 1e-9


def explain_link(outcome: Outcome, region: Region, ends: tuple[str, str], year: int | None) -> Term:
    """Return the vehicle-hours lost in the peak hour on the link between two counties, by direction (eq. 11).

    Parameters
    ----------
    ends
        Codes of the two counties, in any order.
    year
        One of the outcome's years; None for before any move.

    Raises
    ------
    ModelError
        If the outcome holds no flows or not the year, is of other layers, or the two have no link.
    """
    case = _case(outcome, region, ends[0], year)
    roads = _world(case).air.roads.network
    half = len(roads.tail) // 2
    pairs = np.sort(np.column_stack([roads.tail, roads.head])[:half], axis=1)
    there = sorted(outcome.codes.index(code) for code in ends if code in outcome.codes)
    at = [link for link, pair in enumerate(pairs.tolist()) if pair == there]
    if not at:
        raise ModelError(Fault("flows.no_link", "", {"first": ends[0], "second": ends[1]}))
    here = [_direction(case, at[0] + back * half, year) for back in (0, 1)]
    value = float(sum(part.value for part in here))
    return Term("link_delay", value, "vehicle_hours", parts=tuple(here), formula=("map.flows.road_formula",))


def _direction(case: Case, link: int, year: int | None) -> Term:
    """Return one direction of a link: its vehicles times the minutes that each loses."""
    roads = _world(case).air.roads
    network = roads.network
    tail, head = int(network.tail[link]), int(network.head[link])
    first, now = roads.before, _traffic(case, year)
    start, flow = float(first.flow[link]), float(now.flow[link])
    parts = () if year is None else (_vehicles("before", start), _vehicles("change", flow - start))
    vehicles = Term("link_vehicles", flow, _VEHICLES, parts=parts, digits=0)
    three = (vehicles, _lost(case, link, now), Term("hours_per_minute", 1.0 / 60.0, "ratio", digits=6))
    value = float(np.prod([one.value for one in three]))
    label = _joined(case, (tail, head), "from_to")
    return Term("link_towards", value, "vehicle_hours", PRODUCT, three, label=label)


def _vehicles(key: str, value: float) -> Term:
    return Term(key, value, _VEHICLES, row=_NETWORK if key == "before" else None, digits=0)


def _joined(case: Case, ends: Iterable[int], how: str) -> tuple[str, str]:
    """Return the names of two counties as one, in both languages."""

    def said(language: str) -> str:
        names = case.region.counties[f"name_{language}"]
        first, second = (str(names.iloc[end]) for end in ends)
        return say(f"explain.{how}", language, first=first, second=second)

    return said("en"), said("zh")


def _lost(case: Case, link: int, now: Traffic) -> Term:
    """Return the minutes that a vehicle loses: free-flow time x 0.15 x (flow / capacity)^4, times a scale."""
    network = _world(case).air.roads.network
    free, alpha, beta, capacity = (
        float(np.broadcast_to(one, network.tail.shape)[link])
        for one in (network.t0, network.alpha, network.beta, network.capacity)
    )
    flow, lost = float(now.flow[link]), float(now.time[link]) - free
    filled = flow / capacity
    crowded = alpha * filled**beta
    facts = (
        Term("link_vehicles", flow, _VEHICLES, digits=0),
        Term("link_capacity", capacity, _VEHICLES, row=_capacity_row(case, link), digits=0),
        Term("filled", filled, "ratio", digits=3),
    )
    parts: tuple[Term, ...] = (
        Term("free_minutes", free, "minutes", row=_NETWORK, digits=2),
        Term("crowded", crowded, "ratio", FACTS, facts, digits=5),
    )
    rest = lost / (free * crowded) if free * crowded > 0 else 1.0
    if abs(rest - 1.0) > _EXACT:  # times before plus a scaled change are no function of the flow alone
        parts = (
            *parts,
            Term("scale_of_times", rest, "ratio", row=assumed(case, "congestion_response"), digits=5),
        )
    return Term("minutes_lost", lost, "minutes", PRODUCT, parts, digits=3)


def _capacity_row(case: Case, link: int) -> Row:
    """Return the published congestion that the capacity was fitted to, of the cities at both ends."""
    roads = _world(case).air.roads
    ends = {int(roads.group[end]) for end in (roads.network.tail[link], roads.network.head[link])}
    rows = roads.fit.iloc[sorted(ends)]
    key = ", ".join(str(one) for one in rows["group"])
    return Row("traffic_facts.csv", key, "; ".join(dict.fromkeys(rows["source"])), "estimated")


def explain_pair(outcome: Outcome, region: Region, ends: tuple[str, str], year: int | None) -> Term:
    """Return the daily trips from home to work: as before, and who travels more or less (eq. 1, 3).

    Parameters
    ----------
    ends
        Codes of the counties of home and of work.
    year
        One of the outcome's years; None for before any move.

    Raises
    ------
    ModelError
        If the outcome holds no flows, no such county or year, or is of other layers.
    """
    case = _case(outcome, region, ends[0], year)
    if ends[1] not in outcome.codes:
        raise ModelError(Fault("flows.no_link", "", {"first": ends[0], "second": ends[1]}))
    at = outcome.codes.index(ends[0]), outcome.codes.index(ends[1])
    before = Term(
        "before", float(_world(case).solved.trips[at]), "trips", row=fitted_commuting(case), digits=0
    )
    parts: tuple[Term, ...] = (before,)
    solved = None if year is None else case.year
    if solved is not None:
        parts = (before, _private(case, at, solved), _staff(case, at, solved), _stay(case, at))
    value = float(sum(part.value for part in parts))
    return Term("pair_trips", value, "trips", parts=parts, formula=("map.flows.trip_formula",), digits=0)


def _private(case: Case, ends: tuple[int, int], year: Year) -> Term:
    """Return the change of private workers, with what moves them to this home and this work."""
    base = _world(case).plan.base
    change = float(year.flows[ends]) - float(base.commuting[ends]) * float(base.workers)
    home, work = ends
    state = year.state
    facts = [
        Term("wage_hat", float(state.wage_hat[work]), "ratio", digits=5),
        Term("living_cost_hat", float(state.cost_of_living_hat[home]), "ratio", digits=5),
        Term("amenity_hat", float(state.amenity_hat[home]), "ratio", digits=5),
    ]
    if year.minutes is not None:
        facts.append(Term("more_minutes", float(year.minutes[ends]), "minutes", digits=2))
    return Term("private_commuters", change, "trips", FACTS, tuple(facts), digits=0)


def _staff(case: Case, ends: tuple[int, int], year: Year) -> Term:
    """Return the change of staff who choose a home by their work."""
    base, (home, work) = _world(case).plan.base, ends
    stay = _staying(case, ends).sum()
    before = float(_world(case).solved.trips[ends]) - float(base.commuting[ends]) * float(base.workers)
    change = float(year.daily[ends]) - float(year.flows[ends]) - float(stay) - before
    posts = float((year.state.staff_jobs - base.staff)[:, work].sum())
    facts = (
        Term("posts_there", posts, "jobs", digits=0),
        Term("share_choosing", float(year.homes[home, work]), "ratio", digits=5),
    )
    return Term("staff_commuters", change, "trips", FACTS, facts, digits=0)


def _staying(case: Case, ends: tuple[int, int]) -> Array:
    """Return staff of each move who keep a home in the one county and now travel to the other, (M,)."""
    movement, (home, work) = case.movement, ends
    arrives = movement.moves.destination == work
    return np.asarray(
        movement.stayers[case.row] * movement.homes[:, home] * movement.daily[:, home] * arrives
    )


def _stay(case: Case, ends: tuple[int, int]) -> Term:
    """Return staff who keep their old home, by move."""
    homes = case.movement.homes[:, ends[0]]
    return by_move(
        case, "stay_commuters", "trips", _staying(case, ends),
        lambda move: keeping(case, move, "share_daily", float(homes[move])),
    )  # fmt: skip


# A county's delay -------------------------------------------------------------------------------------


def delay_of(case: Case, measure: str) -> Term:
    """Return the delay of counties as before, what their own streets add, and half of each link's change."""
    found, row = links(case.outcome), case.row
    unit = "vehicle_hours"
    half = 0.5 * case.inside[found.ends].sum(axis=1)
    change = half * (found.delay[row].sum(axis=0) - found.delay_before.sum(axis=0))
    own = case.total(found.own[row] - found.own_before)
    roads = []
    for at in np.flatnonzero(change):
        label = _joined(case, found.ends[at], "between")
        roads.append(Term("road", float(change[at]), unit, label=label, digits=2))
    before = Term("before", case.before(measure), unit, row=_NETWORK, digits=1)
    parts = (before, Term("own_streets", own, unit, digits=2), *roads)
    return Term(measure, case.after(measure), unit, parts=parts, digits=1)


# The question -----------------------------------------------------------------------------------------


def _case(outcome: Outcome, region: Region, code: str, year: int | None) -> Case:
    if code not in outcome.codes:
        raise ModelError(Fault("flows.no_link", "", {"first": code, "second": ""}))
    inside = np.array([one == code for one in outcome.codes], dtype=float)
    return case_of(outcome, region, inside, int(outcome.years[0]) if year is None else year)


def _world(case: Case) -> World:
    if case.world is None:
        raise ModelError(Fault("flows.none", case.outcome.scenario.name or "outcome"))
    return case.world


def _traffic(case: Case, year: int | None) -> Traffic:
    solved = case.year
    if year is None or solved is None or solved.traffic is None:
        return _world(case).air.roads.before
    return solved.traffic

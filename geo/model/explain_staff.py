"""Why the numbers of moved staff are what they are: by move, down to its size and the assumptions.

The numbers are those of :func:`geo.model.staff.moved_staff`, of one move or of several together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.assumptions import KINDS
from geo.errors import Fault, ModelError
from geo.model.cases import by_move, case_of, home_share, keeping, lodging_share, sized, unit_of
from geo.model.staff import OF_STAFF, moved_staff, staff_welfare
from geo.model.terms import FACTS, Term

if TYPE_CHECKING:
    from geo.model.cases import Case
    from geo.model.indicators import World
    from geo.model.result import Outcome
    from geo.model.solve import Array
    from geo.model.staff import MovedStaff
    from geo.region import Region

__all__ = ["explain_moved", "explain_staff_welfare"]

_DIGITS: Final = {"minutes": 1, "percent": 2}


def explain_moved(outcome: Outcome, region: Region, year: int, key: str, own: Array | None = None) -> Term:
    """Return a number of moved staff as what each move makes of it: a sum, or shares times means.

    Parameters
    ----------
    key
        One of :data:`geo.model.staff.OF_STAFF`.
    own
        1 for the moves that are meant, (M,); None for all.

    Raises
    ------
    ModelError
        If the outcome is not of the full model, not of these layers, or does not hold the year.
    """
    case = _case(outcome, region, year)
    moved = moved_staff(_solved(case), case.row)
    chosen = np.ones(len(moved.posts)) if own is None else own
    part, unit = OF_STAFF[key], unit_of(key)
    values, weight, digits = getattr(moved, part), moved.weights.get(part), _DIGITS.get(unit, 0)
    if weight is None:
        made = by_move(case, key, unit, chosen * values, lambda move: _factors(case, part, move, moved))
        return replace(made, formula=(f"measure.{key}.help", "explain.moved.sum"))
    if not np.isfinite(getattr(moved.grouped(chosen[None]), part)[0]):  # of nobody there is no mean
        return Term(key, float("nan"), unit, formula=(f"measure.{key}.help",), digits=digits)
    share = chosen * weight / float(chosen @ weight)

    def factors(move: int) -> tuple[Term, ...]:
        return (
            Term("share_of_staff", float(share[move]), "ratio", digits=4),
            Term("mean_of_move", float(values[move]), unit, digits=digits),
        )

    made = by_move(case, key, unit, share * np.nan_to_num(values), factors)
    return replace(made, formula=(f"measure.{key}.help", "explain.moved.mean"), digits=digits)


def _factors(case: Case, part: str, move: int, moved: MovedStaff) -> tuple[Term, ...]:
    """Return what makes the size of a move: its posts or places, how far it is, and who of them."""
    if part in {"posts", "students"}:
        return sized(case, part, move)
    if part == "lodging":
        return sized(case, "students", move, lodging_share(case, move))
    if part == "home":
        return sized(case, "posts", move, home_share(case, move))
    kept = float(moved.daily[move] + moved.weekly[move])
    return keeping(case, move, f"part_{part}", float(getattr(moved, part)[move]) / kept)


def explain_staff_welfare(outcome: Outcome, region: Region, year: int, kind: str) -> Term:
    """Return the change of welfare of a class of staff whose institutions stay (eq. 13).

    Raises
    ------
    ModelError
        As :func:`explain_moved`.
    """
    case = _case(outcome, region, year)
    value = float(staff_welfare(_solved(case), case.row)[KINDS.index(kind)])
    parts = (Term("utility_hat", 1.0 + value / 100.0, "ratio", digits=6),)
    formula = ("measure.staff_welfare.help",)
    return Term("staff_welfare", value, "percent", FACTS, parts, formula, digits=3)


def _case(outcome: Outcome, region: Region, year: int) -> Case:
    return case_of(outcome, region, np.ones(len(outcome.codes)), year, net=False)


def _solved(case: Case) -> World:
    if case.world is None:
        raise ModelError(Fault("people.no_world", "outcome", {"name": case.outcome.scenario.name}))
    return case.world

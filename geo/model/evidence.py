"""What the model was fitted to, what it says of published effects, and what it would have said of past moves.

Each function returns rows of plain numbers. ``docs/make_model_tables.py`` writes them into ``docs/model.md``,
and a test keeps the two the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.assumptions import Assumptions
from geo.errors import Fault, ModelError
from geo.model.equilibrium import Shock, solve
from geo.model.indicators import at_rest
from geo.model.multiplier import PRIOR, local_multipliers
from geo.model.simulate import _economy_of, simulate
from geo.scenario import Move, Scenario

if TYPE_CHECKING:
    from geo.model.baseline import Baseline
    from geo.model.result import Outcome
    from geo.model.solve import Array
    from geo.model.state import Calibrated
    from geo.region import Region

__all__ = ["BackCast", "Finding", "Moment", "back_casts", "destinations", "moments", "published_effects"]

_GDP_YEAR = 2020
_THREE = ("Beijing", "Tianjin", "Hebei (province)")
# Urban floor space per resident is not in the facts; Rongdong's is the only number of all uses.
_RONGDONG = 57.7


@dataclass(frozen=True)
class Moment:
    """One number that calibration aims at, or is held against.

    Parameters
    ----------
    step
        Calibration step of ``docs/model.md``.
    name, unit
        What it is.
    target, model
        Published value, and the model's.
    fitted
        Whether a parameter was chosen to meet it.
    source
        Where the target comes from.
    """

    step: int
    name: str
    unit: str
    target: float
    model: float
    fitted: bool
    source: str

    @property
    def gap_percent(self) -> float:
        """Return the model's value over the target, less one, in percent."""
        return 100.0 * (self.model / self.target - 1.0)


@dataclass(frozen=True)
class Finding:
    """A published effect beside the model's.

    Parameters
    ----------
    id, study, what, use_as
        As in ``published_effects.csv``.
    published
        Value, low and high; NaN where none.
    model
        The model's central value.
    verdict
        ``inside``, ``outside`` or a sentence.
    """

    id: str
    study: str
    what: str
    use_as: str
    published: tuple[float, float, float]
    model: float
    verdict: str


@dataclass(frozen=True)
class BackCast:
    """A past move: what the model says, and what happened.

    Parameters
    ----------
    id, what, unit
        Which move and which number.
    predicted, happened
        The numbers.
    comment
        What the comparison is worth.
    """

    id: str
    what: str
    unit: str
    predicted: float
    happened: float
    comment: str


def destinations(region: Region) -> tuple[str, ...]:
    """Return the planned destinations outside Beijing, ascending."""
    return tuple(sorted({code for code in region.destinations["code"] if not code.startswith("11")}))


def _default(baseline: Baseline) -> Calibrated:
    if baseline.inputs is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    return _economy_of(baseline, Assumptions(), np.zeros_like(baseline.inputs.posts))


# Moments --------------------------------------------------------------------------------------------


def moments(region: Region, baseline: Baseline) -> tuple[Moment, ...]:
    """Return every target moment, the model's value and whether it was fitted."""
    if baseline.fit is None or baseline.travel is None or baseline.roads is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    found = [_from_roads(baseline), *_from_gravity(baseline)]
    found += [
        Moment(
            8, f"peak over free-flow time, {row['group']}", "ratio", row["target"], row["model"], fitted=True,
            source=row["source"],
        )
        for row in baseline.roads.fit.to_dict("records")
    ]  # fmt: skip
    return (*found, *_from_economy(region, baseline), _from_multiplier(region, baseline))


def _from_roads(baseline: Baseline) -> Moment:
    if baseline.travel is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    table = baseline.travel.fit.table
    used = table[table["used_minutes"].astype(bool)]
    return Moment(
        0, f"mean road minutes between {len(used)} pairs of places", "minutes",
        float(used["minutes"].mean()), float(used["model_minutes"].mean()), fitted=True,
        source="road_validation.csv",
    )  # fmt: skip


def _from_gravity(baseline: Baseline) -> list[Moment]:
    names = {
        "beijing_minutes": "mean one-way commute inside Beijing",
        "centre_km": "mean commute of Beijing's six districts",
        "into_beijing": "daily commuters into Beijing",
        "into_beijing_km": "their mean distance",
        "north_share": "of them from Sanhe, Dachang and Xianghe",
        "over_25_km": "Beijing's commutes of 25 km or more",
        "over_60_minutes": "Beijing's commutes over 60 minutes",
        "within_45_minutes": "Beijing's commutes within 45 minutes",
    }
    if baseline.fit is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    return [
        Moment(
            4, names[row["key"]], row["unit"], row["target"], row["model"], fitted=bool(row["fitted"]),
            source=row["source"],
        )
        for row in baseline.fit.moments.to_dict("records")
    ]  # fmt: skip


def _from_economy(region: Region, baseline: Baseline) -> list[Moment]:
    """Return what wages, prices and accounts imply for the whole region, none of it fitted but wages."""
    economy = _default(baseline)
    state = at_rest(economy)
    series = region.facts["city_indicators"]
    year = series[(series["indicator"] == "gdp_harmonised") & (series["year"] == _GDP_YEAR)]
    target = float(year.set_index("unit")["value"].astype(float)[list(_THREE)].sum())
    output = float((state.sales_T + state.sales_S).sum() + (economy.staff * economy.staff_pay).sum()) / 1e9
    stock = float((state.floor_rent / economy.floor_price).sum() / baseline.levels["population"].sum())
    beijing = np.array([code.startswith("11") for code in baseline.codes])
    jobs = economy.jobs + economy.staff.sum(0)
    census = region.facts["workplace_employment"]
    rows = census[(census["year"] == 2023) & (census["status"] == "sourced")]
    here = rows[(rows["code_or_prefecture"] == "110000") & rows["sector"].str.startswith("TOTAL")]
    return [
        Moment(2, "jobs in Beijing (secondary and tertiary: 2023)", "jobs", float(here["employees"].max()),
               float(jobs[beijing].sum()), fitted=False, source="workplace_employment.csv"),
        Moment(6, "output against GDP of the region, 2020", "bn CNY", target, output, fitted=False,
               source="city_indicators.csv, gdp_harmonised"),
        Moment(7, "floor space per resident, all uses (Rongdong)", "m2", _RONGDONG, stock, fitted=False,
               source="xiongan_and_beijing_plan_facts.csv"),
    ]  # fmt: skip


def _from_multiplier(region: Region, baseline: Baseline) -> Moment:
    jobs = _experiment(region, baseline)["private"]
    return Moment(
        9, "private jobs per public job, mean over planned destinations", "jobs", PRIOR,
        float(jobs.mean()), fitted=True, source="published_effects.csv, A14",
    )  # fmt: skip


def _experiment(region: Region, baseline: Baseline) -> dict[str, Array]:
    assumed = Assumptions()
    if baseline.inputs is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    return local_multipliers(
        _default(baseline), inputs=baseline.inputs, minutes=baseline.minutes, codes=baseline.codes,
        destinations=destinations(region), assumed=assumed,
    )  # fmt: skip


# Published effects ----------------------------------------------------------------------------------

# Published effect -> what of the model it is held against.
_COUNTERPART = {
    "A1": "services", "A2": "tradables", "A3": "private", "A4": "private", "A6": "tradables",
    "A7": "services", "A8": "private", "A9": "private", "A12": "private", "A14": "private",
    "A15": "services", "A27": "elasticity", "A30": "congestion",
}  # fmt: skip


def published_effects(region: Region, baseline: Baseline) -> tuple[Finding, ...]:
    """Return published effects beside the model's, and patterns that must hold."""
    jobs = {name: float(values.mean()) for name, values in _experiment(region, baseline).items()}
    jobs["elasticity"] = _employment_elasticity(baseline)
    jobs["congestion"] = _congestion_elasticity(baseline)
    table = region.facts["published_effects"].set_index("id")
    found = []
    for key, counterpart in _COUNTERPART.items():
        row = table.loc[key]
        value, low, high = (_number(row[name]) for name in ("value", "lo", "hi"))
        model = jobs[counterpart]
        verdict = "inside" if low <= model <= high else "outside"
        found.append(_finding(key, row, (value, low, high), model, verdict))
    return (*found, *_patterns(region, baseline, table, jobs))


def _finding(
    key: str, row: Any, published: tuple[float, float, float], model: float, verdict: str
) -> Finding:
    return Finding(key, str(row["study"]), str(row["what"]), str(row["use_as"]), published, model, verdict)


def _number(text: Any) -> float:
    found = re.match(r"-?\d+(\.\d+)?", str(text))
    return float(found.group()) if found else float("nan")


def _employment_elasticity(baseline: Baseline, size: float = 1.05) -> float:
    """Return the median change of log private jobs over that of log productivity, every tenth county."""
    economy = _default(baseline)
    found = []
    for zone in range(0, economy.zones, 10):
        hat = np.ones(economy.zones)
        hat[zone] = size
        after = solve(economy, Shock(productivity_hat=hat))
        found.append(np.log(after.jobs_hat[zone]) / np.log(size))
    return float(np.median(found))


def _congestion_elasticity(baseline: Baseline, more: float = 0.01) -> float:
    """Return the elasticity of road time to traffic: all trips grow alike, mean by cars."""
    roads = baseline.roads
    if roads is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    after = roads.linear_traffic(more * roads.trips)
    cars = roads.drive * roads.trips
    before = float((cars * roads.before.times).sum())
    return float((cars * (after.times - roads.before.times)).sum()) / before / more


def _patterns(region: Region, baseline: Baseline, table: Any, jobs: dict[str, float]) -> tuple[Finding, ...]:
    none = (float("nan"),) * 3
    outcome = simulate(baseline, Scenario(moves=(_office("110102", "130629", 10_000),)))
    rings = _rings(baseline, outcome, "130629")
    falls = "holds: declines" if rings[0] > rings[1] > rings[2] else "does not hold"
    first, last = _profile(outcome)
    half = _half_time(outcome)
    origin = float(outcome.change("private_jobs", 2050)[region.positions["110102"]])
    welfare = float(outcome.regional["welfare"][-1])
    services = "holds" if jobs["services"] > jobs["tradables"] else "does not hold"
    return (
        _finding("A5", table.loc["A5"], none, rings[0] - rings[1], f"{falls} over 30, 60 and 90 minutes"),
        _finding("A10", table.loc["A10"], none, jobs["services"] - jobs["tradables"], services),
        _finding("A11", table.loc["A11"], (0.06, -0.3, 0.3), welfare,
                 "inside" if abs(welfare) < 0.3 else "outside"),
        _finding("A13", table.loc["A13"], (0.35, 0.0, 1.0), first - last,
                 "holds: declines" if first > last else "does not hold: rises with the years"),
        _finding("A25", table.loc["A25"], none, origin / 10_000,
                 "holds: private jobs at the origin do not fall" if origin >= 0 else "falls"),
        _finding("A26", table.loc["A26"], (7.0, 4.0, 10.0), half, "inside" if 4 <= half <= 10 else "outside"),
    )  # fmt: skip


def _office(origin: str, destination: str, posts: int, **more: Any) -> Move:
    return Move(
        name="office", kind="government", origin=origin, destination=destination, posts=posts,
        **({"start": 2020} | more),
    )  # fmt: skip


def _rings(baseline: Baseline, outcome: Outcome, code: str) -> list[float]:
    """Return private jobs gained per job there was, in percent, by ring of 30 minutes around a county."""
    minutes = baseline.minutes[outcome.codes.index(code)]
    change, before = outcome.change("private_jobs", 2050), outcome.before["private_jobs"]
    # Beijing loses the posts; what happens there is no effect of distance
    outside = np.array([not one.startswith("11") for one in outcome.codes])
    edges = ((0.0, 30.0), (30.0, 60.0), (60.0, 90.0))
    masks = [(minutes > low) & (minutes <= high) & outside for low, high in edges]
    masks[0][outcome.codes.index(code)] = True
    return [float(100 * change[mask].sum() / before[mask].sum()) for mask in masks]


def _profile(outcome: Outcome) -> tuple[float, float]:
    """Return private jobs per post in the first year and after three years."""
    each = outcome.regional["private_per_post"]
    return float(each[0]), float(each[3])


def _half_time(outcome: Outcome) -> float:
    """Return the years until half of the change of private jobs near the destination from 2020 to 2050."""
    each = outcome.regional["private_per_post"]
    share = (each - each[0]) / (each[-1] - each[0])
    return float(np.argmax(share >= 0.5))


# Back-casts -----------------------------------------------------------------------------------------

# Past moves out of the six districts with a head-count (historical_relocations.csv): origin, destination,
# class, posts, students. Where a row names a province only, a county there stands for it.
_PAST = (
    ("bjgov1", "110101", "110112", "government", 12_000, 0),
    ("bjgov2", "110102", "110112", "government", 10_000, 0),
    ("zoo", "110102", "131003", "market_wholesale", 40_000, 0),
    ("dhm_morning", "110106", "130902", "market_wholesale", 4_000, 0),
    ("xizhihe", "110105", "131024", "market_wholesale", 40_000, 0),
    ("buct", "110105", "110114", "university", 1_000, 12_000),
    ("core_beds", "110102", "110114", "hospital", 22_300, 0),
)
_HORIZON = 7


def back_casts(region: Region, baseline: Baseline) -> tuple[BackCast, ...]:
    """Run past moves through the economy of 2020, and set what happened beside it."""
    return (*_tongzhou(region, baseline), *_six_districts(baseline), *_headquarters(region, baseline))


def _tongzhou(region: Region, baseline: Baseline) -> tuple[BackCast, ...]:
    outcome = simulate(baseline, Scenario(moves=(_office("110101", "110112", 12_000, years=2),)))
    place = region.positions["110112"]
    people = float(outcome.change("population", 2020 + _HORIZON)[place])
    return (
        BackCast(
            "tongzhou_pop", "residents of Tongzhou, six to seven years after the decision", "persons", people,
            360_000.0, "a miss by design: the gain of 2014-2020 has other causes; 12,000 posts moved",
        ),
    )  # fmt: skip


def _six_districts(baseline: Baseline) -> tuple[BackCast, ...]:
    moves = tuple(
        Move(
            name=name, kind=kind, origin=origin, destination=destination, posts=posts, students=students,
            start=2020, years=5,
        )
        for name, origin, destination, kind, posts, students in _PAST
    )  # fmt: skip
    outcome = simulate(baseline, Scenario(moves=moves))
    row = outcome.position(2020 + _HORIZON)
    people = float(outcome.regional["six_districts"][row]) - float(
        outcome.before["population"] @ _centre(baseline)
    )
    return (
        BackCast(
            "central_pop", "residents of the six districts, 2015 to 2022", "persons", people, -2_029_000.0,
            "listed moves with a head-count explain this part; demolition and limits on migrants, which the "
            "model does not know, are the rest",
        ),
    )  # fmt: skip


def _centre(baseline: Baseline) -> Array:
    if baseline.inputs is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    return baseline.inputs.centre


def _headquarters(region: Region, baseline: Baseline) -> tuple[BackCast, ...]:
    moves = tuple(
        Move(institution=name, destination="130629", start=2024) for name in ("huaneng", "sinochem")
    )
    outcome = simulate(baseline, Scenario(moves=moves))
    row = outcome.position(2025)
    staff = float(outcome.regional["staff_home"][row])
    people = sum(
        float(outcome.change("population", 2025)[region.positions[code]])
        for code in ("130629", "130632", "130638")
    )
    return (
        BackCast(
            "huaneng_sinochem", "staff at work in Xiongan", "persons",
            float(outcome.regional["posts"][row]), 2_000.0, "an input, by order: no prediction",
        ),
        BackCast(
            "huaneng_sinochem", "staff who moved home within a year", "persons", staff, 680.0,
            "680 bought homes; about 2,000 rental homes were offered, nobody says how many live in them: the "
            "assumed share of 0.7 is above the 0.34 that is known",
        ),
        BackCast(
            "huaneng_sinochem", "residents of Xiongan, 2020 to 2025", "persons", people, 204_560.0,
            "a miss by design: builders and returning residents are most of the gain",
        ),
    )  # fmt: skip

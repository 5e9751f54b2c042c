"""How sure a number is: the model under many draws of its assumptions.

Every assumption has its own random stream, and draw 17 of it is the same whatever else is drawn: two
scenarios under the same seed differ by their moves alone, and :func:`paired` compares them draw by draw.
Draws whose stability index is above -0.10 are refused, and so are draws without an equilibrium; both are
counted.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from itertools import count, islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from geo.assumptions import ASSUMPTIONS, Assumptions, AssumptionSpec
from geo.errors import Fault, GeoError, ModelError
from geo.model.baseline import Baseline, calibrate
from geo.model.economy import economy, floor_elasticity, parameters
from geo.model.gravity import furness
from geo.model.indicators import indicators
from geo.model.multiplier import local_multipliers
from geo.model.simulate import make_world
from geo.region import Region
from geo.scenario import Scenario, validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "COUNTY_MEASURES", "Draw", "Drawn", "Ensemble", "draw_of", "drawn", "gathered", "multiplier_draws",
    "paired", "quantiles", "run_draw", "run_ensemble", "stable_draws",
]  # fmt: skip

Array = NDArray[np.float64]
Draws = NDArray[np.floating[Any]]  # kept in fewer bits than they are computed with

# Draws nearer to instability than this are refused (MODEL.md, safety of the solver).
STABLE = -0.10
# Log error of the estimated jobs of a county, drawn for each (MODEL.md, calibration step 2).
JOBS_ERROR = 0.25
LOW, HIGH = 0.1, 0.9
# Measures by county whose draws are kept if nothing else is asked for.
COUNTY_MEASURES = (
    "population", "jobs", "private_jobs", "services_jobs", "wage", "floor_price", "real_income",
    "mean_minutes", "delay", "pm25",
)  # fmt: skip
# Draws that fail before an ensemble gives up, for each draw asked for.
PATIENCE = 10
# Unstable draws before it is asked whether any are stable.
_UNSTABLE = 200


def _stream(seed: int, key: str, index: int) -> float:
    """Return draw ``index`` of the uniform stream of ``key``, in (0, 1)."""
    digest = sha256(f"{seed}:{key}:{index}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") + 0.5) / 2.0**64


@lru_cache(maxsize=512)
def _distribution(spec: AssumptionSpec) -> Any:
    name, *words = spec.draw.split()
    given = [float(word) for word in words]
    if name == "normal":
        return stats.norm(given[0], given[1])
    if name == "lognormal":
        return stats.lognorm(given[1], scale=given[0])
    if name == "beta":
        return stats.beta(given[0], given[1])
    if name == "triangular":
        low, mode, high = given
        return stats.triang((mode - low) / (high - low), low, high - low)
    low, high = spec.likely
    if name == "halves":
        return stats.rv_histogram((np.ones(2), np.array([low, spec.default, high])), density=False)
    return stats.uniform(low, high - low) if high > low else None


@lru_cache(maxsize=65536)
def draw_of(spec: AssumptionSpec, seed: int, index: int) -> float:
    """Return a draw of an assumption: its distribution, cut to what a scenario may state."""
    law = _distribution(spec)
    if law is None:
        return spec.default
    low, high = law.cdf([spec.low, spec.high])
    return float(np.clip(law.ppf(low + _stream(seed, spec.id, index) * (high - low)), spec.low, spec.high))


def drawn(seed: int, index: int, keep: Sequence[str] = ()) -> dict[str, float]:
    """Return draw ``index`` of every assumption.

    Parameters
    ----------
    keep
        Ids that stay at their value: what the scenario states itself.
    """
    return {spec.id: draw_of(spec, seed, index) for spec in ASSUMPTIONS if spec.id not in keep}


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A scenario under many draws.

    Parameters
    ----------
    scenario
        What was asked.
    years, codes
        (T,), N.
    year
        The year that :meth:`by_county` answers for if it is not told another.
    regional
        Measure id to the region's number, (D, T).
    regional_changes
        The same less what it was before any move, (D, T).
    changes
        Measure id to the change by county and year, (D, T, N).
    draws
        The assumptions of each draw; index: number of the draw.
    refused
        Numbers of draws that were unstable, and that had no equilibrium.
    kept_ends
        Measure id to what :meth:`ends` answers, where it was worked out before.
    """

    scenario: Scenario
    years: NDArray[np.int64]
    codes: tuple[str, ...]
    year: int
    regional: dict[str, Array] = field(repr=False)
    regional_changes: dict[str, Array] = field(repr=False)
    changes: Mapping[str, Draws] = field(repr=False)
    draws: pd.DataFrame = field(repr=False)
    refused: dict[str, int]
    kept_ends: Mapping[str, Draws] = field(default_factory=dict, repr=False)

    def ends(self, measure: str) -> Array:
        """Return low and high of the change by year and county, (2, T, N)."""
        if measure in self.kept_ends:
            return np.asarray(self.kept_ends[measure], dtype=float)
        low, _, high = quantiles(self.changes[measure])
        return np.stack([low, high])

    def interval(self, measure: str, low: float = LOW, high: float = HIGH) -> pd.DataFrame:
        """Return low, median and high of the region's number, years as rows."""
        found = quantiles(self.regional[measure], low, high)
        return pd.DataFrame(found.T, index=self.years, columns=["low", "median", "high"])

    def change(self, measure: str, low: float = LOW, high: float = HIGH) -> pd.DataFrame:
        """Return low, median and high of the change of the region's number, years as rows."""
        found = quantiles(self.regional_changes[measure], low, high)
        return pd.DataFrame(found.T, index=self.years, columns=["low", "median", "high"])

    def by_county(
        self, measure: str, low: float = LOW, high: float = HIGH, *, year: int | None = None
    ) -> pd.DataFrame:
        """Return low, median and high of the change by county, codes as rows."""
        row = int(np.flatnonzero(self.years == (self.year if year is None else year))[0])
        found = quantiles(self.changes[measure][:, row], low, high)
        return pd.DataFrame(found.T, index=self.codes, columns=["low", "median", "high"])


def quantiles(values: Draws, low: float = LOW, high: float = HIGH) -> Array:
    """Return low, median and high over draws, (3, ...); NaN where no draw has a number.

    Parameters
    ----------
    values
        One draw a row, (D, ...).
    """
    columns = np.asarray(values, dtype=float).reshape(len(values), -1)
    known = np.isfinite(columns)
    whole, some = known.all(axis=0), known.any(axis=0)
    out = np.full((3, columns.shape[1]), np.nan)
    out[:, whole] = np.quantile(columns[:, whole], [low, 0.5, high], axis=0)
    # columns with gaps are few, and nanquantile takes them one by one
    gaps = some & ~whole
    if gaps.any():
        out[:, gaps] = np.nanquantile(columns[:, gaps], [low, 0.5, high], axis=0)
    return out.reshape(3, *values.shape[1:])


@dataclass(frozen=True, eq=False)
class Draw:
    """One draw: what a process needs to run it.

    Parameters
    ----------
    scenario
        What is asked.
    seed, number
        Which draw of the streams.
    jobs_error
        Draw the error of the estimated jobs too.
    measures
        Measures whose change by county is kept; of the region alone there is none.
    """

    scenario: Scenario
    seed: int = 0
    number: int = 0
    jobs_error: bool = True
    measures: tuple[str, ...] = COUNTY_MEASURES


class Drawn(NamedTuple):
    """The numbers of one draw.

    Attributes
    ----------
    years
        (T,).
    regional, moved
        Measure id to the region's number, and to what it is more than before any move, (T,).
    changes
        Measure id to the change by county, (T, N).
    """

    years: NDArray[np.int64]
    regional: dict[str, Array]
    moved: dict[str, Array]
    changes: dict[str, NDArray[np.float32]]


def run_ensemble(
    baseline: Baseline | Region,
    scenario: Scenario,
    *,
    size: int = 100,
    seed: int = 0,
    year: int | None = None,
    jobs_error: bool = True,
    measures: Sequence[str] = COUNTY_MEASURES,
    workers: int = 1,
) -> Ensemble:
    """Run a scenario under draws of all assumptions that it does not state itself.

    Parameters
    ----------
    size
        Number of accepted draws.
    seed
        Of all streams; the same seed gives the same draws for every scenario.
    year
        Of the values by county; by default the last.
    jobs_error
        Draw the error of the estimated jobs too.
    measures
        Measures by county whose draws are kept.
    workers
        Processes; 1 runs here. More need a main module that can be imported.

    Raises
    ------
    ScenarioError
        If the scenario asks for what cannot be.
    ModelError
        If too many draws have no equilibrium.
    """
    start = calibrate(baseline) if isinstance(baseline, Region) else baseline
    validate(scenario, start)
    refused = {"unstable": 0, "no_equilibrium": 0}
    pattern = Draw(scenario, seed, 0, jobs_error, tuple(measures))
    draws = (replace(pattern, number=number) for number in stable_draws(start, scenario, seed, refused))
    found: dict[int, Drawn] = {}
    for number, result in _results(start, draws, size, workers):
        if isinstance(result, GeoError):
            refused["no_equilibrium"] += 1
            if refused["no_equilibrium"] > PATIENCE * size:
                raise result
        else:
            found[number] = result
        if len(found) == size:
            break
    return gathered(start.codes, pattern, found, refused, 2050 if year is None else year)


def gathered(
    codes: tuple[str, ...], asked: Draw, found: Mapping[int, Drawn], refused: Mapping[str, int], year: int
) -> Ensemble:
    """Return draws as an ensemble.

    Parameters
    ----------
    codes
        County codes, N.
    asked
        Any of the draws: its scenario and seed are those of all.
    found
        Number of the draw to its numbers; one at least.
    refused
        How many were refused, by reason.
    year
        The year that the ensemble answers for by county.
    """
    rows = [found[number] for number in sorted(found)]
    keep = tuple(asked.scenario.assumptions.overrides)
    table = pd.DataFrame({number: drawn(asked.seed, number, keep) for number in sorted(found)}).T
    return Ensemble(
        asked.scenario, rows[0].years, codes, year,
        {key: np.stack([row.regional[key] for row in rows]) for key in rows[0].regional},
        {key: np.stack([row.moved[key] for row in rows]) for key in rows[0].moved},
        {key: np.stack([row.changes[key] for row in rows]) for key in rows[0].changes},
        table, dict(refused),
    )  # fmt: skip


def stable_draws(start: Baseline, scenario: Scenario, seed: int, refused: dict[str, int]) -> Iterator[int]:
    """Yield the numbers of draws whose stability index allows them; count the others in ``refused``.

    Raises
    ------
    ModelError
        If hardly any draw is stable.
    """
    keep = tuple(scenario.assumptions.overrides)
    for number in count():
        if refused["unstable"] > _UNSTABLE and refused["unstable"] > (1.0 - 1.0 / PATIENCE) * number:
            raise ModelError(
                Fault("sampling.unstable", "assumptions", {"refused": refused["unstable"], "of": number})
            )
        values = dict(scenario.assumptions.overrides) | drawn(seed, number, keep)
        if start.inputs is None:
            yield number
            continue
        supply = floor_elasticity(start.inputs, start.area_km2, values)
        if parameters(values, 1.0, supply).stability > STABLE:
            refused["unstable"] += 1
        else:
            yield number


def _results(
    start: Baseline, draws: Iterator[Draw], size: int, workers: int
) -> Iterator[tuple[int, Drawn | GeoError]]:
    if workers <= 1:
        for one in draws:
            yield one.number, run_draw(start, one)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(start,)) as pool:
        while True:
            batch = list(islice(draws, max(workers, size // 4)))
            for one, result in zip(batch, pool.map(_run_here, batch), strict=True):
                yield one.number, result


_HERE: dict[str, Baseline] = {}


def _begin(start: Baseline) -> None:
    _HERE["baseline"] = start


def _run_here(one: Draw) -> Drawn | GeoError:
    return run_draw(_HERE["baseline"], one)


def run_draw(start: Baseline, one: Draw) -> Drawn | GeoError:
    """Return the numbers of one draw, or the error that it ended with.

    Either the model has no answer, or the jobs that were drawn are fewer than the scenario moves away.
    """
    stated = dict(one.scenario.assumptions.overrides)
    values = drawn(one.seed, one.number, tuple(stated)) | stated
    asked = Scenario(assumptions=Assumptions(tuple(values.items())), moves=one.scenario.moves)
    try:
        base = _with_error(start, one) if one.jobs_error else start
        world = make_world(base, asked, linear=True)
    except GeoError as error:
        return error
    rows, before, totals, first = indicators(world)
    return Drawn(
        world.plan.years[:-1],
        {key: value[:-1] for key, value in totals.items()},
        {key: value[:-1] - first[key] for key, value in totals.items()},
        {key: (rows[key][:-1] - before[key]).astype(np.float32) for key in one.measures if key in rows},
    )


def _with_error(start: Baseline, one: Draw) -> Baseline:
    """Return the baseline with another draw of the jobs that nobody counted, balanced anew."""
    if start.fit is None or start.travel is None or start.inputs is None:
        return start
    normal = stats.norm.ppf([_stream(one.seed, f"jobs.{code}", one.number) for code in start.codes])
    jobs = start.flows.sum(0) * np.exp(JOBS_ERROR * normal)
    # never fewer jobs than the institutions that are known to be there
    jobs = np.maximum(jobs, 1.2 * start.inputs.posts.sum(0))
    jobs *= start.flows.sum() / jobs.sum()
    seed = start.fit.gravity.seed(start.travel, start.codes)
    flows = furness(seed, start.flows.sum(1), jobs)
    other = replace(start, flows=flows, fit=replace(start.fit, flows=flows))
    # roads stay: what traffic changes is asked for, not how much of it there is
    other.__dict__["feedback"] = start.feedback
    return other


def multiplier_draws(
    baseline: Baseline, destinations: tuple[str, ...], *, size: int = 100, seed: int = 0
) -> dict[str, Array]:
    """Return the local multiplier under draws: private jobs, services, tradables, (D,) each.

    Parameters
    ----------
    destinations
        County codes over which each draw takes its mean.
    size
        Draws wanted.

    Raises
    ------
    ModelError
        If the baseline was made by hand, or of twice as many draws too few have an equilibrium.
    """
    if baseline.inputs is None or baseline.travel is None or baseline.fit is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    rows: dict[str, list[float]] = {}
    for number in islice(stable_draws(baseline, Scenario(), seed, {"unstable": 0}), 2 * size):
        assumed = drawn(seed, number)
        try:
            found = local_multipliers(
                economy(baseline.inputs, baseline.travel, baseline.fit, assumed), inputs=baseline.inputs,
                minutes=baseline.minutes, codes=baseline.codes, destinations=destinations, assumed=assumed,
            )  # fmt: skip
        except ModelError:
            continue
        for name, jobs in found.items():
            rows.setdefault(name, []).append(float(jobs.mean()))
        if len(rows["private"]) == size:
            return {name: np.array(values) for name, values in rows.items()}
    refused = 2 * size - len(rows.get("private", ()))
    raise ModelError(Fault("sampling.unstable", "assumptions", {"refused": refused, "of": 2 * size}))


def paired(first: Ensemble, second: Ensemble, measure: str) -> pd.DataFrame:
    """Return low, median and high of second less first, draw by draw, and how often it is above 0.

    Raises
    ------
    KeyError
        If the two share no draw.
    """
    both = first.draws.index.intersection(second.draws.index)
    if not len(both):
        raise KeyError(measure)
    one = first.regional[measure][first.draws.index.get_indexer(both)]
    two = second.regional[measure][second.draws.index.get_indexer(both)]
    low, median, high = quantiles(two - one, LOW, HIGH)
    above = np.mean(two > one, axis=0)
    return pd.DataFrame({"low": low, "median": median, "high": high, "above": above}, index=first.years)

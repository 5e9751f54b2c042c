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
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from geo.assumptions import ASSUMPTIONS, Assumptions, AssumptionSpec
from geo.errors import Fault, ModelError
from geo.model.baseline import Baseline, calibrate
from geo.model.economy import economy, floor_elasticity, parameters
from geo.model.gravity import furness
from geo.model.indicators import indicators
from geo.model.multiplier import local_multipliers
from geo.model.simulate import make_world
from geo.region import Region
from geo.scenario import Scenario, validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Ensemble", "draw_of", "drawn", "multiplier_draws", "paired", "run_ensemble"]

Array = NDArray[np.float64]

# Draws nearer to instability than this are refused (MODEL.md, safety of the solver).
STABLE = -0.10
# Log error of the estimated jobs of a county, drawn for each (MODEL.md, calibration step 2).
JOBS_ERROR = 0.25
LOW, HIGH = 0.1, 0.9
# Measures by county whose intervals are kept.
COUNTY_MEASURES = (
    "population", "jobs", "private_jobs", "services_jobs", "wage", "floor_price", "real_income",
    "mean_minutes", "delay", "pm25",
)  # fmt: skip
# Draws that fail before an ensemble gives up, for each draw asked for.
_PATIENCE = 10


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
    return stats.uniform(low, high - low) if high > low else None


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
        The year of the values by county.
    regional
        Measure id to the region's number, (D, T).
    regional_changes
        The same less what it was before any move, (D, T).
    changes
        Measure id to the change by county in ``year``, (D, N).
    draws
        The assumptions of each draw; index: number of the draw.
    refused
        Numbers of draws that were unstable, and that had no equilibrium.
    """

    scenario: Scenario
    years: NDArray[np.int64]
    codes: tuple[str, ...]
    year: int
    regional: dict[str, Array] = field(repr=False)
    regional_changes: dict[str, Array] = field(repr=False)
    changes: dict[str, Array] = field(repr=False)
    draws: pd.DataFrame = field(repr=False)
    refused: dict[str, int]

    def interval(self, measure: str, low: float = LOW, high: float = HIGH) -> pd.DataFrame:
        """Return low, median and high of the region's number, years as rows."""
        found = _quantiles(self.regional[measure], low, high)
        return pd.DataFrame(found.T, index=self.years, columns=["low", "median", "high"])

    def change(self, measure: str, low: float = LOW, high: float = HIGH) -> pd.DataFrame:
        """Return low, median and high of the change of the region's number, years as rows."""
        found = _quantiles(self.regional_changes[measure], low, high)
        return pd.DataFrame(found.T, index=self.years, columns=["low", "median", "high"])

    def by_county(self, measure: str, low: float = LOW, high: float = HIGH) -> pd.DataFrame:
        """Return low, median and high of the change by county, codes as rows."""
        found = _quantiles(self.changes[measure], low, high)
        return pd.DataFrame(found.T, index=self.codes, columns=["low", "median", "high"])


def _quantiles(values: Array, low: float, high: float) -> Array:
    """Return low, median and high over draws, (3, ...); NaN where no draw has a number."""
    some = np.isfinite(values).any(axis=0)
    out = np.full((3, *values.shape[1:]), np.nan)
    out[:, some] = np.nanquantile(values[:, some], [low, 0.5, high], axis=0)
    return out


@dataclass(frozen=True, eq=False)
class _Job:
    """One draw: what a process needs to run it."""

    scenario: Scenario
    seed: int
    index: int
    year: int
    jobs_error: bool


def run_ensemble(
    baseline: Baseline | Region,
    scenario: Scenario,
    *,
    size: int = 100,
    seed: int = 0,
    year: int | None = None,
    jobs_error: bool = True,
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
    last = 2050 if year is None else year
    refused = {"unstable": 0, "no_equilibrium": 0}
    numbers = _stable(start, scenario, seed, refused)
    pattern = _Job(scenario, seed, 0, last, jobs_error)
    jobs = (replace(pattern, index=number) for number in numbers)
    found: dict[int, Any] = {}
    for number, result in _results(start, jobs, size, workers):
        if isinstance(result, ModelError):
            refused["no_equilibrium"] += 1
            if refused["no_equilibrium"] > _PATIENCE * size:
                raise result
        else:
            found[number] = result
        if len(found) == size:
            break
    return _gathered(start, pattern, dict(sorted(found.items())), refused)


def _gathered(start: Baseline, asked: _Job, found: dict[int, Any], refused: dict[str, int]) -> Ensemble:
    scenario, year, seed = asked.scenario, asked.year, asked.seed
    first = next(iter(found.values()))
    keep = tuple(scenario.assumptions.overrides)
    return Ensemble(
        scenario, first["years"], start.codes, year,
        {key: np.stack([one["regional"][key] for one in found.values()]) for key in first["regional"]},
        {key: np.stack([one["moved"][key] for one in found.values()]) for key in first["moved"]},
        {key: np.stack([one["changes"][key] for one in found.values()]) for key in first["changes"]},
        pd.DataFrame({number: drawn(seed, number, keep) for number in found}).T, refused,
    )  # fmt: skip


def _stable(start: Baseline, scenario: Scenario, seed: int, refused: dict[str, int]) -> Iterator[int]:
    """Yield the numbers of draws whose stability index allows them."""
    keep = tuple(scenario.assumptions.overrides)
    for number in count():
        values = dict(scenario.assumptions.overrides) | drawn(seed, number, keep)
        if start.inputs is None:
            yield number
            continue
        supply = floor_elasticity(start.inputs, start.area_km2, values)
        if parameters(values, 1.0, supply).stability > STABLE:
            refused["unstable"] += 1
        else:
            yield number


def _results(start: Baseline, jobs: Iterator[_Job], size: int, workers: int) -> Iterator[tuple[int, Any]]:
    if workers <= 1:
        for job in jobs:
            yield job.index, _run(start, job)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(start,)) as pool:
        while True:
            batch = list(islice(jobs, max(workers, size // 4)))
            for job, result in zip(batch, pool.map(_run_here, batch), strict=True):
                yield job.index, result


_HERE: dict[str, Baseline] = {}


def _begin(start: Baseline) -> None:
    _HERE["baseline"] = start


def _run_here(job: _Job) -> Any:
    return _run(_HERE["baseline"], job)


def _run(start: Baseline, job: _Job) -> Any:
    """Return the numbers of one draw, or the error that it ended with."""
    stated = dict(job.scenario.assumptions.overrides)
    values = drawn(job.seed, job.index, tuple(stated)) | stated
    asked = Scenario(assumptions=Assumptions(tuple(values.items())), moves=job.scenario.moves)
    try:
        base = _with_error(start, job) if job.jobs_error else start
        world = make_world(base, asked, linear=True)
    except ModelError as error:
        return error
    rows, before, totals, first = indicators(world)
    place = int(np.flatnonzero(world.plan.years[:-1] == job.year)[0])
    return {
        "years": world.plan.years[:-1],
        "regional": {key: value[:-1] for key, value in totals.items()},
        "moved": {key: value[:-1] - first[key] for key, value in totals.items()},
        "changes": {key: rows[key][place] - before[key] for key in COUNTY_MEASURES},
    }


def _with_error(start: Baseline, job: _Job) -> Baseline:
    """Return the baseline with another draw of the jobs that nobody counted, balanced anew."""
    if start.fit is None or start.travel is None or start.inputs is None:
        return start
    normal = stats.norm.ppf([_stream(job.seed, f"jobs.{code}", job.index) for code in start.codes])
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

    Raises
    ------
    ModelError
        If the baseline was made by hand.
    """
    if baseline.inputs is None or baseline.travel is None or baseline.fit is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    rows: dict[str, list[float]] = {}
    for number in islice(_stable(baseline, Scenario(), seed, {"unstable": 0}), 2 * size):
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
            break
    return {name: np.array(values) for name, values in rows.items()}


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
    low, median, high = _quantiles(two - one, LOW, HIGH)
    above = np.mean(two > one, axis=0)
    return pd.DataFrame({"low": low, "median": median, "high": high, "above": above}, index=first.years)

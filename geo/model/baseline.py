"""The region before any move: measured, estimated and fitted once, shipped, and read back.

``python -m geo.model.baseline`` calibrates and writes ``layers/baseline.npz``; :func:`load_baseline` reads it
in a few milliseconds and calibrates afresh only where the layers have changed since.
"""

from __future__ import annotations

import argparse
import io
import logging
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.assumptions import Assumptions
from geo.model.archive import pack, unpack
from geo.model.assignment import Network
from geo.model.economy import Inputs, economy, measure_inputs
from geo.model.emissions import inventory
from geo.model.feedback import Feedback
from geo.model.gravity import Gravity, GravityFit, fit_gravity
from geo.model.jobs import Jobs, estimate_jobs
from geo.model.multiplier import MultiplierFit, fit_multiplier, local_multipliers
from geo.model.result import MODEL_VERSION
from geo.model.roads import Roads, make_roads, road_share
from geo.model.travel import RoadFit, RoadGraph, Travel, measure_travel
from geo.region import Region, load_region
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FILE", "YEAR", "Baseline", "calibrate", "load_baseline", "measure", "shipped"]

Array = NDArray[np.float64]
_Parts = tuple[Travel, Jobs, GravityFit, Inputs, MultiplierFit, Roads, pd.DataFrame]

FILE = "baseline.npz"
YEAR = 2020  # of the census and of the rail network
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Baseline:
    """The region before any move.

    Parameters
    ----------
    codes
        County codes, N.
    institutions
        As in :class:`geo.region.Region`.
    levels
        Measure id to its value before any move, shape (N,).
    flows
        Commuters from home to work, shape (N, N).
    minutes
        Door to door in the peak, shape (N, N).
    area_km2
        Shape (N,).
    region_hash
        Content hash of the layers.
    travel, jobs, fit, inputs, multiplier, roads, inventory
        What it was made of; None in a hand-made baseline, which only level 0 can use.
    """

    codes: tuple[str, ...]
    institutions: pd.DataFrame = field(repr=False)
    levels: Mapping[str, Array] = field(repr=False)
    flows: Array = field(repr=False)
    minutes: Array = field(repr=False)
    area_km2: Array = field(repr=False)
    region_hash: str
    travel: Travel | None = field(default=None, repr=False)
    jobs: Jobs | None = field(default=None, repr=False)
    fit: GravityFit | None = field(default=None, repr=False)
    inputs: Inputs | None = field(default=None, repr=False)
    multiplier: MultiplierFit | None = field(default=None, repr=False)
    roads: Roads | None = field(default=None, repr=False)
    inventory: pd.DataFrame | None = field(default=None, repr=False)

    @cached_property
    def feedback(self) -> Feedback | None:
        """How times answer to traffic; None in a hand-made baseline."""
        return None if self.roads is None else Feedback(self.roads)

    @property
    def homes(self) -> Array:
        """Return where the workers of each county live: home by work, columns sum to 1, shape (N, N)."""
        total = self.flows.sum(axis=0)
        own = np.eye(len(self.codes))
        return np.where(total > 0, self.flows / np.where(total > 0, total, 1.0), own)


@lru_cache(maxsize=2)
def calibrate(region: Region, year: int = YEAR) -> Baseline:
    """Return the baseline of a region: the shipped one if it fits, else a fresh one; kept per region.

    Parameters
    ----------
    year
        Year of the rail network.
    """
    return load_baseline(region, year)


def load_baseline(region: Region, year: int = YEAR) -> Baseline:
    """Read the shipped baseline; calibrate afresh, and log why, where it is of other layers or another model.

    Parameters
    ----------
    year
        Year of the rail network.
    """
    path = region.folder / FILE
    try:
        header, arrays = unpack(path)
    except (OSError, ValueError) as problem:
        _LOG.warning(say("baseline.unreadable", path=path.name, reason=problem))
        return measure(region, year)
    wanted = _stamp(region, year)
    if {key: header.get(key) for key in wanted} != wanted:
        _LOG.warning(say("baseline.stale", path=path.name))
        return measure(region, year)
    return _baseline(region, _read(header, arrays))


def _stamp(region: Region, year: int) -> dict[str, Any]:
    return {"region": region.content_hash, "model": MODEL_VERSION, "year": year}


def measure(region: Region, year: int = YEAR) -> Baseline:
    """Measure travel, estimate jobs and fit commuting: a few seconds.

    Parameters
    ----------
    year
        Year of the rail network.
    """
    travel = measure_travel(region, year=year)
    jobs = estimate_jobs(region, travel.road)
    fit, inputs = fit_gravity(travel, jobs), measure_inputs(region, jobs)
    roads = make_roads(region, fit.flows, travel, fit.gravity)
    follows = _multiplier(region, travel, fit, inputs)
    table = inventory(region.facts["regional_series"])
    return _baseline(region, (travel, jobs, fit, inputs, follows, roads, table))


def _multiplier(region: Region, travel: Travel, fit: GravityFit, inputs: Inputs) -> MultiplierFit:
    """Fit the parameters that carry the local multiplier, on the planned destinations outside Beijing."""
    there = tuple(sorted({code for code in region.destinations["code"] if not code.startswith("11")}))

    def mean(values: Mapping[str, float]) -> float:
        assumed = Assumptions(tuple(values.items()))
        base = economy(inputs, travel, fit, assumed)
        jobs = local_multipliers(
            base, inputs=inputs, minutes=fit.minutes, codes=region.codes, destinations=there, assumed=assumed
        )
        return float(jobs["private"].mean())

    return fit_multiplier(mean)


def _baseline(region: Region, parts: _Parts) -> Baseline:
    _, jobs, fit, inputs, *_ = parts
    city = region.counties["city_code"]
    population = region.population
    levels = {
        "population": population,
        "density": population / region.area_km2,
        "jobs": jobs.jobs,
        "institutional_jobs": inputs.posts.sum(0),
        "gdp_per_head": region.cities["gdp_per_head"].reindex(city).to_numpy(float),
        "pm25": region.cities["pm25"].reindex(city).to_numpy(float),
    }
    return Baseline(
        region.codes, region.institutions, levels, fit.flows, fit.minutes, region.area_km2,
        region.content_hash, *parts,
    )  # fmt: skip


# To and from arrays ---------------------------------------------------------------------------------

_GRAPH = ("links", "km", "link_class", "congestion")
_ROADS = ("link_class", "own_class", "own_minutes", "own_km", "own_capacity", "group")
_NETWORK = ("tail", "head", "capacity", "t0", "alpha", "beta", "length")
_TRAVEL = ("road", "rail", "own_pace", "area_km2", "km")


def shipped(baseline: Baseline) -> bytes:
    """Return the baseline as the bytes of ``layers/baseline.npz``; minutes follow from road and rail.

    Raises
    ------
    ValueError
        If it is a hand-made baseline, which does not know what it was made of.
    """
    travel, jobs, fit, inputs = baseline.travel, baseline.jobs, baseline.fit, baseline.inputs
    follows, roads, table = baseline.multiplier, baseline.roads, baseline.inventory
    if travel is None or jobs is None or fit is None or inputs is None:
        raise ValueError(baseline.region_hash)
    if follows is None or roads is None or table is None:
        raise ValueError(baseline.region_hash)
    arrays = {f"graph_{name}": getattr(travel.graph, name) for name in _GRAPH}
    arrays |= {f"travel_{name}": getattr(travel, name) for name in _TRAVEL}
    arrays |= {f"institutional_{kind}": posts for kind, posts in jobs.institutional.items()}
    arrays |= {f"input_{name}": getattr(inputs, name) for name in Inputs.names()}
    arrays |= {"workers": jobs.workers, "jobs": jobs.jobs, "flows": fit.flows}
    arrays |= {f"roads_{name}": getattr(roads, name) for name in _ROADS}
    arrays |= {f"network_{name}": np.asarray(getattr(roads.network, name)) for name in _NETWORK}
    arrays["roads_drive"] = np.diag(roads.drive)
    drive = {name: getattr(travel.fit, name) for name in ("detour", "speeds", "rmse_km", "rmse_minutes")}
    header = {
        "region": baseline.region_hash, "model": MODEL_VERSION, "year": travel.year,
        "codes": baseline.codes, "kinds": list(jobs.institutional), "gravity": asdict(fit.gravity),
        "evaluations": fit.evaluations, "roads": drive, "road_rows": _text(travel.fit.table),
        "moments": _text(fit.moments), "facts": dict(inputs.facts),
        "multiplier": asdict(follows), "congestion": _text(roads.fit), "peak_share": roads.peak_share,
        "asc": roads.asc, "inventory": _text(table),
    }  # fmt: skip
    return pack(header, arrays)


def _text(table: pd.DataFrame) -> str:
    return table.to_json(orient="table", double_precision=15, force_ascii=False, index=False)


def _table(text: str) -> pd.DataFrame:
    return pd.read_json(io.StringIO(text), orient="table", precise_float=True)


def _read(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> _Parts:
    codes = tuple(header["codes"])
    graph = RoadGraph(codes, **{name: arrays[f"graph_{name}"] for name in _GRAPH})
    roads = dict(header["roads"])
    speeds = tuple(roads.pop("speeds"))
    fit = RoadFit(speeds=speeds, **roads, table=_table(header["road_rows"]))
    travel = Travel(graph, fit, **{name: arrays[f"travel_{name}"] for name in _TRAVEL}, year=header["year"])
    institutional = {kind: arrays[f"institutional_{kind}"] for kind in header["kinds"]}
    jobs = Jobs(codes, arrays["workers"], arrays["jobs"], institutional)
    gravity = Gravity(**header["gravity"])
    moments = _table(header["moments"])
    commuting = GravityFit(gravity, arrays["flows"], gravity.minutes(travel), moments, header["evaluations"])
    known = {name: arrays[f"input_{name}"] for name in Inputs.names()}
    inputs = Inputs(**known, facts=header["facts"])
    follows = MultiplierFit(**header["multiplier"])
    network = _read_roads(header, arrays, travel, commuting)
    return travel, jobs, commuting, inputs, follows, network, _table(header["inventory"])


def _read_roads(
    header: Mapping[str, Any], arrays: Mapping[str, Any], travel: Travel, commuting: GravityFit
) -> Roads:
    tail, head, capacity, minutes, alpha, beta, length = (arrays[f"network_{name}"] for name in _NETWORK)
    network = Network(
        tail, head, capacity, minutes, alpha=alpha, beta=beta, length=length,
        nodes=len(header["codes"]), names=tuple(header["codes"]),
    )  # fmt: skip
    gravity = commuting.gravity
    by_road = road_share(travel.road, travel.rail, gravity.decay, header["asc"])
    return Roads(
        codes=tuple(header["codes"]), network=network, drive=arrays["roads_drive"][:, None] * by_road,
        trips=commuting.flows, road=travel.road, rail=travel.rail, minutes=commuting.minutes,
        decay=gravity.decay, asc=header["asc"], peak_share=header["peak_share"],
        fit=_table(header["congestion"]), **{name: arrays[f"roads_{name}"] for name in _ROADS},
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Calibrate from the layers and write the baseline beside them."""
    parser = argparse.ArgumentParser(prog="python -m geo.model.baseline", description=__doc__)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args(arguments)
    region = load_region()
    (given.out or region.folder / FILE).write_bytes(shipped(measure(region)))


if __name__ == "__main__":
    main()

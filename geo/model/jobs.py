"""Jobs and institutional jobs by county: estimates, MODEL.md calibration steps 1 to 3.

Jobs by workplace are published for three districts of Beijing only. Everything else here follows from
employed residents, district GDP and what is known of commuting across Beijing's border, and is marked
``estimated`` wherever it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.region import Region

__all__ = ["BEIJING_BORDER", "BorderFacts", "Jobs", "estimate_jobs", "tilted_shares"]

Array = NDArray[np.float64]

# Resident employment of the three, 2022 (workplace_employment.csv, JJJ TOTAL): the census long form is
# about 6 % low in level.
REGION_EMPLOYMENT = 53_345_455.0
NORTH_THREE = ("131082", "131028", "131024")  # Sanhe, Dachang, Xianghe
# Weight of district GDP against employed residents in the tilt of jobs. Of the weights 0 to 1 it comes
# nearest, in squared log error, to the published shares of Chaoyang, Fengtai and Haidian.
GDP_WEIGHT = 0.35
# Decay per minute that spreads the net outflow to Beijing over the other counties: the prior of
# parameters.csv, kappa_eps.
PRIOR_DECAY = 0.05

_CENSUS_DISTRICTS = ("110105", "110106", "110108")  # in workplace_employment.csv, 2023
# Rows "residual" of district_indicators.csv and the districts that share them.
_RESIDUALS = {
    "Beijing: Mentougou+Miyun+Yanqing (residual)": ("110109", "110118", "110119"),
    "Tianjin: Jizhou+Hongqiao (residual)": ("120119", "120106"),
}
_SECTORS = {"education": "16 education", "health": "17 health", "government": "19 public administration"}


@dataclass(frozen=True)
class BorderFacts:
    """Published commuting into Beijing from around it (Beijing Transport Institute, 2022).

    Parameters
    ----------
    into
        Persons who live outside and work in Beijing.
    north_share
        Share of them from Sanhe, Dachang and Xianghe.
    reverse_share
        Persons who live in Beijing and work outside, over ``into``: our assumption, none is published.
    """

    into: float = 330_000.0
    north_share: float = 0.433
    reverse_share: float = 0.10

    @property
    def net(self) -> float:
        """Return net commuters into Beijing."""
        return self.into * (1 - self.reverse_share)


BEIJING_BORDER = BorderFacts()


@dataclass(frozen=True)
class Jobs:
    """Workers by home and jobs by workplace.

    Parameters
    ----------
    codes
        County codes, N.
    workers
        Employed residents, shape (N,).
    jobs
        Jobs by workplace, shape (N,); the same total as ``workers``. Estimated.
    institutional
        Class of institution to jobs by workplace, shape (N,) each. Estimated.
    """

    codes: tuple[str, ...]
    workers: Array
    jobs: Array
    institutional: Mapping[str, Array]

    @property
    def institutional_total(self) -> Array:
        """Return institutional jobs of all classes, shape (N,)."""
        return np.asarray(np.sum(list(self.institutional.values()), axis=0))


def tilted_shares(workers: Array, output: Array, fixed: Mapping[int, float]) -> Array:
    """Return each zone's share of a city's jobs, summing to 1.

    Parameters
    ----------
    workers
        Employed residents by zone, shape (n,).
    output
        GDP by zone, shape (n,); NaN where unpublished, which counts as output per worker of the rest.
    fixed
        Position to published share; the remaining zones share the remainder.
    """
    known = np.isfinite(output)
    rate = output[known].sum() / workers[known].sum() if known.any() else 1.0
    filled = np.where(known, output, workers * rate)
    weight = workers ** (1 - GDP_WEIGHT) * filled**GDP_WEIGHT
    places = np.array(sorted(fixed), dtype=np.int64)
    share = np.zeros(len(workers))
    share[places] = [fixed[int(place)] for place in places]
    rest = np.setdiff1d(np.arange(len(workers)), places)
    share[rest] = (1 - share.sum()) * weight[rest] / weight[rest].sum()
    return share


def estimate_jobs(region: Region, road: Array, border: BorderFacts = BEIJING_BORDER) -> Jobs:
    """Estimate jobs by county.

    1. Employed residents of the census, scaled to the region's resident employment.
    2. Counties outside Beijing lose their net outflow to Beijing: the three northern counties their
       published share of it, the others by workers and road minutes.
    3. Beijing's and Tianjin's jobs are spread over their districts by the 2023 economic census (three
       districts), district GDP and employed residents.

    Parameters
    ----------
    road
        Peak road minutes, shape (N, N).
    border
        What is published about commuting into Beijing.
    """
    codes = np.array(region.codes)
    employed = (
        region.facts["county_employed_residents_by_sector_2020"].set_index("code").loc[list(region.codes)]
    )
    counted = employed["TOTAL"].to_numpy(float)
    workers: Array = counted * (REGION_EMPLOYMENT / counted.sum())
    beijing = np.char.startswith(codes, "11")
    jobs: Array = workers - _outflow(codes, workers, road, border)
    jobs[beijing] = 0.0
    gdp = _filled_gdp(region, pd.Series(workers, index=codes))
    for head, total in (
        ("11", workers.sum() - jobs.sum()),
        ("12", jobs[np.char.startswith(codes, "12")].sum()),
    ):
        inside = np.char.startswith(codes, head)
        fixed = _published(region, codes[inside]) if head == "11" else {}
        output: Array = np.asarray(gdp.reindex(codes[inside]), dtype=np.float64)
        jobs[inside] = total * tilted_shares(workers[inside], output, fixed)
    return Jobs(region.codes, workers, jobs, _institutional(region, employed, jobs))


def _outflow(codes: NDArray[np.str_], workers: Array, road: Array, border: BorderFacts) -> Array:
    """Return net commuters to Beijing by home county, shape (N,)."""
    beijing = np.char.startswith(codes, "11")
    pull = np.exp(-PRIOR_DECAY * road[:, beijing]) @ workers[beijing]
    weight = np.where(beijing, 0.0, workers * pull)
    north = np.isin(codes, NORTH_THREE)
    outflow = np.where(north, weight * border.north_share / weight[north].sum(), 0.0)
    outflow += np.where(north, 0.0, weight * (1 - border.north_share) / weight[~north].sum())
    return np.asarray(outflow * border.net)


def _published(region: Region, codes: NDArray[np.str_]) -> dict[int, float]:
    """Return the share of Beijing's jobs of the districts in the 2023 economic census."""
    table = region.facts["workplace_employment"]
    rows = table[(table["year"] == 2023) & table["sector"].str.startswith("TOTAL secondary+tertiary")]
    jobs = rows[rows["status"] == "sourced"].set_index("code_or_prefecture")["employees"].astype(float)
    return {
        place: float(jobs[code]) / float(jobs["110000"])
        for place, code in enumerate(codes)
        if code in _CENSUS_DISTRICTS
    }


def _district_gdp(region: Region) -> pd.Series[float]:
    """Return the latest reported GDP by district, billion yuan, indexed by code.

    Beijing E-Town is reported by itself and lies mostly in Daxing: counted there.
    """
    table = region.facts["district_indicators"]
    rows = table[table["indicator"].isin(("gdp_as_reported", "gdp_first_release"))]
    latest = rows.sort_values("year").groupby("unit")["value"].last().astype(float)
    names = region.facts["unit_codes"].set_index("unit")["adcode"]
    latest.index = latest.index.map(lambda unit: names.get(unit, unit))
    gdp = latest[latest.index.str.fullmatch(r"\d{6}")]
    gdp["110115"] += float(latest["Beijing: Beijing E-Town (BDA)"])
    return gdp


def _filled_gdp(region: Region, workers: pd.Series[float]) -> pd.Series[float]:
    """Return GDP by district, with the residual rows split by workers where nothing better is known."""
    gdp = _district_gdp(region)
    for members, total in _residual_gdp(region).items():
        missing = [code for code in members if code not in gdp.index]
        left = total - sum(float(gdp[code]) for code in members if code in gdp.index)
        share = workers[missing] / workers[missing].sum()
        gdp = pd.concat([gdp, max(left, 0.0) * share])
    return gdp


def _residual_gdp(region: Region) -> dict[tuple[str, ...], float]:
    """Return the latest GDP that is left for the districts without one of their own, billion yuan."""
    table = region.facts["district_indicators"]
    rows = table[table["indicator"] == "gdp_residual"].sort_values("year").groupby("unit")["value"].last()
    return {members: float(rows[unit]) for unit, members in _RESIDUALS.items()}


def _institutional(region: Region, employed: pd.DataFrame, jobs: Array) -> dict[str, Array]:
    """Split institutional jobs by class.

    Public administration, education and health keep the sector shares of the county's employed
    residents; universities come out of education by the list of institutions. Classes that no census
    sector names have the listed head-counts only.
    """
    share = {
        key: employed[[name for name in employed.columns if name.startswith(head)]]
        .sum(axis=1)
        .to_numpy(float)
        / employed["TOTAL"].to_numpy(float)
        for key, head in _SECTORS.items()
    }
    listed = _listed(region)
    education = share["education"] * jobs
    university = np.minimum(listed.pop("university"), education)
    sectors = {
        "government": share["government"] * jobs,
        "university": university,
        "school": education - university,
        "hospital": share["health"] * jobs,
    }
    rest = {kind: staff for kind, staff in listed.items() if kind not in {*sectors, "school", "hospital"}}
    room = 0.5 * (jobs - np.sum(list(sectors.values()), axis=0))
    wanted = np.sum(list(rest.values()), axis=0)
    scale = np.minimum(1.0, np.divide(room, wanted, out=np.ones_like(room), where=wanted > 0))
    return sectors | {kind: staff * scale for kind, staff in rest.items()}


def _listed(region: Region) -> dict[str, Array]:
    """Return known staff of the listed institutions by class and county, shape (N,) each.

    Rows of groups and of parts are left out, and so is what has moved away before the census.
    """
    table = region.institutions
    gone = (table["institution_status"] == "moved") & (table["opened_year"] < 2020)
    rows = table[~table["group_row"].astype(bool) & table["part_of"].isna() & ~gone]
    places = rows["county_code"].map(region.positions)
    result = {}
    for kind in ("university", "state_enterprise", "financial", "research_institute", "industrial_plant"):
        here = rows[(rows["kind"] == kind) & places.notna() & rows["employees"].notna()]
        spot = places[here.index].astype(int)
        staff = here["employees"].to_numpy(float)
        result[kind] = np.bincount(spot, staff, len(region.codes)).astype(float)
    return result

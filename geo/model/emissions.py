"""Emissions, PM2.5 and who breathes it, MODEL.md equation 12. Pure functions on arrays by county.

::

    emissions      = vehicle-km x factor + floor space x factor + output x factor     (CO2, NOx, PM2.5)
    concentration  = background + sum over sources of weight x source-receptor matrix x emissions
    exposure       = mean concentration, weighted by residents

Factors are regional inventories over the baseline's activity, so the baseline emits the inventory; they are
of 2014 (CO2: 2012), when the region emitted far more than today: read changes in percent, not in tonnes.
The source-receptor matrix is an assumption: the inverse of distance, scaled so that road traffic gives 30 %
of Beijing's PM2.5 (Fang et al. 2016; 17 to 37 %). Levels of emissions cancel in concentrations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Fault, ModelError

__all__ = [
    "POLLUTANTS",
    "SOURCES",
    "Activity",
    "Air",
    "Factors",
    "calibrate_air",
    "emission_factors",
    "emissions",
    "exposure",
    "inventory",
    "source_receptor",
]

Array = NDArray[np.float64]

POLLUTANTS = ("co2", "nox", "pm25")
SOURCES = ("road", "buildings", "output")
PM25 = POLLUTANTS.index("pm25")

ROAD_SHARE = 0.30
"""Road traffic's share of Beijing's PM2.5: Fang et al. 2016, published_effects.csv A33; 0.172 to 0.373."""
OTHER_SHARE = 0.40
"""Share of buildings and output of the region in Beijing's PM2.5; the rest is background (assumption)."""
FOLLOWS = 0.25
"""Share of road emissions that follows commuters' km; freight and other trips stay (assumption)."""
_REGION, _WIDER = "Beijing-Tianjin-Hebei", "BTH + surrounding (58 cities)"
_TONNES = {"kt": 1e3, "Mt": 1e6, "Mt CO2": 1e6}


@dataclass(frozen=True, eq=False)
class Activity:
    """What emits, by county.

    Parameters
    ----------
    vehicle_km
        Km driven by commuters a year, (N,).
    floor_space
        Floor space in use, m2, (N,).
    output
        Value of goods produced, CNY a year, (N,); services hardly emit by themselves.
    """

    vehicle_km: Array
    floor_space: Array
    output: Array

    def stacked(self) -> Array:
        """Return the three in the order of ``SOURCES``, (3, N).

        Raises
        ------
        ModelError
            If they differ in length, or a value is negative or not finite.
        """
        parts = {name: np.asarray(getattr(self, name), dtype=np.float64) for name in _ACTIVITIES}
        shapes = {part.shape for part in parts.values()}
        if len(shapes) > 1:
            found = ", ".join(map(str, sorted(shapes)))
            raise ModelError(Fault("emissions.shapes", values={"shapes": found}))
        faults = [
            Fault("emissions.activity", name, {"count": int(bad.sum())})
            for name, part in parts.items()
            if (bad := ~(np.isfinite(part) & (part >= 0))).any()
        ]
        if faults:
            raise ModelError(faults)
        return np.stack(list(parts.values()))


_ACTIVITIES = ("vehicle_km", "floor_space", "output")


@dataclass(frozen=True, eq=False)
class Factors:
    """Tonnes for each unit of activity.

    Parameters
    ----------
    values
        By pollutant and source, (3, 3).
    follows
        Share of each source that follows its activity, (3,); the rest stays as in the baseline.
    before
        The baseline's activity, (3, N).
    """

    values: Array
    follows: Array
    before: Array


def inventory(series: pd.DataFrame) -> pd.DataFrame:
    """Return the region's emissions by source and pollutant, from ``regional_series.csv``.

    Vehicles' PM2.5 is the figure printed as PM10 (the source has the two swapped: PM2.5 cannot be more).
    Vehicles' CO2 is known for 58 cities only and scaled by vehicles' NOx. Buildings are what neither industry
    nor vehicles emit; industry's CO2 is its part of what vehicles leave, by its NOx.

    Returns
    -------
    DataFrame
        source, pollutant, tonnes, year, status, origin.

    Raises
    ------
    ModelError
        If a figure is missing, naming all that are.
    """
    known = _Series(series)
    nox, pm25 = known("vehicle_emissions_NOx"), known("vehicle_emissions_PM10")
    wider_nox, wider_co2 = known("vehicle_emissions_NOx", _WIDER), known("vehicle_emissions_CO2", _WIDER)
    plant_nox, plant_pm25 = known("industrial_emissions_NOx"), known("industrial_emissions_PM25")
    all_nox, all_pm25 = known("total_emissions_NOx"), known("total_emissions_PM25")
    all_co2 = known("co2_total_city_data_based")
    known.complete()
    co2 = wider_co2 * nox / wider_nox
    home_nox = all_nox - plant_nox - nox
    plant_co2 = (all_co2 - co2) * plant_nox / (plant_nox + home_nox)
    rows = [
        ("road", "co2", co2, 2020, "estimated", "COPERT inventory of 58 cities, scaled by NOx of vehicles"),
        ("road", "nox", nox, 2014, "sourced", "Yang W. et al. 2018"),
        ("road", "pm25", pm25, 2014, "derived", "Yang W. et al. 2018, PM2.5 and PM10 exchanged"),
        ("buildings", "co2", all_co2 - co2 - plant_co2, 2012, "estimated", "Han et al. 2020, remainder"),
        (
            "buildings",
            "nox",
            home_nox,
            2014,
            "derived",
            "Zheng et al. 2019, less industry and vehicles",
        ),
        ("buildings", "pm25", all_pm25 - plant_pm25 - pm25, 2014, "derived", "Zheng et al. 2019, the same"),
        ("output", "co2", plant_co2, 2012, "estimated", "Han et al. 2020, by share of NOx without vehicles"),
        ("output", "nox", plant_nox, 2014, "sourced", "Zheng et al. 2019"),
        ("output", "pm25", plant_pm25, 2014, "sourced", "Zheng et al. 2019"),
    ]
    return pd.DataFrame(rows, columns=["source", "pollutant", "tonnes", "year", "status", "origin"])


class _Series:
    """Look up figures in tonnes, the latest year first, and remember which are missing."""

    def __init__(self, series: pd.DataFrame) -> None:
        self._series = series
        self._missing: list[Fault] = []

    def __call__(self, indicator: str, unit: str = _REGION) -> float:
        rows = self._series[(self._series["unit"] == unit) & (self._series["indicator"] == indicator)]
        if rows.empty:
            self._missing.append(Fault("emissions.missing", "regional_series.csv", {"indicator": indicator}))
            return float("nan")
        row = rows.sort_values("year").iloc[-1]
        return float(row["value"]) * _TONNES[str(row["unit_of_measure"])]

    def complete(self) -> None:
        if self._missing:
            raise ModelError(self._missing)


def emission_factors(table: pd.DataFrame, before: Activity, *, follows: float = FOLLOWS) -> Factors:
    """Return tonnes per vehicle-km, m2 and CNY such that the baseline emits the inventory.

    Parameters
    ----------
    table
        As :func:`inventory` returns.
    before
        The baseline's activity.
    follows
        Share of road emissions that follows commuters' km.

    Raises
    ------
    ModelError
        If an activity is zero everywhere, or ``follows`` is outside 0 to 1.
    """
    activity = before.stacked()
    total = activity.sum(axis=1)
    empty = [name for name, value in zip(_ACTIVITIES, total, strict=True) if value <= 0]
    faults = [Fault("emissions.no_activity", name) for name in empty]
    if not 0 <= follows <= 1:
        faults.append(Fault("emissions.share", "follows", {"value": follows}))
    if faults:
        raise ModelError(faults)
    tonnes = table.pivot_table(index="pollutant", columns="source", values="tonnes", aggfunc="sum")
    values = tonnes.loc[list(POLLUTANTS), list(SOURCES)].to_numpy(dtype=np.float64)
    return Factors(values / total, np.array([follows, 1.0, 1.0]), activity)


def emissions(factors: Factors, activity: Activity) -> Array:
    """Return tonnes a year by pollutant, source and county, (3, 3, N)."""
    share = factors.follows[:, None]
    counted = factors.before + share * (activity.stacked() - factors.before)
    return np.asarray(factors.values[:, :, None] * counted[None, :, :])


def source_receptor(km: Array, *, power: float = 1.0, least_km: float = 5.0) -> Array:
    """Return how much of an emission in a county (column) reaches each county (row): km^-power, (N, N).

    Parameters
    ----------
    km
        Distance between counties, inside a county the mean distance of two points, (N, N).
    power
        Of the decay; 1 is between a plume (faster) and a well-mixed basin (slower). Assumption.
    least_km
        Distances below count as this: the grain of the model.

    Raises
    ------
    ModelError
        If a distance is negative or not finite.
    """
    bad = ~(np.isfinite(km) & (km >= 0))
    if bad.any():
        raise ModelError(Fault("emissions.distance", "km", {"count": int(bad.sum())}))
    return np.asarray(np.maximum(km, least_km) ** -power)


@dataclass(frozen=True, eq=False)
class Air:
    """From emissions of PM2.5 to its concentration.

    Parameters
    ----------
    matrix
        Source-receptor matrix, (N, N).
    weight
        Micrograms per m3 for each tonne by source, (3,); primary PM2.5 stands for its precursors too.
    background
        What no county of the region explains, micrograms per m3, (N,); a little below 0 where the matrix
        explains more than is there.
    """

    matrix: Array
    weight: Array
    background: Array

    def by_source(self, pm25: Array) -> Array:
        """Return micrograms per m3 by source (3, N) for tonnes of PM2.5 by source (3, N)."""
        return np.asarray(self.weight[:, None] * (pm25 @ self.matrix.T))

    def concentration(self, tonnes: Array) -> Array:
        """Return micrograms of PM2.5 per m3 (N,), never below 0, for :func:`emissions` (3, 3, N)."""
        return np.asarray(np.maximum(self.background + self.by_source(tonnes[PM25]).sum(axis=0), 0.0))


def calibrate_air(
    matrix: Array,
    tonnes: Array,
    observed: Array,
    receptor: Array,
    *,
    road_share: float = ROAD_SHARE,
    other_share: float = OTHER_SHARE,
) -> Air:
    """Return weights such that road traffic, and the region's other sources, have their shares at a receptor.

    Parameters
    ----------
    matrix
        Source-receptor matrix, (N, N).
    tonnes
        Baseline :func:`emissions`, (3, 3, N).
    observed
        Baseline concentration, micrograms per m3, (N,).
    receptor
        Residents of the receptor by county, 0 elsewhere, (N,): Beijing's.
    road_share, other_share
        Of road traffic, and of buildings and output together, in the receptor's mean concentration.

    Raises
    ------
    ModelError
        If shares are negative or above 1 together, nobody lives in the receptor, or a source emits nothing.
    """
    if min(road_share, other_share) < 0 or road_share + other_share > 1:
        raise ModelError(Fault("emissions.share", values={"value": road_share + other_share}))
    if not receptor.sum() > 0:
        raise ModelError(Fault("emissions.no_receptor", "receptor"))
    people = receptor / receptor.sum()
    reach = tonnes[PM25] @ matrix.T @ people
    groups = np.array([reach[0], reach[1] + reach[2]])
    if not (groups > 0).all():
        raise ModelError(Fault("emissions.no_activity", "pm25"))
    mean = float(people @ observed)
    road, other = np.array([road_share, other_share]) * mean / groups
    weight = np.array([road, other, other])
    raw = Air(matrix, weight, np.zeros_like(observed))
    return Air(matrix, weight, observed - raw.by_source(tonnes[PM25]).sum(axis=0))


def exposure(concentration: Array, residents: Array, members: Array | None = None) -> Array:
    """Return mean concentration weighted by residents.

    Parameters
    ----------
    concentration
        Micrograms per m3, (N,) or (T, N).
    residents
        Persons, the same shape.
    members
        Which counties belong to each group, (G, N); default: one group of all.

    Returns
    -------
    ndarray
        (G,) or (T, G); not a number where nobody lives.
    """
    everybody = np.ones((1, np.shape(residents)[-1]))
    groups = everybody if members is None else np.asarray(members, dtype=np.float64)
    people = np.asarray(residents) @ groups.T
    breathed = (np.asarray(concentration) * np.asarray(residents)) @ groups.T
    return np.asarray(np.divide(breathed, people, out=np.full(people.shape, np.nan), where=people > 0))

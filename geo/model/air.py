"""Emissions and PM2.5 of a solved year: activities from the equilibrium and the roads (eq. 12)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geo.model.emissions import (
    OTHER_SHARE,
    Activity,
    Air,
    Factors,
    calibrate_air,
    emission_factors,
    emissions,
    source_receptor,
)

if TYPE_CHECKING:
    import pandas as pd

    from geo.model.economy import Assumed
    from geo.model.roads import Roads, Traffic
    from geo.model.solve import Array
    from geo.model.state import Calibrated, Equilibrium

__all__ = ["Atmosphere"]


@dataclass(frozen=True, eq=False)
class Atmosphere:
    """What a scenario's economy and traffic do to the air.

    Parameters
    ----------
    roads
        Roads with the traffic of the baseline.
    inventory
        Published emissions, see :func:`geo.model.emissions.inventory`.
    reference, before
        The economy before, and its levels at rest.
    start
        Levels at rest of the economy that the scenario is solved on.
    km
        Distance between counties, (N, N).
    observed
        Concentration of PM2.5 before, ug / m3, (N,).
    receptor
        Residents of Beijing by county, 0 elsewhere, (N,).
    assumed
        Values of assumptions.
    """

    roads: Roads
    inventory: pd.DataFrame
    reference: Calibrated
    before: Equilibrium
    start: Equilibrium
    km: Array
    observed: Array
    receptor: Array
    assumed: Assumed

    def activity(self, state: Equilibrium | None, traffic: Traffic | None) -> Activity:
        """Return what emits, (N,) each; None for before."""
        stock, sold = self.before.floor_rent / self.reference.floor_price, self.before.sales_T
        if state is not None:
            stock = stock * state.floor_space_hat
            sold = np.maximum(sold + state.sales_T - self.start.sales_T, 0.0)
        return Activity(self.roads.yearly_km(traffic or self.roads.before), stock, sold)

    @cached_property
    def factors(self) -> Factors:
        """Tonnes for each unit of activity."""
        found = emission_factors(
            self.inventory, self.activity(None, None), follows=self.assumed["traffic_follows"]
        )
        return Factors(self.assumed["emission_scale"] * found.values, found.follows, found.before)

    @cached_property
    def air(self) -> Air:
        """From tonnes to concentrations."""
        matrix = source_receptor(self.km, power=self.assumed["receptor_power"])
        share = self.assumed["road_pm_share"]
        return calibrate_air(
            matrix, self.tonnes(None, None), self.observed, self.receptor, road_share=share,
            other_share=min(OTHER_SHARE, 1.0 - share),
        )  # fmt: skip

    def tonnes(self, state: Equilibrium | None, traffic: Traffic | None) -> Array:
        """Return tonnes a year by pollutant, source and county, (3, 3, N)."""
        return emissions(self.factors, self.activity(state, traffic))

    def concentration(self, tonnes: Array) -> Array:
        """Return PM2.5 by county, ug / m3, (N,): what was observed, changed as emissions change it."""
        return np.maximum(self.observed + self.air.concentration(tonnes) - self._modelled, 0.0)

    @cached_property
    def _modelled(self) -> Array:
        return self.air.concentration(self.tonnes(None, None))

    def change(self, state: Equilibrium, traffic: Traffic | None) -> Array:
        """Return the change of PM2.5 by county, ug / m3, (N,)."""
        return np.asarray(self.concentration(self.tonnes(state, traffic)) - self.observed)

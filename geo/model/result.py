"""What a model hands on: every measure by year and county."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Fault, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.scenario import Scenario

__all__ = ["MODEL_VERSION", "Outcome"]

Array = NDArray[np.float64]

# Raise it whenever the same layers would give another baseline, or the same scenario other numbers: the kept
# baseline and kept scenarios name the version they were made with. tests/test_edition.py holds it to numbers.
MODEL_VERSION = 5


@dataclass(frozen=True, eq=False)
class Outcome:
    """What follows from a scenario.

    Parameters
    ----------
    years
        Years, ascending, shape (T,).
    codes
        County codes, ascending, length N.
    values
        Measure id to the value with the scenario, shape (T, N); NaN where there is none.
    before
        Measure id to the value without it, shape (N,). Zero for measures that are changes themselves.
    regional
        Measure id to one number for the whole region, shape (T,); see the measure's formula.
    scenario
        What was asked.
    region_hash
        Content hash of the layers.
    model
        ``level0`` or ``full``.
    version
        Of the model.
    """

    years: NDArray[np.int64]
    codes: tuple[str, ...]
    values: Mapping[str, Array] = field(repr=False)
    before: Mapping[str, Array] = field(repr=False)
    regional: Mapping[str, Array] = field(repr=False)
    scenario: Scenario = field(repr=False)
    region_hash: str
    model: str
    version: int = field(default=MODEL_VERSION, kw_only=True)

    @property
    def measures(self) -> tuple[str, ...]:
        """Return the ids of all measures by county."""
        return tuple(self.values)

    def frame(self, measure: str) -> pd.DataFrame:
        """Return one measure with counties as rows (index ``code``) and years as columns."""
        index = pd.Index(self.codes, name="code")
        return pd.DataFrame(self._of(measure).T, index=index, columns=pd.Index(self.years, name="year"))

    def at(self, measure: str, year: int) -> Array:
        """Return one measure in one year, shape (N,)."""
        return np.asarray(self._of(measure)[self.position(year)])

    def change(self, measure: str, year: int) -> Array:
        """Return the measure in ``year`` less before, shape (N,)."""
        return np.asarray(self.at(measure, year) - self.before[measure])

    def table(self, year: int) -> pd.DataFrame:
        """Return all measures of one year, counties as rows.

        A measure that is a level before the scenario also has a column ``<id>_change``.
        """
        columns: dict[str, Array] = {}
        for measure in self.values:
            columns[measure] = self.at(measure, year)
            if np.nan_to_num(self.before[measure]).any():
                columns[f"{measure}_change"] = self.change(measure, year)
        return pd.DataFrame(columns, index=pd.Index(self.codes, name="code"))

    def totals(self) -> pd.DataFrame:
        """Return the regional numbers, years as rows."""
        return pd.DataFrame(dict(self.regional), index=pd.Index(self.years, name="year"))

    def position(self, year: int) -> int:
        """Return where ``year`` lies in ``years``.

        Raises
        ------
        ModelError
            If the outcome does not hold that year.
        """
        where = np.flatnonzero(self.years == year)
        if not len(where):
            values: dict[str, Any] = {"year": year, "first": self.years[0], "last": self.years[-1]}
            raise ModelError(Fault("model.no_year", "outcome", values))
        return int(where[0])

    def _of(self, measure: str) -> Array:
        if measure not in self.values:
            raise ModelError(Fault("model.no_measure", measure, {"measure": measure}))
        return self.values[measure]

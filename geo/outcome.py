"""The outcome of a scenario and the comparison of two."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Fault, ModelError
from geo.model.result import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Comparison", "Outcome", "compare"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two outcomes over the same counties and years.

    Parameters
    ----------
    first, second
        The outcomes.
    values
        Measure id to second less first, shape (T, N), for the measures of both.
    regional
        The same for the regional numbers, shape (T,).
    """

    first: Outcome
    second: Outcome
    values: Mapping[str, Array] = field(repr=False)
    regional: Mapping[str, Array] = field(repr=False)

    def frame(self, measure: str) -> pd.DataFrame:
        """Return the difference of one measure, counties as rows and years as columns."""
        if measure not in self.values:
            raise ModelError(Fault("model.no_measure", measure, {"measure": measure}))
        index = pd.Index(self.first.codes, name="code")
        years = pd.Index(self.first.years, name="year")
        return pd.DataFrame(self.values[measure].T, index=index, columns=years)

    def table(self, year: int) -> pd.DataFrame:
        """Return the difference of all measures in one year, counties as rows."""
        row = self.first.position(year)
        index = pd.Index(self.first.codes, name="code")
        return pd.DataFrame({key: value[row] for key, value in self.values.items()}, index=index)


def compare(first: Outcome, second: Outcome) -> Comparison:
    """Return ``second`` less ``first``.

    Raises
    ------
    ModelError
        If they are of different counties, years, layers or versions of the model.
    """
    same = first.codes == second.codes and np.array_equal(first.years, second.years)
    of_one = (first.region_hash, first.version) == (second.region_hash, second.version)
    if not same or not of_one:
        told = [f"{one.region_hash[:8]}, m{one.version}" for one in (first, second)]
        values = {"first": told[0], "second": told[1]}
        raise ModelError(Fault("model.not_comparable", "compare", values))
    return Comparison(
        first,
        second,
        {key: second.values[key] - first.values[key] for key in first.values if key in second.values},
        {key: second.regional[key] - first.regional[key] for key in first.regional if key in second.regional},
    )

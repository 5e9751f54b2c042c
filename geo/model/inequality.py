"""Inequality between places, weighted by people (eq. 13).

Every function takes a value per head by place and the people there, shape (N,) each, and is unchanged if all
values are multiplied by a number, or if a place is split in two alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.model.solve import Array

__all__ = ["gini", "theil", "theil_parts", "variation"]


def gini(value: Array, people: Array) -> float:
    """Return the Gini coefficient between places: 0 if all are alike, near 1 if one has everything.

    Half the mean absolute difference between two people drawn at random, over the mean.
    """
    order = np.argsort(value, kind="stable")
    share = people[order] / people.sum()
    lorenz = np.cumsum(share * value[order])
    before = np.concatenate([[0.0], lorenz[:-1]])
    return float(1.0 - (share * (lorenz + before)).sum() / lorenz[-1])


def theil(value: Array, people: Array) -> float:
    """Return Theil's T, ``sum of shares * (value / mean) * log(value / mean)``; 0 if all are alike."""
    share = people / people.sum()
    ratio = value / (share @ value)
    return float(share @ (ratio * np.log(ratio)))


def theil_parts(value: Array, people: Array, group: NDArray[Any]) -> tuple[float, float]:
    """Return Theil's T within and between groups (cities, provinces); the two add up to the whole.

    Parameters
    ----------
    value, people
        By place, (N,).
    group
        A label for each place, (N,).
    """
    _, index = np.unique(group, return_inverse=True)
    heads: Array = np.bincount(index, people).astype(float)
    income: Array = np.bincount(index, people * value).astype(float)
    between = theil(income / heads, heads)
    return theil(value, people) - between, between


def variation(value: Array, people: Array) -> float:
    """Return the coefficient of variation between places: standard deviation over mean, by people."""
    share = people / people.sum()
    mean = share @ value
    return float(np.sqrt(share @ (value - mean) ** 2) / mean)

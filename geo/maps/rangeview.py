"""Ranges of a scenario's changes, small enough for a map: low and high by measure, year and county."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.maps.pack import block, differences, entry, unblock, varint, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["RangeView", "pair_key", "unpack_ranges"]

# Of the largest change: what a range says is no finer than its draws.
_STEP = 2e-3


@dataclass(frozen=True, eq=False)
class RangeView:
    """How far a scenario's changes may go.

    Parameters
    ----------
    values
        Measure id to low and high of its change, (2, T, N); NaN where there is none.
    digits
        Decimals shown, by measure.
    draws
        How many draws they were taken from.
    """

    values: Mapping[str, NDArray[np.float64]] = field(repr=False)
    digits: Mapping[str, int]
    draws: int

    @cached_property
    def packed(self) -> bytes:
        """Compressed bytes, made once; an end is off by at most 1e-3 of the largest, or half a digit."""
        entries, bodies = [], []
        for name, ends in self.values.items():
            largest = float(np.nanmax(np.abs(ends), initial=0.0))
            if not largest or name not in self.digits:
                continue
            step = max(10.0 ** -self.digits[name], _STEP * largest)
            bodies.append(b"".join(varint(differences(whole(end, step))) for end in ends))
            entries.append(entry(name, step, bodies[-1], ~np.isfinite(ends.sum(axis=(0, 1)))))
        shape = next((ends.shape[1:] for ends in self.values.values()), (0, 0))
        return block(
            {"draws": self.draws, "measures": entries, "years": shape[0], "counties": shape[1]}, bodies
        )


def unpack_ranges(content: bytes) -> dict[str, Any]:
    """Return what a page reads: ``draws``, and ``values``, measure id to (2, T, N)."""
    head, parts = unblock(content)
    shape = (2, head["counties"], head["years"])
    values = {}
    for one, twice in parts:
        counts = np.cumsum(np.cumsum(twice.reshape(shape), axis=2), axis=2)
        ends = counts.transpose(0, 2, 1) * one["step"]
        ends[:, :, one["missing"]] = np.nan
        values[one["id"]] = ends
    return {"draws": head["draws"], "values": values}


def pair_key(pair: tuple[int, int]) -> str:
    """Return what a page calls the ranges between two scenarios by their places, the lower first."""
    return f"{pair[0]}-{pair[1]}"

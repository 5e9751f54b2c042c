"""Classes of a choropleth and their colours, the same for everything that is shown side by side.

The rules and colours are those of the map page (``geo/maps/page_colour.js``), so that charts, the printed map
and the live one agree; a browser test gives both the same values and compares. Bounds come from all arrays at
once: two scenarios never have classes of their own. Lightness alone orders the colours, and no two that
matter differ by red against green.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "BLUES",
    "BROWNS",
    "MISSING",
    "NEUTRAL",
    "TEALS",
    "Classes",
    "breaks",
    "diverging_classes",
    "sequential_classes",
]

Array = NDArray[np.float64]

TEALS: Final = ("#edf5f3", "#d3e8e3", "#aed7d0", "#7fbfba", "#4fa1a4", "#2f7f8c", "#1f566f")
BROWNS: Final = ("#f1bd95", "#d67b45", "#9b4314")  # a little less … much less
BLUES: Final = ("#b0d5dc", "#5da2b8", "#215f7e")  # a little more … much more
NEUTRAL, MISSING = "#f6f3ed", "#cbcbc5"
_MANY_ZEROS = 0.3  # from this share on, zero has a class of its own
_QUANTILES = (0.55, 0.88)  # of sizes, at which a change is more, and much more


@dataclass(frozen=True)
class Classes:
    """Classes of a map: a class holds values from its lower bound (included) to its upper bound.

    Parameters
    ----------
    kind
        ``sequential`` or ``diverging``.
    bounds
        Ascending, one more than there are colours.
    colours
        One a class.
    digits
        Decimals that the legend shows.
    none
        Position of the class of no change, or -1.
    """

    kind: str
    bounds: tuple[float, ...]
    colours: tuple[str, ...]
    digits: int
    none: int = -1

    def of(self, values: Array) -> NDArray[np.int64]:
        """Return the class of each value, -1 where it is missing; same shape."""
        found = np.searchsorted(np.asarray(self.bounds[1:-1]), values, side="right")
        return np.where(np.isfinite(values), found, -1).astype(np.int64)

    def colour(self, values: Array) -> list[str]:
        """Return the colour of each value."""
        return [MISSING if place < 0 else self.colours[place] for place in self.of(values)]

    def counts(self, values: Array) -> tuple[list[int], int]:
        """Return how many values each class holds, and how many are missing."""
        places = self.of(values)
        return [int((places == one).sum()) for one in range(len(self.colours))], int((places < 0).sum())


def _nice(value: float, *, up: bool = False) -> float:
    """Return ``value`` with two significant figures; halves go up, as ``Math.round`` has it."""
    if not value:
        return 0.0
    power = 10.0 ** (floor(log10(abs(value))) - 1)
    steps = abs(value) / power
    whole = ceil(steps - 1e-9) if up else floor(steps + 0.5)
    return float(f"{whole * power:.3g}") * (1 if value > 0 else -1)


def _quantile(ascending: Array, share: float) -> float:
    at = (len(ascending) - 1) * share
    low, high = ascending[floor(at)], ascending[ceil(at)]
    return float(low + (high - low) * (at - floor(at)))


def _digits(size: float, least: int) -> int:
    return min(max(1 - floor(log10(size)), least), least + 4) if size > 0 else least


def _spread(colours: Sequence[str], count: int) -> list[str]:
    if count == 1:
        return [colours[len(colours) // 2]]
    return [colours[floor(place * (len(colours) - 1) / (count - 1) + 0.5)] for place in range(count)]


def _finite(arrays: Iterable[Array]) -> Array:
    values = [np.asarray(array, dtype=np.float64).ravel() for array in arrays]
    joined = np.concatenate(values) if values else np.zeros(0)
    return np.sort(joined[np.isfinite(joined)])


def breaks(arrays: Iterable[Array], *, digits: int, diverging: bool) -> Classes:
    """Return classes for several arrays together: of changes if ``diverging``, else of levels."""
    return (diverging_classes if diverging else sequential_classes)(arrays, digits)


def sequential_classes(arrays: Iterable[Array], digits: int) -> Classes:
    """Return quantile classes with rounded bounds; many zeros get a class of their own.

    Parameters
    ----------
    arrays
        All values that the map may show, of any shapes; NaN is left out.
    digits
        Decimals of the measure.
    """
    values = _finite(arrays)
    if not len(values):
        return Classes("sequential", (0.0, 1.0), TEALS[:1], digits)
    low, high = float(values[0]), float(values[-1])
    if low < 0 < high:
        return diverging_classes([values], digits)
    own = low >= 0 and float((values == 0).mean()) > _MANY_ZEROS
    source = values[values > 0] if own else values
    if not len(source) or low == high:
        return Classes("sequential", (low, high), TEALS[1:2], digits)
    count = len(TEALS) - 1 if own else len(TEALS)
    steps = [_nice(_quantile(source, (place + 1) / count)) for place in range(count - 1)]
    first = [min(_nice(float(source[0])), float(source[0]))] if own else []
    bounds = [bound for bound in dict.fromkeys([*first, *steps]) if low < bound <= high]
    shown = _digits(bounds[0] if bounds and bounds[0] else high, digits)
    colours = _spread(TEALS, len(bounds) + 1)
    if own:
        colours[0] = NEUTRAL
    return Classes("sequential", (low, *bounds, high), tuple(colours), shown, 0 if own else -1)


def diverging_classes(arrays: Iterable[Array], digits: int) -> Classes:
    """Return classes symmetric about zero, with one for what rounds to no change.

    Parameters
    ----------
    arrays
        All values that the map may show, of any shapes; NaN is left out.
    digits
        Decimals of the measure.
    """
    sizes = np.sort(np.abs(_finite(arrays)))
    most = float(sizes[-1]) if len(sizes) else 0.0
    shown = _digits(most, digits)
    none = 0.5 * 10.0**-shown
    real = sizes[sizes >= none]
    if not len(real):
        return Classes("diverging", (-none, none), (NEUTRAL,), shown, 0)
    limit = _nice(most, up=True)
    inner = [_nice(_quantile(real, share)) for share in _QUANTILES]
    steps = [step for step in dict.fromkeys([none, *inner]) if none <= step < limit]
    sides = len(steps)
    bounds = (-limit, *(-step for step in reversed(steps)), *steps, limit)
    colours = (*reversed(_spread(BROWNS, sides)), NEUTRAL, *_spread(BLUES, sides))
    return Classes("diverging", bounds, colours, shown, sides)

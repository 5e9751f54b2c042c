"""Classes of a choropleth and their colours, the same for everything that is shown side by side.

The rules and colours are those of the map page (``geo/maps/page_colour.js``), so that a chart and the map
agree. Bounds come from all arrays at once: two scenarios never have classes of their own. Lightness alone
orders the colours, and no two that matter differ by red against green.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BLUES", "BROWNS", "MISSING", "NEUTRAL", "TEALS", "Classes", "breaks"]

Array = NDArray[np.float64]

TEALS: Final = ("#edf5f3", "#d3e8e3", "#aed7d0", "#7fbfba", "#4fa1a4", "#2f7f8c", "#1f566f")
BROWNS: Final = ("#f1bd95", "#d67b45", "#9b4314")  # a little less … much less
BLUES: Final = ("#b0d5dc", "#5da2b8", "#215f7e")  # a little more … much more
NEUTRAL: Final = "#f6f3ed"
MISSING: Final = "#cbcbc5"
_MANY_ZEROS: Final = 0.3  # from this share on, zero has a class of its own
_SIDES: Final = (0.55, 0.88)  # quantiles of sizes at which a change is more, and much more


@dataclass(frozen=True)
class Classes:
    """Bounds and colours: class k holds values from ``bounds[k]`` (included) to ``bounds[k + 1]``.

    Parameters
    ----------
    kind
        ``sequential`` or ``diverging``.
    bounds
        Ascending, one more than colours.
    colours
        Hex colours.
    digits
        Decimals that tell the bounds apart.
    """

    kind: str
    bounds: tuple[float, ...]
    colours: tuple[str, ...]
    digits: int

    def of(self, values: Array) -> NDArray[np.int64]:
        """Return the class of each value, -1 where there is no number."""
        found = np.searchsorted(self.bounds[1:-1], values, side="right")
        return np.where(np.isfinite(values), found, -1).astype(np.int64)

    def counts(self, values: Array) -> NDArray[np.int64]:
        """Return how many values fall in each class; those without a number in none."""
        found = self.of(values)
        return np.bincount(found[found >= 0], minlength=len(self.colours)).astype(np.int64)


def breaks(arrays: Sequence[Array], *, digits: int, diverging: bool) -> Classes:
    """Return classes for several arrays together.

    Parameters
    ----------
    arrays
        Everything that will be shown with these classes; NaN is left out.
    digits
        Decimals of the measure; what rounds to zero with them is no change.
    diverging
        Symmetric about zero, for changes; otherwise quantiles with rounded bounds, for levels.
    """
    flat = [np.asarray(array, dtype=float).ravel() for array in arrays]
    values = np.sort(np.concatenate(flat)) if flat else np.zeros(0)
    values = values[np.isfinite(values)]
    return _diverging(values, digits) if diverging else _sequential(values, digits)


def _nice(value: float, *, up: bool = False) -> float:
    """Round to two significant figures, away from zero if ``up``."""
    if not value:
        return 0.0
    power = 10.0 ** (floor(log10(abs(value))) - 1)
    steps = abs(value) / power
    # JavaScript rounds halves up, Python to even
    whole = ceil(steps - 1e-9) if up else floor(steps + 0.5)
    return float(np.sign(value) * float(f"{whole * power:.3g}"))


def _digits_for(size: float, least: int) -> int:
    return int(np.clip(1 - floor(log10(size)), least, least + 4)) if size > 0 else least


def _spread(colours: Sequence[str], count: int) -> tuple[str, ...]:
    if count == 1:
        return (colours[len(colours) // 2],)
    last = len(colours) - 1
    return tuple(colours[floor(at * last / (count - 1) + 0.5)] for at in range(count))


def _sequential(values: Array, digits: int) -> Classes:
    if not len(values):
        return Classes("sequential", (0.0, 1.0), TEALS[:1], digits)
    low, high = float(values[0]), float(values[-1])
    if low < 0 < high:
        return _diverging(values, digits)
    own = low >= 0 and float(np.mean(values == 0)) > _MANY_ZEROS
    source = values[values > 0] if own else values
    if not len(source) or low == high:
        return Classes("sequential", (low, high), TEALS[1:2], digits)
    count = len(TEALS) - own
    steps = [_nice(float(np.quantile(source, at / count))) for at in range(1, count)]
    first = [min(_nice(float(source[0])), float(source[0]))] if own else []
    inner = [bound for bound in dict.fromkeys([*first, *steps]) if low < bound <= high]
    shown = _digits_for(inner[0] if inner else high, digits)
    colours = _spread(TEALS, len(inner) + 1)
    if own:
        colours = (NEUTRAL, *colours[1:])
    return Classes("sequential", (low, *inner, high), colours, shown)


def _diverging(values: Array, digits: int) -> Classes:
    sizes = np.sort(np.abs(values))
    most = float(sizes[-1]) if len(sizes) else 0.0
    shown = _digits_for(most, digits)
    none = 0.5 * 10.0**-shown
    real = sizes[sizes >= none]
    if not len(real):
        return Classes("diverging", (-none, none), (NEUTRAL,), shown)
    limit = _nice(most, up=True)
    steps = dict.fromkeys([none, *(_nice(float(np.quantile(real, share))) for share in _SIDES)])
    inner = [step for step in steps if none <= step < limit]
    less, more = (_spread(colours, len(inner)) for colours in (BROWNS, BLUES))
    bounds = (-limit, *(-step for step in reversed(inner)), *inner, limit)
    return Classes("diverging", bounds, (*reversed(less), NEUTRAL, *more), shown)

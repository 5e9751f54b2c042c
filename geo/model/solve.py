"""Fixed points: Anderson acceleration, and continuation where a jump is too long.

Nothing here knows what the numbers mean: a map from a vector to a vector goes in, its fixed point comes
out. Everything is plain numpy and works for any length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "FixedPoint", "anderson", "continuation"]

Array = NDArray[np.float64]
Map = Callable[[Array], Array]

# Weight of the ridge that keeps the small least-squares problem solvable once residuals become parallel.
_RIDGE = 1e-15
# A step whose residual grows by more than this forgets its history: the secants have misled it.
_GROWTH = 8.0
# Steps without a better residual, close to the rounding floor, after which more of them are useless.
_PATIENCE = 12
_FLOOR = 100.0


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Where an iteration ended.

    Attributes
    ----------
    value
        The best point met.
    residual
        Largest ``|F(x) - x|`` there.
    iterations
        Evaluations of the map.
    converged
        Whether the residual is below the tolerance, or at the rounding floor just above it.
    """

    value: Array
    residual: float
    iterations: int
    converged: bool


class _History:
    """The last differences of points and residuals, as rows of two ring buffers."""

    def __init__(self, depth: int, size: int) -> None:
        self.points = np.empty((depth, size))
        self.residuals = np.empty((depth, size))
        self.gram = np.zeros((depth, depth))
        self.depth, self.used, self.next = depth, 0, 0

    def push(self, point: Array, residual: Array) -> None:
        """Remember one difference, and its products with those remembered before."""
        row = self.next
        self.points[row] = point
        self.residuals[row] = residual
        self.used = min(self.used + 1, self.depth)
        products = self.residuals[: self.used] @ residual
        self.gram[row, : self.used] = products
        self.gram[: self.used, row] = products
        self.next = (row + 1) % self.depth

    def forget(self) -> None:
        """Start afresh."""
        self.used = self.next = 0

    def step(self, residual: Array) -> Array:
        """Return the accelerated step from a point with ``residual`` (Walker and Ni 2011, eq. 4.1)."""
        if not self.used:
            return residual
        rows = slice(0, self.used)
        gram = self.gram[rows, rows].copy()
        gram.flat[:: self.used + 1] *= 1.0 + _RIDGE
        gram.flat[:: self.used + 1] += np.finfo(float).tiny
        try:
            weights = np.linalg.solve(gram, self.residuals[rows] @ residual)
        except np.linalg.LinAlgError:
            self.forget()
            return residual
        out: Array = residual - weights @ self.points[rows] - weights @ self.residuals[rows]
        return out


def anderson(
    step: Map,
    start: Array,
    *,
    depth: int = 6,
    tolerance: float = 1e-11,
    max_iterations: int = 400,
    longest: float = 2.0,
) -> FixedPoint:
    """Solve ``step(x) = x`` by Anderson acceleration (type II; Anderson 1965, Walker and Ni 2011).

    Parameters
    ----------
    step
        The map; its plain iteration should roughly contract. It may return non-finite values, which end
        the search.
    start
        First point, shape (n,).
    depth
        Number of differences remembered; 5 or 6 is right for spatial equilibria.
    tolerance
        Largest ``|step(x) - x|`` that counts as solved.
    max_iterations
        Evaluations after which the search gives up.
    longest
        Largest change of any entry in one step; longer steps are shortened as a whole.

    Returns
    -------
    FixedPoint
        The best point met; ``converged`` is False where none was good enough. Nothing is raised.
    """
    point = np.array(start, dtype=float)
    history = _History(depth, point.size)
    best, best_norm, stale, count = point, np.inf, 0, 0
    last_point: Array | None = None
    last_residual = point
    while count < max_iterations:
        residual = step(point) - point
        count += 1
        norm = float(np.abs(residual).max(initial=0.0))
        if not np.isfinite(norm):
            break
        if norm < best_norm:
            best, stale = point, 0
        else:
            stale += 1
        if last_point is not None:
            history.push(point - last_point, residual - last_residual)
        if norm > _GROWTH * best_norm:
            history.forget()
        best_norm = min(best_norm, norm)
        if best_norm <= tolerance or (stale >= _PATIENCE and best_norm <= _FLOOR * tolerance):
            break
        move = history.step(residual)
        length = float(np.abs(move).max())
        last_point, last_residual = point, residual
        point = point + (move if length <= longest else move * (longest / length))
    return FixedPoint(best, best_norm, count, best_norm <= _FLOOR * tolerance)


def continuation(
    solve: Callable[[float, Array], FixedPoint], start: Array, *, first: float = 1.0, smallest: float = 1 / 64
) -> FixedPoint:
    """Solve a family of problems from 0 (whose solution is ``start``) to 1, in steps as long as they work.

    Parameters
    ----------
    solve
        Solves the problem at a share of the whole shock, in (0, 1], from a start.
    start
        Solution at 0.
    first
        First step; 1 tries the whole at once.
    smallest
        A step below this gives up.

    Returns
    -------
    FixedPoint
        Solution at 1, with the iterations of all steps together; not converged where a step failed.
    """
    share, size, count = 0.0, first, 0
    points = [(0.0, start)]
    while share < 1.0:
        target = min(1.0, share + size)
        found = solve(target, _extrapolate(points, target))
        count += found.iterations
        if found.converged:
            share = target
            points = [points[-1], (share, found.value)]
            last = found
        elif size / 2 < smallest:
            return FixedPoint(found.value, found.residual, count, converged=False)
        else:
            size /= 2
    return FixedPoint(last.value, last.residual, count, converged=True)


def _extrapolate(points: list[tuple[float, Array]], target: float) -> Array:
    """Continue the line through the last two points; the first guess of a predictor-corrector step."""
    if len(points) == 1:
        return points[0][1]
    (before, low), (now, high) = points
    if now == before:
        return high
    out: Array = high + (high - low) * ((target - now) / (now - before))
    return out

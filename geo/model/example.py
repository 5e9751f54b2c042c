"""A made-up region of any size, to try the model on: what tests, benchmarks and newcomers start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo.model.accounts import Institutions, calibrate
from geo.model.state import Parameters

if TYPE_CHECKING:
    from geo.model.solve import Array
    from geo.model.state import Calibrated

__all__ = ["example", "observed"]

_CLASSES = ("government", "university", "hospital")


def observed(zones: int, seed: int = 0) -> dict[str, Any]:
    """Return made-up observations, as :func:`geo.model.accounts.calibrate` takes them.

    Towns lie at random 25 km apart on average, residents are lognormal around 100,000, wages around
    80,000 CNY a year; three classes of staff hold one job in six.

    Parameters
    ----------
    zones
        Number of zones, at least 2.
    seed
        Of the random numbers; the same seed gives the same region.
    """
    draw = np.random.default_rng(seed)
    place = draw.random((zones, 2)) * 25.0 * np.sqrt(zones)
    distance: Array = np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1))
    distance[np.diag_indices(zones)] = 8.0 + 8.0 * draw.random(zones)
    residents = np.exp(draw.normal(11.5, 0.8, zones))
    jobs = residents * np.exp(draw.normal(0.0, 0.3, zones))
    jobs *= residents.sum() / jobs.sum()
    wage = 80_000.0 * np.exp(draw.normal(0.0, 0.2, zones))
    posts = np.stack([jobs * share * np.exp(draw.normal(0.0, 0.2, zones)) for share in (0.06, 0.08, 0.04)])
    institutions = Institutions(
        _CLASSES, posts, 1.3 * np.tile(wage, (3, 1)), eps=np.array([3.0, 3.0, 4.0]),
        weight=np.array([0.2, 1.0, 0.5]), floor=np.array([20.0, 30.0, 30.0]), procurement=np.full(3, 0.2),
        student_spending=1500.0 * jobs,
    )  # fmt: skip
    return {
        "residents": residents, "jobs": jobs, "wage": wage, "distance": distance,
        "minutes": 5.0 + 1.2 * distance,
        "institutions": institutions, "floor_price": 300.0 * np.exp(draw.normal(0.0, 0.3, zones)),
        "land_area": 300.0 + 600.0 * draw.random(zones), "job_decay": 0.02, "home_decay": 0.02,
    }  # fmt: skip


def example(zones: int, seed: int = 0, parameters: Parameters | None = None) -> Calibrated:
    """Return a made-up, calibrated region of ``zones`` zones; see :func:`observed`."""
    return calibrate(**observed(zones, seed), parameters=parameters or Parameters())

"""Jing-Jin-Ji: a region, a scenario, and what follows from it.

>>> from geo import Move, Scenario, load_region, simulate_level0
>>> region = load_region()
>>> move = Move(institution="huaneng", destination="130629", start=2025)
>>> outcome = simulate_level0(region, Scenario(name="one move", moves=(move,)))
>>> round(outcome.regional["posts"][-1])
1000
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geo.errors import Fault, GeoError
    from geo.measures import MEASURES, summary
    from geo.model import calibrate, simulate_level0
    from geo.model.simulate import compare_levels, simulate
    from geo.outcome import Outcome, compare
    from geo.presets import PRESETS, preset, preset_skipped
    from geo.region import Region, load_region
    from geo.scenario import ASSUMPTIONS, Assumptions, Move, Scenario, validate

# Matrices here have some 200 rows: more threads of linear algebra only wait for one another, and where many
# share a machine they take four times as long. Read when numpy is first imported; who sets them keeps them.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

__all__ = [
    "ASSUMPTIONS",
    "MEASURES",
    "PRESETS",
    "Assumptions",
    "Fault",
    "GeoError",
    "Move",
    "Outcome",
    "Region",
    "Scenario",
    "calibrate",
    "compare",
    "compare_levels",
    "load_region",
    "preset",
    "preset_skipped",
    "simulate",
    "simulate_level0",
    "summary",
    "validate",
]

_HOMES = {
    "geo.errors": ("Fault", "GeoError"),
    "geo.measures": ("MEASURES", "summary"),
    "geo.model": ("calibrate", "compare_levels", "simulate", "simulate_level0"),
    "geo.outcome": ("Outcome", "compare"),
    "geo.presets": ("PRESETS", "preset", "preset_skipped"),
    "geo.region": ("Region", "load_region"),
    "geo.scenario": ("ASSUMPTIONS", "Assumptions", "Move", "Scenario", "validate"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    # looked up when first asked for, so that a small part can be used without loading all of it
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'geo' has no attribute {name!r}")

"""The laws of the model and their composition.

Level 0, plain accounting around a gravity model of commuting:

- :mod:`geo.model.travel`: minutes by road and rail, and their composite
- :mod:`geo.model.jobs`: jobs and institutional jobs by county
- :mod:`geo.model.gravity`: doubly constrained commuting, fitted to published moments
- :mod:`geo.model.moves`: a scenario as arrays
- :mod:`geo.model.level0`: the direct effects, :func:`simulate_level0`
- :mod:`geo.model.result`: the outcome that every model hands on

The full model, a spatial equilibrium with institutions and its yearly path:

- :mod:`geo.model.baseline`: the region before any move, calibrated and shipped
- :mod:`geo.model.economy`: wages, prices, posts and accounts; :mod:`geo.model.multiplier`: step 9
- :mod:`geo.model.equilibrium`: equations 1 to 10; :mod:`geo.model.years`: one year after another
- :mod:`geo.model.roads`, :mod:`geo.model.assignment`: equation 11; :mod:`geo.model.emissions`: equation 12
- :mod:`geo.model.plan`: a scenario as yearly shocks; :mod:`geo.model.path`: those years solved
- :mod:`geo.model.indicators`: arrays to measures
- :mod:`geo.model.simulate`: all of it, :func:`simulate`
"""

from geo.model.level0 import Baseline, calibrate, direct_effects, simulate_level0
from geo.model.result import Outcome
from geo.model.simulate import compare_levels, simulate

__all__ = [
    "Baseline",
    "Outcome",
    "calibrate",
    "compare_levels",
    "direct_effects",
    "simulate",
    "simulate_level0",
]

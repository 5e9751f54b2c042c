"""The laws of the model and their composition.

Level 0, plain accounting around a gravity model of commuting:

- :mod:`geo.model.travel`: minutes by road and rail, and their composite
- :mod:`geo.model.jobs`: jobs and institutional jobs by county
- :mod:`geo.model.gravity`: doubly constrained commuting, fitted to published moments
- :mod:`geo.model.moves`: a scenario as arrays
- :mod:`geo.model.level0`: the direct effects, :func:`simulate_level0`
- :mod:`geo.model.result`: the outcome that every model hands on
"""

from geo.model.level0 import Baseline, calibrate, direct_effects, simulate_level0
from geo.model.result import Outcome

__all__ = ["Baseline", "Outcome", "calibrate", "direct_effects", "simulate_level0"]

"""How sure a number is, while one looks: draws of a scenario, made in the background and kept on disk.

A page asks a :class:`Sampler` for a scenario at every look. Scenarios are drawn in the order in which they
were first asked for; what nobody has asked for lately waits. Draws come from processes of their own, which
let everything else on the machine go first and end with the process that asked.
"""

from geo.sampling.disk import content_key, default_folder, keep, kept
from geo.sampling.sampler import FIRST, SIZE, Sample, Sampler

__all__ = ["FIRST", "SIZE", "Sample", "Sampler", "content_key", "default_folder", "keep", "kept"]

"""Scenarios as lists of edits: what they are, how they read on disk, and how two differ.

::

    plan = Plan(name="first four").add(Move(institution="bjtu", destination="130629", start=2027))
    plan = plan.assume("home_share.university", 0.8).change(plan.edits[0].id, years=3)
    plan.scenario()  # the value that everything else is a function of
    plan.to_toml()  # a few lines per edit
"""

from geo.edits.compare import Difference, describe, diff, sentence
from geo.edits.kinds import AddMove, Assume, Block, ChangeMove, DropMove, Edit, Include
from geo.edits.plan import Base, Plan, Played

__all__ = [
    "AddMove",
    "Assume",
    "Base",
    "Block",
    "ChangeMove",
    "Difference",
    "DropMove",
    "Edit",
    "Include",
    "Plan",
    "Played",
    "describe",
    "diff",
    "sentence",
]

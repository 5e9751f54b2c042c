"""What the store hands out: plans with their place in the history, steps, publications, conflicts."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from geo.edits import Plan
from geo.errors import Fault, ScenarioError, StoreError
from geo.merge import Merged, merge

if TYPE_CHECKING:
    from geo.region import Region

__all__ = [
    "Entry",
    "Publication",
    "Saved",
    "Step",
    "StoreConflictError",
    "UnreadableError",
    "now",
    "pack",
    "unpack",
]


@dataclass(frozen=True)
class Entry:
    """A plan in a list, without its content.

    Attributes
    ----------
    id
        Key; never shown twice.
    name
        As now.
    changed
        When, UTC, ISO 8601.
    deleted
        When it was deleted, or None.
    """

    id: str
    name: str
    changed: str
    deleted: str | None


@dataclass(frozen=True)
class Saved:
    """A plan as it was read: pass it back to change it, so that nobody's change is lost.

    Attributes
    ----------
    id
        Key.
    plan
        Its content.
    revision
        Counts every change, undo and redo; the store compares it.
    position
        Step of the history that is shown.
    can_undo, can_redo
        Whether there is a step before, and one that was taken back.
    baseline
        Hash of the data and model that it was made for; locked until :meth:`Workspace.relock`.
    origin
        Publication that it was forked from, or None.
    changed
        When, UTC, ISO 8601.
    """

    id: str
    plan: Plan = field(repr=False)
    revision: int
    position: int
    can_undo: bool
    can_redo: bool
    baseline: str
    origin: str | None
    changed: str

    @property
    def name(self) -> str:
        """Return the plan's name."""
        return self.plan.name


@dataclass(frozen=True)
class Step:
    """One version of a plan in its history; never changed, never removed.

    Attributes
    ----------
    number
        Counts from 1.
    parent
        The step that it was made from.
    kind
        ``create``, ``edit``, ``merge``, ``fork``, or ``kept``: a change that met another one and was put
        aside, so that both are kept.
    hash
        Of the plan.
    made
        When, UTC, ISO 8601.
    """

    number: int
    parent: int | None
    kind: str
    hash: str
    made: str


@dataclass(frozen=True)
class Publication:
    """A version that its owner shows to everyone, fixed when it was published.

    Attributes
    ----------
    id
        Key.
    plan
        Key of the plan that it is a version of.
    owner
        Who published it.
    number
        Counts the publications of the plan from 1.
    name, note
        Of the plan then; what the owner says about it.
    hash
        Of the plan then.
    baseline
        Hash of the data and model that it was made for.
    answers
        Publication that it was forked from and is handed back to, or None.
    made, withdrawn
        When, UTC, ISO 8601.
    """

    id: str
    plan: str
    owner: str
    number: int
    name: str
    note: str
    hash: str
    baseline: str
    answers: str | None
    made: str
    withdrawn: str | None


class UnreadableError(StoreError):
    """One saved plan cannot be read; the store and the other plans can."""


class StoreConflictError(StoreError):
    """Somebody else, or another window, changed the plan in between. Both versions are kept.

    Attributes
    ----------
    base, mine, theirs
        What was open, what was to be saved, and what is there now.
    current
        What is there now, ready to be changed.
    step
        Step of the history under which mine was put aside.
    """

    def __init__(self, base: Plan, mine: Plan, current: Saved, step: int) -> None:
        self.base, self.mine, self.theirs = base, mine, current.plan
        self.current, self.step = current, step
        super().__init__(Fault("store.conflict", current.name, {"name": current.name, "step": step}))

    def merged(self, region: Region | None = None) -> Merged:
        """Return both changes together; save its plan on :attr:`current` once no conflict is left."""
        return merge(self.base, self.mine, self.theirs, region)


def now() -> str:
    """Return the time, UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def pack(plan: Plan) -> tuple[str, bytes]:
    """Return a plan's hash and its packed text."""
    text = plan.canonical().encode()
    return sha256(text).hexdigest(), zlib.compress(text)


def unpack(key: str, packed: bytes) -> Plan:
    """Return the plan of a packed text.

    Raises
    ------
    UnreadableError
        If it is not what was stored, or not a plan that this version can read.
    """
    try:
        text = zlib.decompress(packed)
    except zlib.error:
        text = b""
    if sha256(text).hexdigest() != key:
        raise UnreadableError(Fault("store.corrupt_plan", key[:12]))
    try:
        return Plan.from_json(text.decode())
    except ScenarioError as error:
        raise UnreadableError(Fault("store.old_plan", key[:12], {"reason": error.text("en")})) from None

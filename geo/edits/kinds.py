"""The kinds of edit a plan is made of, each a small frozen value with an id that never changes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from geo.assumptions import Assumptions, shown, spec_of
from geo.errors import Fault, ScenarioError
from geo.scenario import Move, _Value

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EDIT_KINDS", "AddMove", "Assume", "Block", "ChangeMove", "DropMove", "Edit", "Include", "new_id"]

MAX_EDITS = 5000
_ID = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
_TARGET = r"^[a-z0-9][a-z0-9_.-]{0,63}(/[a-z0-9][a-z0-9_.-]{0,63})?$"
_NAME, _NOTE, _SLUG = 200, 4000, 40
# A move cannot be without these.
_NEEDED = ("destination", "start")

Id = Annotated[str, Field(pattern=_ID)]
Target = Annotated[str, Field(pattern=_TARGET)]
Note = Annotated[str, Field(max_length=_NOTE)]


def under(head: str, build: Callable[[], Any], faults: list[Fault]) -> Any:
    """Build a part; add its faults below ``head`` to ``faults`` and return None if it cannot be."""
    try:
        return build()
    except ScenarioError as error:
        faults += [replace(fault, where=f"{head}.{fault.where}".strip(".")) for fault in error.faults]
        return None


def table(raw: Any) -> dict[str, Any]:
    """Return a table with text keys, or refuse anything else."""
    if isinstance(raw, Mapping) and all(isinstance(key, str) for key in raw):
        return dict(raw)
    raise ScenarioError(Fault("scenario.wrong_type", "", {"value": shown(raw), "expected": "table"}))


class _Edit(_Value):
    """What every edit has: an id, whether it is on, and a note."""

    do: ClassVar[str]
    id: Id
    on: bool = True
    note: Note = ""

    def content(self) -> dict[str, Any]:
        """Return what the edit does, as plain values without anything left at its default."""
        raise NotImplementedError

    def as_table(self) -> dict[str, Any]:
        """Return the edit as it is written to a file."""
        head: dict[str, Any] = {"id": self.id, "do": self.do}
        if not self.on:
            head["on"] = False
        if self.note:
            head["note"] = self.note
        return head | self.content()


class AddMove(_Edit):
    """An institution, or a part of it, moves."""

    do: ClassVar[str] = "move"
    move: Move

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            faults: list[Fault] = []
            raw = data.get("move")
            if "move" in data and not isinstance(raw, Move):
                move = under("move", lambda: Move(**table(raw)), faults)
                # the move's own faults are known; a stand-in lets the other fields be checked too
                data["move"] = Move(destination="110101", start=2030) if move is None else move
            under("", lambda: super(AddMove, self).__init__(**data), faults)
            if faults:
                raise ScenarioError(faults)

    def content(self) -> dict[str, Any]:
        """Return the move."""
        return {"move": self.move.model_dump(mode="json", exclude_defaults=True)}


class ChangeMove(_Edit):
    """Fields of a move that an earlier edit made are set, or put back to their default.

    Parameters
    ----------
    target
        Id of the edit that made the move; ``<include>/<edit>`` for one that came with a block.
    set
        Fields of :class:`geo.scenario.Move` and their new values.
    unset
        Fields that go back to their default.
    """

    do: ClassVar[str] = "change"
    target: Target
    set: tuple[tuple[str, Any], ...] = ()
    unset: tuple[str, ...] = ()

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            faults: list[Fault] = []
            given = under("set", lambda: _pairs(data.get("set", ())), faults) or {}
            wanted = {key: value for key, value in given.items() if value is not None}
            data["set"] = _set(wanted, faults)
            data["unset"] = _unset(data.get("unset", ()), given, faults)
            if not faults and not data["set"] and not data["unset"]:
                faults.append(Fault("plan.changes_nothing", "set"))
            under("", lambda: super(ChangeMove, self).__init__(**data), faults)
            if faults:
                raise ScenarioError(faults)

    def content(self) -> dict[str, Any]:
        """Return what is set and unset, and of which move."""
        done: dict[str, Any] = {"target": self.target}
        if self.set:
            done["set"] = dict(self.set)
        if self.unset:
            done["unset"] = list(self.unset)
        return done

    def applied(self, move: Move) -> Move:
        """Return the move with the change made."""
        kept = {key: value for key, value in move if key not in self.unset}
        return Move(**(kept | dict(self.set)))


def _pairs(raw: Any) -> dict[str, Any]:
    pairs = isinstance(raw, tuple) and all(isinstance(item, tuple) and len(item) == 2 for item in raw)
    return table(dict(raw) if pairs else raw)


def _set(given: Mapping[str, Any], faults: list[Fault]) -> tuple[tuple[str, Any], ...]:
    whole: dict[str, Any] = {"destination": "110101", "start": 2030, **given}
    move = under("set", lambda: Move(**whole), faults)
    return () if move is None else tuple((key, getattr(move, key)) for key in sorted(given))


def _unset(raw: Any, given: Mapping[str, Any], faults: list[Fault]) -> tuple[str, ...]:
    cleared = [key for key, value in given.items() if value is None]
    names = (*(raw if isinstance(raw, (list, tuple)) else (raw,)), *cleared)
    for name in names:
        if not isinstance(name, str) or name not in Move.model_fields:
            allowed = ", ".join(Move.model_fields)
            faults.append(Fault("plan.unknown_field", "unset", {"key": shown(name), "allowed": allowed}))
        elif name in _NEEDED or given.get(name) is not None:
            faults.append(Fault("plan.cannot_unset", "unset", {"field": name}))
    return tuple(sorted({name for name in names if isinstance(name, str)}))


class DropMove(_Edit):
    """A move that an earlier edit made does not happen."""

    do: ClassVar[str] = "drop"
    target: Target

    def content(self) -> dict[str, Any]:
        """Return which move."""
        return {"target": self.target}


class Assume(_Edit):
    """An assumption is set; without a value it goes back to its declared default."""

    do: ClassVar[str] = "assume"
    key: str
    value: float | None = None

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            faults: list[Fault] = []
            under("", lambda: super(Assume, self).__init__(**data), faults)
            faults += [] if faults else _assumed(data["key"], data.get("value"))
            if faults:
                raise ScenarioError(faults)

    def content(self) -> dict[str, Any]:
        """Return the assumption and its value."""
        return {"key": self.key} | ({} if self.value is None else {"value": self.value})


def _assumed(key: str, value: float | None) -> list[Fault]:
    try:
        probe = spec_of(key).default if value is None else value
    except KeyError:
        probe = 0.0  # the key is refused whatever the value
    try:
        Assumptions(((key, probe),))
    except ScenarioError as error:
        place = {"scenario.unknown_assumption": "key"}
        return [replace(fault, where=place.get(fault.code, "value")) for fault in error.faults]
    return []


class Include(_Edit):
    """The edits of a named block are made here."""

    do: ClassVar[str] = "include"
    block: Annotated[str, Field(min_length=1, max_length=_NAME)]

    def content(self) -> dict[str, Any]:
        """Return the block's name."""
        return {"block": self.block}


Edit = AddMove | ChangeMove | DropMove | Assume | Include
EDIT_KINDS: dict[str, type[Edit]] = {
    kind.do: kind for kind in (AddMove, ChangeMove, DropMove, Assume, Include)
}


def edits_of(raw: Any, head: str, faults: list[Fault]) -> tuple[Edit, ...]:
    """Build a list of edits; add every fault, with its place below ``head``."""
    if not isinstance(raw, (list, tuple)):
        faults.append(Fault("scenario.wrong_type", head, {"value": shown(raw), "expected": "list"}))
        return ()
    if len(raw) > MAX_EDITS:
        faults.append(Fault("plan.too_many", head, {"count": len(raw), "limit": MAX_EDITS}))
        return ()
    built: list[Edit | None] = [
        under(f"{head}[{place}]", partial(_edit, item), faults) for place, item in enumerate(raw)
    ]
    edits = tuple(edit for edit in built if edit is not None)
    seen: set[str] = set()
    for place, edit in enumerate(built):
        if edit is not None and edit.id in seen:
            faults.append(Fault("plan.id_twice", f"{head}[{place}].id", {"id": edit.id}))
        if edit is not None:
            seen.add(edit.id)
    return edits


def _edit(item: Any) -> Edit:
    if isinstance(item, _Edit):
        return item  # type: ignore[return-value]  # every subclass is in the union
    fields = table(item)
    kind = fields.pop("do", None)
    if not isinstance(kind, str) or kind not in EDIT_KINDS:
        values = {"value": shown(kind), "kinds": ", ".join(EDIT_KINDS)}
        raise ScenarioError(Fault("plan.unknown_kind", "do", values))
    return EDIT_KINDS[kind](**fields)


class Block(_Value):
    """A named list of edits that several plans, or several places of one, can include. Holds no block.

    Parameters
    ----------
    name, note
        What a person calls it and remembers about it.
    edits
        In order; a change or drop can only mean a move of the same block.
    """

    name: Annotated[str, Field(min_length=1, max_length=_NAME)]
    note: Note = ""
    edits: tuple[Edit, ...] = ()

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            faults: list[Fault] = []
            edits = edits_of(data.pop("edits", ()), "edits", faults)
            for place, edit in enumerate(edits):
                if isinstance(edit, Include):
                    faults.append(Fault("plan.nested", f"edits[{place}].block", {"block": edit.block}))
            faults += unknown_targets(edits, frozenset())
            # built one by one above; pydantic keeps them as they are
            under("", lambda: super(Block, self).__init__(edits=edits, **data), faults)
            if faults:
                raise ScenarioError(faults)

    def as_table(self) -> dict[str, Any]:
        """Return the block as it is written to a file."""
        head = {"name": self.name} | ({"note": self.note} if self.note else {})
        return head | {"edits": [edit.as_table() for edit in self.edits]}


def unknown_targets(edits: Collection[Edit], more: Collection[str]) -> list[Fault]:
    """Return the changes and drops that mean a move which no edit makes."""
    known = {edit.id for edit in edits if isinstance(edit, AddMove)} | set(more)
    return [
        Fault("plan.unknown_edit", f"edits[{place}].target", {"id": edit.target})
        for place, edit in enumerate(edits)
        if isinstance(edit, (ChangeMove, DropMove)) and edit.target not in known
    ]


def new_id(slug: str, content: Mapping[str, Any], taken: Collection[str]) -> str:
    """Return a short id that can be read and that nobody else has: ``bjtu-3f2a1c``.

    It comes from the content, so that two people who add the same edit add one, and two who add
    different ones do not meet.
    """
    head = re.sub(r"[^a-z0-9_.]+", "-", slug.lower()).strip("-._")[:_SLUG] or "edit"
    text, number = json.dumps(content, sort_keys=True, ensure_ascii=True), 0
    while True:
        digest = hashlib.sha256(f"{text}{number or ''}".encode()).hexdigest()[:6]
        if f"{head}-{digest}" not in taken:
            return f"{head}-{digest}"
        number += 1


def append(edits: dict[str, Edit], do: str, fields: Mapping[str, Any]) -> None:
    """Add an edit at the end under a fresh id."""
    edit = EDIT_KINDS[do](id="new", **fields)
    key = new_id(_slug(edit), {"do": do} | edit.content(), edits)
    edits[key] = edit.model_copy(update={"id": key})


def _slug(edit: Edit) -> str:
    if isinstance(edit, AddMove):
        return edit.move.institution or edit.move.name or edit.do
    if isinstance(edit, (ChangeMove, DropMove)):
        meant = edit.target.rpartition("/")[2]
        return f"{edit.do}-{meant.rpartition('-')[0] or meant}"
    return edit.key if isinstance(edit, Assume) else edit.block

"""A plan: a scenario as a short readable list of edits that can be switched, moved, shared and taken back."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field

from geo.assumptions import Assumptions, shown
from geo.edits import files
from geo.edits.kinds import (
    AddMove,
    Assume,
    Block,
    ChangeMove,
    DropMove,
    Edit,
    Include,
    append,
    edits_of,
    new_id,
    table,
    under,
    unknown_targets,
)
from geo.errors import Fault, ScenarioError
from geo.scenario import NAME_LENGTH, NOTE_LENGTH, Move, Scenario, _Value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Base", "Plan", "Played"]

_NAME, _NOTE = NAME_LENGTH, NOTE_LENGTH
MAX_BLOCKS = 200


class Base(_Value):
    """What a plan branched from: the other plan's name and hash."""

    name: Annotated[str, Field(max_length=_NAME)] = ""
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    def as_table(self) -> dict[str, Any]:
        """Return the base as it is written to a file."""
        return self.model_dump(mode="json", exclude_defaults=True)


@dataclass(frozen=True)
class Played:
    """What a plan's edits come to.

    Attributes
    ----------
    scenario
        The result.
    made_by
        For each move of the scenario the id of the edit that made it; ``<include>/<edit>`` from a block.
    dormant
        Edits that are on but have nothing to act on: their move is off, dropped, or made further down.
    """

    scenario: Scenario
    made_by: tuple[str, ...]
    dormant: tuple[str, ...]


class Plan(_Value):
    """A scenario as an ordered list of edits.

    Parameters
    ----------
    name, note
        What a person calls it and remembers about it.
    base
        The plan it branched from, if any.
    blocks
        Named lists of edits that :class:`Include` refers to; they travel with the plan.
    edits
        In order; a later one sees what earlier ones made.

    Raises
    ------
    ScenarioError
        With every fault found: unknown keys and kinds, ids used twice, edits of moves that no edit makes,
        unknown blocks, and everything that :class:`geo.scenario.Scenario` refuses.
    """

    name: Annotated[str, Field(max_length=_NAME)] = ""
    note: Annotated[str, Field(max_length=_NOTE)] = ""
    base: Base | None = None
    blocks: tuple[Block, ...] = ()
    edits: tuple[Edit, ...] = ()

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            faults: list[Fault] = []
            base = _base(data.pop("base", None), faults)
            blocks = _blocks(data.pop("blocks", ()), faults)
            edits = edits_of(data.pop("edits", ()), "edits", faults)
            faults += [] if faults else _references(edits, blocks)
            under(
                "", lambda: super(Plan, self).__init__(base=base, blocks=blocks, edits=edits, **data), faults
            )
            if faults:
                raise ScenarioError(faults)
            self.played  # noqa: B018  what cannot be played is refused here, not later

    # What it comes to --------------------------------------------------------------------------------

    @cached_property
    def played(self) -> Played:
        """Return the scenario, which edit made each move, and which edits do nothing."""
        moves: dict[str, Move] = {}
        assumed: dict[str, float] = {}
        dormant = [
            path
            for path, head, edit in self.expanded()
            if not _apply(edit, path, head, moves, assumed)
        ]  # fmt: skip
        try:
            scenario = Scenario(
                name=self.name,
                note=self.note,
                assumptions=Assumptions(tuple(assumed.items())),
                moves=tuple(moves.values()),
            )
        except ScenarioError as error:
            made_by = list(moves)
            raise ScenarioError([_blamed(fault, made_by) for fault in error.faults]) from None
        return Played(scenario, tuple(moves), tuple(dormant))

    def scenario(self) -> Scenario:
        """Return the scenario that the edits come to."""
        return self.played.scenario

    def expanded(self) -> Iterator[tuple[str, str, Edit]]:
        """Yield every edit that is on, those of included blocks in place: its path, its head, itself."""
        blocks = {block.name: block for block in self.blocks}
        for edit in self.edits:
            if not edit.on:
                continue
            if isinstance(edit, Include):
                head = f"{edit.id}/"
                yield from ((head + inner.id, head, inner) for inner in blocks[edit.block].edits if inner.on)
            else:
                yield edit.id, "", edit

    @cached_property
    def hash(self) -> str:
        """Return the SHA-256 of the canonical JSON: equal plans, equal hash."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def canonical(self) -> str:
        """Return the one JSON text that equal plans share; ASCII."""
        return json.dumps(self.as_table(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of the edits in order."""
        return tuple(edit.id for edit in self.edits)

    def edit(self, key: str) -> Edit:
        """Return an edit by id; ``<include>/<edit>`` reaches into a block.

        Raises
        ------
        ScenarioError
            If there is none.
        """
        outer, _, inner = key.partition("/")
        found = next((edit for edit in self.edits if edit.id == outer), None)
        if inner and isinstance(found, Include):
            found = next((edit for edit in self.block(found.block).edits if edit.id == inner), None)
        elif inner:
            found = None
        if found is None:
            raise ScenarioError(Fault("plan.no_edit", key, {"id": key}))
        return found

    def block(self, name: str) -> Block:
        """Return a block by name.

        Raises
        ------
        ScenarioError
            If there is none.
        """
        found = next((block for block in self.blocks if block.name == name), None)
        if found is None:
            raise ScenarioError(Fault("plan.unknown_block", "blocks", {"block": name}))
        return found

    # Changes, each a new plan ------------------------------------------------------------------------

    def taking(self, other: Plan, keys: Collection[str]) -> Plan:
        """Return the plan with copies of some of another plan's edits at the end, in that plan's order.

        An edit that is here already is not taken twice; its switch and note become those of the copy. One
        whose id means something else here gets another id, also in the copies that act on it. Blocks come
        along.

        Raises
        ------
        ScenarioError
            If a copy acts on a move that is neither here nor among the copies.
        """
        edits = {edit.id: edit for edit in self.edits}
        plan, renamed = self, dict[str, str]()
        for edit in (edit for edit in other.edits if edit.id in set(keys)):
            copy = _aimed(edit, renamed)
            if isinstance(copy, Include) and copy.block not in {block.name for block in plan.blocks}:
                plan = plan.with_block(other.block(copy.block))
            elif isinstance(copy, Include) and plan.block(copy.block) != other.block(copy.block):
                raise ScenarioError(Fault("plan.block_twice", "blocks", {"block": copy.block}))
            here = edits.get(copy.id)
            if here is not None and (here.do, here.content()) != (copy.do, copy.content()):
                slug = copy.id.rpartition("-")[0] or copy.id
                renamed[edit.id] = new_id(slug, copy.content(), edits)
                copy = copy.model_copy(update={"id": renamed[edit.id]})
            edits[copy.id] = copy
        return plan.but(edits=tuple(edits.values()))

    def but(self, **changes: Any) -> Plan:
        """Return the plan with some of its fields replaced."""
        return Plan(**({key: getattr(self, key) for key in type(self).model_fields} | changes))

    def add(self, move: Move, *, note: str = "") -> Plan:
        """Return the plan with a move added at the end."""
        return self.appended("move", note=note, move=move)

    def change(self, target: str, /, *, note: str = "", **fields: Any) -> Plan:
        """Return the plan with an edit at the end that sets fields of a move; None puts one back.

        ``note`` is the edit's; the move's own note is set by :class:`ChangeMove` itself.
        """
        return self.appended("change", note=note, target=target, set=fields)

    def drop(self, target: str, *, note: str = "") -> Plan:
        """Return the plan with an edit at the end that drops a move which stays listed above."""
        return self.appended("drop", note=note, target=target)

    def assume(self, assumption: str, value: float | None, *, note: str = "") -> Plan:
        """Return the plan with an assumption set at the end, or put back to its default by None."""
        return self.appended("assume", note=note, key=assumption, value=value)

    def include(self, block: Block | str, *, note: str = "") -> Plan:
        """Return the plan with a block included at the end; a block that it does not hold yet is taken in."""
        held = self if isinstance(block, str) else self.with_block(block)
        return held.appended("include", note=note, block=block if isinstance(block, str) else block.name)

    def appended(self, do: str, **fields: Any) -> Plan:
        """Return the plan with an edit of the kind ``do`` at the end, under a fresh id."""
        edits = {edit.id: edit for edit in self.edits}
        append(edits, do, fields)
        return self.but(edits=tuple(edits.values()))

    def put(self, edit: Edit) -> Plan:
        """Return the plan with the edit of the same id replaced."""
        self.edit(edit.id)
        return self.but(edits=tuple(edit if old.id == edit.id else old for old in self.edits))

    def without(self, key: str) -> Plan:
        """Return the plan without an edit, and without the changes and drops that mean its moves."""
        self.edit(key)
        kept = tuple(edit for edit in self.edits if edit.id != key and not _means(edit, key))
        return self.but(edits=kept)

    def switch(self, key: str, *, on: bool) -> Plan:
        """Return the plan with an edit switched on or off."""
        return self.put(self.edit(key).model_copy(update={"on": on}))

    def noted(self, key: str, note: str) -> Plan:
        """Return the plan with another note on an edit."""
        fields = dict(self.edit(key)) | {"note": note}
        return self.put(type(self.edit(key))(**fields))

    def reorder(self, key: str, place: int) -> Plan:
        """Return the plan with an edit moved to ``place`` among the others, 0 being the first."""
        moved = self.edit(key)
        rest = [edit for edit in self.edits if edit.id != key]
        return self.but(edits=(*rest[:place], moved, *rest[place:]))

    def renamed(self, name: str) -> Plan:
        """Return the plan under another name."""
        return self.but(name=name)

    def branch(self, name: str) -> Plan:
        """Return a plan of the same edits that remembers what it came from."""
        return self.but(name=name, base=Base(name=self.name, hash=self.hash))

    def cut(self, keys: Sequence[str], name: str, *, note: str = "") -> Block:
        """Return some of the edits as a block, for this plan or another."""
        return Block(name=name, note=note, edits=tuple(edit for edit in self.edits if edit.id in set(keys)))

    def with_block(self, block: Block) -> Plan:
        """Return the plan with a block taken in, or replaced under the same name."""
        return self.but(blocks=self._blocks_with(block))

    def _blocks_with(self, block: Block) -> tuple[Block, ...]:
        if any(old.name == block.name for old in self.blocks):
            return tuple(block if old.name == block.name else old for old in self.blocks)
        return (*self.blocks, block)

    def without_block(self, name: str) -> Plan:
        """Return the plan without a block and without the edits that include it."""
        self.block(name)
        lost = [edit.id for edit in self.edits if isinstance(edit, Include) and edit.block == name]
        kept = [
            edit for edit in self.edits if edit.id not in lost and not any(_means(edit, key) for key in lost)
        ]
        return self.but(blocks=tuple(block for block in self.blocks if block.name != name), edits=tuple(kept))

    # Scenarios ---------------------------------------------------------------------------------------

    @classmethod
    def from_scenario(cls, scenario: Scenario, base: Base | None = None) -> Plan:
        """Return a plan that comes to exactly this scenario: one edit per assumption and move.

        Ids come from what is moved, not from how: plans of two scenarios that move the same institution
        at other times share the id, and :func:`geo.edits.diff` says what changed.
        """
        edits: dict[str, Edit] = {}
        for key, value in scenario.assumptions.root:
            name = new_id(key, {"key": key}, edits)
            edits[name] = Assume(id=name, key=key, value=value)
        for move in scenario.moves:
            name = new_id(move.institution or move.name or "move", _subject(move), edits)
            edits[name] = AddMove(id=name, move=move)
        return cls(name=scenario.name, note=scenario.note, base=base, edits=tuple(edits.values()))

    def with_scenario(self, scenario: Scenario) -> Plan:
        """Return a plan that comes to ``scenario`` and keeps as many of this one's edits as it can.

        What a form changed becomes: the edit itself where it made the move alone, a change or drop at
        the end where the move came from a block or was changed by a later edit, else a new edit. Where the
        order of moves cannot be had that way, the edits are written anew, with their ids.
        """
        for attempt in (_amended, _rewritten):
            plan = attempt(self, scenario)
            if plan is not None and plan.scenario() == scenario:
                return plan
        return Plan.from_scenario(scenario, self.base)

    # Files -------------------------------------------------------------------------------------------

    def as_table(self) -> dict[str, Any]:
        """Return the plan as it is written to a file; what is left at its default is left out."""
        done: dict[str, Any] = {key: getattr(self, key) for key in ("name", "note") if getattr(self, key)}
        if self.base is not None:
            done["base"] = self.base.as_table()
        if self.blocks:
            done["blocks"] = [block.as_table() for block in self.blocks]
        if self.edits:
            done["edits"] = [edit.as_table() for edit in self.edits]
        return done

    def to_toml(self) -> str:
        """Return the plan as TOML: a few lines per edit, so that a change of one is a change of its lines."""
        return files.to_toml(self.as_table())

    def to_json(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(self.as_table(), ensure_ascii=False, indent=2)

    @classmethod
    def from_toml(cls, text: str, *, file: str = "") -> Self:
        """Read a plan written as TOML.

        Raises
        ------
        ScenarioError
            With every fault, its place and its remedy; malformed text with its line.
        """
        return files.located(lambda: cls(**table(files.parse_toml(text, file))), file, files.lines(text))

    @classmethod
    def from_json(cls, text: str, *, file: str = "") -> Self:
        """Read a plan written as JSON; raises as :meth:`from_toml`."""
        return files.located(lambda: cls(**table(files.parse_json(text, file))), file, {})

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a plan from a file ending in ``.toml`` or ``.json``; raises as :meth:`from_toml`."""
        name, text = files.text_of(path)
        return (cls.from_json if name.lower().endswith(".json") else cls.from_toml)(text, file=name)


def _apply(edit: Edit, path: str, head: str, moves: dict[str, Move], assumed: dict[str, float]) -> bool:
    """Make one edit; return whether it had anything to act on."""
    if isinstance(edit, AddMove):
        moves[path] = edit.move
        return True
    if isinstance(edit, Assume):
        if edit.value is None:
            return assumed.pop(edit.key, None) is not None
        assumed[edit.key] = edit.value
        return True
    if isinstance(edit, Include) or head + edit.target not in moves:
        return False
    if isinstance(edit, DropMove):
        del moves[head + edit.target]
    else:
        moves[head + edit.target] = edit.applied(moves[head + edit.target])
    return True


def _blamed(fault: Fault, made_by: Sequence[str]) -> Fault:
    """Name the edit instead of the position of its move."""
    place, dot, rest = fault.where.partition("].")
    if not (dot and place.startswith("moves[")):
        return fault
    return replace(fault, where=f"edits[{made_by[int(place[6:])]}].{rest}")


def _aimed(edit: Edit, renamed: Mapping[str, str]) -> Edit:
    """Return an edit that acts on moves under the ids that they have now."""
    if not isinstance(edit, (ChangeMove, DropMove)):
        return edit
    outer, slash, inner = edit.target.partition("/")
    return edit.model_copy(update={"target": f"{renamed.get(outer, outer)}{slash}{inner}"})


def _base(raw: Any, faults: list[Fault]) -> Base | None:
    if raw is None or isinstance(raw, Base):
        return raw
    built: Base | None = under("base", lambda: Base(**table(raw)), faults)
    return built


def _blocks(raw: Any, faults: list[Fault]) -> tuple[Block, ...]:
    if not isinstance(raw, (list, tuple)):
        faults.append(Fault("scenario.wrong_type", "blocks", {"value": shown(raw), "expected": "list"}))
        return ()
    if len(raw) > MAX_BLOCKS:
        faults.append(Fault("plan.too_many", "blocks", {"count": len(raw), "limit": MAX_BLOCKS}))
        return ()
    built = [
        item if isinstance(item, Block) else under(f"blocks[{place}]", partial(_block, item), faults)
        for place, item in enumerate(raw)
    ]
    blocks = tuple(block for block in built if block is not None)
    twice = [name for name, count in Counter(block.name for block in blocks).items() if count > 1]
    faults += [Fault("plan.block_twice", "blocks", {"block": name}) for name in twice]
    return blocks


def _block(item: Any) -> Block:
    return Block(**table(item))


def _references(edits: Sequence[Edit], blocks: Sequence[Block]) -> list[Fault]:
    """Return includes of blocks, and edits of moves, that do not exist."""
    made = {block.name: [edit.id for edit in block.edits if isinstance(edit, AddMove)] for block in blocks}
    included = [
        f"{edit.id}/{inner}"
        for edit in edits
        if isinstance(edit, Include)
        for inner in made.get(edit.block, ())
    ]
    missing = [
        Fault("plan.unknown_block", f"edits[{place}].block", {"block": edit.block})
        for place, edit in enumerate(edits)
        if isinstance(edit, Include) and edit.block not in made
    ]
    return missing + unknown_targets(edits, included)


def _means(edit: Edit, key: str) -> bool:
    """Return whether an edit changes or drops a move that the edit ``key`` makes."""
    return isinstance(edit, (ChangeMove, DropMove)) and edit.target.partition("/")[0] == key


def _subject(move: Move) -> dict[str, Any]:
    """Return what a move is about, however it is done."""
    if move.institution is not None:
        return {"institution": move.institution}
    return {"name": move.name, "kind": move.kind, "origin": move.origin}


def _matched(plan: Plan, scenario: Scenario) -> list[str | None]:
    """Say which edit's move each move of ``scenario`` is: the same one, else the next of the same subject."""
    left = dict(zip(plan.played.made_by, plan.scenario().moves, strict=True))
    found: list[str | None] = [None] * len(scenario.moves)
    rules = (lambda old, new: old == new, lambda old, new: _subject(old) == _subject(new))
    for same in rules:
        for place, move in enumerate(scenario.moves):
            if found[place] is None:
                found[place] = next((key for key, old in left.items() if same(old, move)), None)
                left.pop(found[place] or "", None)
    return found


def _sole(plan: Plan) -> frozenset[str]:
    """Return the top edits that make a move which no other edit touches."""
    touched = {edit.target for edit in plan.edits if isinstance(edit, (ChangeMove, DropMove))}
    return frozenset(edit.id for edit in plan.edits if isinstance(edit, AddMove)) - touched


def _amended(plan: Plan, scenario: Scenario) -> Plan | None:
    """Keep every edit that is not concerned, in its place; None if that cannot be."""
    sole, found = _sole(plan), _matched(plan, scenario)
    old = dict(zip(plan.played.made_by, plan.scenario().moves, strict=True))
    gone = {key for key in old if key not in found}
    edits = {edit.id: edit for edit in plan.edits if edit.id not in gone & sole}
    for lost in (key for key in old if key in gone - sole):
        append(edits, "drop", {"target": lost})
    for key, move in zip(found, scenario.moves, strict=True):
        if key is None:
            append(edits, "move", {"move": move})
        elif move == old[key]:
            continue
        elif key in sole:
            edits[key] = AddMove(**(dict(edits[key]) | {"move": move}))
        else:
            append(edits, "change", {"target": key, "set": _changes(old[key], move)})
    _assume(edits, plan, scenario)
    try:
        return plan.but(name=scenario.name, note=scenario.note, edits=tuple(edits.values()))
    except ScenarioError:
        # a block's move that cannot be reached in this order
        return None


def _changes(old: Move, new: Move) -> dict[str, Any]:
    """Return the fields in which two moves differ; None where the new one is at the default."""
    given = new.model_dump(mode="json", exclude_defaults=True)
    return {key: given.get(key) for key, value in new if getattr(old, key) != value}


def _assume(edits: dict[str, Edit], plan: Plan, scenario: Scenario) -> None:
    """Make the assumptions those of ``scenario``: in the edit that sets one now, else by a new one."""
    now, wanted = plan.scenario().assumptions.overrides, scenario.assumptions.overrides
    for key in sorted({*now, *wanted}):
        if now.get(key) == wanted.get(key):
            continue
        setters = [edit for edit in plan.edits if isinstance(edit, Assume) and edit.key == key and edit.on]
        if not setters or (key not in wanted and len(setters) > 1):
            append(edits, "assume", {"key": key, "value": wanted.get(key)})
        elif key in wanted:
            edits[setters[-1].id] = Assume(**(dict(setters[-1]) | {"value": wanted[key]}))
        else:
            del edits[setters[-1].id]


def _rewritten(plan: Plan, scenario: Scenario) -> Plan | None:
    """Write the edits anew in the scenario's order, with the ids and notes of those that made its moves."""
    fresh = Plan.from_scenario(scenario, plan.base)
    known = {edit.id: edit for edit in plan.edits}
    setters = {edit.key: edit for edit in plan.edits if isinstance(edit, Assume) and edit.on}
    edits: dict[str, Edit] = {}
    matched = _matched(plan, scenario)
    makers: Mapping[str, str | None] = dict(
        zip((edit.id for edit in fresh.edits if isinstance(edit, AddMove)), matched, strict=True)
    )
    for edit in fresh.edits:
        old = setters.get(edit.key) if isinstance(edit, Assume) else known.get(makers[edit.id] or "")
        keep = {} if old is None or old.id in edits else {"id": old.id, "note": old.note}
        fresh_id = edit.id if edit.id not in edits and edit.id not in known else None
        if not keep and fresh_id is None:
            keep = {"id": new_id(edit.id, edit.content(), {*edits, *known})}
        named = type(edit)(**(dict(edit) | keep))
        edits[named.id] = named
    off = [
        edit
        for edit in plan.edits
        if not edit.on and isinstance(edit, (AddMove, Assume, Include)) and edit.id not in edits
    ]
    return fresh.but(blocks=plan.blocks, edits=(*edits.values(), *off))

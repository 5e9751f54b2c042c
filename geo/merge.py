"""Three-way merge of plans: what two people did to one plan, together; conflicts named, settled by choosing.

Laws (tests/test_merge.py): ``merge(b, x, b)``, ``merge(b, b, x)`` and ``merge(b, x, x)`` give ``x``;
swapping the sides swaps nothing but the sides; edits that do not meet never conflict.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from geo.assumptions import spec_of
from geo.edits import AddMove, Assume, Block, ChangeMove, DropMove, Edit, Include, Plan, sentence
from geo.edits.compare import flat
from geo.edits.kinds import EDIT_KINDS
from geo.errors import Fault, ScenarioError
from geo.scenario import check
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from geo.region import Region
    from geo.scenario import Move

__all__ = ["Conflict", "Merged", "Side", "merge"]

Side = Literal["mine", "theirs"]
SIDES: tuple[Side, Side] = ("mine", "theirs")
T = TypeVar("T")
_WHOLE = 1 + 1e-9  # shares that add up to one, but for rounding
_MORE = "scenario.more_together"


@dataclass(frozen=True)
class Conflict:
    """What both sides did that cannot both stand.

    Attributes
    ----------
    kind
        ``changed`` (same edit, differently), ``added`` (same id, differently), ``removed`` (one side
        changed or built on what the other removed), ``invalid`` (impossible together), ``moved`` (more of
        an institution than there is), ``assume`` (one assumption, two values), ``block``, ``head`` (name
        or note) or ``order``.
    key
        Id of the edit, institution, assumption, block or field: unique with ``kind``.
    edits
        Ids of the edits that the choice decides on.
    also
        What else it decides on.
    """

    kind: str
    key: str
    edits: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    _plans: Mapping[str, Plan] = field(default_factory=dict, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Return the name under which a choice settles it."""
        return f"{self.kind}:{self.key}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Return everything that the choice decides on."""
        return (self.id, *self.edits, *self.also)

    def text(self, region: Region | None = None, language: str = "en") -> str:
        """Return what the conflict is."""
        return say(f"merge.{_WORDS[self.kind]}", language, what=self._what(region, language))

    def side(self, side: Side, region: Region | None = None, language: str = "en") -> str:
        """Return what one side wants, in words."""
        plan = self._plans[side]
        if self.kind == "head":
            return str(getattr(plan, self.key)) or say("edits.blank", language)
        if self.kind == "block":
            plan = Plan(edits=next((block.edits for block in plan.blocks if block.name == self.key), ()))
        whole = self.kind in {"order", "block"}
        told = [
            sentence(edit, plan, region, language) for edit in plan.edits if whole or edit.id in self.edits
        ]
        return say("edits.and", language).join(told) or say("merge.absent", language)

    def _what(self, region: Region | None, language: str) -> str:
        if self.kind == "head":
            return say(f"edits.field.{self.key}", language)
        if self.kind == "assume":
            return spec_of(self.key).name(language)
        if self.kind == "moved" and region is not None and self.key in region.institutions.index:
            return str(region.institutions.loc[self.key, f"name_{language}"])
        for key in () if self.kind == "moved" else self.edits:
            for plan in self._plans.values():
                if key in plan.ids:
                    return sentence(plan.edit(key), plan, region, language)
        return self.key


_WORDS = {
    "changed": "both_changed",
    "added": "both_added",
    "removed": "removed",
    "invalid": "both_invalid",
    "moved": "both_moved",
    "assume": "both_assume",
    "block": "both_blocks",
    "head": "both_head",
    "order": "order",
}


@dataclass(frozen=True)
class Merged:
    """The result of a merge.

    Attributes
    ----------
    plan
        Both sides together; where they conflict, mine until a choice is made.
    conflicts
        What is left to choose; empty when the merge is done.
    """

    plan: Plan
    conflicts: tuple[Conflict, ...]
    _inputs: tuple[Plan, Plan, Plan, Region | None] = field(repr=False, compare=False)
    _choices: Mapping[str, Side] = field(default_factory=dict, repr=False, compare=False)

    def resolve(self, choices: Mapping[str, Side] | Side) -> Merged:
        """Settle conflicts: one side for all, or a side for each conflict's id; the others stay open.

        A choice can bring up another conflict, which is then among ``conflicts``.

        Raises
        ------
        ScenarioError
            If a conflict or a side is not known.
        """
        if isinstance(choices, str):
            choices = {conflict.id: choices for conflict in self.conflicts}
        known = [conflict.id for conflict in self.conflicts]
        faults = [
            Fault("merge.unknown_choice", key, {"key": key, "side": side, "known": ", ".join(known)})
            for key, side in choices.items()
            if key not in known or side not in SIDES
        ]
        if faults:
            raise ScenarioError(faults)
        settled = {conflict: choices[conflict.id] for conflict in self.conflicts if conflict.id in choices}
        sides = {key: side for conflict, side in settled.items() for key in conflict.keys}
        return _merge(*self._inputs, {**self._choices, **sides})


def merge(base: Plan, mine: Plan, theirs: Plan, region: Region | None = None) -> Merged:
    """Put together what two sides did to ``base``.

    Fields of one edit that only one side changed are taken from it. With a region, institutions moved by both
    are compared with the posts they have; without, with their whole.

    Parameters
    ----------
    base
        What both started from.
    mine, theirs
        What each made of it.
    region
        Gives the institutions' sizes.
    """
    return _merge(base, mine, theirs, region, {})


def _merge(base: Plan, mine: Plan, theirs: Plan, region: Region | None, chosen: Mapping[str, Side]) -> Merged:
    """Merge with some choices made; what is still open is mine for now.

    Each round forces what the conflicts of the one before are about to mine, so the last plan is whole. Only
    the first conflicts are named: what comes after them depends on the choice.
    """
    forced: dict[str, str] = dict(chosen)
    named: tuple[Conflict, ...] = ()
    while True:
        work = _Round(base, mine, theirs, forced)
        plan, conflicts = work.plan()
        if plan is not None and not conflicts:
            conflicts = work.together(plan, region)
            if not conflicts:
                return Merged(plan, named, (base, mine, theirs, region), chosen)
        named = named or tuple({conflict.id: conflict for conflict in conflicts}.values())
        for conflict in conflicts:
            forced |= {key: "mine" for key in conflict.keys if key not in forced}


class _Round:
    """One attempt to merge, with the sides of some keys given."""

    def __init__(self, base: Plan, mine: Plan, theirs: Plan, forced: dict[str, str]) -> None:
        self.base, self.mine, self.theirs, self.forced = base, mine, theirs, forced
        self.sides = {"mine": mine, "theirs": theirs}
        self.b, self.m, self.t = ({edit.id: edit for edit in plan.edits} for plan in (base, mine, theirs))
        self.found: list[Conflict] = []

    def conflict(self, kind: str, key: str, edits: Iterable[str] = (), also: Iterable[str] = ()) -> None:
        self.found.append(Conflict(kind, key, tuple(edits), tuple(also), self.sides))

    def plan(self) -> tuple[Plan | None, list[Conflict]]:
        """Return the plan, if it holds together, and the conflicts of this round."""
        head = {key: self.head(key) for key in ("name", "note")}
        base = _three(self.base.base, self.mine.base, self.theirs.base)
        blocks, edits = self.blocks(), self.edits()
        order = self.order(edits)
        if not self.found:
            self.dangling(edits, blocks)
        if self.found:
            return None, self.found
        kept = tuple(edits[key] for key in order if key in edits)
        try:
            # two branches always have two bases; that is no conflict between people
            root = self.mine.base if isinstance(base, _Open) else base
            return Plan(**head, base=root, blocks=tuple(blocks.values()), edits=kept), []
        except ScenarioError as error:
            self.impossible(error)
            return None, self.found

    # Parts -------------------------------------------------------------------------------------------

    def pick(self, key: str, b: T, m: T, t: T) -> T | _Open:
        """Return what both sides together make of a value, ``_OPEN`` if they conflict."""
        side = self.forced.get(key)
        if side is not None:
            return m if side == "mine" else t
        return _three(b, m, t)

    def head(self, key: str) -> str:
        """Merge name or note."""
        values = [getattr(plan, key) for plan in (self.base, self.mine, self.theirs)]
        value = self.pick(f"head:{key}", *values)
        if value is _OPEN:
            self.conflict("head", key)
            return str(values[1])
        return str(value)

    def blocks(self) -> dict[str, Block]:
        """Merge the blocks, each as a whole."""
        b, m, t = (
            {block.name: block for block in plan.blocks} for plan in (self.base, self.mine, self.theirs)
        )
        done: dict[str, Block] = {}
        for name in dict.fromkeys([*b, *m, *t]):
            block = self.pick(f"block:{name}", b.get(name), m.get(name), t.get(name))
            if isinstance(block, _Open):
                self.conflict("block", name)
                block = m.get(name)
            if block is not None:
                done[name] = block
        names = _sequence([*b], [*m], [*t], frozenset(done))
        # the order of blocks says nothing: where both changed it, any order that both sides agree on will do
        return {name: done[name] for name in (sorted(done) if isinstance(names, _Open) else names)}

    def edits(self) -> dict[str, Edit]:
        """Merge the edits one by one; fields of one edit that do not meet are put together."""
        done: dict[str, Edit] = {}
        for key in dict.fromkeys([*self.b, *self.m, *self.t]):
            if self.forced.get(key) == _ABSENT:
                continue
            b, m, t = self.b.get(key), self.m.get(key), self.t.get(key)
            edit = self.pick(key, b, m, t)
            if isinstance(edit, _Open):
                edit = self.meet(key, b, m, t)
            if edit is not None:
                done[key] = edit
        return done

    def meet(self, key: str, b: Edit | None, m: Edit | None, t: Edit | None) -> Edit | None:
        """Merge one edit that both sides touched, or say how they conflict."""
        if m is None or t is None:
            self.conflict("removed", key, self.about(key))
        elif b is None:
            self.conflict("added", key, [key])
        elif {b.do, m.do, t.do} != {b.do}:
            self.conflict("changed", key, [key])
        else:
            return self.fields(key, b, m, t)
        return m

    def fields(self, key: str, b: Edit, m: Edit, t: Edit) -> Edit:
        """Merge the fields of one edit."""
        was, here, there = flat(b), flat(m), flat(t)
        names = dict.fromkeys([*was, *here, *there])
        values = {name: _three(was.get(name), here.get(name), there.get(name)) for name in names}
        if any(value is _OPEN for value in values.values()):
            self.conflict("changed", key, [key])
            return m
        try:
            return _unflat(key, {name: value for name, value in values.items() if value is not None})
        except ScenarioError:
            self.conflict("invalid", key, [key])
            return m

    def order(self, edits: Mapping[str, Edit]) -> list[str]:
        """Merge the order of the edits."""
        names = _sequence([*self.b], [*self.m], [*self.t], frozenset(edits), self.forced.get("order:"))
        if isinstance(names, _Open):
            self.conflict("order", "")
            return [*edits]
        return names

    # What belongs together ---------------------------------------------------------------------------

    def about(self, key: str) -> list[str]:
        """Return an edit and those that mean its moves, as far as the sides differ on them."""
        meaning = [
            edit.id
            for edit in chain(self.mine.edits, self.theirs.edits)
            if isinstance(edit, (ChangeMove, DropMove)) and edit.target.partition("/")[0] == key
        ]
        return self.open([key, *meaning])

    def open(self, keys: Iterable[str]) -> list[str]:
        """Return the keys on which the sides differ."""
        return [key for key in dict.fromkeys(keys) if self.m.get(key) != self.t.get(key)]

    def dangling(self, edits: dict[str, Edit], blocks: Mapping[str, Block]) -> None:
        """Find edits whose move or block the other side removed."""
        makes = {edit.id for edit in edits.values() if isinstance(edit, AddMove)}
        for edit in edits.values():
            if isinstance(edit, Include) and edit.block in blocks:
                makes |= {
                    f"{edit.id}/{inner.id}"
                    for inner in blocks[edit.block].edits
                    if isinstance(inner, AddMove)
                }
        for edit in [*edits.values()]:
            if isinstance(edit, Include) and edit.block not in blocks:
                self.loose(edit, edit.block, [edit.id], [f"block:{edit.block}"])
            elif isinstance(edit, (ChangeMove, DropMove)) and edit.target not in makes:
                top = edit.target.partition("/")[0]
                maker = self.m.get(top) or self.t.get(top)
                also = [f"block:{maker.block}"] if isinstance(maker, Include) else []
                self.loose(edit, top, [*self.about(top), edit.id], also)

    def loose(self, edit: Edit, key: str, edits: Iterable[str], also: Iterable[str]) -> None:
        """Name the conflict; where the choices made contradict each other, leave the loose edit out."""
        keys = [*dict.fromkeys(edits)]
        if all(one in self.forced for one in (*keys, *also)):
            self.forced[edit.id] = _ABSENT
        self.conflict("removed", key, keys, also)

    def impossible(self, error: ScenarioError) -> None:
        """Name the edits that make the whole impossible."""
        everything = self.open([*self.m, *self.t])
        for fault in error.faults:
            inside, bracket, _ = fault.where.partition("].")
            key = inside.removeprefix("edits[").partition("/")[0] if bracket else ""
            edits = [one for one in self.about(key) if one not in self.forced] or everything
            self.conflict("invalid", key, edits)
        if all(one in self.forced for one in everything):
            # contradictory choices: mine as a whole is possible
            blocks = {
                f"block:{block.name}" for plan in (self.base, *self.sides.values()) for block in plan.blocks
            }
            self.forced |= dict.fromkeys(("order:", *everything, *blocks), "mine")

    # What meets without touching the same edit --------------------------------------------------------

    def together(self, plan: Plan, region: Region | None) -> list[Conflict]:
        """Find assumptions set twice and institutions moved beyond their whole, by both sides together."""
        old, here, there = (
            one.scenario().assumptions.overrides for one in (self.base, self.mine, self.theirs)
        )
        for name in sorted({*here, *there, *old}):
            if _three(old.get(name), here.get(name), there.get(name)) is _OPEN:
                self.semantic("assume", name, _assuming(self.sides.values(), name))
        alone = _excess(self.mine, region) | _excess(self.theirs, region)
        for name in sorted(_excess(plan, region) - alone):
            self.semantic("moved", name, _moving(self.sides.values(), name))
        return self.found

    def semantic(self, kind: str, key: str, edits: Iterable[str]) -> None:
        """Name a conflict unless its edits have been decided on."""
        keys = self.open(edits)
        if keys and not all(one in self.forced for one in keys):
            self.conflict(kind, key, keys)


class _Open:
    """Marks a value on which the sides conflict."""


_OPEN = _Open()
_ABSENT = "absent"


def _three(b: T, m: T, t: T) -> T | _Open:
    if t in (m, b):
        return m
    return t if m == b else _OPEN


def _unflat(key: str, fields: Mapping[str, Any]) -> Edit:
    done: dict[str, Any] = {"id": key}
    for name, value in fields.items():
        outer, _, inner = name.partition(".")
        if inner:
            done.setdefault(outer, {})[inner] = value
        else:
            done[outer] = value
    return EDIT_KINDS[done.pop("do")](**done)


def _sequence(
    b: Sequence[str], m: Sequence[str], t: Sequence[str], kept: frozenset[str], side: str | None = None
) -> list[str] | _Open:
    """Merge three orders of ``kept``; ``_OPEN`` if both sides reordered what is in all of them.

    What only one side has stays behind the key it stood behind. Two insertions at one place go in the order
    of their ids, so that it does not matter who is who.
    """
    b, m, t = ([key for key in order if key in kept] for order in (b, m, t))
    common = {*b} & {*m} & {*t}
    orders = [[key for key in order if key in common] for order in (b, m, t)]
    spine = orders[1 if side == "mine" else 2] if side else _three(*orders)
    if isinstance(spine, _Open):
        return _OPEN
    done: dict[str, None] = {}
    runs = [_runs(order, common) for order in (m, t)]
    for anchor in ("", *spine):
        if anchor:
            done[anchor] = None
        for run in sorted(one.get(anchor, []) for one in runs):
            done |= dict.fromkeys(run)
    return [*done]


def _runs(order: Sequence[str], common: set[str]) -> dict[str, list[str]]:
    runs: dict[str, list[str]] = {}
    anchor = ""
    for key in order:
        if key in common:
            anchor = key
        else:
            runs.setdefault(anchor, []).append(key)
    return runs


def _inside(plan: Plan, edit: Edit) -> tuple[Edit, ...]:
    """Return the edits that an edit stands for: itself, or those of its block."""
    return plan.block(edit.block).edits if isinstance(edit, Include) else (edit,)


def _assuming(plans: Iterable[Plan], name: str) -> list[str]:
    return [
        edit.id
        for plan in plans
        for edit in plan.edits
        if any(isinstance(one, Assume) and one.key == name for one in _inside(plan, edit))
    ]


def _moving(plans: Iterable[Plan], name: str) -> list[str]:
    """Return the edits that make or mean moves of one institution."""
    done: list[str] = []
    for plan in plans:
        makers = {
            edit.id
            for edit in plan.edits
            if any(isinstance(one, AddMove) and _name(one.move) == name for one in _inside(plan, edit))
        }
        done += [
            edit.id
            for edit in plan.edits
            if edit.id in makers
            or (isinstance(edit, (ChangeMove, DropMove)) and edit.target.partition("/")[0] in makers)
        ]
    return done


def _name(move: Move) -> str:
    return move.institution or move.name or ""


def _excess(plan: Plan, region: Region | None) -> frozenset[str]:
    """Return the institutions of which a plan moves more than there is, or the same move twice."""
    moves = plan.scenario().moves
    twice = {_name(move) for move, count in Counter(moves).items() if count > 1}
    if region is not None:
        faults = check(plan.scenario(), region)[0]
        return frozenset(twice | {str(fault.values["id"]) for fault in faults if fault.code == _MORE})
    shares: dict[str, list[float]] = {}
    for move in moves:
        # with a number of its own a move says nothing about the whole
        if move.institution and move.posts is move.students is move.beds is None:
            shares.setdefault(move.institution, []).append(move.share)
    return frozenset(twice | {name for name, parts in shares.items() if sum(parts) > _WHOLE})

"""How two plans differ, edit by edit, and how an edit or a difference reads in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from geo.assumptions import spec_of
from geo.edits.kinds import AddMove, Assume, ChangeMove, DropMove, Edit, Include
from geo.words import number, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geo.edits.plan import Plan
    from geo.region import Region
    from geo.scenario import Move

__all__ = ["Difference", "describe", "diff", "flat", "longest_common", "sentence"]

_PERCENT = ("share", "home_share")
_YEARS = ("start", "years")
_PLACES = ("origin", "destination")
_HEAD = ("name", "note", "base")


@dataclass(frozen=True)
class Difference:
    """One difference between two plans.

    Attributes
    ----------
    kind
        ``name``, ``note``, ``base``, ``block``, or of an edit ``added``, ``removed``, ``changed``,
        ``switched_on``, ``switched_off`` or ``reordered``.
    key
        Id of the edit, name of the block, or empty.
    fields
        For ``changed``: each field with its value before and after, None where it is left out.
    before, after
        The two plans.
    """

    kind: str
    key: str
    fields: tuple[tuple[str, Any, Any], ...]
    before: Plan = field(repr=False, compare=False)
    after: Plan = field(repr=False, compare=False)


def flat(edit: Edit) -> dict[str, Any]:
    """Return everything an edit says, one level deep: ``move.start`` -> 2027."""
    done: dict[str, Any] = {"do": edit.do, "on": edit.on, "note": edit.note}
    for key, value in edit.content().items():
        if isinstance(value, dict):
            done |= {f"{key}.{inner}": item for inner, item in value.items()}
        else:
            done[key] = tuple(value) if isinstance(value, list) else value
    return done


def diff(before: Plan, after: Plan) -> tuple[Difference, ...]:
    """Return what must be done to ``before`` to get ``after``: equal plans, no difference.

    To compare two scenarios, compare ``Plan.from_scenario`` of both.
    """
    found = [
        Difference(key, "", ((key, getattr(before, key), getattr(after, key)),), before, after)
        for key in _HEAD
        if getattr(before, key) != getattr(after, key)
    ]
    found += _blocks(before, after)
    old, new = ({edit.id: edit for edit in plan.edits} for plan in (before, after))
    found += [Difference("removed", key, (), before, after) for key in old if key not in new]
    stay = longest_common([key for key in old if key in new], [key for key in new if key in old])
    for key, edit in new.items():
        if key not in old:
            found.append(Difference("added", key, (), before, after))
            continue
        found += [Difference(kind, key, fields, before, after) for kind, fields in _changes(old[key], edit)]
        if key not in stay:
            found.append(Difference("reordered", key, (), before, after))
    return tuple(found)


def _blocks(before: Plan, after: Plan) -> list[Difference]:
    old, new = ({block.name: block for block in plan.blocks} for plan in (before, after))
    names = [*old, *(name for name in new if name not in old)]
    done = [
        Difference("block", name, (("block", old.get(name), new.get(name)),), before, after)
        for name in names
        if old.get(name) != new.get(name)
    ]
    if not done and before.blocks != after.blocks:
        # the same blocks in another order: nothing follows from it, but the files differ
        done.append(Difference("block", "", (("block", tuple(old), tuple(new)),), before, after))
    return done


def _changes(old: Edit, new: Edit) -> list[tuple[str, tuple[tuple[str, Any, Any], ...]]]:
    was, now = flat(old), flat(new)
    done: list[tuple[str, tuple[tuple[str, Any, Any], ...]]] = []
    if was.pop("on") != now.pop("on"):
        done.append(("switched_on" if new.on else "switched_off", ()))
    fields = tuple(
        (key, was.get(key), now.get(key))
        for key in dict.fromkeys([*was, *now])
        if was.get(key) != now.get(key)
    )
    return [*done, ("changed", fields)] if fields else done


def longest_common(first: Sequence[str], second: Sequence[str]) -> frozenset[str]:
    """Return the largest set of keys that stand in the same order in both, each key once in each.

    A longest increasing subsequence by patience sorting, O(n log n) but for the copies.
    """
    place = {key: here for here, key in enumerate(second)}
    ends: list[tuple[int, str]] = []
    parent: dict[str, str | None] = {}
    for key in first:
        here = place[key]
        low, high = 0, len(ends)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if ends[middle][0] < here else (low, middle)
        parent[key] = ends[low - 1][1] if low else None
        ends[low : low + 1] = [(here, key)]
    kept, walk = set(), ends[-1][1] if ends else None
    while walk is not None:
        kept.add(walk)
        walk = parent[walk]
    return frozenset(kept)


# In words ---------------------------------------------------------------------------------------------


def describe(
    differences: Sequence[Difference], region: Region | None = None, language: str = "en"
) -> tuple[str, ...]:
    """Return each difference as a sentence; with a region, institutions and counties by their names."""
    return tuple(_described(item, region, language) for item in differences)


def _described(item: Difference, region: Region | None, language: str) -> str:
    if item.kind in _HEAD:
        (_, old, new), blank = item.fields[0], say("edits.blank", language)
        values = {"before": getattr(old, "name", old) or blank, "after": getattr(new, "name", new) or blank}
        return say(f"edits.diff.{item.kind}", language, **values)
    if item.kind == "block":
        old, new = item.fields[0][1:]
        change = "changed" if old and new else "added" if new else "removed"
        return say(f"edits.diff.block_{change}", language, block=item.key or ", ".join(new))
    plan = item.before if item.kind == "removed" else item.after
    if item.kind != "changed":
        tell = _said if item.kind.startswith("switched") else sentence
        edit = tell(plan.edit(item.key), plan, region, language)
        return say(f"edits.diff.{item.kind}", language, edit=edit)
    changes = [
        say(
            "edits.diff.field",
            language,
            field=_field(name, language),
            before=_value(name, old, region, language),
            after=_value(name, new, region, language),
        )
        for name, old, new in item.fields
    ]
    who = _subject(plan.edit(item.key), plan, region, language)
    return say("edits.diff.changed", language, who=who, changes=say("edits.and", language).join(changes))


def sentence(edit: Edit, plan: Plan, region: Region | None = None, language: str = "en") -> str:
    """Return an edit of a plan in words."""
    text = _said(edit, plan, region, language)
    return text if edit.on else say("edits.off", language, edit=text)


def _said(edit: Edit, plan: Plan, region: Region | None, language: str) -> str:
    who = _subject(edit, plan, region, language)
    if isinstance(edit, AddMove):
        move = edit.move
        when = say(
            "edits.said.in_year" if move.years == 1 else "edits.said.in_years",
            language,
            start=move.start,
            end=move.end,
        )
        to = _value("destination", move.destination, region, language)
        return say("edits.said.move", language, who=who, to=to, when=when) + _more(move, region, language)
    if isinstance(edit, ChangeMove):
        pairs = [*edit.set, *((name, None) for name in edit.unset)]
        changes = [_pair(name, value, region, language) for name, value in pairs]
        return say("edits.said.change", language, who=who, changes=say("edits.and", language).join(changes))
    if isinstance(edit, DropMove):
        return say("edits.said.drop", language, who=who)
    if isinstance(edit, Assume):
        value, default = f"{edit.value:g}" if edit.value is not None else "", f"{spec_of(edit.key).default:g}"
        key = "edits.said.reset" if edit.value is None else "edits.said.assume"
        return say(key, language, who=who, value=value, default=default)
    count = len(plan.block(edit.block).edits)
    return say("edits.said.include", language, who=who, count=count)


def _subject(edit: Edit, plan: Plan, region: Region | None, language: str) -> str:
    """Return what an edit is about: an institution's name, an assumption's, or a block's."""
    if isinstance(edit, Assume):
        return spec_of(edit.key).name(language)
    if isinstance(edit, Include):
        return edit.block
    if isinstance(edit, AddMove):
        return _who(edit.move, region, language)
    target = plan.edit(edit.target)
    return _who(target.move, region, language) if isinstance(target, AddMove) else edit.target


def _who(move: Move, region: Region | None, language: str) -> str:
    if move.institution is None:
        return move.name or ""
    if region is not None and move.institution in region.institutions.index:
        return str(region.institutions.loc[move.institution, f"name_{language}"])
    return move.name or move.institution


_SAID = frozenset({"institution", "name", "destination", "start", "years", "note"})


def _more(move: Move, region: Region | None, language: str) -> str:
    """Return what else a move says of itself."""
    given: Mapping[str, Any] = move.model_dump(exclude_defaults=True)
    pairs = [_pair(name, value, region, language) for name, value in given.items() if name not in _SAID]
    head = say("edits.and", language)
    return head + head.join(pairs) if pairs else ""


def _pair(name: str, value: Any, region: Region | None, language: str) -> str:
    shown = _value(name, value, region, language)
    return say("edits.pair", language, field=_field(name, language), value=shown)


def _field(name: str, language: str) -> str:
    return say(f"edits.field.{name.rpartition('.')[2]}", language)


def _value(name: str, value: Any, region: Region | None, language: str) -> str:
    key = name.rpartition(".")[2]
    if value is None:
        return say("edits.default", language)
    if isinstance(value, bool):
        return say("edits.yes" if value else "edits.no", language)
    if isinstance(value, tuple):
        return ", ".join(_field(item, language) if key == "unset" else str(item) for item in value)
    if isinstance(value, str):
        return _text(key, value, region, language) or say("edits.blank", language)
    return _figure(key, value, language)


def _text(key: str, value: str, region: Region | None, language: str) -> str:
    if key == "kind":
        return say(f"kind.{value}", language)
    frame = None
    if region is not None:
        frame = region.counties if key in _PLACES else region.institutions if key == "institution" else None
    return str(frame.loc[value, f"name_{language}"]) if frame is not None and value in frame.index else value


def _figure(key: str, value: float, language: str) -> str:
    if key in _PERCENT:
        return f"{100 * value:.10g}" + ("%" if language == "zh" else " %")
    if key in _YEARS or key == "value":
        return f"{value:g}"
    return number(value, language, digits=0 if float(value).is_integer() else 2)

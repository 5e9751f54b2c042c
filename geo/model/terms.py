"""Numbers and what made them: a tree whose branches add up, or multiply up, to their parent.

A difference of two numbers is such a tree, too: :func:`difference` sets the terms of both beside each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.words import LANGUAGES, has, number, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "FACTS",
    "PRODUCT",
    "SUM",
    "Line",
    "Row",
    "Sides",
    "Term",
    "changed",
    "dated",
    "difference",
    "share_of",
]

SUM: Final = "sum"
PRODUCT: Final = "product"
FACTS: Final = "facts"
# Of what there may be hundreds, those below this share of the largest are shown together.
_SMALL, _MOST = 0.01, 12
_GROWN: Final = "grown"
_FINEST = 9  # decimals
_FACTOR = 4  # decimals of what others are multiplied with
_REST: Final = {"move": "other_moves", "county": "other_counties", "road": "other_roads"}
_RESTS: Final = frozenset(_REST.values())


@dataclass(frozen=True)
class Row:
    """A row of the facts, or an assumption.

    Parameters
    ----------
    file
        Table in ``layers/facts`` or layer; ``assumptions`` or ``scenario``.
    key
        Which row of it.
    source, status
        As the row says.
    """

    file: str
    key: str
    source: str
    status: str


@dataclass(frozen=True)
class Sides:
    """What a term is in A and in B, or before and after, in its own unit; ``words`` says which of the two."""

    first: float
    second: float
    unit: str
    digits: int
    words: str = "sides"


@dataclass(frozen=True)
class Line:
    """A term as one line of a table, in one language.

    Parameters
    ----------
    depth
        0 for the number explained.
    name, text, unit
        What it is; its value as written, without the unit; the unit in words.
    value
        Its value.
    how
        How its parts make it, in words; empty if it has none.
    formula
        How it is made, in words; of the number explained only.
    source, status
        Where it was read, and how sure it is, in words.
    sides
        For a difference or a change, the two values as written, with the unit; else empty.
    compared
        The same in words: "A …, B …", or "before …, after …".
    """

    depth: int
    name: str
    text: str
    unit: str
    value: float
    how: str
    formula: str
    source: str
    status: str
    sides: tuple[str, ...]
    compared: str


@dataclass(frozen=True)
class Term:
    """One number and what made it.

    Parameters
    ----------
    key
        Its name is at ``explain.<key>`` in the words; a measure's name where it is one.
    value
        The number.
    unit
        Key of a text in ``unit``.
    how
        Whether ``parts`` add up (``sum``), multiply up (``product``) or are merely named (``facts``).
    parts
        The terms that made it.
    formula
        Keys of texts that say how it is made.
    row
        Where it was read.
    label
        A name that is no text of ours, in both languages: an institution, a county.
    digits
        Decimals shown.
    code
        The county whose own number it is, if it is one.
    sides
        In a difference, what it is in A and in B.
    """

    key: str
    value: float
    unit: str
    how: str = SUM
    parts: tuple[Term, ...] = ()
    formula: tuple[str, ...] = ()
    row: Row | None = None
    label: tuple[str, str] = ("", "")
    digits: int = 1
    code: str = ""
    sides: Sides | None = None

    def name(self, language: str = "en") -> str:
        """Return its name in words."""
        own = f"explain.{self.key}"
        base = say(own if has(own, language) else f"measure.{self.key}.name", language)
        label = self.label[LANGUAGES.index(language)]
        return say("explain.labelled", language, name=base, label=label) if label else base

    def total(self) -> float:
        """Return what the parts make: their sum or product; the value itself where they are merely named."""
        if not self.parts or self.how == FACTS:
            return self.value
        values = [part.value for part in self.parts]
        return float(np.sum(values) if self.how == SUM else np.prod(values))

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Term]]:
        """Yield it and every term below it, with its depth."""
        yield depth, self
        for part in self.parts:
            yield from part.walk(depth + 1)

    def line(self, language: str = "en", depth: int = 0) -> Line:
        """Return it alone, in words."""
        sides: tuple[str, ...] = ()
        if self.sides is not None:
            unit = say(f"unit.{self.sides.unit}", language)
            both = (self.sides.first, self.sides.second)
            sides = tuple(f"{_number(one, language, self.sides.digits)} {unit}" for one in both)
        compared = ""
        if self.sides is not None:
            compared = say(f"explain.{self.sides.words}", language, a=sides[0], b=sides[1])
        joined = bool(self.parts) and self.how != FACTS
        return Line(
            depth=depth,
            name=self.name(language),
            text=_number(self.value, language, self.digits, sign=self.sides is not None),
            unit=say(f"unit.{self.unit}", language),
            value=self.value,
            how=say(f"explain.how.{self.how}", language) if joined else "",
            formula=" ".join(say(key, language) for key in self.formula),
            source="" if self.row is None else f"{self.row.file}, {self.row.key}: {self.row.source}",
            status="" if self.row is None else say(f"status.{self.row.status}", language),
            sides=sides,
            compared=compared,
        )

    def lines(self, language: str = "en", depth: int = 0) -> list[str]:
        """Return the tree as lines of text, indented by depth."""
        return [_written(term.line(language, at)) for at, term in self.walk(depth)]

    def text(self, language: str = "en") -> str:
        """Return the tree as text."""
        return "\n".join(self.lines(language))

    def trimmed(self) -> Term:
        """Return the tree with small moves and counties shown together; sums stay what they are."""
        parts = tuple(part.trimmed() for part in self.parts)
        if self.how == SUM:
            for key, rest in _REST.items():
                parts = _together(parts, key, rest)
        return replace(self, parts=parts)

    def few(self, most: int) -> Term:
        """Return the tree with so many terms of every sum, the largest, and the others as one."""
        parts = tuple(part.few(most) for part in self.parts)
        if self.how == SUM and len(parts) > most + 1:
            # what there was before stays: without it the two sides of a difference would not add up
            # by their places: two terms may be equal
            order = sorted(range(len(parts)), key=lambda at: _rank(parts[at]))
            kept, small = sorted(order[:most]), [parts[at] for at in order[most:]]
            keys = {_REST.get(part.key, part.key) for part in small}
            key = keys.pop() if keys <= _RESTS and len(keys) == 1 else "other_terms"
            parts = (*(parts[at] for at in kept), _rest(key, small))
        return replace(self, parts=parts)


def _rank(term: Term) -> tuple[bool, bool, float]:
    """Return the order in which terms of a sum are kept: what was before, then the largest; rests last."""
    return term.key != "before", term.key in _RESTS, -abs(term.value)


def _number(value: float, language: str, digits: int, *, sign: bool = False) -> str:
    """Write a number; one with decimals that would round to nothing gets two figures that count.

    So does a factor with many decimals, or it would not make its product.
    """
    least = 0.5 * 10.0**-digits if digits < _FACTOR else 10.0 ** (1 - digits)
    if digits and 10.0**-_FINEST <= abs(value) < least:
        digits = min(_FINEST, 1 - int(np.floor(np.log10(abs(value)))))
    return number(value, language, digits=digits, sign=sign)


def _written(line: Line) -> str:
    text = f"{'  ' * line.depth}{line.name} = {line.text} {line.unit}"
    if line.compared:
        text += f" ({line.compared})"
    if line.formula and line.depth == 0:
        text += f"  [{line.formula}]"
    if line.source:
        text += f"  ({line.source}; {line.status})"
    return f"{text}  {line.how}" if line.how else text


def _together(parts: tuple[Term, ...], key: str, rest: str) -> tuple[Term, ...]:
    """Return parts with the largest of a key, largest first, and the others of it as one."""
    listed = sorted((part for part in parts if part.key == key), key=lambda part: -abs(part.value))
    if not listed:
        return parts
    least = _SMALL * abs(listed[0].value)
    large = [part for part in listed[:_MOST] if abs(part.value) > least]
    small = listed[len(large) :]
    if len(small) == 1 and small[0].value:
        large, small = listed, []
    others = [part for part in parts if part.key != key]
    value = float(sum(part.value for part in small))
    if value or any(part.value for part in small):
        large.append(_rest(rest, small))
    return (*others, *large)


def _rest(key: str, small: Sequence[Term]) -> Term:
    """Return terms of a sum as one, which says how many they are."""
    many = sum(int(part.label[0]) if part.key in _RESTS else 1 for part in small)
    count, first = str(many), small[0]
    sides = None
    if all(part.sides is not None and part.sides.unit == first.unit for part in small):
        pairs = [part.sides for part in small if part.sides is not None]
        sides = Sides(sum(s.first for s in pairs), sum(s.second for s in pairs), first.unit, first.digits)
    value = float(sum(part.value for part in small))
    return Term(key, value, first.unit, label=(count, count), digits=first.digits, sides=sides)


# Changes and differences ----------------------------------------------------------------------------


# Parts of a sum that no move changes: what was there before, and a target that it is held against.
_STAYS = ("before", "less_target")


def changed(term: Term) -> Term:
    """Return a number less what it was before, by its terms; itself where it is a change already.

    A sum loses what no move changes; a product is shared out among its factors, see :func:`difference`.
    """
    before = next((part for part in term.parts if part.key == "before"), None)
    if before is None or not np.isfinite(before.value):
        return term
    if term.how == PRODUCT:
        still = [part if part is before else _idle(part) for part in term.parts]
        return dated(difference(replace(term, value=before.value, parts=tuple(still)), term))
    if term.how != SUM:
        return term
    rest = tuple(part for part in term.parts if part.key not in _STAYS)
    start = float(sum(part.value for part in term.parts if part.key in _STAYS))
    sides = Sides(start, term.value, term.unit, term.digits, _GROWN)
    return replace(term, value=term.value - start, parts=rest, sides=sides)


def dated(term: Term) -> Term:
    """Return a difference as one of before and after, in words."""
    sides = None if term.sides is None else replace(term.sides, words=_GROWN)
    return replace(term, sides=sides, parts=tuple(dated(part) for part in term.parts))


def _idle(factor: Term) -> Term:
    """Return a factor that changes nothing."""
    return replace(factor, value=1.0, parts=(), how=SUM)


def share_of(term: Term, factor: Term, *, key: str, unit: str, digits: int = 2) -> Term:
    """Return a term times a factor, as a number of its own name and unit."""
    return Term(
        key, term.value * factor.value, unit, PRODUCT, (term, factor), term.formula, label=term.label,
        digits=digits,
    )  # fmt: skip


def difference(first: Term, second: Term) -> Term:
    """Return ``second`` less ``first``, term by term; every branch adds up to its parent.

    Sums are subtracted part by part; parts are matched by name. The change of a product is shared out among
    its factors: each gets its own change times the other factors, half of the way with those before it
    changed already and those behind it not yet, half the other way round. The shares add up, and changing the
    places of the two only turns their signs.
    """
    made = _differing(first, second, 1.0, second.unit, second.digits)
    return replace(made, formula=second.formula)


def _differing(first: Term, second: Term, scale: float, unit: str, digits: int) -> Term:
    change = scale * (second.value - first.value)
    sides = Sides(first.value, second.value, second.unit, second.digits)
    bare = replace(second, value=change, unit=unit, how=SUM, parts=(), formula=(), digits=digits, sides=sides)
    pairs = _aligned(first.parts, second.parts)
    opaque = any(one.value and not one.parts for one in (first, second))
    if first.how != second.how or not np.isfinite(change) or not pairs or opaque:
        return bare
    if second.how == SUM:
        parts = [_side(one, two, scale, unit, digits) for one, two in pairs]
        return replace(bare, parts=_telling(parts))
    if second.how == PRODUCT:
        return replace(bare, parts=_shared_out(pairs, scale, unit, digits))
    named = [
        _side(one, two, 1.0, (two or one or bare).unit, (two or one or bare).digits) for one, two in pairs
    ]
    return replace(bare, parts=tuple(part for part in named if _tells(part)), how=FACTS)


def _tells(term: Term) -> bool:
    return term.value != 0.0 or bool(term.parts)


def _telling(parts: Iterable[Term]) -> tuple[Term, ...]:
    """Return the parts of a sum that differ, and what was before: else the sides would not add up."""
    listed = list(parts)
    some = any(_tells(part) for part in listed)
    return tuple(part for part in listed if _tells(part) or (some and part.key == "before" and _held(part)))


def _held(term: Term) -> bool:
    return term.sides is not None and bool(term.sides.first or term.sides.second)


def _side(first: Term | None, second: Term | None, scale: float, unit: str, digits: int) -> Term:
    """Return the difference of two terms, one of which may be missing: it counts as nothing."""
    if first is not None and second is not None:
        return _differing(first, second, scale, unit, digits)
    if second is not None:
        return _alone(second, scale, unit, digits, Sides(0.0, second.value, second.unit, second.digits))
    if first is None:  # pragma: no cover - a pair has at least one
        raise ValueError
    return _alone(first, -scale, unit, digits, Sides(first.value, 0.0, first.unit, first.digits))


def _alone(term: Term, scale: float, unit: str, digits: int, sides: Sides) -> Term:
    """Return a term that is on one side only, times ``scale``."""
    made = replace(term, value=scale * term.value, unit=unit, digits=digits, sides=sides, formula=())
    if term.how == SUM:

        def both(part: Term) -> Sides:
            pair = (part.value, 0.0) if sides.second == 0.0 else (0.0, part.value)
            return Sides(*pair, part.unit, part.digits)

        return replace(made, parts=tuple(_alone(p, scale, unit, digits, both(p)) for p in term.parts))
    if term.how == PRODUCT and term.parts and scale != 1.0:
        return replace(made, parts=(Term("scale", scale, "ratio", digits=3), *term.parts))
    return made


def _aligned(first: tuple[Term, ...], second: tuple[Term, ...]) -> list[tuple[Term | None, Term | None]]:
    """Return parts in pairs by name; the same name twice is matched in order."""

    def named(parts: tuple[Term, ...]) -> dict[tuple[str, tuple[str, str], str, int], Term]:
        seen: dict[tuple[str, tuple[str, str], str], int] = {}
        found = {}
        for part in parts:
            name = (part.key, part.label, part.code)
            seen[name] = seen.get(name, 0) + 1
            found[*name, seen[name]] = part
        return found

    one, two = named(first), named(second)
    return [(one.get(name), two.get(name)) for name in {**two, **one}]


def _shared_out(
    pairs: list[tuple[Term | None, Term | None]], scale: float, unit: str, digits: int
) -> tuple[Term, ...]:
    """Return what each factor contributes to a product's change; one on one side only counts as 1."""
    one = np.array([1.0 if first is None else first.value for first, _ in pairs])
    two = np.array([1.0 if second is None else second.value for _, second in pairs])
    made = []
    for at, (first, second) in enumerate(pairs):
        forward = two[:at].prod() * one[at + 1 :].prod()
        backward = one[:at].prod() * two[at + 1 :].prod()
        share = scale * 0.5 * float(forward + backward)
        known = second or first
        if known is None:  # pragma: no cover - a pair has at least one
            continue
        blank = _idle(known)
        part = _differing(first or blank, second or blank, share, unit, digits)
        if _tells(part):
            made.append(part)
    return tuple(made)

"""A scenario: an ordered list of moves and what is assumed, as a small frozen value.

Everything else is a function of the region and a scenario. TOML and JSON both ways, exactly.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geo.assumptions import ASSUMPTIONS, KINDS, Assumptions, AssumptionSpec, shown
from geo.errors import Fault, ScenarioError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ASSUMPTIONS",
    "FIRST_YEAR",
    "KINDS",
    "LAST_YEAR",
    "NAME_LENGTH",
    "NOTE_LENGTH",
    "AssumptionSpec",
    "Assumptions",
    "Move",
    "Places",
    "Scenario",
    "check",
    "validate",
]

FIRST_YEAR, LAST_YEAR = 2020, 2050
MAX_MOVES = 2000
MAX_BYTES = 2_000_000
_MAX_PERSONS = 1_000_000
NAME_LENGTH, NOTE_LENGTH = 200, 4000
_NAME, _NOTE = NAME_LENGTH, NOTE_LENGTH

Code = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
Share = Annotated[float, Field(ge=0, le=1)]
Rows = Mapping[str, Mapping[str, Any]]
Persons = Annotated[int, Field(ge=0, le=_MAX_PERSONS)]


class Places(Protocol):
    """What a scenario is checked against; a :class:`geo.region.Region` is one."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the county codes, ascending."""

    @property
    def institutions(self) -> pd.DataFrame:
        """Return the institutions, indexed by id."""


def _path(parts: Iterable[int | str]) -> str:
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


# pydantic's name of a fault -> ours
_LIMITS = {
    "greater_than": "not_above",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_large",
    "string_too_short": "empty",
}


def _fault(error: Any, model: type[BaseModel]) -> Fault:
    kind, where, context = error["type"], _path(error["loc"]), error.get("ctx", {})
    value = shown(error.get("input"))
    if kind == "extra_forbidden":
        return Fault("scenario.unknown_key", where, {"key": where, "allowed": ", ".join(model.model_fields)})
    if kind == "missing":
        return Fault("scenario.missing", where, {"field": where})
    if kind in _LIMITS:
        return Fault(
            f"scenario.{_LIMITS[kind]}", where, {"value": value, "limit": next(iter(context.values()))}
        )
    if kind in {"string_pattern_mismatch", "literal_error"}:
        code = "unknown_kind" if where.endswith("kind") else "bad_code"
        return Fault(f"scenario.{code}", where, {"value": value, "kinds": ", ".join(KINDS)})
    if kind == "string_too_long":
        return Fault("scenario.too_long", where, {"limit": context["max_length"]})
    return Fault("scenario.wrong_type", where, {"value": value, "expected": kind.split("_")[0]})


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            try:
                super().__init__(**data)
            except ValidationError as error:
                faults = [_fault(item, type(self)) for item in error.errors(include_url=False)]
                raise ScenarioError(faults) from None


class Move(_Value):
    """One institution, or a part of it, changes its place of work.

    Give ``institution``, or ``name``, ``kind`` and ``origin`` of one that is not in the list. What is
    None is the institution's own number or, with ``class_default``, that of its class.

    Parameters
    ----------
    institution
        Id in the layer of institutions.
    name, kind, origin
        A free entry: its label, class (one of ``KINDS``) and six-digit county code. ``origin`` also says
        where an institution of the list leaves from if its county is not known.
    destination
        Six-digit county code.
    start, years
        First year of the move, and in how many years it is complete (1: within the first year).
    share
        Share of posts, students and beds that moves, above 0, at most 1.
    posts, students, beds
        Size of the whole mover before ``share``; persons, places, beds.
    home_share
        Share of the moved staff who move home; the others commute from the old one.
    family_size
        Persons in the home of one staff member, the member included.
    pay
        Mean pay, CNY a year; level 0 has no wages and does not use it.
    class_default
        Accept the class's number where neither the move nor the institution has one.
    note
        Anything to remember.
    """

    institution: Annotated[str, Field(max_length=_NAME, min_length=1)] | None = None
    name: Annotated[str, Field(max_length=_NAME)] | None = None
    kind: Annotated[str, Field(pattern=f"^({'|'.join(KINDS)})$")] | None = None
    origin: Code | None = None
    destination: Code
    start: Year
    years: Annotated[int, Field(ge=1, le=LAST_YEAR - FIRST_YEAR + 1)] = 1
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    posts: Persons | None = None
    students: Persons | None = None
    beds: Persons | None = None
    home_share: Share | None = None
    family_size: Annotated[float, Field(ge=1, le=8)] | None = None
    pay: Annotated[float, Field(ge=0, le=10_000_000)] | None = None
    class_default: bool = False
    note: Annotated[str, Field(max_length=_NOTE)] = ""

    @property
    def end(self) -> int:
        """Return the year in which the move is complete."""
        return self.start + self.years - 1

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Return what contradicts itself inside this move."""
        found = []
        if self.institution is None:
            found += [
                Fault("scenario.neither", field)
                for field in ("name", "kind", "origin")
                if not getattr(self, field)
            ]
        elif self.kind is not None:
            found.append(Fault("scenario.kind_of_listed", "kind", {"institution": self.institution}))
        if self.end > LAST_YEAR:
            found.append(Fault("scenario.ends_late", "years", {"end": self.end, "last": LAST_YEAR}))
        if self.origin is not None and self.origin == self.destination:
            found.append(Fault("scenario.same_place", "destination", {"code": self.destination}))
        return tuple(found)


def _moves(raw: Any) -> tuple[tuple[Move, ...], list[Fault]]:
    """Build each move by itself, so that one fault does not hide another's."""
    if not isinstance(raw, (list, tuple)):
        return (), [Fault("scenario.wrong_type", "moves", {"value": shown(raw), "expected": "list"})]
    if len(raw) > MAX_MOVES:
        return (), [Fault("scenario.too_many_moves", "moves", {"count": len(raw), "limit": MAX_MOVES})]
    moves, faults = [], []
    for place, item in enumerate(raw):
        try:
            move = item if isinstance(item, Move) else Move(**_table(item))
            found: tuple[Fault, ...] = move.faults
        except ScenarioError as error:
            found = error.faults
        else:
            moves.append(move)
        faults += [replace(fault, where=f"moves[{place}].{fault.where}".rstrip(".")) for fault in found]
    return tuple(moves), faults


def _table(item: Any) -> dict[str, Any]:
    if isinstance(item, Mapping) and all(isinstance(key, str) for key in item):
        return dict(item)
    raise ScenarioError(Fault("scenario.wrong_type", "", {"value": shown(item), "expected": "table"}))


class Scenario(_Value):
    """An ordered list of moves and what is assumed.

    Parameters
    ----------
    name, note
        What a person calls it and remembers about it.
    assumptions
        Overrides of the declared assumptions, by id.
    moves
        The moves, in the order in which they were entered.

    Raises
    ------
    ScenarioError
        With every fault found: unknown keys, wrong types, values out of range, moves that end after
        the last year, free entries that lack a name, class or origin.
    """

    name: Annotated[str, Field(max_length=_NAME)] = ""
    note: Annotated[str, Field(max_length=_NOTE)] = ""
    assumptions: Assumptions = Assumptions()
    moves: tuple[Move, ...] = ()

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            faults: list[Fault] = []
            moves, found = _moves(data.pop("moves", ()))
            faults += found
            assumed = data.pop("assumptions", None)
            try:
                assumed = assumed if isinstance(assumed, Assumptions) else Assumptions(assumed or {})
            except ScenarioError as error:
                faults += error.faults
                assumed = Assumptions()
            try:
                super().__init__(moves=moves, assumptions=assumed, **data)
            except ScenarioError as error:
                faults += error.faults
            if faults:
                raise ScenarioError(faults)

    @cached_property
    def hash(self) -> str:
        """Return the SHA-256 of the canonical JSON: equal scenarios, equal hash."""
        text = json.dumps(self._table(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_moves(self, *moves: Move) -> Scenario:
        """Return a new scenario with ``moves`` added at the end."""
        return Scenario(
            name=self.name, note=self.note, assumptions=self.assumptions, moves=(*self.moves, *moves)
        )

    def without(self, place: int) -> Scenario:
        """Return a new scenario without the move at ``place``."""
        kept = tuple(move for here, move in enumerate(self.moves) if here != place)
        return Scenario(name=self.name, note=self.note, assumptions=self.assumptions, moves=kept)

    def _table(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_defaults=True)

    def to_json(self) -> str:
        """Return the scenario as JSON; what is left at its default is left out."""
        return json.dumps(self._table(), ensure_ascii=False, indent=2)

    def to_toml(self) -> str:
        """Return the scenario as TOML; what is left at its default is left out."""
        table = self._table()
        lines = [f"{key} = {_toml(table[key])}" for key in ("name", "note") if key in table]
        if "assumptions" in table:
            lines += ["", "[assumptions]"]
            lines += [f'"{key}" = {_toml(value)}' for key, value in table["assumptions"].items()]
        for move in table.get("moves", ()):
            lines += ["", "[[moves]]", *(f"{key} = {_toml(value)}" for key, value in move.items())]
        return "\n".join(lines).lstrip("\n") + "\n"

    @classmethod
    def from_json(cls, text: str, *, file: str = "") -> Self:
        """Read a scenario written as JSON.

        Raises
        ------
        ScenarioError
            With every fault, its place and its remedy; malformed text with its line.
        """
        try:
            table = json.loads(text, object_pairs_hook=_unique)
        except json.JSONDecodeError as error:
            fault = Fault("scenario.malformed", f"{file or 'JSON'}:{error.lineno}", {"reason": error.msg})
            raise ScenarioError(fault) from None
        except (RecursionError, ValueError) as error:
            raise ScenarioError(Fault("scenario.malformed", file or "JSON", {"reason": str(error)})) from None
        return cls._from_table(table, file, {})

    @classmethod
    def from_toml(cls, text: str, *, file: str = "") -> Self:
        """Read a scenario written as TOML; raises as :meth:`from_json`."""
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            # tomllib says "at end of document" instead of a line
            number = line.group(1) if line else str(text.count("\n") + 1)
            where = f"{file or 'TOML'}:{number}"
            raise ScenarioError(Fault("scenario.malformed", where, {"reason": str(error)})) from None
        except (RecursionError, ValueError) as error:
            raise ScenarioError(Fault("scenario.malformed", file or "TOML", {"reason": str(error)})) from None
        return cls._from_table(table, file, _lines(text))

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a scenario from a file ending in ``.toml`` or ``.json``; raises as :meth:`from_json`."""
        path = Path(path)
        try:
            if path.stat().st_size > MAX_BYTES:
                raise ScenarioError(Fault("scenario.too_big", path.name, {"limit": MAX_BYTES // 1_000_000}))
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise ScenarioError(Fault("scenario.not_text", path.name)) from None
        except OSError as error:
            fault = Fault("scenario.unreadable", str(path), {"reason": error.strerror or str(error)})
            raise ScenarioError(fault) from None
        read = cls.from_json if path.suffix.lower() == ".json" else cls.from_toml
        return read(text, file=path.name)

    @classmethod
    def _from_table(cls, table: Any, file: str, lines: Mapping[str, int]) -> Self:
        try:
            return cls(**_table(table))
        except ScenarioError as error:
            raise ScenarioError([_located(fault, file, lines) for fault in error.faults]) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if twice:
        raise ScenarioError(Fault("scenario.key_twice", twice[0], {"key": twice[0]}))
    return dict(pairs)


def _toml(value: Any) -> str:
    if isinstance(value, str):
        # a JSON string is a TOML basic string, but for DEL, which TOML wants escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _lines(text: str) -> dict[str, int]:
    """Return the line of every key written the usual way: ``moves[1].start`` -> 14."""
    head, move, lines = "", -1, {}
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r"\s*\[\[\s*moves\s*\]\]", line):
            move += 1
            head = f"moves[{move}]"
            lines[head] = number
        elif table := re.match(r"\s*\[\s*([\w.]+)\s*\]", line):
            head = table.group(1)
        elif key := re.match(r"""\s*["']?([\w.]+)["']?\s*=""", line):
            lines[f"{head}.{key.group(1)}" if head else key.group(1)] = number
    return lines


def _located(fault: Fault, file: str, lines: Mapping[str, int]) -> Fault:
    line = lines.get(fault.where) or lines.get(fault.where.rsplit(".", 1)[0])
    place = f"{file}:{line}" if file and line else f"line {line}" if line else file
    return replace(fault, where=f"{place} {fault.where}".strip())


# What a scenario asks of a region -------------------------------------------------------------------


def check(scenario: Scenario, region: Places) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """Compare a scenario with a region.

    Returns
    -------
    faults, warnings
        What makes the scenario impossible, and what a reader must know about it.
    """
    known = frozenset(region.codes)
    rows = _rows(region)
    faults: list[Fault] = []
    for place, move in enumerate(scenario.moves):
        found = [*_places(move, known, rows), *_size(move, rows, scenario.assumptions)]
        faults += [replace(fault, where=f"moves[{place}].{fault.where}") for fault in found]
    faults += _together(scenario, rows)
    faults += _twice(scenario)
    return tuple(faults), tuple(_warnings(scenario, rows))


def validate(scenario: Scenario, region: Places) -> tuple[Fault, ...]:
    """Refuse a scenario that the region cannot hold; return the warnings of one that it can.

    Raises
    ------
    ScenarioError
        With every fault: unknown places and institutions, more posts, students or beds than the
        institution has, a head-count nobody knows, origin equal to destination, a move entered twice.
    """
    faults, warnings = check(scenario, region)
    if faults:
        raise ScenarioError(faults)
    return warnings


def _rows(region: Places) -> Rows:
    frame = region.institutions
    fields = [str(name) for name in frame.columns]
    values = zip(*(frame[name] for name in fields), strict=True)
    return {
        str(key): dict(zip(fields, row, strict=True)) for key, row in zip(frame.index, values, strict=True)
    }


def _text(row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    return value if isinstance(value, str) else ""


def _number(row: Mapping[str, Any], field: str) -> float | None:
    value = row.get(field)
    return None if value is None or value != value else float(value)  # noqa: PLR0124  NaN


def _places(move: Move, known: frozenset[str], rows: Rows) -> list[Fault]:
    faults = [
        Fault("scenario.unknown_place", field, {"code": code})
        for field, code in (("origin", move.origin), ("destination", move.destination))
        if code is not None and code not in known
    ]
    if move.institution is None:
        return faults
    row = rows.get(move.institution)
    if row is None:
        return [*faults, Fault("scenario.unknown_institution", "institution", {"id": move.institution})]
    origin = move.origin or _text(row, "county_code")
    if not origin:
        faults.append(Fault("scenario.unknown_origin", "origin", {"id": move.institution}))
    if move.origin is None and origin == move.destination:
        faults.append(Fault("scenario.same_place", "destination", {"code": move.destination}))
    return faults


def _size(move: Move, rows: Rows, assumed: Assumptions) -> list[Fault]:
    row = rows.get(move.institution or "", {})
    faults = []
    for field, column in _SIZES.items():
        given, own = getattr(move, field), _number(row, column)
        if given is not None and own is not None and given > own:
            values = {"id": move.institution, "given": given, "own": int(own), "what": field}
            faults.append(Fault("scenario.more_than_exist", field, values))
    if move.institution is not None and not row:
        return faults
    if move.posts is None and _number(row, "employees") is None and not move.class_default:
        kind = move.kind or _text(row, "kind")
        values = {
            "name": move.name or move.institution or "",
            "default": int(assumed.get("posts", kind) or 0),
        }
        faults.append(Fault("scenario.unknown_headcount", "posts", values))
    return faults


_SIZES = {"posts": "employees", "students": "students", "beds": "beds"}


def _together(scenario: Scenario, rows: Rows) -> list[Fault]:
    """Return institutions of which the moves together take more than there is."""
    faults = []
    listed = Counter(move.institution for move in scenario.moves if move.institution in rows)
    for key in (key for key, count in listed.items() if count > 1 and key):
        moves = [move for move in scenario.moves if move.institution == key]
        for field, column in _SIZES.items():
            own = _number(rows[key], column)
            sizes = [(getattr(move, field), move.share) for move in moves]
            # without any number of its own the shares alone must not exceed the whole
            taken = sum(share * (own or 1 if given is None else given) for given, share in sizes)
            whole = own or (1 if all(given is None for given, _ in sizes) else None)
            if whole is not None and taken > whole * (1 + 1e-9):
                values = {"id": key, "what": field, "percent": round(100 * taken / whole)}
                faults.append(Fault("scenario.more_together", f"moves ({key})", values))
                break
    return faults


def _twice(scenario: Scenario) -> list[Fault]:
    first: dict[Move, int] = {}
    faults = []
    for place, move in enumerate(scenario.moves):
        if move in first:
            faults.append(Fault("scenario.duplicate", f"moves[{place}]", {"first": first[move]}))
        first.setdefault(move, place)
    return faults


def _warnings(scenario: Scenario, rows: Rows) -> list[Fault]:
    listed = {move.institution for move in scenario.moves if move.institution in rows}
    warnings = []
    for place, move in enumerate(scenario.moves):
        row = rows.get(move.institution or "", {})
        where, values = f"moves[{place}].institution", {"id": move.institution}
        parent = _text(row, "part_of")
        if parent in listed:
            warnings.append(Fault("scenario.part_of", where, {**values, "parent": parent}))
        if row.get("group_row") is True:
            warnings.append(Fault("scenario.group_row", where, values))
        if _text(row, "institution_status") == "candidate":
            warnings.append(Fault("scenario.hypothetical", where, values))
    return warnings

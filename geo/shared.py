"""What a link or a file brings: a scenario, how it was looked at, the language, the data and the model."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from geo.edits import Plan
from geo.edits.files import parse_json, parse_toml
from geo.errors import Fault, ScenarioError
from geo.measures import MEASURES
from geo.scenario import FIRST_YEAR, LAST_YEAR, MAX_BYTES, Scenario
from geo.words import LANGUAGES

__all__ = ["COMPARING", "FORMAT", "MODES", "QUERY", "SEEN", "Shared", "View", "read_file", "read_held"]

FORMAT = "jingjinji-shared-1"
MODES = ("difference", "scenario", "baseline", "swipe", "beside")  # of the map
COMPARING = ("difference", "swipe", "beside")
QUERY = ("s", "with", "v", "data")  # what is taken out of the address once it is read
SEEN = ("measure", "year", "mode", "look")  # how a view stands in an address
# Browsers and mail programs pass 8,000 characters; beyond that a link gets cut.
_LONGEST = 7000
_LARGEST = 2_000_000  # unpacked; larger than any plan, small enough for anyone's memory
_HASH = 16
_PLAN_KEYS = ("edits", "blocks", "base")

# How a view looks beside measure, year and mode: each name with what may stand there, because it comes from
# outside and goes to the map's script.
_TYPES = ("county", "institution", "site", "station", "city", "corridor", "link", "road", "pair")
_ID, _KEY = re.compile(r"[\w.:-]{1,80}"), re.compile(r"(?!own:)[a-z_]{1,20}:\w{1,60}")
_MOST_HIDDEN = 100
_PLACE = ((-90, 90), (-180, 180), (0, 20))  # latitude, longitude, zoom


def _is_number(value: object, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and isfinite(value) and low <= value <= high


def _is_chosen(value: object) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, dict)
        and set(value) == {"type", "id"}
        and value["type"] in _TYPES
        and isinstance(value["id"], str)
        and _ID.fullmatch(value["id"]) is not None
    )


def _are_keys(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_HIDDEN
        and all(isinstance(key, str) and _KEY.fullmatch(key) for key in value)
    )


def _is_place(value: object) -> bool:
    if value is None:  # the whole region, whatever the size of the frame
        return True
    return (
        isinstance(value, list)
        and len(value) == len(_PLACE)
        and all(_is_number(one, *ends) for one, ends in zip(value, _PLACE, strict=True))
    )


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _among(*names: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in names


_LOOKS: Final[dict[str, Callable[[object], bool]]] = {
    "selected": _is_chosen,
    "hidden": _are_keys,
    "view": _is_place,
    "swipe": lambda value: _is_number(value, 0.02, 0.98),
    "layers": _is_bool,
    "legend": _is_bool,
    "table": _is_bool,
    "charts": _is_bool,
    "facts": _is_bool,
    "factYear": lambda value: isinstance(value, int) and _is_number(value, 1900, 2100),
    "pace": _among("slow", "normal", "fast"),
    "twin": _among("counties", "roads", "trips"),
    "sort": _among("", *(sign + key for sign in ("", "-") for key in ("name", "before", "value", "change"))),
}


@dataclass(frozen=True)
class View:
    """How the map shows a scenario; what is left empty stays as the reader has it.

    Parameters
    ----------
    measure, year, mode
        What is coloured.
    shown, beside
        Id of the scenario that is shown, and of the one that it is compared with, empty for the starting
        point. In a link ``beside`` is "with": the second scenario in it.
    look
        The rest, as the map calls it: ``selected``, ``hidden``, ``view`` (place and zoom, None for the whole
        region), ``swipe``, open tables and the clock of the facts.
    """

    measure: str = ""
    year: int = 0
    mode: str = ""
    shown: str = ""
    beside: str = ""
    look: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any], measures: Mapping[str, Any] = MEASURES) -> View:
        """Return the view in a query or file; what makes no sense is left out."""
        measure, mode, year = (str(given.get(name, "")) for name in ("measure", "mode", "year"))
        sound = year.isascii() and year.isdecimal() and len(year) == 4
        number = int(year) if sound else 0
        look = given.get("look", {})
        held = _loosened(look) if isinstance(look, str) else look if isinstance(look, Mapping) else {}
        ids = [held.get(name) for name in ("b", "a")]
        shown, beside = (one if isinstance(one, str) and _ID.fullmatch(one) else "" for one in ids)
        return cls(
            measure if measure in measures else "",
            number if FIRST_YEAR <= number <= LAST_YEAR else 0,
            mode if mode in MODES else "",
            shown,
            beside,
            {name: held[name] for name, fits in _LOOKS.items() if name in held and fits(held[name])},
        )

    @classmethod
    def told(cls, state: Mapping[str, Any], measures: Mapping[str, Any] = MEASURES) -> View:
        """Return the view that the map tells; own layers are nobody else's to see."""
        look = dict(state)
        if isinstance(look.get("hidden"), list):
            look["hidden"] = [key for key in look["hidden"] if not str(key).startswith("own:")]
        if not _is_chosen(look.get("selected")):
            look["selected"] = None
        return cls.of({**state, "look": look}, measures)

    def state(self) -> dict[str, Any]:
        """Return what the map is told, apart from the scenario that is shown."""
        beside = {"a": self.beside} if self.beside else {}
        return {**self._plain(), **beside, **self.look}

    def table(self) -> dict[str, Any]:
        """Return it for a file."""
        ids = {"b": self.shown, "a": self.beside}
        look = {**{name: value for name, value in ids.items() if value}, **self.look}
        return {**self._plain(), **({"look": look} if look else {})}

    def address(self) -> dict[str, str]:
        """Return it for an address."""
        table = self.table()
        if "look" in table:
            table["look"] = _tight(json.dumps(table["look"], separators=(",", ":")))
        return {name: str(value) for name, value in table.items()}

    def _plain(self) -> dict[str, Any]:
        held = {"measure": self.measure, "year": self.year, "mode": self.mode}
        return {name: value for name, value in held.items() if value}


@dataclass(frozen=True)
class Shared:
    """A scenario on its way to somebody else.

    Parameters
    ----------
    plan
        The scenario as edits.
    data
        The data and the model it was made for; see :class:`geo.edition.Edition`.
    view, language
        How it was looked at.
    other
        The scenario that the view compares it with; None for the starting point.
    """

    plan: Plan
    data: str
    view: View = field(default_factory=View)
    language: str = ""
    other: Plan | None = None

    def to_query(self) -> str | None:
        """Return the query of a link that holds everything, or None where it would be too long."""
        parts = {"lang": self.language, **self.view.address(), "v": self.plan.hash[:_HASH], "data": self.data}
        if self.other is not None:
            parts["with"] = _tight(self.other.canonical())
        query = urlencode(parts | {"s": _tight(self.plan.canonical())})
        return query if len(query) <= _LONGEST else None

    @classmethod
    def from_query(cls, query: Mapping[str, str], measures: Mapping[str, Any] = MEASURES) -> Shared | None:
        """Return what a link holds; None if it holds no scenario.

        Raises
        ------
        ScenarioError
            If the link was cut or changed on its way.
        """
        if not query.get("s"):
            return None
        plan = _plan(query["s"])
        if plan.hash[:_HASH] != query.get("v", ""):
            raise ScenarioError(Fault("link.damaged"))
        other = _plan(query["with"]) if query.get("with") else None
        language, data = _language(query.get("lang")), query.get("data", "")[:64]
        return cls(plan, data, View.of(query, measures), language, other)

    def to_json(self) -> str:
        """Return a small file that does what the link does."""
        table = {
            "format": FORMAT,
            "language": self.language,
            "view": self.view.table(),
            "data": self.data,
            "hash": self.plan.hash,
            "plan": self.plan.as_table(),
        }
        if self.other is not None:
            table["with"] = self.other.as_table()
        return json.dumps(table, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_table(cls, table: Mapping[str, Any], measures: Mapping[str, Any] = MEASURES) -> Shared:
        """Return what a file of :meth:`to_json` holds; a file edited by hand is read as it is.

        Raises
        ------
        ScenarioError
            If it holds no plan.
        """
        held, other, view = (table.get(name) for name in ("plan", "with", "view"))
        if not isinstance(held, dict):
            raise ScenarioError(Fault("link.no_plan"))
        seen = View.of(view, measures) if isinstance(view, dict) else View()
        return cls(
            Plan.from_json(json.dumps(held)),
            str(table.get("data", ""))[:64],
            seen,
            _language(table.get("language")),
            Plan.from_json(json.dumps(other)) if isinstance(other, dict) else None,
        )


# Files ------------------------------------------------------------------------------------------------


def read_file(path: Path | str) -> Plan | Scenario | Shared:
    """Return what a file that the app saved holds: edits, a scenario, or a scenario with a view of it.

    Raises
    ------
    ScenarioError
        With every fault, its place and its remedy.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ScenarioError(Fault("scenario.too_big", path.name, {"limit": MAX_BYTES // 1_000_000}))
        data = path.read_bytes()
    except OSError as error:
        fault = Fault("scenario.unreadable", str(path), {"reason": error.strerror or str(error)})
        raise ScenarioError(fault) from None
    return read_held(path.name, data)


def read_held(name: str, data: bytes) -> Plan | Scenario | Shared:
    """Return what the bytes of a file hold, told by its content and, JSON from TOML, by its name.

    Raises
    ------
    ScenarioError
        With every fault, its place and its remedy.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError(Fault("scenario.not_text", name)) from None
    is_json = name.lower().endswith(".json")
    table = (parse_json if is_json else parse_toml)(text, name)
    if isinstance(table, dict) and table.get("format") == FORMAT:
        return Shared.from_table(table)
    if isinstance(table, dict) and any(key in table for key in _PLAN_KEYS):
        return (Plan.from_json if is_json else Plan.from_toml)(text, file=name)
    return (Scenario.from_json if is_json else Scenario.from_toml)(text, file=name)


# Packed text ------------------------------------------------------------------------------------------


def _language(given: object) -> str:
    return str(given) if given in LANGUAGES else ""


def _tight(text: str) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def _loose(text: str) -> str:
    """Return a text that :func:`_tight` made.

    Raises
    ------
    ScenarioError
        If it was cut or changed on its way.
    """
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        opener = zlib.decompressobj()
        plain = opener.decompress(packed, _LARGEST)
        if opener.unconsumed_tail or not opener.eof:
            raise ScenarioError(Fault("link.damaged"))
        return plain.decode()
    except (binascii.Error, zlib.error, ValueError):
        raise ScenarioError(Fault("link.damaged")) from None


def _plan(text: str) -> Plan:
    try:
        return Plan.from_json(_loose(text))
    except ValueError:
        raise ScenarioError(Fault("link.damaged")) from None


def _loosened(text: str) -> Mapping[str, Any]:
    """Return the look in an address; a damaged one is none, because the scenario is there without it."""
    try:
        held = json.loads(_loose(text))
    except (ScenarioError, ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}

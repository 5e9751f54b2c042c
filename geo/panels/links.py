"""What a link or a small file brings back: a scenario, its view, the language, the version of the data."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from geo.edits import Plan
from geo.errors import Fault, ScenarioError
from geo.scenario import FIRST_YEAR, LAST_YEAR
from geo.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMAT", "MODES", "QUERY", "Shared", "View"]

FORMAT = "jingjinji-shared-1"
MODES = ("difference", "scenario", "baseline", "swipe", "beside")  # of the map
QUERY = ("s", "v", "data")  # what is taken out of the address once it is read
# Browsers and mail programs pass 8,000 characters; beyond that a link gets cut.
_LONGEST = 7000
_LARGEST = 2_000_000  # unpacked; larger than any plan, small enough for anyone's memory
_HASH = 16


@dataclass(frozen=True)
class View:
    """How the map shows a scenario; what is left empty stays as the reader has it."""

    measure: str = ""
    year: int = 0
    mode: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any], measures: Mapping[str, Any]) -> View:
        """Return the view in a query or file; what makes no sense is left out."""
        measure, mode, year = (str(given.get(name, "")) for name in ("measure", "mode", "year"))
        sound = year.isascii() and year.isdecimal() and len(year) == 4
        number = int(year) if sound else 0
        return cls(
            measure if measure in measures else "",
            number if FIRST_YEAR <= number <= LAST_YEAR else 0,
            mode if mode in MODES else "",
        )

    def state(self) -> dict[str, Any]:
        """Return what the map is told, and what stands in a link."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Shared:
    """A scenario on its way to somebody else.

    Parameters
    ----------
    plan
        The scenario as edits.
    data
        Hash of the data it was made for.
    view, language
        How it was looked at.
    """

    plan: Plan
    data: str
    view: View = field(default_factory=View)
    language: str = ""

    def to_query(self) -> str | None:
        """Return the query of a link that holds everything, or None where it would be too long."""
        packed = (
            base64.urlsafe_b64encode(zlib.compress(self.plan.canonical().encode(), 9)).decode().rstrip("=")
        )
        parts = {"lang": self.language, **self.view.state(), "v": self.plan.hash[:_HASH], "data": self.data}
        query = urlencode(parts | {"s": packed})
        return query if len(query) <= _LONGEST else None

    @classmethod
    def from_query(cls, query: Mapping[str, str], measures: Mapping[str, Any]) -> Shared | None:
        """Return what a link holds; None if it holds no scenario.

        Raises
        ------
        ScenarioError
            If the link was cut or changed on its way.
        """
        if not query.get("s"):
            return None
        plan = _unpacked(query["s"])
        if plan.hash[:_HASH] != query.get("v", ""):
            raise ScenarioError(Fault("link.damaged"))
        return cls(plan, query.get("data", "")[:64], View.of(query, measures), _language(query.get("lang")))

    def to_json(self) -> str:
        """Return a small file that does what the link does."""
        table = {
            "format": FORMAT,
            "language": self.language,
            "view": self.view.state(),
            "data": self.data,
            "hash": self.plan.hash,
            "plan": self.plan.as_table(),
        }
        return json.dumps(table, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_table(cls, table: Mapping[str, Any], measures: Mapping[str, Any]) -> Shared:
        """Return what a file of :meth:`to_json` holds; a file edited by hand is read as it is.

        Raises
        ------
        ScenarioError
            If it holds no plan.
        """
        held, view = table.get("plan"), table.get("view")
        if not isinstance(held, dict):
            raise ScenarioError(Fault("link.no_plan"))
        plan = Plan.from_json(json.dumps(held))
        seen = View.of(view, measures) if isinstance(view, dict) else View()
        return cls(plan, str(table.get("data", ""))[:64], seen, _language(table.get("language")))


def _language(given: object) -> str:
    return str(given) if given in LANGUAGES else ""


def _unpacked(text: str) -> Plan:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        opener = zlib.decompressobj()
        plain = opener.decompress(packed, _LARGEST)
        if opener.unconsumed_tail or not opener.eof:
            raise ScenarioError(Fault("link.damaged"))
        return Plan.from_json(plain.decode())
    except (binascii.Error, zlib.error, ValueError):
        raise ScenarioError(Fault("link.damaged")) from None

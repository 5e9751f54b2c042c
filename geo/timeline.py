"""What has moved, is being built or is announced: institutions and past relocations in time.

Dates are those of the layer of institutions and of ``historical_relocations.csv``; a date that nobody
published is None and nothing is put in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from geo.downloads import Field, Table
from geo.model.terms import Row, Term
from geo.words import LANGUAGES, has, say

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from geo.region import Region

__all__ = [
    "CHANGES",
    "DATES",
    "STATES",
    "Event",
    "changes",
    "explain_states",
    "sentence",
    "state_in",
    "table_of_events",
    "timeline",
    "years_of",
]

#: What an institution is in a year, as far as the dates say.
STATES: Final = ("open", "expected", "moving", "announced", "later", "undated")
#: Dates of an event, and what a year may bring.
DATES: Final = ("announced", "start", "end", "opened", "expected")
CHANGES: Final = ("expected", "opened", "start", "announced")
_NAMED: Final = 3  # names in a sentence that is read out; the table holds them all
# Rows of historical_relocations.csv of these kinds are studies and population trends, not moves.
_NO_MOVE: Final = frozenset({"district", "region", "study"})
_ORDER: Final = ("moved", "under_construction", "announced", "candidate")


@dataclass(frozen=True)
class Event:
    """An institution, or a past relocation, and its dates; None where none is published.

    Parameters
    ----------
    id
        Of the institution or the relocation.
    name, kind, destination
        In words.
    stage
        ``moved``, ``under_construction``, ``announced`` or ``candidate``.
    announced, opened, expected
        Years.
    start, end
        First and last year of a relocation in ``historical_relocations.csv``.
    source, status
        Where it comes from.
    """

    id: str
    name: str
    kind: str
    stage: str
    destination: str
    announced: int | None
    opened: int | None
    expected: int | None
    start: int | None
    end: int | None
    source: str
    status: str

    @property
    def hypothetical(self) -> bool:
        """Whether nobody announced it."""
        return self.stage == "candidate"

    @property
    def years(self) -> tuple[int, ...]:
        """Return all its years, ascending."""
        known = (self.announced, self.start, self.end, self.opened, self.expected)
        return tuple(sorted({year for year in known if year is not None}))


def timeline(region: Region, language: str = "en") -> tuple[Event, ...]:
    """Return every institution and every other past relocation, by first year, undated ones last."""
    past = region.facts["historical_relocations"]
    linked = {str(row["institution_id"]): row for row in past.to_dict("records") if row["institution_id"]}
    events = [
        _institution(row, linked.get(str(row["id"]), {}), region, language)
        for row in region.institutions.to_dict("records")
    ]
    own = past[~past["kind"].isin(_NO_MOVE) & ~past["institution_id"].isin(region.institutions.index)]
    events += [_relocation(row, region, language) for row in own.to_dict("records")]
    return tuple(
        sorted(events, key=lambda one: (not one.years, one.years, _ORDER.index(one.stage), one.name))
    )


def _year(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _county(region: Region, code: Any, text: Any, language: str) -> str:
    key = _text(code)
    if key in region.counties.index:
        return str(region.counties.at[key, f"name_{language}"])
    return _text(text) if language == "en" or not _text(text).isascii() else ""


def _institution(row: Mapping[Any, Any], past: Mapping[Any, Any], region: Region, language: str) -> Event:
    return Event(
        id=str(row["id"]),
        name=str(row[f"name_{language}"]),
        kind=say(f"kind.{row['kind']}", language),
        stage=str(row["institution_status"]),
        destination=_county(region, row["dest_code"], row["destination"], language),
        announced=_year(row["announced_year"]),
        opened=_year(row["opened_year"]),
        expected=_year(row["expected_open"]),
        start=_year(past.get("start_year")),
        end=_year(past.get("end_year")),
        source=str(row["source"]),
        status=str(row["status"]),
    )


def _relocation(row: Mapping[Any, Any], region: Region, language: str) -> Event:
    key = f"timeline.relocation.{row['id']}"
    # the table has English names only
    name = say(key, language) if has(key, language) else str(row["name"])
    return Event(
        id=str(row["id"]),
        name=name,
        kind=say(f"kind.{row['kind']}", language),
        stage="moved",
        destination=_county(region, row["dest_code"], row["destination"], language),
        announced=None,
        opened=None,
        expected=None,
        start=_year(row["start_year"]),
        end=_year(row["end_year"]),
        source=str(row["source"]),
        status=str(row["status"]),
    )


def years_of(events: Iterable[Event]) -> tuple[int, ...]:
    """Return every year from the first to the last date."""
    known = [year for event in events for year in event.years]
    return tuple(range(min(known), max(known) + 1)) if known else ()


def state_in(event: Event, year: int) -> str:
    """Return what an event is at the end of a year, one of ``STATES``.

    ``open`` once opened or relocated; ``expected`` from the year it is expected to open, for nobody knows
    that it will; ``moving`` between the years of a relocation; ``announced``; ``later`` before its first
    date; ``undated`` without any.
    """
    if not event.years:
        return "undated"
    done = event.opened if event.opened is not None else event.end
    if done is not None and done <= year:
        return "open"
    if event.expected is not None and event.expected <= year:
        return "expected"
    if event.start is not None and event.start <= year:
        return "moving"
    if event.announced is not None and event.announced <= year:
        return "announced"
    return "later"


def explain_states(region: Region, year: int, stages: Container[str]) -> dict[str, Term]:
    """Return how many institutions are in each of ``STATES`` at the end of a year, by kind and by name.

    Parameters
    ----------
    stages
        The stages that are counted.
    """
    told = [{event.id: event for event in timeline(region, language)} for language in LANGUAGES]
    found: dict[str, dict[tuple[str, str], list[Term]]] = {}
    for key, event in told[0].items():
        if event.stage in stages:
            both = (event, told[1][key])
            kinds = found.setdefault(state_in(event, year), {})
            kinds.setdefault((both[0].kind, both[1].kind), []).append(_counted(region, both))
    return {state: _state(state, year, found[state]) for state in STATES if state in found}


def _counted(region: Region, both: tuple[Event, Event]) -> Term:
    """Return one institution, with its dates and where they were read."""
    event = both[0]
    dates = [date for date in DATES if getattr(event, date) is not None]
    labels = []
    for one, language in zip(both, LANGUAGES, strict=True):
        said = [f"{say(f'timeline.column.{date}', language)} {getattr(one, date)}" for date in dates]
        text = say("map.facts.comma", language).join(said)
        labels.append(say("timeline.dated", language, name=one.name, dates=text) if text else one.name)
    file = "institutions.csv" if event.id in region.institutions.index else "historical_relocations.csv"
    row = Row(file, f"id {event.id}", event.source, event.status)
    return Term("institution", 1.0, "institutions", row=row, label=(labels[0], labels[1]), digits=0)


def _state(state: str, year: int, kinds: Mapping[tuple[str, str], list[Term]]) -> Term:
    parts = [
        Term("of_kind", float(len(listed)), "institutions", parts=tuple(listed), label=kind, digits=0)
        for kind, listed in kinds.items()
    ]
    parts.sort(key=lambda part: -part.value)
    label = [
        say("explain.panel.state", language, state=say(f"timeline.state.{state}", language), year=year)
        for language in LANGUAGES
    ]
    total = float(sum(part.value for part in parts))
    return Term(
        "in_state", total, "institutions", parts=tuple(parts), formula=("timeline.formula",),
        label=(label[0], label[1]), digits=0,
    )  # fmt: skip


def changes(events: Iterable[Event], year: int) -> dict[str, tuple[Event, ...]]:
    """Return what a year brings: events by those of ``CHANGES`` that it brings, in their order.

    ``opened`` is also the end of a relocation whose opening nobody published; ``expected`` is left out for
    what had opened by then.
    """
    found: dict[str, list[Event]] = {change: [] for change in CHANGES}
    for event in events:
        done = event.opened if event.opened is not None else event.end
        brought = {
            "expected": event.expected == year and not (done is not None and done <= year),
            "opened": done == year,
            "start": event.start == year,
            "announced": event.announced == year,
        }
        for change in CHANGES:
            if brought[change]:
                found[change].append(event)
    return {change: tuple(listed) for change, listed in found.items() if listed}


def sentence(events: Iterable[Event], year: int, language: str = "en") -> str:
    """Return what a year brings in words: "2024: opens A; announced: B and 3 more"."""
    parts = [
        say(f"map.facts.change.{change}", language, names=_names(listed, language))
        for change, listed in changes(events, year).items()
    ]
    key = "map.facts.sentence" if parts else "map.facts.nothing"
    return say(key, language, year=str(year), changes=say("map.facts.semicolon", language).join(parts))


def _names(events: Sequence[Event], language: str) -> str:
    names = say("map.facts.comma", language).join(event.name for event in events[:_NAMED])
    more = len(events) - _NAMED
    return say("map.facts.more", language, names=names, count=more) if more > 0 else names


def table_of_events(events: Sequence[Event], language: str = "en", year: int | None = None) -> Table:
    """Return the timeline as a table; with ``year``, also what each is in that year."""
    keys = (
        "name",
        "kind",
        "stage",
        "destination",
        "announced",
        "start",
        "end",
        "opened",
        "expected",
        "source",
        "status",
    )
    fields = [Field(key, say(f"timeline.column.{key}", language)) for key in keys]
    rows: list[list[Any]] = [
        [
            *(event.name, event.kind, say(f"institution_status.{event.stage}", language), event.destination),
            *(event.announced, event.start, event.end, event.opened, event.expected),
            *(event.source, say(f"status.{event.status}", language)),
        ]
        for event in events
    ]
    if year is not None:
        fields.insert(1, Field("state", say("timeline.column.state", language, year=year)))
        for event, row in zip(events, rows, strict=True):
            row.insert(1, say(f"timeline.state.{state_in(event, year)}", language))
    title = say("timeline.title", language)
    return Table("timeline", title, tuple(fields), tuple(tuple(row) for row in rows))

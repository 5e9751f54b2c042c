"""The report as one HTML file made for print."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from geo.errors import ExportError, Fault
from geo.outcome import compare
from geo.ranges import Spread
from geo.report.explained import explained
from geo.report.grounds import assumptions, head, measures, method, moves, scenario_text, sources
from geo.report.markup import join, raw_style, tag
from geo.report.paper import Paper
from geo.report.pdf import report_pdf
from geo.report.people import people
from geo.report.results import charts, cities, counties, effects, largest, limits, maps, overall
from geo.words import LANGUAGES, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.ensemble import Ensemble
    from geo.outcome import Outcome
    from geo.region import Region

__all__ = ["report_html", "write_report"]

_PARTS = (
    head, effects, maps, overall, charts, cities, people, largest, moves, limits, explained,
    method, assumptions,
    measures, sources, counties, scenario_text,
)  # fmt: skip


@cache
def _style() -> str:
    return files(__name__.rpartition(".")[0]).joinpath("report.css").read_text(encoding="utf-8")


def _policy(style: str) -> str:
    """Return the policy: this very style, no script, nothing fetched."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _year(outcomes: tuple[Outcome, ...]) -> int:
    """Return the year in which the last move is complete, or the last year where nothing moves."""
    ends = [move.end for outcome in outcomes for move in outcome.scenario.moves]
    return max(ends, default=int(outcomes[0].years[-1]))


def report_html(
    region: Region,
    outcome: Outcome,
    other: Outcome | None = None,
    *,
    year: int | None = None,
    date: str = "",
    drawn: Sequence[Ensemble | None] = (),
) -> str:
    """Return a bilingual A4 report as HTML that needs nothing else.

    Parameters
    ----------
    region
        The region of the outcomes.
    outcome
        What the report is about.
    other
        A second outcome to compare with it; differences are the second less the first.
    year
        Year of maps and tables; by default the one in which the last move is complete.
    date
        Day of making, ISO 8601; by default today's (UTC).
    drawn
        Draws of every outcome, for ranges beside its numbers, None for one of two in which nothing moves.
        By default there are no ranges.

    Raises
    ------
    ModelError
        If the outcomes cannot be compared or do not hold ``year``.
    """
    outcomes = (outcome,) if other is None else (outcome, other)
    if other is not None:
        compare(outcome, other)
    shown = _year(outcomes) if year is None else year
    for one in outcomes:
        one.position(shown)
    pairs = zip(outcomes, drawn, strict=True) if drawn else ()
    spreads = tuple(None if held is None else Spread(region, one, held) for one, held in pairs)
    paper = Paper(region, outcomes, shown, date or datetime.now(tz=UTC).date().isoformat(), spreads)
    style = _style()
    named = " · ".join(one.scenario.name for one in outcomes if one.scenario.name)
    title = " ".join(say("report.title", language) for language in LANGUAGES)
    top = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · {named}" if named else title),
        raw_style(style),
    )
    body = tag("body", tag("main", *(part(paper) for part in _PARTS)))
    return join([tag("html", top, body, lang="en")]).join(["<!doctype html>\n", "\n"])


def write_report(
    region: Region,
    outcome: Outcome,
    path: Path | str,
    other: Outcome | None = None,
    *,
    year: int | None = None,
    date: str = "",
    pdf: bool = False,
    drawn: Sequence[Ensemble | None] = (),
) -> tuple[Path, ...]:
    """Write a report as HTML and, if ``pdf``, beside it as PDF; return the files written.

    Raises
    ------
    ExportError
        If a file cannot be written, or no browser prints the PDF; the HTML is there then.
    ModelError
        As :func:`report_html`.
    """
    made, text = Path(path), report_html(region, outcome, other, year=year, date=date, drawn=drawn)
    _write(made, text.encode("utf-8"))
    if not pdf:
        return (made,)
    printed = made.with_suffix(".pdf")
    _write(printed, report_pdf(text))
    return (made, printed)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        values = {"reason": error.strerror or str(error)}
        raise ExportError(Fault("report.not_written", str(path), values)) from error

"""All scenarios of the desk side by side: a column each, years as lines, one measure to be sorted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import streamlit as st

from geo.comparison import workbook
from geo.panels import explaining
from geo.panels.chart import FIRST_COLUMN, frame, offer_tables, show_chart
from geo.panels.text import plain
from geo.several import (
    BASELINE,
    distinct,
    numbers,
    table_of_differences,
    table_of_inputs,
    table_of_numbers,
    table_of_one,
    table_of_years,
)
from geo.several_charts import several_lines
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.comparison import Place
    from geo.measures import Measure
    from geo.panels.text import Voice
    from geo.several import Several, SeveralRow

__all__ = ["chosen", "show"]

_LINES_SHOWN: Final = 40
_PERCENT_DIGITS: Final = 2
_ORDERS: Final = ("as_listed", "rising", "falling")
_START: Final = ""  # the starting point, among ids of scenarios
_SHOWN: Final = ("values", "differences")


@dataclass(frozen=True)
class _Asked:
    """What is asked: differences or values, to which reference, in which order of scenarios."""

    differences: bool
    reference: int
    order: list[int]


def chosen(voice: Voice, names: dict[str, str]) -> list[str]:
    """Ask which scenarios are compared, given by id and name; return their ids, in the order of the desk."""
    # a scenario may have gone since, or come: then all are chosen again
    if st.session_state.get("all_of") != set(names):
        st.session_state["all_of"] = set(names)
        st.session_state.pop("all_chosen", None)
    found = st.multiselect(
        voice("several.panel.chosen"),
        list(names),
        default=list(names),
        format_func=names.__getitem__,
        key="all_chosen",
        persist_state="page",
    )
    return [key for key in names if key in found]


def show(
    found: Several, voice: Voice, year: int, measure: Measure, place: Place, *, ids: Sequence[str]
) -> None:
    """Draw the table of all measures, the chosen measure by year, and the same to be sorted.

    ``ids`` are those of the scenarios that were found, in their order.
    """
    asked = _asked(found, voice, year, measure, place, ids=ids)
    rows = numbers(found, year, [one.id for one in found.measures], place, reference=asked.reference)
    _table(found, voice, rows, asked)
    explaining.offer_several(voice, found, rows, measure.id, asked.reference)
    _take(found, voice, rows, asked, measure)
    language = voice.language
    show_chart(voice, several_lines(found, measure.id, place, language), digits=measure.digits)
    st.markdown(f"##### {voice('several.panel.one', measure=measure.name(language))}")
    mine = next(row for row in rows if row.measure is measure)
    one = table_of_one(found, mine, asked.reference, language)
    # numbers, not text, so that a click on a head sorts them
    written = st.column_config.NumberColumn(format="localized")
    numeric = {field.title: written for field in one.fields[1:]}
    shown = frame(one, max(measure.digits, _PERCENT_DIGITS))
    shown[[field.title for field in one.fields[1:3]]] = shown.iloc[:, 1:3].round(measure.digits)
    st.dataframe(shown, hide_index=True, column_config=numeric, key="all_one")
    _inputs(found, voice, asked.reference)


def _asked(
    found: Several, voice: Voice, year: int, measure: Measure, place: Place, *, ids: Sequence[str]
) -> _Asked:
    left, right = st.columns(2)
    what = left.selectbox(
        voice("several.panel.show"),
        _SHOWN,
        format_func=lambda key: voice(f"several.panel.{key}"),
        key="all_show",
        persist_state="page",
    )
    # by id: a position would mean another scenario once one before it is gone
    references = {_START: BASELINE} | {key: at for at, key in enumerate(ids)}
    if st.session_state.get("all_reference", _START) not in references:
        st.session_state.pop("all_reference")
    reference = right.selectbox(
        voice("several.panel.reference"),
        list(references),
        format_func=lambda key: found.name(references[key], voice.language),
        key="all_reference",
        persist_state="page",
    )
    order = st.selectbox(
        voice("several.order.label"),
        _ORDERS,
        format_func=lambda key: voice(f"several.order.{key}"),
        help=voice("several.panel.order_hint"),
        key="all_order",
        persist_state="page",
    )
    (row,) = numbers(found, year, [measure.id], place)
    return _Asked(what == "differences", references[reference], _ordered(row.values, order))


def _ordered(values: tuple[float, ...], order: str) -> list[int]:
    """Return positions in the order asked for; those without a number come last, ties as on the desk."""
    if order == "as_listed":
        return list(range(len(values)))
    known = np.array(values) if order == "rising" else -np.array(values)
    return [int(at) for at in np.argsort(known, kind="stable")]


def _table(found: Several, voice: Voice, rows: tuple[SeveralRow, ...], asked: _Asked) -> None:
    """Draw a row a measure with written numbers; measures without any number are left out."""
    language = voice.language

    def written(row: SeveralRow) -> list[str]:
        shown = row.differences if asked.differences else row.values
        return [
            row.measure.name(language),
            row.measure.text(row.start, language),
            *(row.measure.text(shown[at], language, sign=asked.differences) for at in asked.order),
            row.measure.unit_name(language),
            say(f"status.{row.measure.status}", language),
        ]

    def column(key: str) -> str:
        return voice(f"compare.column.{key}")

    known = [row for row in rows if np.isfinite([row.start, *row.values]).any()]
    names = [found.names[at] for at in asked.order]
    # a scenario may be called like a column
    heads = distinct([column("measure"), column("baseline"), *names, column("unit"), column("status")])
    st.dataframe(
        pd.DataFrame([written(row) for row in known], columns=heads),
        hide_index=True,
        column_config={heads[0]: st.column_config.Column(width=FIRST_COLUMN, pinned=True)},
        key="all_table",
    )
    st.caption(voice("several.panel.rules", name=found.name(asked.reference, language)))


def _take(
    found: Several, voice: Voice, rows: tuple[SeveralRow, ...], asked: _Asked, measure: Measure
) -> None:
    language, reference = voice.language, asked.reference
    place, year = rows[0].place, rows[0].year
    listed = table_of_numbers(found, rows, language)
    differences = table_of_differences(found, rows, reference, language)

    def sheets() -> bytes:
        title = say("several.table.years", language)
        lines = replace(table_of_years(found, measure.id, place, language), title=title)
        return workbook([listed, differences, lines, table_of_inputs(found, reference, language)])

    stem = f"jingjinji-scenarios-{year}"
    shown = differences if asked.differences else listed
    offer_tables(voice, shown, sheets, stem, words="several.panel", key="all")


def _inputs(found: Several, voice: Voice, reference: int) -> None:
    """Say in words what every scenario asks for differently than the reference."""
    table = table_of_inputs(found, reference, voice.language)
    with st.expander(f"{voice('several.panel.inputs')} ({len(table.rows)})", key="all_inputs"):
        st.write(f"{plain(table.fields[1].header)}:")
        last = ""
        lines = []
        for name, line in table.rows[:_LINES_SHOWN]:
            if name != last:
                lines.append(f"\n**{plain(name)}**\n")
                last = name
            lines.append(f"- {plain(line)}")
        st.markdown("\n".join(lines))
        if len(table.rows) > _LINES_SHOWN:
            st.caption(voice("several.panel.more", count=len(table.rows) - _LINES_SHOWN))

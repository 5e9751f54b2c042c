"""Who gains and who loses among people: workers by pay, home and class, moved staff, institutions by name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from geo import people_charts
from geo.errors import ModelError
from geo.panels import explaining
from geo.panels.chart import show_chart
from geo.panels.problems import show_error
from geo.panels.text import plain
from geo.people import BY, pay, pay_rows
from geo.people_explained import (
    questions_of_fates,
    questions_of_institutions,
    questions_of_pay,
    questions_of_staff,
)
from geo.words import say

if TYPE_CHECKING:
    from geo.comparison import Pair
    from geo.panels.text import Voice
    from geo.people import NumberRow, Pay

__all__ = ["show"]


def show(two: Pair, voice: Voice, year: int) -> None:
    """Draw pay of workers, what becomes of moved staff, and whose trips are longest, in A and B."""
    try:
        found = pay(two, year)
    except ModelError as error:
        show_error(voice, error)
        return
    st.markdown(f"#### {voice('people.panel.heading')}")
    _numbers(voice, pay_rows(found, voice.language))
    st.caption(voice("people.note.alike"))
    show_chart(voice, people_charts.persons_by_band(found, voice.language), digits=0)
    explaining.offer_asked(voice, two, year, lambda: questions_of_pay(found, voice.language), what="pay")
    _fates(voice, found)
    _staff(two, voice, year)


def _numbers(voice: Voice, rows: tuple[NumberRow, ...]) -> None:
    """Draw workers, pay and inequality as written numbers."""

    def column(key: str) -> str:
        return voice(f"people.column.{key}")

    def written(row: NumberRow) -> dict[str, str]:
        measure, language = row.measure, voice.language
        plain_numbers = {"baseline": row.start, "a": row.first, "b": row.second}
        return {
            column("measure"): row.name,
            **{column(key): measure.text(value, language) for key, value in plain_numbers.items()},
            column("difference"): measure.text(row.difference, language, sign=True),
            column("unit"): measure.unit_name(language),
            column("status"): say(f"status.{measure.status}", language),
        }

    pinned = {column("measure"): st.column_config.Column(width=130, pinned=True)}
    st.dataframe(
        pd.DataFrame([written(row) for row in rows]), hide_index=True, column_config=pinned, key="people_pay"
    )
    st.caption(plain(rows[0].measure.source_text(voice.language)))


def _fates(voice: Voice, found: Pay) -> None:
    """Draw who gains and who loses, by what the reader chooses."""
    by = st.segmented_control(
        voice("people.panel.by"),
        BY,
        default=BY[0],
        format_func=lambda key: voice(f"people.panel.{key}"),
        key="people_by",
        required=True,
        persist_state="page",
    )
    show_chart(voice, people_charts.pay_changes(found, by, voice.language), digits=2)
    show_chart(voice, people_charts.pay_shares(found, by, voice.language), digits=2)
    explaining.offer_asked(
        voice, found.two, found.year, lambda: questions_of_fates(found, by, voice.language), what="fates"
    )


def _staff(two: Pair, voice: Voice, year: int) -> None:
    st.markdown(f"#### {voice('people.panel.staff')}")
    trips = people_charts.institution_trips(two, year, voice.language)
    if trips.empty:
        st.info(voice("people.panel.no_staff"))
        return
    show_chart(voice, people_charts.staff_trips(two, year, voice.language), digits=2)
    asked = partial(questions_of_staff, two, year, voice.language)
    explaining.offer_asked(voice, two, year, asked, what="staff")
    show_chart(voice, trips, digits=1)
    asked = partial(questions_of_institutions, two, year, voice.language)
    explaining.offer_asked(voice, two, year, asked, what="institutions")

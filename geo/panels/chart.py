"""A chart on a page, with its note, its text alternative, its table twin and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from geo.charts import draws_chinese
from geo.downloads import FORMATS, to_csv
from geo.panels.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.charts import Chart
    from geo.downloads import Table
    from geo.panels.text import Voice

__all__ = ["FIRST_COLUMN", "frame", "offer_tables", "show_chart"]

FIRST_COLUMN = 130  # pixels of the column that names the rows: it stays while the others are scrolled
_HIGH = 320


def frame(table: Table, digits: int = 2) -> pd.DataFrame:
    """Return a table for the screen: columns by their titles, numbers rounded, whole ones without a point."""
    made = pd.DataFrame(list(table.rows), columns=[field.title for field in table.fields])
    for name in made:
        if made[name].dtype == object and made[name].map(lambda v: v is None or isinstance(v, int)).all():
            made[name] = made[name].astype("Int64")
    return made.round(digits)


def show_chart(voice: Voice, chart: Chart, *, digits: int = 2, heading: bool = True) -> None:
    """Draw a chart with all that belongs to it; its parts are keyed by ``chart.id``."""
    if heading:
        st.markdown(f"##### {plain(chart.title)}")
    # our own theme: the page, the report and the files shall show the same
    st.vega_lite_chart(chart.spec, width="stretch", theme=None, alt=chart.alt, key=f"chart_{chart.id}")
    st.caption(plain(chart.note))
    with st.expander(voice("compare.panel.table"), key=f"twin_{chart.id}"):
        st.caption(plain(chart.alt))
        st.dataframe(frame(chart.table, digits), hide_index=True, height=_HIGH, key=f"table_{chart.id}")
        _files(voice, chart)


def _files(voice: Voice, chart: Chart) -> None:
    stem = f"jingjinji-{chart.id}"
    able = voice.language != "zh" or draws_chinese()
    offers = (
        ("csv", "text/csv", lambda: to_csv(chart.table), False),
        ("chart_svg", "image/svg+xml", lambda: chart.svg().encode("utf-8"), False),
        ("chart_png", "image/png", chart.png, not able),
    )
    with st.container(horizontal=True, gap="small"):
        for word, mime, made, barred in offers:
            st.download_button(
                voice(f"compare.panel.{word}"),
                made,
                f"{stem}.{word.removeprefix('chart_')}",
                mime,
                on_click="ignore",
                disabled=barred,
                key=f"take_{chart.id}_{word}",
            )
    if not able:
        st.caption(voice("compare.panel.no_chinese"))


def offer_tables(
    voice: Voice, shown: Table, sheets: Callable[[], bytes], stem: str, *, words: str, key: str
) -> None:
    """Draw the downloads of what a page compares.

    Parameters
    ----------
    shown
        The table that is on the page, for CSV.
    sheets
        Makes the workbook with all tables.
    stem
        Of the files' names.
    words, key
        Where their texts are (``<words>.csv``, ``<words>.xlsx``), and the stem of their own keys.
    """
    made: dict[str, Callable[[], bytes]] = {"csv": lambda: to_csv(shown), "xlsx": sheets}
    with st.container(horizontal=True, gap="small"):
        for form, make in made.items():
            st.download_button(
                voice(f"{words}.{form}"),
                make,
                f"{stem}.{form}",
                FORMATS[form],
                on_click="ignore",
                key=f"{key}_{form}",
            )

"""What can be taken along, a check of the reader's own layers, and where the layers come from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from geo.downloads import FORMATS, download
from geo.maps.export import export_html
from geo.panels.state import map_of, outcome_of
from geo.panels.text import plain
from geo.userlayers import check_layer, convert

if TYPE_CHECKING:
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.userlayers import LayerReport

__all__ = ["show"]

_SHOWN = 30
_TYPES = ["geojson", "json", "gpkg", "zip", "csv"]


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the exports, the check and the sources."""
    _map(session, voice)
    _tables(session, region, voice)
    _own_layer(region, voice)
    _sources(region, voice)


def _stem(session: Session) -> str:
    return f"jingjinji-{session.shelf.current.hash[:8]}"


def _map(session: Session, voice: Voice) -> None:
    st.markdown(f"#### {voice('app.data.map_heading')}")
    st.write(voice("app.data.map_text"))
    view = map_of(session)
    st.download_button(
        voice("app.data.map_button"),
        lambda: export_html(view).encode("utf-8"),
        f"{_stem(session)}.html",
        "text/html",
        type="primary",
        on_click="ignore",
        width="stretch",
        key="export_map",
    )


def _tables(session: Session, region: Region, voice: Voice) -> None:
    st.markdown(f"#### {voice('app.data.tables_heading')}")
    outcome = outcome_of(session.shelf.current)
    years = [int(year) for year in outcome.years]
    year = st.select_slider(voice("app.data.year"), years, value=years[-1], key="download_year")
    for form, mime in FORMATS.items():
        st.download_button(
            voice(f"app.data.{form}"),
            partial(download, region, outcome, form, year, voice.language),
            f"{_stem(session)}-{year}.{form}",
            mime,
            on_click="ignore",
            width="stretch",
            key=f"download_{form}",
        )


def _own_layer(region: Region, voice: Voice) -> None:
    st.markdown(f"#### {voice('app.data.own_heading')}")
    st.write(voice("app.data.own_text"))
    file = st.file_uploader(voice("app.data.own_upload"), type=_TYPES, key="own_layer")
    if file is None:
        return
    with st.spinner(voice("app.working")):
        report = check_layer(file.getvalue(), file.name, region)
    _report(report, voice)
    if report.convertible:
        st.download_button(
            voice("app.data.convert"),
            lambda: convert(report).to_json(ensure_ascii=False).encode("utf-8"),
            f"{file.name.rsplit('.', 1)[0]}-wgs84.geojson",
            "application/geo+json",
            on_click="ignore",
            width="stretch",
        )


def _report(report: LayerReport, voice: Voice) -> None:
    head, draw = (
        ("bad", st.error)
        if report.faults
        else ("warned", st.warning)
        if report.warnings
        else ("good", st.success)
    )
    count = len(report.faults) if report.faults else report.count
    draw(voice(f"app.data.own_{head}", name=report.name, count=count, warnings=len(report.warnings)))
    found = [*report.faults, *report.warnings]
    if found:
        st.markdown("\n".join(f"- {plain(fault.text(voice.language))}" for fault in found[:_SHOWN]))
    if len(found) > _SHOWN:
        st.caption(f"… +{len(found) - _SHOWN}")


def _sources(region: Region, voice: Voice) -> None:
    with st.expander(voice("app.data.sources_heading")):
        rows = [
            {
                voice("app.data.source_title"): entry[f"title_{voice.language}"],
                voice("app.data.source_source"): entry["source"],
                voice("app.data.source_terms"): entry["terms"],
                voice("app.data.source_date"): str(entry["date"]),
                voice("app.data.source_rows"): str(entry["rows"]),
            }
            for entry in region.catalog["layers"].values()
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="sources")
        st.caption(voice("app.map_review"))

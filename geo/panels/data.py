"""What can be taken along, a check of the reader's own layers, and where the layers come from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from geo.downloads import FORMATS, download
from geo.errors import LayerError
from geo.maps.export import export_html
from geo.maps.own import OwnLayer, checked_layers
from geo.panels import flows, report, sure
from geo.panels.problems import show_error
from geo.panels.sharing import ask_view, view_of_map
from geo.panels.state import answered, map_of, outcome_of
from geo.panels.text import plain
from geo.userlayers import check_layer, convert

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.userlayers import LayerReport

__all__ = ["show"]

_SHOWN = 30
_SMALLEST_ERROR = 0.001  # metres; below it no reader of this map can tell
_TYPES = ["geojson", "json", "gpkg", "zip", "csv"]


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the exports, the check and the sources."""
    _map(session, voice)
    report.show(session, region, voice)
    _own_layer(session, region, voice)
    _tables(session, region, voice)
    _sources(region, voice)


def _stem(session: Session) -> str:
    return f"jingjinji-{session.shelf.current.hash[:8]}"


def _map(session: Session, voice: Voice) -> None:
    st.markdown(f"#### {voice('app.data.map_heading')}")
    st.write(voice("app.data.map_text"))
    st.button(voice("app.share.take_view"), on_click=ask_view, key="export_view", width="stretch")
    state = _opening(session)
    # of two scenarios, how far apart they may lie is taken along for the one that the file opens with
    pairs = [(state["b"], place) for place in range(len(answered(session))) if place != state["b"]]
    view = map_of(session, sure.range_view, partial(sure.pair_views, pairs=pairs))
    st.download_button(
        voice("app.data.map_button"),
        lambda: export_html(view, state=state).encode("utf-8"),
        f"{_stem(session)}.html",
        "text/html",
        type="primary",
        on_click="ignore",
        width="stretch",
        key="export_map",
    )


def _opening(session: Session) -> dict[str, Any]:
    """Return how the file opens: as the map was when it was asked last, its scenarios by their places."""
    view = view_of_map()
    places = {one.id: place for place, one in enumerate(answered(session))}
    here = places.get(session.shelf.opened.id, 0)
    shown = {"b": places.get(view.shown, here), "a": places.get(view.beside, -1)}
    return {**view.state(), **shown}


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
    flows.offered(region, outcome, voice, _stem(session))


def _own_layer(session: Session, region: Region, voice: Voice) -> None:
    st.markdown(f"#### {voice('app.data.own_heading')}")
    st.write(voice("app.data.own_text"))
    file = st.file_uploader(voice("app.data.own_upload"), type=_TYPES, key="own_layer")
    if file is not None:
        report, layer = _checked(file, region, voice)
        _report(report, voice)
        if layer is not None and layer.converted_from:
            _conversion(report, layer, voice)
            _switch(session, voice, file.file_id, layer, "own_show_converted")
            _copy(layer, voice)
        elif layer is not None:
            _switch(session, voice, file.file_id, layer, "own_show")
    _others(session, voice, None if file is None else file.file_id)


def _checked(file: UploadedFile, region: Region, voice: Voice) -> tuple[LayerReport, OwnLayer | None]:
    """Return what the check says and what the map may show, worked out once for each upload."""
    kept: tuple[str, LayerReport, OwnLayer | None] | None = st.session_state.get("own_checked")
    if kept is None or kept[0] != file.file_id:
        with st.spinner(voice("app.working")):
            report = check_layer(file.getvalue(), file.name, region)
            kept = (file.file_id, report, _showable(report))
        st.session_state["own_checked"] = kept
    return kept[1], kept[2]


def _showable(report: LayerReport) -> OwnLayer | None:
    """Return the layer as it is, or the converted copy that its reader may agree to."""
    if report.ok:
        return OwnLayer(report.name, report.frame)
    if not report.convertible or report.suggestion is None:
        return None
    frame = convert(report)
    return OwnLayer(report.name, frame, frame.attrs["converted_from"], frame.attrs["round_trip_error_m"])


def _switch(session: Session, voice: Voice, key: str, layer: OwnLayer, label: str) -> None:
    """Draw the button that puts a layer on the map, or takes it off again."""
    if key in session.own:
        if st.button(voice("app.data.own_remove"), key="own_remove", width="stretch"):
            del session.own[key]
            st.rerun()
        return
    if not st.button(voice(f"app.data.{label}"), key="own_show", type="primary", width="stretch"):
        return
    try:
        checked_layers([*session.own.values(), layer])
    except LayerError as error:
        show_error(voice, error)
        return
    session.own[key] = layer
    session.notice = voice("app.data.own_shown", name=layer.name)
    st.rerun()


def _conversion(report: LayerReport, layer: OwnLayer, voice: Voice) -> None:
    """Say what the conversion is and what it is known to err by."""
    error = _metres(layer.error_m or 0.0)
    st.info(voice("app.data.own_conversion", system=layer.converted_from, error=error))
    if report.suggestion is not None and report.suggestion.accuracy_m is not None:
        st.caption(voice("app.data.own_accuracy", accuracy=_metres(report.suggestion.accuracy_m)))


def _copy(layer: OwnLayer, voice: Voice) -> None:
    st.download_button(
        voice("app.data.convert"),
        lambda: layer.frame.to_json(ensure_ascii=False).encode("utf-8"),
        f"{layer.name.rsplit('.', 1)[0]}-wgs84.geojson",
        "application/geo+json",
        on_click="ignore",
        width="stretch",
    )


def _metres(value: float) -> str:
    return f"{value:.2g}" if value >= _SMALLEST_ERROR else f"< {_SMALLEST_ERROR}"


def _others(session: Session, voice: Voice, current: str | None) -> None:
    """List the layers on the map whose file is no longer open, so that each can be taken off."""
    others = [(at, key) for at, key in enumerate(session.own) if key != current]
    if others:
        st.markdown(f"**{voice('app.data.own_on_map')}**")
    for at, key in others:
        layer = session.own[key]
        line = "own_line_converted" if layer.converted_from else "own_line"
        values = {"system": layer.converted_from, "error": _metres(layer.error_m or 0.0)}
        st.caption(voice(f"app.data.{line}", name=layer.name, count=voice.number(layer.count), **values))
        name = voice("app.data.own_remove_one", name=layer.name)
        if st.button(name, key=f"own_remove_{at}", width="stretch"):
            del session.own[key]
            st.rerun()


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

"""The printed report of the scenario at hand, alone or compared with another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from geo.panels import sure
from geo.panels.state import outcome_of
from geo.report import find_browser, report_html, report_pdf

if TYPE_CHECKING:
    from geo.ensemble import Ensemble
    from geo.outcome import Outcome
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region

    _Drawn = tuple[Ensemble | None, ...]

__all__ = ["show"]


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the choice of a second scenario and the downloads; a report is made when it is asked for."""
    st.markdown(f"#### {voice('report.panel_heading')}")
    st.write(voice("report.panel_text"))
    shelf = session.shelf
    outcome, other = outcome_of(shelf.current), _other(session, voice)
    drawn = sure.drawn_of(outcome.scenario, None if other is None else other.scenario)
    stem = _stem(outcome, other)
    st.download_button(
        voice("report.html"),
        partial(_html, region, outcome, other, drawn),
        f"{stem}.html",
        "text/html",
        on_click="ignore",
        width="stretch",
        key="report_html",
    )
    if find_browser() is None:
        st.caption(voice("report.print_hint"))
        return
    st.download_button(
        voice("report.pdf"),
        partial(_pdf, region, outcome, other, drawn),
        f"{stem}.pdf",
        "application/pdf",
        on_click="ignore",
        width="stretch",
        key="report_pdf",
    )


def _stem(*outcomes: Outcome | None) -> str:
    """Return a name for the files: of two compared, that of both."""
    return "-".join(["jingjinji-report", *(one.scenario.hash[:8] for one in outcomes if one is not None)])


def _other(session: Session, voice: Voice) -> Outcome | None:
    """Return what follows from the scenario to compare with, if one is chosen."""
    here = session.shelf.opened.id
    others = {one.id: one for one in session.shelf.saved if one.id != here}
    if st.session_state.get("report_other") not in {None, "", *others}:
        st.session_state.pop("report_other")
    chosen = st.selectbox(
        voice("report.compare_with"),
        ["", *others],
        format_func=lambda key: voice("report.no_other") if not key else others[key].name,
        key="report_other",
    )
    return None if not chosen else outcome_of(others[chosen].plan.scenario())


def _html(region: Region, outcome: Outcome, other: Outcome | None, drawn: _Drawn) -> bytes:
    return report_html(region, outcome, other, drawn=drawn).encode("utf-8")


def _pdf(region: Region, outcome: Outcome, other: Outcome | None, drawn: _Drawn) -> bytes:
    return report_pdf(report_html(region, outcome, other, drawn=drawn))

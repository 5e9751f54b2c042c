"""Limits that the scenario exceeds, while it is edited: rule, number, source; and a budget of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from geo.downloads import to_csv
from geo.errors import GeoError, ModelError
from geo.limits import Breach, Budget, breaches, standings, table_of_standings
from geo.panels import explaining
from geo.panels.chart import frame
from geo.panels.state import outcome_of
from geo.panels.state import region as the_region
from geo.panels.text import plain
from geo.scenario import Scenario

if TYPE_CHECKING:
    from geo.limits import Standing
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region

__all__ = ["count", "found", "note_new", "show", "worsened"]

_KEPT = 128
_FIELDS = ("total", "per_post", "per_student", "per_bed")
_QUERY = "budget"
_MILLION = 1e6
_HIGH = 320
_RULE = 170  # pixels
_MAX_MILLIONS = 1e9


@st.cache_resource(show_spinner=False, max_entries=_KEPT, hash_funcs={Scenario: lambda s: s.hash})
def _breaches(scenario: Scenario, budget: Budget | None) -> tuple[Breach, ...]:
    return breaches(scenario, the_region(), outcome_of(scenario), budget=budget)


@st.cache_resource(show_spinner=False, max_entries=_KEPT, hash_funcs={Scenario: lambda s: s.hash})
def _standings(scenario: Scenario) -> tuple[Standing, ...]:
    return standings(scenario, the_region(), outcome_of(scenario))


def found(session: Session) -> tuple[Breach, ...]:
    """Return every limit that the current scenario exceeds, computed once per content."""
    return _breaches(session.shelf.current, _budget())


def worsened(found_now: tuple[Breach, ...]) -> list[Breach]:
    """Return the breaches that the scenario causes or makes worse."""
    return [one for one in found_now if one.caused or one.change > 0]


def count(session: Session) -> int:
    """Return how many limits the scenario breaks or makes worse: the number on the tab."""
    return len(worsened(found(session)))


def note_new(session: Session, region: Region, voice: Voice) -> None:
    """Say at once when an edit of this scenario breaks a limit."""
    here = session.shelf.opened.id
    try:
        now = {f"{one.rule}:{one.institution}": one for one in worsened(found(session))}
    except GeoError:
        return  # there are no numbers; the tabs say why
    last: tuple[str, frozenset[str]] = st.session_state.get("breached", ("", frozenset()))
    st.session_state["breached"] = (here, frozenset(now))
    new = [one for key, one in now.items() if key not in last[1]]
    if last[0] == here and new:
        st.toast(voice("app.limits.now", rule=new[0].name(voice.language, region)), icon=":material/warning:")


def _budget() -> Budget | None:
    """Return the budget in the link: it belongs to the reader, not to the scenario."""
    try:
        numbers = [float(part) for part in st.query_params.get(_QUERY, "").split(",")]
        return Budget(**dict(zip(_FIELDS, numbers, strict=True)))
    except (ValueError, ModelError):
        return None  # none, or a link that was changed by hand


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the breaches, the worst for this scenario first, and the budget."""
    all_found = found(session)
    mine = worsened(all_found)
    st.markdown(f"#### {voice('app.tabs.limits')}")
    if mine:
        st.warning(voice("limits.marked", count=len(mine)))
    else:
        st.success(voice("app.limits.none_by_scenario"))
    for breach in mine:
        _one(breach, session, region, voice)
    rest = [one for one in all_found if one not in mine]
    if rest:
        with st.expander(voice("app.limits.anyway", count=len(rest))):
            for breach in rest:
                _one(breach, session, region, voice)
    _all(session, region, voice)
    _ask_budget(voice)


def _all(session: Session, region: Region, voice: Voice) -> None:
    """Draw how far the scenario goes towards every limit, exceeded or not."""
    outcome = outcome_of(session.shelf.current)
    listed = _standings(session.shelf.current)
    table = table_of_standings(listed, voice.language)
    with st.expander(voice("app.limits.all", count=len(table.rows)), key="limits_all"):
        st.caption(voice("app.limits.all_text"))
        # a telephone shows the rule and how much of it is used
        narrow: dict[str, Any] = {table.fields[0].title: st.column_config.TextColumn(width=_RULE)}
        for field in table.fields[2:4]:
            narrow[field.title] = st.column_config.NumberColumn(format="localized")
        st.dataframe(frame(table), hide_index=True, height=_HIGH, column_config=narrow, key="table_limits")
        with st.container(horizontal=True, gap="small"):
            explaining.offer_standings(voice, region, outcome, listed)
            st.download_button(
                voice("compare.panel.csv"),
                lambda: to_csv(table),
                "jingjinji-limits.csv",
                "text/csv",
                on_click="ignore",
                key="take_limits_csv",
            )


def _one(breach: Breach, session: Session, region: Region, voice: Voice) -> None:
    with st.container(border=True):
        st.markdown(plain(breach.text(voice.language, region)))
        names = region.counties[f"name_{voice.language}"]
        places = [str(names[code]) for code in breach.codes if code in names.index]
        if 0 < len(places) <= 6:
            st.caption(plain(("、" if voice.language == "zh" else ", ").join(places)))
        note = f"  \n{plain(breach.note)}" if breach.note else ""
        st.caption(plain(breach.source_text(voice.language)) + note)
        explaining.offer_breach(voice, region, outcome_of(session.shelf.current), breach, _budget())


def _ask_budget(voice: Voice) -> None:
    known = _budget()
    with st.expander(voice("app.limits.budget"), expanded=known is not None):
        st.caption(voice("app.limits.budget_text"))
        values = []
        for name in _FIELDS:
            scale = _MILLION if name == "total" else 1.0
            values.append(
                scale
                * st.number_input(
                    voice(f"app.limits.{name}"),
                    0.0,
                    _MAX_MILLIONS,
                    getattr(known, name) / scale if known else 0.0,
                    step=100.0 if name == "total" else 1000.0,
                    format="%.0f",
                    key=f"budget_{name}",
                )
            )
        text = ",".join(f"{value:.0f}" for value in values) if any(values[1:]) else ""
        if not any(values[1:]) and values[0]:
            st.caption(voice("app.limits.budget_needs"))
    if text != st.query_params.get(_QUERY, ""):
        if text:
            st.query_params[_QUERY] = text
        else:
            del st.query_params[_QUERY]
        st.rerun()

"""Sharing: publish and withdraw, what others show, links and files that bring scenario and view back."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from geo.panels.changing import moment
from geo.panels.text import plain
from geo.scenario import validate
from geo.shared import COMPARING, QUERY, SEEN, Shared, View

if TYPE_CHECKING:
    from geo.edits import Plan
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.store import Publication, Saved

__all__ = [
    "address",
    "ask_view",
    "by",
    "keep_presenting",
    "open_link",
    "presenting",
    "say_presenting",
    "show",
    "take",
    "told",
    "view_now",
    "view_of_map",
]

_SHOWN = 20
_NOTE = 200
_OWNER = 12  # letters of an owner's id: enough to tell people apart


def address(query: str) -> str:
    """Return a link to this page."""
    return f"{(st.context.url or '').partition('?')[0].rstrip('/')}/?{query}"


def by(publication: Publication) -> str:
    """Return who published, as far as anyone may know, with the owner's own words."""
    who = publication.owner[:_OWNER]
    return f"{who}: {publication.note}" if publication.note else who


# Links ------------------------------------------------------------------------------------------------


def view_now() -> View:
    """Return the view that the address asks for."""
    return View.of(st.query_params.to_dict())


def told(state: object) -> None:
    """Keep what the map says of its view."""
    if isinstance(state, dict):
        st.session_state["map_view"] = View.told(state)


def ask_view() -> None:
    """Ask the map for its view in this run; it answers with another one."""
    st.session_state["map_ask"] = st.session_state.get("map_ask", 0) + 1


def view_of_map() -> View:
    """Return what the map showed when it was asked last, else what the address asks for."""
    view: View = st.session_state.get("map_view") or view_now()
    return view


def open_link(session: Session, region: Region) -> None:
    """Bring back what the address holds, once.

    Raises
    ------
    ScenarioError
        If the link is damaged or its scenario cannot be; the address is then without it.
    """
    if "s" not in st.query_params:
        return
    given = st.query_params.to_dict()
    for name in QUERY:
        st.query_params.pop(name, None)
    shared = Shared.from_query(given)
    if shared is not None:
        take(session, region, shared)


def take(session: Session, region: Region, shared: Shared) -> None:
    """Put what is shared on the desk, unless it lies there already, and show it as it was looked at."""
    plans = [plan for plan in (shared.other, shared.plan) if plan is not None]
    for plan in plans:
        validate(plan.scenario(), region)
    ids = [_put(session, plan, shared.data) for plan in plans]
    view = replace(shared.view, shown="", beside=ids[0] if len(ids) > 1 else "")
    for name in SEEN:
        st.query_params.pop(name, None)
    for name, value in view.address().items():
        st.query_params[name] = value
    # tells the map that all of this counts, whatever it showed before; stays, so that a reload is no opening
    st.query_params["opening"] = secrets.token_hex(4)
    if shared.language:
        session.language = st.session_state["language_given"] = shared.language


def _put(session: Session, plan: Plan, data: str) -> str:
    """Show a plan, put on the desk if it does not lie there, and return its id."""
    desk = session.shelf
    same = [place for place, one in enumerate(desk.saved) if _content(one.plan) == _content(plan)]
    if same:
        desk.active = same[0]
        return desk.opened.id
    mine, desk.baseline = desk.baseline, data or desk.baseline
    try:
        desk.add(plan)
    finally:
        desk.baseline = mine
    return desk.opened.id


def _content(plan: object) -> object:
    return getattr(plan, "edits", ()), getattr(plan, "blocks", ())


# The panel --------------------------------------------------------------------------------------------


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw links, publications of one's own, and those of others."""
    if session.shelf.trouble is not None:
        st.info(voice("app.share.no_store"))
    _link(session, region, voice)
    if session.shelf.trouble is None:
        published = session.shelf.workspace.published()
        _own(session, voice, published)
        _others(session, voice, published)


def _link(session: Session, region: Region, voice: Voice) -> None:
    st.markdown(f"#### {voice('app.share.link_heading')}")
    st.caption(voice("app.share.link_text"))
    opened, shared = _shared(session, region, voice)
    name = voice("app.share.holds_two", name=opened.name, other=shared.other.name) if shared.other else ""
    st.caption(name or voice("app.share.holds", name=opened.name))
    st.button(voice("app.share.take_view"), on_click=ask_view, key="share_view", width="stretch")
    query = shared.to_query()
    if query is None:
        st.info(voice("app.share.too_long"))
    else:
        st.code(address(query), language=None, wrap_lines=True)
    st.download_button(
        voice("app.share.file"),
        shared.to_json,
        f"jingjinji-{opened.plan.hash[:8]}.share.json",
        "application/json",
        on_click="ignore",
        width="stretch",
        key="share_file",
    )


def _shared(session: Session, region: Region, voice: Voice) -> tuple[Saved, Shared]:
    """Return the scenario that the map shows, and what a link to it holds."""
    desk, view = session.shelf, view_of_map()
    held = {one.id: one for one in desk.saved}
    shown = held.get(view.shown, desk.opened)
    beside = held.get(view.beside) if view.mode in COMPARING and view.beside != shown.id else None
    seen = replace(view, shown="", beside="with" if beside else "")
    data = shown.baseline or region.content_hash
    return shown, Shared(shown.plan, data, seen, voice.language, beside.plan if beside else None)


def _own(session: Session, voice: Voice, published: tuple[Publication, ...]) -> None:
    desk = session.shelf
    opened = desk.opened
    st.markdown(f"#### {voice('app.share.publish_heading', name=opened.name)}")
    # empty at first: what the login says of a person is for that person to publish, and for nobody else
    note = st.text_input(voice("app.share.note"), max_chars=_NOTE, key="publish_note")
    if st.button(voice("app.share.publish"), type="primary", key="publish", width="stretch"):
        desk.workspace.publish(opened, note=note.strip())
        session.notice = voice("app.share.published", name=opened.name)
        st.rerun()
    if opened.origin is not None and st.button(
        voice("app.share.back"), help=voice("app.share.back_help"), key="publish_back", width="stretch"
    ):
        desk.workspace.publish(opened, note=note.strip(), back=True)
        session.notice = voice("app.share.handed", name=opened.name)
        st.rerun()
    mine = [one for one in published if one.plan == opened.id]
    if mine:
        _present(session, voice, mine[0])
    for one in mine[:_SHOWN]:
        left, right = st.columns([3, 2], vertical_alignment="center")
        parts = [voice("app.share.version", number=one.number), moment(one.made), one.note]
        left.caption(plain(" · ".join(part for part in parts if part)))
        if right.button(voice("app.share.withdraw"), key=f"withdraw_{one.id}", width="stretch"):
            desk.workspace.withdraw(one.id)
            st.rerun()
    for one in desk.workspace.answers(opened.id):
        st.info(voice("app.share.answer", name=one.name, who=by(one)))


def _present(session: Session, voice: Voice, newest: Publication) -> None:
    """Draw the presenter's link, and the switch that publishes every change at once."""
    query = urlencode({"follow": newest.id, "lang": voice.language, **view_of_map().address()})
    st.caption(voice("app.share.follow_text"))
    st.code(address(query), language=None, wrap_lines=True)
    live = st.toggle(voice("app.share.live"), presenting(session), key="live")
    if live != presenting(session):
        _switch(session, on=live)
        st.rerun()


def presenting(session: Session) -> bool:
    """Return whether the scenario that is edited is presented; the address says so, also after a reload."""
    return st.query_params.get("present") == session.shelf.opened.id


def _switch(session: Session, *, on: bool) -> None:
    st.session_state.pop("presented", None)
    if on:
        st.query_params["present"] = session.shelf.opened.id
        return
    st.query_params.pop("present", None)
    session.shelf.workspace.present(session.shelf.opened.id, "")


def say_presenting(session: Session, voice: Voice) -> None:
    """Say above the page that every change is published, with a button that ends it."""
    if not presenting(session) or session.shelf.trouble is not None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(voice("app.share.presenting", name=session.shelf.opened.name))
        if st.button(voice("app.share.stop"), key="present_stop"):
            st.session_state.pop("live", None)
            _switch(session, on=False)
            st.rerun()


def keep_presenting(session: Session) -> None:
    """Publish the scenario that is presented, if it changed since, and how the presenter looks at it."""
    desk = session.shelf
    if not presenting(session) or desk.trouble is not None:
        return
    newest = next((one for one in desk.workspace.published() if one.plan == desk.opened.id), None)
    if newest is None:
        return
    if newest.hash != desk.plan.hash:
        desk.workspace.publish(desk.opened, note=newest.note)
    view: View | None = st.session_state.get("map_view")
    look = json.dumps(view.table(), sort_keys=True) if view else ""
    if look and look != st.session_state.get("presented"):
        desk.workspace.present(desk.opened.id, look)
        st.session_state["presented"] = look


def _others(session: Session, voice: Voice, published: tuple[Publication, ...]) -> None:
    desk = session.shelf
    newest: dict[str, Publication] = {}
    for one in published:
        if one.owner != desk.workspace.owner:
            newest.setdefault(one.plan, one)
    st.markdown(f"#### {voice('store.published')}")
    if not newest:
        st.caption(voice("app.share.nobody"))
    for one in list(newest.values())[:_SHOWN]:
        with st.container(border=True):
            st.markdown(f"**{plain(one.name)}**")
            st.caption(
                plain(f"{by(one)} · {voice('app.share.version', number=one.number)} · {moment(one.made)}")
            )
            if st.button(voice("app.share.fork"), key=f"fork_{one.id}", width="stretch"):
                desk.fork(one.id)
                session.notice = voice("app.share.forked", name=one.name)
                st.rerun()
    if len(newest) > _SHOWN:
        st.caption(f"… +{len(newest) - _SHOWN}")

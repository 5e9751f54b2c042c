"""Sharing: publish and withdraw, what others show, links and files that bring scenario and view back."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from geo.edition import Edition
from geo.panels.changing import check, moment
from geo.panels.problems import shown
from geo.panels.text import plain
from geo.shared import COMPARING, QUERY, SEEN, Shared, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.edits import Plan
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.store import Publication, Saved

__all__ = [
    "address",
    "ask_view",
    "by",
    "fork",
    "keep_presenting",
    "open_link",
    "presenting",
    "say_presenting",
    "show",
    "stop_presenting",
    "take",
    "told",
    "view_now",
    "view_of_map",
]

_SHOWN = 20
_NOTE = 200
_LINK_HEIGHT = 130  # pixels: five lines, the rest scrolls
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


def told(session: Session, state: Mapping[str, Any]) -> None:
    """Keep what the map says of its view, and show it to followers."""
    st.session_state["map_view"] = View.told(state)
    if presenting(session):
        _present_view(session)


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
        check(plan, region)
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
    with shown(voice):
        _link(session, region, voice)
    if session.shelf.trouble is None:
        published = session.shelf.workspace.published()
        with shown(voice):
            _own(session, voice, published)
        with shown(voice):
            _others(session, region, voice, published)


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
        st.code(address(query), language=None, wrap_lines=True, height=_LINK_HEIGHT)
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
    data = shown.baseline or Edition.here(region).text
    return shown, Shared(shown.plan, data, seen, voice.language, beside.plan if beside else None)


def _own(session: Session, voice: Voice, published: tuple[Publication, ...]) -> None:
    desk = session.shelf
    opened = desk.opened
    st.markdown(f"#### {voice('app.share.publish_heading', name=opened.name)}")
    # empty at first: what the login says of a person is for that person to publish, and for nobody else
    note = st.text_input(voice("app.share.note"), max_chars=_NOTE, key="publish_note")
    if st.button(voice("app.share.publish"), type="primary", key="publish", width="stretch"):
        desk.publish(note=note.strip())
        session.notice = voice("app.share.published", name=opened.name)
        st.rerun()
    if opened.origin is not None and st.button(
        voice("app.share.back"), help=voice("app.share.back_help"), key="publish_back", width="stretch"
    ):
        desk.publish(note=note.strip(), back=True)
        session.notice = voice("app.share.handed", name=opened.name)
        st.rerun()
    mine = [one for one in published if one.plan == opened.id]
    if mine:
        _present(voice, mine[0])
    for one in mine[:_SHOWN]:
        left, right = st.columns([3, 2], vertical_alignment="center")
        parts = [voice("app.share.version", number=one.number), moment(one.made), one.note]
        left.caption(plain(" · ".join(part for part in parts if part)))
        if right.button(voice("app.share.withdraw"), key=f"withdraw_{one.id}", width="stretch"):
            # first: what is presented would be published again at once
            stop_presenting(opened.id)
            desk.workspace.withdraw(one.id)
            st.rerun()
    if len(mine) > 1 and st.button(
        voice("app.share.withdraw_all", count=len(mine)), key="withdraw_all", width="stretch"
    ):
        stop_presenting(opened.id)
        with desk.reading_again():
            session.notice = voice("app.share.withdrawn", count=desk.workspace.withdraw_all(opened.id))
        st.rerun()
    with desk.reading_again():
        answers = desk.workspace.answers(opened.id)
    for one in answers:
        st.info(voice("app.share.answer", name=one.name, who=by(one)))


def _present(voice: Voice, newest: Publication) -> None:
    """Draw the presenter's link, and the switch that publishes every change at once."""
    # ids of scenarios are nobody else's business; what is compared comes with the presentation
    view = replace(view_of_map(), shown="", beside="")
    query = urlencode({"follow": newest.id, "lang": voice.language, **view.address()})
    st.caption(voice("app.share.follow_text"))
    st.code(address(query), language=None, wrap_lines=True, height=_LINK_HEIGHT)
    # one switch for each scenario: it must not take its position along to another one
    field = f"live_{newest.plan}"
    st.session_state[field] = _presented()[0] == newest.plan
    st.toggle(voice("app.share.live"), key=field, on_change=_switch, args=(field, newest))


def _switch(field: str, newest: Publication) -> None:
    if st.session_state[field]:
        _go_on(newest)
    else:
        stop_presenting(newest.plan)


# The address says what is presented, so that a reload goes on with it and a new visit does not.


def _go_on(newest: Publication) -> None:
    st.query_params["present"] = f"{newest.plan}.{newest.id}"


def _presented() -> tuple[str, str]:
    """Return the scenario that is presented and the version of it that was shown last, or empty texts."""
    key, _, last = st.query_params.get("present", "").partition(".")
    return key, last


def presenting(session: Session) -> bool:
    """Return whether the scenario that is edited is presented."""
    return _presented()[0] == session.shelf.opened.id and session.shelf.trouble is None


def stop_presenting(key: str) -> None:
    """Publish no more changes of a scenario."""
    if _presented()[0] == key:
        st.query_params.pop("present", None)
        st.session_state.pop("presented", None)


def say_presenting(session: Session, voice: Voice) -> None:
    """Say above the page that every change is published, with a button that ends it."""
    if not presenting(session):
        return
    opened = session.shelf.opened
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(voice("app.share.presenting", name=opened.name))
        st.button(voice("app.share.stop"), on_click=stop_presenting, args=(opened.id,), key="present_stop")


def keep_presenting(session: Session) -> None:
    """Publish the scenario that is presented, if it changed since it was published last.

    Once the version that was shown last is withdrawn, be it in another window, the presentation is over.
    """
    if not presenting(session):
        return
    desk, (key, last) = session.shelf, _presented()
    mine = [one for one in desk.workspace.published() if one.plan == key]
    if all(one.id != last for one in mine):
        stop_presenting(key)
        return
    if mine[0].hash != desk.plan.hash:
        _go_on(desk.publish(note=mine[0].note))
    _present_view(session)


def _present_view(session: Session) -> None:
    """Show followers how the presenter looks at the map, if that is known and new."""
    view: View | None = st.session_state.get("map_view")
    look = (session.shelf.opened.id, json.dumps(view.table(), sort_keys=True) if view else "")
    if view and look != st.session_state.get("presented"):
        session.shelf.workspace.present(*look)
        st.session_state["presented"] = look


def fork(session: Session, region: Region, voice: Voice, publication: Publication) -> None:
    """Make somebody's version one's own, if the model has an answer to it here; then run the page again."""
    check(session.shelf.workspace.view(publication.id), region)
    session.shelf.fork(publication.id)
    session.notice = voice("app.share.forked", name=publication.name)
    st.query_params.pop("follow", None)
    st.rerun()


def _others(session: Session, region: Region, voice: Voice, published: tuple[Publication, ...]) -> None:
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
                fork(session, region, voice, one)
    if len(newest) > _SHOWN:
        st.caption(f"… +{len(newest) - _SHOWN}")

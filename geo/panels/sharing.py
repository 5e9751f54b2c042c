"""Sharing: publish and withdraw, what others show, links and files that bring scenario and view back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from geo.measures import MEASURES
from geo.panels.changing import check, moment
from geo.panels.links import MODES, QUERY, Shared, View
from geo.panels.problems import shown
from geo.panels.state import outcome_of
from geo.panels.text import plain

if TYPE_CHECKING:
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.store import Publication

__all__ = [
    "address",
    "by",
    "fork",
    "keep_presenting",
    "open_link",
    "show",
    "stop_presenting",
    "take",
    "view_now",
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
    return View.of(st.query_params.to_dict(), MEASURES)


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
    shared = Shared.from_query(given, MEASURES)
    if shared is not None:
        take(session, region, shared)


def take(session: Session, region: Region, shared: Shared) -> None:
    """Put a shared scenario on the desk, unless it lies there already, and show it as it was looked at."""
    check(shared.plan, region)
    desk = session.shelf
    same = [place for place, one in enumerate(desk.saved) if _content(one.plan) == _content(shared.plan)]
    if same:
        desk.active = same[0]
    else:
        mine, desk.baseline = desk.baseline, shared.data or desk.baseline
        try:
            desk.add(shared.plan)
        finally:
            desk.baseline = mine
    for name, value in shared.view.state().items():
        st.query_params[name] = str(value)
    # the frame keeps its own view under its key; a link starts another one
    st.session_state["map_key"] = st.session_state.get("map_key", 0) + 1


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
    opened = session.shelf.opened
    data = opened.baseline or region.content_hash
    shared = Shared(opened.plan, data, _view(session, voice), voice.language)
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


def _view(session: Session, voice: Voice) -> View:
    """Return what of the map the link shall show, as chosen."""
    now = view_now()
    ids = [key for key in MEASURES if key in outcome_of(session.shelf.current).values]
    measure = st.selectbox(
        voice("app.effects.measure"),
        ids,
        index=ids.index(now.measure) if now.measure in ids else 0,
        format_func=lambda key: MEASURES[key].name(voice.language),
        key="share_measure",
    )
    years = [int(year) for year in outcome_of(session.shelf.current).years]
    left, right = st.columns(2)
    year = left.selectbox(
        voice("app.effects.year"),
        years,
        index=years.index(now.year) if now.year in years else len(years) - 1,
        key="share_year",
    )
    mode = right.selectbox(
        voice("app.share.mode"),
        MODES,
        index=MODES.index(now.mode) if now.mode else 0,
        format_func=lambda key: voice(f"app.share.modes.{key}"),
        key="share_mode",
    )
    return View(measure, year, mode)


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
    query = urlencode({"follow": newest.id, "lang": voice.language, **view_now().state()})
    st.caption(voice("app.share.follow_text"))
    st.code(address(query), language=None, wrap_lines=True)
    # one switch for each scenario: it must not take its position along to another one
    field = f"live_{newest.plan}"
    st.session_state[field] = _presented()[0] == newest.plan
    st.toggle(voice("app.share.live"), key=field, on_change=_switch, args=(field, newest))


def _switch(field: str, newest: Publication) -> None:
    if st.session_state[field]:
        st.session_state["presenting"] = (newest.plan, newest.id)
    else:
        stop_presenting(newest.plan)


def _presented() -> tuple[str, str]:
    """Return the scenario that is presented and the version of it that was shown last, or empty texts."""
    presented: tuple[str, str] = st.session_state.get("presenting", ("", ""))
    return presented


def stop_presenting(key: str) -> None:
    """Publish no more changes of a scenario."""
    if _presented()[0] == key:
        st.session_state.pop("presenting")


def keep_presenting(session: Session) -> None:
    """Publish the scenario that is presented, if it changed since it was published last.

    Once the version that was shown last is withdrawn, be it in another window, the presentation is over.
    """
    desk = session.shelf
    key, last = _presented()
    if key != desk.opened.id or desk.trouble is not None:
        return
    mine = [one for one in desk.workspace.published() if one.plan == key]
    if all(one.id != last for one in mine):
        stop_presenting(key)
    elif mine[0].hash != desk.plan.hash:
        st.session_state["presenting"] = (key, desk.publish(note=mine[0].note).id)


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

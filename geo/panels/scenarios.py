"""Scenarios: names, branches, edits, assumptions, history, merging, ready ones, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from geo.edition import Edition
from geo.edits import Plan
from geo.errors import GeoError
from geo.panels import assume, editlist, merging, reuse
from geo.panels.changing import area, check, moment
from geo.panels.problems import show_error, shown
from geo.panels.sharing import stop_presenting, take
from geo.panels.text import plain
from geo.presets import PRESETS, preset, preset_skipped
from geo.scenario import NAME_LENGTH, NOTE_LENGTH
from geo.shared import Shared, read_held
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.scenario import Scenario

__all__ = ["show"]

_SHOWN_HASH = 16


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw everything about the scenarios on the desk."""
    st.markdown(f"#### {voice('app.shelf.heading')}")
    _current(session, voice)
    _note(session, voice)
    _data(session, region, voice)
    editlist.show(session, region, voice)
    for name, draw in _PARTS.items():
        part = st.expander(voice(f"app.{name}.heading"), key=f"open_{name}", on_change="rerun")
        # what is closed costs nothing
        if part.open:
            with part, shown(voice):
                draw(session, region, voice)
    _ready(session, region, voice)
    _deleted(session, voice)
    _unread(session, voice)
    _files(session, region, voice)
    _kept(session, voice)


# One line for each part that opens: its name in the words (app.<name>.heading), and what draws it.
_PARTS: dict[str, Callable[[Session, Region, Voice], None]] = {
    "assume": assume.show,
    "reuse": reuse.show,
    "merge": merging.show,
    "history": editlist.history,
}


def _kept(session: Session, voice: Voice) -> None:
    """Say where everything is kept, and how to come back to it."""
    desk = session.shelf
    if desk.trouble is None:
        st.caption(voice("store.kept", place=desk.workspace.store.place))
    if desk.owner.kind == "link":
        with st.container(border=True):
            st.markdown(voice("app.desk.way_back"))
            st.code(
                f"{(st.context.url or '').partition('?')[0].rstrip('/')}/?desk={desk.owner.key}",
                language=None,
            )
    elif desk.owner.kind == "user":
        st.caption(voice("app.desk.user", name=desk.owner.name))
        if st.button(voice("app.desk.logout"), key="logout"):
            st.logout()
    if st.user.to_dict().get("is_logged_in") is False and st.button(voice("app.desk.login"), key="login"):
        st.login()


def _name(session: Session, voice: Voice) -> None:
    """Draw the field of the name.

    It belongs to one scenario: what is typed in it names that one, even if another is chosen before the field
    is left. It keeps what is typed until the plan gets another name: here, by undo, or in another window.
    """
    desk, opened = session.shelf, session.shelf.opened
    field, last = f"name_{opened.id}", f"named_{opened.id}"
    if st.session_state.get(last) != opened.name or field not in st.session_state:
        st.session_state[field] = st.session_state[last] = opened.name
    typed = st.text_input(
        voice("app.shelf.rename"),
        max_chars=NAME_LENGTH,
        key=field,
        on_change=_rename,
        args=(session, opened.id, field),
    ).strip()
    refused: GeoError | None = st.session_state.pop(f"{field}_refused", None)
    if refused is not None:
        show_error(voice, refused)
    elif not typed:
        st.error(voice("app.shelf.name_empty", most=NAME_LENGTH))
    elif typed != opened.name.strip() and typed in desk.names:
        st.error(voice("app.shelf.name_taken", name=typed))


def _rename(session: Session, key: str, field: str) -> None:
    """Take over a name that was typed, before anything else that the page was asked for."""
    desk, name = session.shelf, str(st.session_state[field]).strip()
    if not name or name in desk.names:
        return
    try:
        desk.rename(key, name)
    except GeoError as error:
        st.session_state[f"{field}_refused"] = error


def _note(session: Session, voice: Voice) -> None:
    """Draw the field of the note, which is the scenario's as its name is."""
    desk, key = session.shelf, session.shelf.opened.id

    def put(text: str) -> None:
        one = desk.known(key)
        if one is not None:
            desk.put(one.plan.but(note=text), key=key)

    area(session, voice("app.shelf.note"), f"note_{key}", desk.plan.note, most=NOTE_LENGTH, put=put)


def _current(session: Session, voice: Voice) -> None:
    desk, plan = session.shelf, session.shelf.plan
    _name(session, voice)
    if plan.base is not None:
        st.caption(voice("app.shelf.branched", name=plan.base.name))
    _place(session, voice)
    row = st.container(horizontal=True, gap="small")
    if row.button(voice("app.shelf.new"), key="shelf_new", width="stretch"):
        desk.add(Plan(name=voice("app.shelf.new_name")))
        st.rerun()
    if row.button(
        voice("app.shelf.copy"), help=voice("app.shelf.copy_help"), key="shelf_copy", width="stretch"
    ):
        desk.add(plan.branch(_copy_name(voice, plan.name)))
        st.rerun()
    last = len(desk.saved) == 1
    hint = voice("app.shelf.delete_last") if last else voice("app.shelf.delete_help")
    if row.button(voice("app.shelf.delete"), key="shelf_delete", disabled=last, help=hint, width="stretch"):
        gone = desk.opened.id
        desk.delete()
        stop_presenting(gone)
        st.rerun()


def _place(session: Session, voice: Voice) -> None:
    """Draw the place of the scenario in the list, and what moves it there."""
    desk = session.shelf
    here, count = desk.active, len(desk.saved)
    if count == 1:
        return
    row = st.container(horizontal=True, gap="small", vertical_alignment="center")
    row.caption(voice("app.shelf.place", place=here + 1, count=count), width="content")
    for name, places, end in (("earlier", -1, 0), ("later", 1, count - 1)):
        if row.button(voice(f"app.shelf.{name}"), key=f"shelf_{name}", disabled=here == end):
            desk.shift(places)
            st.rerun()


def _copy_name(voice: Voice, name: str) -> str:
    # a name is data, not Markdown: said without being made plain
    return say("app.shelf.copy_name", voice.language, name=name)[:NAME_LENGTH]


def _data(session: Session, region: Region, voice: Voice) -> None:
    """Say which data and model a scenario is locked to; if those are others, offer to take these."""
    locked, here = Edition.read(session.shelf.opened.baseline), Edition.here(region)
    if not locked.data:
        st.caption(voice("app.desk.not_locked", here=_edition(here, voice)))
        return
    other, told = locked.differs(here), _edition(locked, voice)
    where = "locked_elsewhere" if other else "locked"
    st.caption(voice(f"app.desk.{where}", edition=told), help=locked.data)
    if not other:
        return
    what = "both" if len(other) > 1 else other[0]
    st.warning(voice(f"app.desk.other_{what}", theirs=told, ours=_edition(here, voice)))
    if st.button(voice("app.desk.rerun"), key="relock", width="stretch"):
        session.shelf.lock_to(here.text)
        st.rerun()


def _edition(edition: Edition, voice: Voice) -> str:
    data = edition.data[:_SHOWN_HASH]
    if edition.model is None:
        return say("edition.data", voice.language, data=data)
    return say("edition.both", voice.language, data=data, model=edition.model)


def _ready(session: Session, region: Region, voice: Voice) -> None:
    with st.expander(voice("app.shelf.ready")):
        for key in PRESETS:
            left, right = st.columns([3, 2], vertical_alignment="center")
            left.write(voice(f"preset.{key}.name"))
            if right.button(voice("app.shelf.add_ready"), key=f"add_{key}", width="stretch"):
                session.shelf.add(preset(key, region, voice.language))
                st.rerun()
        skipped = preset_skipped(region)
        st.caption(voice("app.shelf.skipped", count=len(skipped)))
        frame = region.institutions
        names = frame[f"name_{voice.language}"].where(
            frame[f"name_{voice.language}"].notna(), frame["name_en"]
        )
        rows = [(str(names[entry.id]), entry.text(voice.language)) for entry in skipped]
        head = [voice("app.shelf.who"), voice("app.shelf.why")]
        st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, height=260, key="left_out")


def _deleted(session: Session, voice: Voice) -> None:
    gone = session.shelf.workspace.deleted()
    if not gone:
        return
    with st.expander(f"{voice('store.deleted')} ({len(gone)})"):
        chosen = st.selectbox(
            voice("app.shelf.restore_which"),
            gone,
            format_func=lambda entry: f"{entry.name} ({moment(entry.deleted or '')})",
            key="deleted",
        )
        if st.button(voice("app.shelf.restore"), key="restore", width="stretch"):
            session.shelf.restore(chosen.id)
            st.rerun()


def _unread(session: Session, voice: Voice) -> None:
    """List what cannot be read, to be put away; the store keeps it."""
    for entry, _ in session.shelf.unread:
        left, right = st.columns([3, 2], vertical_alignment="center")
        left.caption(plain(entry.name))
        if right.button(voice("app.shelf.put_away"), key=f"put_away_{entry.id}", width="stretch"):
            session.shelf.delete_unread(entry.id)
            st.rerun()


def _files(session: Session, region: Region, voice: Voice) -> None:
    plan = session.shelf.plan
    with st.expander(voice("app.files.heading")):
        _open_file(session, region, voice)
        form = st.radio(
            voice("app.files.form"),
            ("plan", "scenario"),
            format_func=lambda key: voice(f"app.files.{key}"),
            horizontal=True,
            key="file_form",
        )
        held: Plan | Scenario = plan if form == "plan" else plan.scenario()
        st.code(held.to_toml(), language="toml", height=240, wrap_lines=True)
        st.caption(voice("app.shelf.hash", hash=held.hash[:16]))
        left, right = st.columns(2)
        stem = f"{form}-{held.hash[:8]}"
        # made when asked for: a file made beforehand is gone from the server with the next edit
        for place, kind, mime, made in (
            (left, "toml", "application/toml", held.to_toml),
            (right, "json", "application/json", held.to_json),
        ):
            place.download_button(
                voice(f"app.shelf.download_{kind}"),
                made,
                f"{stem}.{kind}",
                mime,
                on_click="ignore",
                width="stretch",
                key=f"save_{kind}",
            )


def _open_file(session: Session, region: Region, voice: Voice) -> None:
    file = st.file_uploader(voice("app.shelf.upload"), type=["toml", "json"], key="open_scenario")
    if file is None or st.session_state.get("opened_file") == file.file_id:
        return
    try:
        held = read_held(file.name, file.getvalue())
        if isinstance(held, Shared):
            take(session, region, held)
        else:
            check(held, region)
            plan = held if isinstance(held, Plan) else Plan.from_scenario(held)
            stem = file.name.rsplit(".", 1)[0][:NAME_LENGTH]
            session.shelf.add(plan if plan.name else plan.renamed(stem))
    except GeoError as error:
        show_error(voice, error)
        return
    st.session_state["opened_file"] = file.file_id
    session.notice = voice("app.shelf.opened", name=session.shelf.plan.name)
    st.rerun()

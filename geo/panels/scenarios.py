"""The shelf: ready scenarios, new ones, names, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from geo.errors import Fault, GeoError, ScenarioError
from geo.panels.problems import show_error
from geo.presets import PRESETS, preset, preset_skipped
from geo.scenario import Scenario, validate
from geo.shelf import renamed

if TYPE_CHECKING:
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region

__all__ = ["show"]

_NAME_LENGTH = 80


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the shelf."""
    st.markdown(f"#### {voice('app.shelf.heading')}")
    _current(session, voice)
    st.markdown(f"#### {voice('app.shelf.ready')}")
    for key in PRESETS:
        left, right = st.columns([3, 2], vertical_alignment="center")
        left.write(voice(f"preset.{key}.name"))
        if right.button(voice("app.shelf.add_ready"), key=f"add_{key}", width="stretch"):
            session.shelf.add(preset(key, region, voice.language))
            st.rerun()
    _left_out(region, voice)
    _open_file(session, region, voice)
    st.caption(voice("app.shelf.kept"))


def _left_out(region: Region, voice: Voice) -> None:
    """Say which institutions the announced programme leaves out, and why."""
    skipped = preset_skipped(region)
    with st.expander(voice("app.shelf.skipped", count=len(skipped))):
        frame = region.institutions
        names = frame[f"name_{voice.language}"].where(
            frame[f"name_{voice.language}"].notna(), frame["name_en"]
        )
        rows = [(str(names[entry.id]), entry.text(voice.language)) for entry in skipped]
        head = [voice("app.shelf.who"), voice("app.shelf.why")]
        st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, height=260, key="left_out")


def _current(session: Session, voice: Voice) -> None:
    shelf, scenario = session.shelf, session.shelf.current
    key = f"{shelf.active}_{scenario.name}"
    name = st.text_input(
        voice("app.shelf.rename"), scenario.name, max_chars=_NAME_LENGTH, key=f"name_{key}"
    ).strip()
    if name != scenario.name:
        if not name:
            st.error(voice("app.shelf.name_empty"))
        elif name in shelf.names:
            st.error(voice("app.shelf.name_taken", name=name))
        else:
            shelf.put(renamed(scenario, name))
            st.rerun()
    new, copy, delete = st.columns(3)
    if new.button(voice("app.shelf.new"), key="shelf_new", width="stretch"):
        shelf.add(Scenario(name=voice("app.shelf.new_name")))
        st.rerun()
    if copy.button(voice("app.shelf.copy"), key="shelf_copy", width="stretch"):
        shelf.add(renamed(scenario, _copy_name(voice, scenario.name)))
        st.rerun()
    last = len(shelf.scenarios) == 1
    hint = voice("app.shelf.delete_last") if last else None
    if delete.button(
        voice("app.shelf.delete"), key="shelf_delete", disabled=last, help=hint, width="stretch"
    ):
        shelf.delete()
        st.rerun()
    _as_text(scenario, voice)


def _copy_name(voice: Voice, name: str) -> str:
    from geo.words import say  # noqa: PLC0415 - a name is data, not Markdown

    return say("app.shelf.copy_name", voice.language, name=name)[:_NAME_LENGTH]


def _as_text(scenario: Scenario, voice: Voice) -> None:
    with st.expander(voice("app.shelf.as_text")):
        st.code(scenario.to_toml(), language="toml", height=280)
        st.caption(voice("app.shelf.hash", hash=scenario.hash[:16]))
    left, right = st.columns(2)
    stem = f"scenario-{scenario.hash[:8]}"
    left.download_button(
        voice("app.shelf.download_toml"),
        scenario.to_toml(),
        f"{stem}.toml",
        "application/toml",
        width="stretch",
    )
    right.download_button(
        voice("app.shelf.download_json"),
        scenario.to_json(),
        f"{stem}.json",
        "application/json",
        width="stretch",
    )


def _open_file(session: Session, region: Region, voice: Voice) -> None:
    file = st.file_uploader(voice("app.shelf.upload"), type=["toml", "json"], key="open_scenario")
    if file is None or st.session_state.get("opened_file") == file.file_id:
        return
    try:
        scenario = _read(file.name, file.getvalue())
        validate(scenario, region)
    except GeoError as error:
        show_error(voice, error)
        return
    st.session_state["opened_file"] = file.file_id
    session.shelf.add(
        scenario if scenario.name else renamed(scenario, file.name.rsplit(".", 1)[0][:_NAME_LENGTH])
    )
    session.notice = voice("app.shelf.opened", name=session.shelf.current.name)
    st.rerun()


def _read(name: str, data: bytes) -> Scenario:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError(Fault("scenario.not_text", name)) from None
    read = Scenario.from_json if name.lower().endswith(".json") else Scenario.from_toml
    return read(text, file=name)

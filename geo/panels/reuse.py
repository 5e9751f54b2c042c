"""Edits of the open scenario, used again in other ones: as copies, or as a block that bears a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from geo.edits import Include, Plan, sentence
from geo.errors import GeoError
from geo.panels.changing import check, keep
from geo.panels.problems import show_error
from geo.scenario import NAME_LENGTH

if TYPE_CHECKING:
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region

__all__ = ["given_to", "show"]

_FORMS = ("copies", "block")


def given_to(target: Plan, source: Plan, keys: list[str], block: str = "") -> Plan:
    """Return a plan that also holds some of another plan's edits.

    Parameters
    ----------
    target, source
        Who gets them, and whose they are.
    keys
        Ids of the edits.
    block
        Name of the block that they make; empty for copies. A block that bears this name in ``target`` is
        replaced, so that what includes it follows.
    """
    if not block:
        return target.taking(source, keys)
    plan = target.with_block(source.cut(keys, block))
    included = any(isinstance(edit, Include) and edit.block == block for edit in plan.edits)
    return plan if included else plan.include(block)


def _some(voice: Voice, what: str, names: dict[str, str], field: str) -> list[str]:
    """Ask for some of what is named, and return their ids."""
    return st.multiselect(
        voice(f"app.reuse.{what}"),
        list(names),
        format_func=names.__getitem__,
        placeholder=voice("app.reuse.choose"),
        key=f"{field}_{what}",
    )


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the choice of edits and of the scenarios that get them."""
    desk, here = session.shelf, session.shelf.opened
    others = [one for one in desk.saved if one.id != here.id]
    if not others or not here.plan.edits:
        st.info(voice("app.reuse.nothing"))
        return
    st.caption(voice("app.reuse.hint"))
    # one set of fields for each scenario: ids of edits mean something in one scenario only
    field = f"reuse_{here.id[:8]}"
    said = {edit.id: sentence(edit, here.plan, region, voice.language) for edit in here.plan.edits}
    names = {one.id: one.name for one in others}
    keys = _some(voice, "edits", said, field)
    targets = _some(voice, "targets", names, field)
    form = st.radio(
        voice("app.reuse.form"),
        _FORMS,
        format_func=lambda key: voice(f"app.reuse.{key}"),
        horizontal=True,
        key=f"{field}_form",
    )
    block = ""
    if form == "block":
        block = st.text_input(
            voice("app.reuse.name"),
            max_chars=NAME_LENGTH,
            help=voice("app.reuse.name_help"),
            key=f"{field}_name",
        ).strip()
    ready = bool(keys and targets and (form == "copies" or block))
    if st.button(voice("app.reuse.do"), disabled=not ready, key="reuse_do", width="stretch"):
        _give(session, region, voice, keys, targets, block=block)


def _give(
    session: Session, region: Region, voice: Voice, keys: list[str], targets: list[str], *, block: str
) -> None:
    """Put the edits into each of the scenarios, or say why it cannot be; then into none."""
    desk = session.shelf
    try:
        made = {one.id: given_to(one.plan, desk.plan, keys, block) for one in desk.saved if one.id in targets}
        for plan in made.values():
            check(plan, region)
        for key, plan in made.items():
            keep(session, region, plan, key=key)
    except GeoError as error:
        show_error(voice, error)
        return
    session.notice = voice("app.reuse.done", count=len(keys), scenarios=len(made))
    st.rerun()

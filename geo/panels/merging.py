"""Merging: two branches of one scenario, what somebody handed back, or a change that met another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from geo.edits import describe, diff
from geo.merge import Merged, Side, merge
from geo.panels.changing import change, check
from geo.panels.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geo.edits import Plan
    from geo.merge import Conflict
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.store import Saved, Workspace

__all__ = ["common_base", "conflict", "show"]

_SHOWN = 12
_SIDES: tuple[Side, Side] = ("mine", "theirs")


def common_base(workspace: Workspace, mine: Saved, theirs: Saved) -> Plan | None:
    """Return the newest version that both scenarios came from, or None if there is none.

    A version's ancestors are the steps before it and, at the first step, the version it branched from.
    """
    known = {
        step.hash: (entry.id, step.number)
        for entry in workspace.list()
        for step in workspace.history(entry.id)
    }
    others = {key for key, _, _ in _ancestors(workspace, theirs, known)}
    found = next((one for one in _ancestors(workspace, mine, known) if one[0] in others), None)
    return None if found is None else workspace.at(found[1], found[2])


def _ancestors(
    workspace: Workspace, saved: Saved, known: dict[str, tuple[str, int]]
) -> Iterator[tuple[str, str, int]]:
    """Yield hash, plan and step of every version that led to a plan, the newest first."""
    place: tuple[str, int] | None = (saved.id, saved.position)
    while place is not None:
        key, number = place
        steps = {step.number: step for step in workspace.history(key)}
        here: int | None = number
        while here is not None:
            yield steps[here].hash, key, here
            number, here = here, steps[here].parent
        base = workspace.at(key, number).base
        place = known.get(base.hash or "") if base is not None else None
        if place is not None and place[0] == key:
            return


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the merge of the current scenario with another one."""
    desk = session.shelf
    others = [one for one in desk.saved if one.id != desk.opened.id]
    with desk.reading_again():
        answers = desk.workspace.answers(desk.opened.id)
    options = [*((one.id, one.name) for one in others), *((one.id, one.name) for one in answers)]
    st.caption(voice("app.merge.hint", name=desk.opened.name))
    handed = {one.id for one in answers}
    names = dict(options)
    chosen = st.selectbox(
        voice("app.merge.with"),
        list(names),
        index=None,
        format_func=lambda key: (
            f"{names[key]} ({voice('app.merge.handed')})" if key in handed else names[key]
        ),
        placeholder=voice("app.merge.choose"),
        key=f"merge_with_{desk.opened.id[:8]}",
    )
    if chosen is None:
        return
    if chosen in handed:
        merged = desk.workspace.merge_answer(desk.opened, chosen, region)
    else:
        theirs = next(one for one in others if one.id == chosen)
        base = common_base(desk.workspace, desk.opened, theirs)
        if base is None:
            st.info(voice("app.merge.no_base"))
            return
        st.caption(voice("app.merge.base", name=base.name))
        # the name, the note and where it came from stay those of the scenario that is worked on
        their_edits = theirs.plan.but(name=base.name, note=base.note, base=base.base)
        merged = merge(base, desk.plan, their_edits, region)
    plan = _settle(merged, desk.plan, region, voice, f"merge_{chosen[:8]}")
    if plan is None or plan == desk.plan:
        return
    take = st.button(voice("app.merge.take"), type="primary", key="merge_take", width="stretch")
    if take and change(session, region, voice, plan, kind="merge"):
        session.notice = voice("app.merge.taken")
        st.rerun()


def conflict(session: Session, region: Region, voice: Voice) -> None:
    """Draw the change of the open scenario that met one of another window, until it is settled."""
    desk = session.shelf
    met = desk.conflict
    if met is None:
        return
    with st.container(border=True):
        st.markdown(f"**{voice('app.merge.met', name=desk.opened.name)}**")
        st.caption(voice("app.merge.met_text", step=met.step))
        # what was done here since then stays: mine is merged into the plan as it is now
        merged = merge(met.base, met.mine, desk.plan, region)
        plan = _settle(merged, desk.plan, region, voice, f"met_{desk.opened.id[:8]}_{met.step}")
        row = st.container(horizontal=True, gap="small")
        if row.button(
            voice("app.merge.take"), type="primary", disabled=plan is None, key="met_take", width="stretch"
        ) and (plan is not None):
            check(plan, region)
            desk.settle(met, plan)
            session.notice = voice("app.merge.taken")
            st.rerun()
        if row.button(voice("app.merge.leave"), key="met_leave", width="stretch"):
            desk.drop(met)
            st.rerun()


def _key(head: str, item: Conflict) -> str:
    return f"{head}_{item.id}"


def _settle(merged: Merged, before: Plan, region: Region, voice: Voice, head: str) -> Plan | None:
    """Ask for a side of each conflict and preview the result; return it once nothing is open."""
    asked: set[str] = set()
    while merged.conflicts:
        chosen: dict[str, Side] = {}
        for item in merged.conflicts:
            if item.id in asked:
                continue
            asked.add(item.id)
            side = _ask(item, region, voice, head)
            if side is not None:
                chosen[item.id] = side
        if not chosen:
            st.warning(voice("app.merge.open", count=len(merged.conflicts)))
            return None
        merged = merged.resolve(chosen)
    told = describe(diff(before, merged.plan), region, voice.language)
    if not told:
        st.info(voice("app.merge.same"))
        return merged.plan
    lines = [f"- {plain(text)}" for text in told[:_SHOWN]]
    if len(told) > _SHOWN:
        lines.append(f"- … (+{len(told) - _SHOWN})")
    st.markdown(f"{voice('app.merge.preview', count=len(told))}\n\n" + "\n".join(lines))
    return merged.plan


def _ask(item: Conflict, region: Region, voice: Voice, head: str) -> Side | None:
    return st.radio(
        plain(item.text(region, voice.language)),
        _SIDES,
        index=None,
        format_func=lambda side: (
            f"{voice(f'app.merge.{side}')}: {plain(item.side(side, region, voice.language))}"
        ),
        key=_key(head, item),
    )

"""The edits of a scenario as sentences that can be switched off, moved and removed, and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from geo.edits import Plan, describe, diff, sentence
from geo.panels.changing import area, change, moment
from geo.panels.text import plain
from geo.scenario import NOTE_LENGTH

if TYPE_CHECKING:
    from geo.edits import Edit
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.store import Step

__all__ = ["history", "show"]

_PAGE = 40
_STEPS = 12
_TALL = 8  # more edits than this scroll in a box of their own
_HEIGHT = 360


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the list of edits and what can be done with one."""
    plan = session.shelf.plan
    st.markdown(f"#### {voice('app.edits.heading', count=len(plan.edits))}")
    if not plan.edits:
        st.caption(voice("app.edits.none"))
        return
    st.caption(voice("app.edits.hint"))
    first = _first(plan, voice)
    with st.container(height=_HEIGHT if len(plan.edits) > _TALL else "content", border=False):
        for number, edit in enumerate(plan.edits[first : first + _PAGE], start=first + 1):
            text = f"{number}\\. {plain(_said(plan, edit.id, region, voice))}"
            # a widget of its own per state, so that undo is seen
            key = f"edit_{session.shelf.opened.id[:8]}_{edit.id}_{edit.on}"
            note = plain(edit.note) if edit.note else None
            if st.toggle(text, edit.on, key=key, help=note) != edit.on:
                del st.session_state[key]
                if change(session, region, voice, plan.switch(edit.id, on=not edit.on)):
                    st.rerun()
    _one(session, region, voice, plan)


def _said(plan: Plan, key: str, region: Region, voice: Voice) -> str:
    # the switch itself says whether it is on
    edit = plan.edit(key).model_copy(update={"on": True})
    text = sentence(edit, plan, region, voice.language)
    return f"{text} ({voice('app.edits.dormant')})" if key in plan.played.dormant else text


def _first(plan: Plan, voice: Voice) -> int:
    starts = list(range(0, len(plan.edits), _PAGE))
    if len(starts) == 1:
        return 0
    return st.selectbox(
        voice("app.edits.page"),
        starts,
        format_func=lambda start: f"{start + 1}–{min(start + _PAGE, len(plan.edits))}",
        key="edits_page",
    )


def _one(session: Session, region: Region, voice: Voice, plan: Plan) -> None:
    chosen = st.selectbox(
        voice("app.edits.chosen"),
        plan.ids,
        format_func=lambda key: f"{plan.ids.index(key) + 1}. {_said(plan, key, region, voice)}",
        key=f"edit_chosen_{session.shelf.opened.id[:8]}",
    )
    place = plan.ids.index(chosen)
    row = st.container(horizontal=True, gap="small")
    changed = None
    if row.button(voice("app.edits.up"), disabled=place == 0, key="edit_up", width="stretch"):
        changed = plan.reorder(chosen, place - 1)
    last = place == len(plan.ids) - 1
    if row.button(voice("app.edits.down"), disabled=last, key="edit_down", width="stretch"):
        changed = plan.reorder(chosen, place + 1)
    if row.button(voice("app.edits.remove"), key="edit_remove", width="stretch"):
        changed = plan.without(chosen)
    if changed is not None and change(session, region, voice, changed):
        st.rerun()
    _note(session, voice, plan.edit(chosen))


def _note(session: Session, voice: Voice, edit: Edit) -> None:
    """Draw the field of an edit's note."""
    desk, key = session.shelf, session.shelf.opened.id

    def put(text: str) -> None:
        one = desk.known(key)
        if one is not None and edit.id in one.plan.ids:
            desk.put(one.plan.noted(edit.id, text), key=key)

    area(session, voice("app.edits.note"), f"note_{key}_{edit.id}", edit.note, most=NOTE_LENGTH, put=put)


def history(session: Session, region: Region, voice: Voice) -> None:
    """Draw the last steps of the history, each of which can be gone back to."""
    workspace, opened = session.shelf.workspace, session.shelf.opened
    with session.shelf.reading_again():
        steps = workspace.history(opened.id)
    shown = steps[: -_STEPS - 1 : -1]
    st.caption(voice("app.history.hint", count=len(steps), shown=len(shown)))
    plans = {step.number: workspace.at(opened.id, step.number) for step in shown}

    def line(step: Step) -> str:
        here = f" ← {voice('app.history.here')}" if step.number == opened.position else ""
        return f"{step.number}. {voice(f'store.step.{step.kind}')}, {moment(step.made)}{here}"

    lines = []
    for step in shown:
        before = plans.get(step.parent or 0)
        told = describe(diff(before, plans[step.number]), region, voice.language) if before else ()
        more = f"; +{len(told) - 2}" if len(told) > 2 else ""
        lines.append(
            f"- {plain(line(step))}" + (f"  \n  {plain('; '.join(told[:2]) + more)}" if told else "")
        )
    st.caption("\n".join(lines))
    others = [step for step in shown if step.number != opened.position]
    if not others:
        return
    chosen = st.selectbox(voice("app.history.step"), others, format_func=line, key="history_step")
    go = st.button(voice("app.history.go"), key="history_go", width="stretch")
    if go and change(session, region, voice, plans[chosen.number]):
        st.rerun()

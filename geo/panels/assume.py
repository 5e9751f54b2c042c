"""Every declared assumption with its range, source and status, to change and to reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from geo.assumptions import ASSUMPTION_GROUPS, ASSUMPTIONS, Assumptions, AssumptionSpec
from geo.errors import GeoError
from geo.panels.changing import change, keep
from geo.panels.text import plain
from geo.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region

__all__ = ["show"]

CHANGED = "changed"
_STEPS = 50  # presses of "+" from one end of the likely range to the other


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the assumptions of one group, or those that the scenario changes."""
    current = session.shelf.current
    overrides = current.assumptions.overrides
    groups = [CHANGED, *(name for name in ASSUMPTION_GROUPS if any(s.group == name for s in ASSUMPTIONS))]
    group = st.selectbox(
        voice("app.assume.group"),
        groups,
        index=0 if overrides else 1,
        format_func=lambda name: f"{voice(f'app.assume.groups.{name}')} ({len(_of(name, overrides))})",
        key="assume_group",
    )
    specs = _of(group, overrides)
    families = sorted({spec.family for spec in specs}, key=[spec.family for spec in specs].index)
    if len(families) < len(specs):
        family = st.selectbox(
            voice("app.assume.family"),
            families,
            format_func=lambda name: voice(f"assumption.{name}.name"),
            key=f"assume_family_{group}",
        )
        specs = [spec for spec in specs if spec.family == family]
    if not specs:
        st.caption(voice("app.assume.none"))
    for spec in specs:
        _one(session, region, voice, spec)
    if overrides and st.button(
        voice("app.assume.reset_all", count=len(overrides)), key="assume_reset_all", width="stretch"
    ):
        _keep(session, region, voice, {})


def _of(group: str, overrides: Mapping[str, float]) -> list[AssumptionSpec]:
    if group == CHANGED:
        return [spec for spec in ASSUMPTIONS if spec.id in overrides]
    return [spec for spec in ASSUMPTIONS if spec.group == group]


def _one(session: Session, region: Region, voice: Voice, spec: AssumptionSpec) -> None:
    overrides = dict(session.shelf.current.assumptions.overrides)
    value = overrides.get(spec.id, spec.default)
    mark = "● " if spec.id in overrides else ""
    # one widget for each scenario: what is typed goes there, even if another is chosen before it is left
    here = session.shelf.opened.id
    key = f"assume_{here[:8]}_{spec.id}"
    seen = f"{key}_seen"
    # undo or another window changed it: the widget follows
    if st.session_state.get(seen) != value or key not in st.session_state:
        st.session_state[key] = st.session_state[seen] = float(value)
    unit = voice(f"unit.{spec.unit}")
    with st.container(border=True):
        st.number_input(
            f"{mark}{voice.pick(spec.name('en'), spec.name('zh'))} ({unit})",
            float(spec.low),
            float(spec.high),
            step=max(1e-4, (spec.likely[1] - spec.likely[0]) / _STEPS),
            format="%.6g",
            help=f"{plain(spec.help(voice.language))}\n\n{plain(spec.source)}",
            key=key,
            on_change=_typed,
            args=(session, region, here, spec.id, key),
        )
        st.caption(_facts(voice, spec))
        reset = spec.id in overrides and st.button(
            voice("app.assume.reset", value=_written(spec.default)), key=f"{key}_reset", width="stretch"
        )
    if reset:
        overrides.pop(spec.id)
        _keep(session, region, voice, overrides)


def _typed(session: Session, region: Region, scenario: str, assumption: str, key: str) -> None:
    """Take over a value that was typed for one scenario, before anything else that the page was asked for."""
    one = session.shelf.known(scenario)
    if one is None:
        return
    current = one.plan.scenario()
    overrides = {**current.assumptions.overrides, assumption: float(st.session_state[key])}
    try:
        keep(session, region, _with(current, overrides), key=scenario)
    except GeoError as error:
        session.refused = error
        del st.session_state[key]  # the field shows what holds


def _with(current: Scenario, overrides: Mapping[str, float]) -> Scenario:
    return Scenario(
        name=current.name,
        note=current.note,
        assumptions=Assumptions(tuple(overrides.items())),
        moves=current.moves,
    )


def _facts(voice: Voice, spec: AssumptionSpec) -> str:
    return voice(
        "app.assume.facts",
        default=_written(spec.default),
        low=_written(spec.low),
        high=_written(spec.high),
        likely=f"{_written(spec.likely[0])}–{_written(spec.likely[1])}",
        status=voice(f"status.{spec.status}"),
        source=spec.source,
    )


def _written(value: float) -> str:
    return f"{value:,.10g}"


def _keep(session: Session, region: Region, voice: Voice, overrides: dict[str, float]) -> None:
    if change(session, region, voice, _with(session.shelf.current, overrides)):
        st.rerun()

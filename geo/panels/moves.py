"""The moves of a scenario: list, add one, add many, change, remove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from geo.errors import GeoError
from geo.panels.changing import change, keep
from geo.panels.text import plain
from geo.scenario import FIRST_YEAR, KINDS, LAST_YEAR, Move, Scenario, validate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region

__all__ = ["add", "place_name", "put", "refused", "show"]

_NOW = 2027
_YEARS = 3
_SIZES = ("posts", "students", "beds")
_COLUMN = {"posts": "employees", "students": "students", "beds": "beds"}
_WHO = ("institution", "name", "kind", "origin")  # what says who moves, and from where
_STATUSES = ("announced", "under_construction", "candidate", "moved")


@dataclass(frozen=True)
class _Names:
    """Names of counties and institutions in the reader's language."""

    counties: dict[str, str]
    alone: dict[str, str]
    institutions: dict[str, str]

    @classmethod
    def of(cls, region: Region, voice: Voice) -> _Names:
        counties = {code: place_name(region, voice, code) for code in region.codes}
        frame = region.institutions
        marks = {
            key: f" · {voice('institution_status.candidate')}"
            for key in frame.index[frame["institution_status"] == "candidate"]
        }
        return cls(
            counties,
            {str(code): str(name) for code, name in region.counties[f"name_{voice.language}"].items()},
            {
                str(key): voice.pick(str(en), str(zh)) + marks.get(key, "")
                for key, en, zh in zip(frame.index, frame["name_en"], frame["name_zh"], strict=True)
            },
        )

    def of_move(self, move: Move) -> str:
        return move.name or self.institutions.get(move.institution or "", move.institution or "")

    def short(self, code: str) -> str:
        return self.alone.get(code, code or "–")


def place_name(region: Region, voice: Voice, code: str) -> str:
    """Return a county with its city, for lists: "Rongcheng County, Baoding"."""
    row = region.counties.loc[code]
    county, city = voice.pick(row["name_en"], row["name_zh"]), voice.pick(row["city_en"], row["city_zh"])
    return f"{city}{county}" if voice.language == "zh" else f"{county}, {city}"


def _origin(move: Move, region: Region) -> str:
    if move.origin or move.institution not in region.institutions.index:
        return move.origin or ""
    code = region.institutions.at[move.institution, "county_code"]
    return code if isinstance(code, str) else ""


def _with_moves(scenario: Scenario, moves: tuple[Move, ...]) -> Scenario:
    return Scenario(name=scenario.name, note=scenario.note, assumptions=scenario.assumptions, moves=moves)


def add(session: Session, region: Region, voice: Voice, moves: tuple[Move, ...]) -> None:
    """Put moves to one place at the end of the current scenario.

    Raises
    ------
    GeoError
        If the scenario cannot hold them, or the model no answer to them; it is then as it was.
    """
    if not moves:
        return
    current = session.shelf.current
    keep(session, region, _with_moves(current, (*current.moves, *moves)))
    names = _Names.of(region, voice)
    place = names.counties.get(moves[0].destination, "")
    if len(moves) == 1:
        session.notice = voice("app.moves.added", name=names.of_move(moves[0]), place=place)
    else:
        session.notice = voice("app.moves.added_many", count=len(moves), place=place)


def put(session: Session, region: Region, voice: Voice, move: Move) -> None:
    """Take over a move made on the map; raises as :func:`add`.

    An institution that moves already changes its destination; back at its origin, it stays.
    """
    moves = session.shelf.current.moves
    places = [place for place, kept in enumerate(moves) if kept.institution == move.institution]
    if len(places) != 1:
        add(session, region, voice, (move,))
        return
    there = moves[places[0]]
    if move.destination == _origin(there, region):
        kept = tuple(kept for kept in moves if kept is not there)
        keep(session, region, _with_moves(session.shelf.current, kept))
        session.notice = voice("app.moves.removed", count=1)
    else:
        changed = Move(**{**there.model_dump(exclude_defaults=True), "destination": move.destination})
        _commit(session, region, voice, changed, session.shelf.plan.played.made_by[places[0]])


def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the list of moves and the ways to change it."""
    names = _Names.of(region, voice)
    scenario = session.shelf.current
    st.markdown(f"#### {voice('app.moves.heading', name=scenario.name)}")
    chosen = _listed(scenario, region, voice, names)
    if chosen:
        _on_chosen(session, region, voice, chosen)
    _remarks(scenario, region, voice)
    editing = _editing(session)
    if editing is not None:
        with st.container(border=True):
            st.markdown(f"**{voice('app.moves.change_one')}**")
            _form(session, region, voice, names, editing)
        return
    with st.expander(voice("app.moves.one"), expanded=not scenario.moves):
        _form(session, region, voice, names, None)
    with st.expander(voice("app.moves.many")):
        _many(session, region, voice, names)


def _editing(session: Session) -> str | None:
    """Return the edit whose move is being changed, as long as it still makes that move in this scenario."""
    asked: tuple[str, str, Move] | None = st.session_state.get("editing")
    if asked is None:
        return None
    plan, key, move = asked
    if plan == session.shelf.opened.id and _made(session).get(key) == move:
        return key
    del st.session_state["editing"]
    return None


def _made(session: Session) -> dict[str, Move]:
    """Return the moves of the current scenario by the edit that made each."""
    played = session.shelf.plan.played
    return dict(zip(played.made_by, played.scenario.moves, strict=True))


def _remarks(scenario: Scenario, region: Region, voice: Voice) -> None:
    """Say what a reader must know about moves that are possible: hypothetical, part of another, a group."""
    found = validate(scenario, region)
    if found:
        with st.expander(voice("app.moves.remarks", count=len(found))):
            st.markdown("\n".join(f"- {plain(fault.text(voice.language))}" for fault in found))


def _listed(scenario: Scenario, region: Region, voice: Voice, names: _Names) -> list[int]:
    if not scenario.moves:
        st.info(voice("app.moves.none"))
        return []
    frame = _move_rows(scenario, region, voice, names)
    widths = dict(zip(frame.columns, (165, 130, 90), strict=False))
    picked: Any = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        height=min(320, 38 + 35 * len(frame)),
        column_config={name: st.column_config.Column(width=width) for name, width in widths.items()},
        key=f"moves_{scenario.hash[:12]}",
    )
    rows = [int(row) for row in picked.selection.rows]
    if not rows:
        st.caption(voice("app.moves.select_hint"))
    return rows


def _move_rows(scenario: Scenario, region: Region, voice: Voice, names: _Names) -> pd.DataFrame:
    head = [voice(f"app.moves.columns_{key}") for key in ("institution", "to", "when", "from", "share")]
    rows = [
        (
            names.of_move(move),
            names.short(move.destination),
            f"{move.start}–{move.end}",
            names.short(_origin(move, region)),
            f"{100 * move.share:.0f} %",
        )
        for move in scenario.moves
    ]
    return pd.DataFrame(rows, columns=head)


def _on_chosen(session: Session, region: Region, voice: Voice, chosen: list[int]) -> None:
    left, right = st.columns(2)
    if left.button(voice("app.moves.remove"), key="remove_moves", width="stretch"):
        scenario = session.shelf.current
        kept = tuple(move for place, move in enumerate(scenario.moves) if place not in chosen)
        if change(session, region, voice, _with_moves(scenario, kept)):
            session.notice = voice("app.moves.removed", count=len(chosen))
            st.rerun()
    if right.button(voice("app.moves.edit"), key="edit_move", width="stretch", disabled=len(chosen) != 1):
        key, move = list(_made(session).items())[chosen[0]]
        st.session_state["editing"] = (session.shelf.opened.id, key, move)
        st.rerun()


def _form(session: Session, region: Region, voice: Voice, names: _Names, editing: str | None) -> None:
    """Ask for one move; ``editing`` is the edit that made the move that is changed, None for a new one."""
    before = None if editing is None else _made(session)[editing]
    key = f"move_{editing or 'new'}"
    free = st.toggle(
        voice("app.moves.free"), value=bool(before and before.institution is None), key=f"{key}_free"
    )
    fields = _who_free(voice, names, before, key) if free else _who_listed(region, voice, names, before, key)
    fields |= _where_when(region, voice, names, before, key)
    fields |= _sizes(region, voice, before, fields.get("institution"), key)
    label = voice("app.moves.add" if editing is None else "app.moves.save")
    if st.button(label, type="primary", key=f"{key}_do", width="stretch"):
        try:
            move = _moved(before, fields)
            _commit(session, region, voice, move, editing)
        except GeoError as error:
            refused(voice, error)
        else:
            st.session_state.pop("editing", None)
            st.rerun()
    if editing is not None and st.button(voice("app.moves.cancel"), key=f"{key}_cancel", width="stretch"):
        st.session_state.pop("editing", None)
        st.rerun()


def _moved(before: Move | None, fields: Mapping[str, Any]) -> Move:
    """Return the move that a form asks for; what the form does not ask stays as it was."""
    given: dict[str, Any] = {} if before is None else before.model_dump(exclude_defaults=True)
    if before is not None and before.institution != fields.get("institution"):
        given = {name: value for name, value in given.items() if name not in _WHO}
    given |= fields
    return Move(**{name: value for name, value in given.items() if value is not None})


def _commit(session: Session, region: Region, voice: Voice, move: Move, editing: str | None) -> None:
    if editing is None:
        add(session, region, voice, (move,))
        return
    moves = tuple(move if key == editing else kept for key, kept in _made(session).items())
    keep(session, region, _with_moves(session.shelf.current, moves))
    session.notice = voice("app.moves.changed", name=_Names.of(region, voice).of_move(move))


def refused(voice: Voice, error: GeoError) -> None:
    """Say why something was not taken over, and that nothing was lost."""
    faults = "\n".join(f"- {plain(fault.text(voice.language))}" for fault in error.faults)
    st.error(f"{voice('app.moves.refused')}\n\n{faults}\n\n{voice('app.error.kept')}")


def _at(options: list[str], before: Move | None, field: str) -> int:
    value = getattr(before, field, None)
    return options.index(value) if value in options else 0


def _who_free(voice: Voice, names: _Names, before: Move | None, key: str) -> dict[str, Any]:
    name = st.text_input(
        voice("app.moves.free_name"), value=(before and before.name) or "", max_chars=200, key=f"{key}_name"
    )
    kinds = list(KINDS)
    kind = st.selectbox(
        voice("app.moves.free_kind"),
        kinds,
        index=_at(kinds, before, "kind"),
        format_func=lambda k: voice(f"kind.{k}"),
        key=f"{key}_kind",
    )
    codes = list(names.counties)
    origin = st.selectbox(
        voice("app.moves.origin"),
        codes,
        index=_at(codes, before, "origin"),
        format_func=names.counties.__getitem__,
        key=f"{key}_origin",
    )
    return {"name": name.strip(), "kind": kind, "origin": origin}


def _who_listed(region: Region, voice: Voice, names: _Names, before: Move | None, key: str) -> dict[str, Any]:
    options = sorted(names.institutions, key=lambda i: names.institutions[i])
    chosen = st.selectbox(
        voice("app.moves.institution"),
        options,
        index=_at(options, before, "institution"),
        format_func=names.institutions.__getitem__,
        key=f"{key}_institution",
    )
    if region.institutions.at[chosen, "institution_status"] == "candidate":
        st.warning(voice("app.moves.hypothetical"))
    known = region.institutions.at[chosen, "county_code"]
    if isinstance(known, str):
        return {"institution": chosen}
    codes = list(names.counties)
    origin = st.selectbox(
        voice("app.moves.origin"),
        codes,
        index=_at(codes, before, "origin"),
        format_func=names.counties.__getitem__,
        key=f"{key}_listed_origin",
    )
    return {"institution": chosen, "origin": origin}


def _destinations(region: Region) -> list[str]:
    """Return counties, the named destinations first."""
    first = list(dict.fromkeys(str(code) for code in region.destinations["code"]))
    return [*first, *(code for code in region.codes if code not in first)]


def _where_when(region: Region, voice: Voice, names: _Names, before: Move | None, key: str) -> dict[str, Any]:
    codes = _destinations(region)
    destination = st.selectbox(
        voice("app.moves.destination"),
        codes,
        index=_at(codes, before, "destination"),
        format_func=names.counties.__getitem__,
        key=f"{key}_destination",
    )
    left, right = st.columns(2)
    start = left.number_input(
        voice("app.moves.start"), FIRST_YEAR, LAST_YEAR, before.start if before else _NOW, key=f"{key}_start"
    )
    years = right.number_input(
        voice("app.moves.years"), 1, 31, before.years if before else _YEARS, key=f"{key}_years"
    )
    kept = (before.share, before.home_share) if before else (1.0, None)
    # what is shown is rounded, what is kept is not: see _share
    whole, at_home = max(1, round(100 * kept[0])), None if kept[1] is None else round(100 * kept[1])
    share = left.number_input(voice("app.moves.share"), 1, 100, whole, key=f"{key}_share")
    home = right.number_input(
        voice("app.moves.home_share"), 0, 100, at_home, placeholder="70", key=f"{key}_home"
    )
    return {
        "destination": destination,
        "start": int(start),
        "years": int(years),
        "share": _share(share, whole, kept[0]),
        "home_share": _share(home, at_home, kept[1]),
    }


def _share(typed: int | None, shown: int | None, kept: float | None) -> float | None:
    """Return a share given in whole percent; one that nobody touched keeps what is behind the point."""
    return kept if typed == shown else None if typed is None else typed / 100


def _sizes(
    region: Region, voice: Voice, before: Move | None, institution: str | None, key: str
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for column, size in zip(st.columns(3), _SIZES, strict=True):
        hint = voice("app.moves.unknown_number")
        if institution is not None:
            own = region.institutions.at[institution, _COLUMN[size]]
            hint = voice.number(float(own)) if own == own else hint  # noqa: PLR0124  NaN
        value = column.number_input(
            voice(f"app.moves.{size}"),
            0,
            1_000_000,
            getattr(before, size, None),
            placeholder=hint,
            key=f"{key}_{size}_{institution}",
        )
        fields[size] = None if value is None else int(value)
    st.caption(voice("app.moves.default_hint"))
    same = before is not None and before.institution == institution
    if not same or any(getattr(before, size) != value for size, value in fields.items()):
        # what is left empty is then the class's number, as the hint says
        fields["class_default"] = True
    return fields


def _many(session: Session, region: Region, voice: Voice, names: _Names) -> None:
    found = _filtered(region, voice, names)
    moving = {move.institution for move in session.shelf.current.moves}
    ready = [
        str(key)
        for key, county, group, part in zip(
            found.index, found["county_code"], found["group_row"], found["part_of"], strict=True
        )
        if isinstance(county, str) and key not in moving and not group and part not in moving
    ]
    if found.empty:
        st.info(voice("app.moves.filter_none"))
        return
    st.write(voice("app.moves.filter_count", count=len(found), ready=len(ready)))
    if (found["institution_status"] == "candidate").any():
        st.warning(voice("app.moves.hypothetical"))
    fields = _where_when(region, voice, names, None, "many")
    # who is there already does not move
    going = [key for key in ready if found.at[key, "county_code"] != fields["destination"]]
    label = voice("app.moves.add_many", count=len(going))
    if st.button(label, type="primary", disabled=not going, key="many_do", width="stretch"):
        kept = {name: value for name, value in fields.items() if value is not None}
        try:
            moves = tuple(Move(institution=key, class_default=True, **kept) for key in going)
            add(session, region, voice, moves)
        except GeoError as error:
            refused(voice, error)
        else:
            st.rerun()


def _filtered(region: Region, voice: Voice, names: _Names) -> pd.DataFrame:
    """Return the institutions that pass the filter; an empty choice passes all."""
    frame: pd.DataFrame = region.institutions
    for column, prefix, options in (
        ("kind", "kind", list(KINDS)),
        ("institution_status", "institution_status", list(_STATUSES)),
        ("sector", "sector", sorted(frame["sector"].dropna().unique())),
    ):
        words = {"kind": "kind", "institution_status": "status", "sector": "sector"}[column]
        chosen = st.multiselect(
            voice(f"app.moves.filter_{words}"),
            options,
            format_func=lambda value, prefix=prefix: voice(f"{prefix}.{value}"),
            placeholder=voice("app.moves.any"),
            key=f"many_{column}",
        )
        frame = frame[frame[column].isin(chosen)] if chosen else frame
    origins = sorted(region.institutions["county_code"].dropna().unique())
    places = st.multiselect(
        voice("app.moves.filter_origin"),
        origins,
        format_func=names.counties.__getitem__,
        placeholder=voice("app.moves.any"),
        key="many_origin",
    )
    return frame[frame["county_code"].isin(places)] if places else frame

"""The live map on a page: what is shown goes in, what the reader decides comes out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypedDict

import streamlit as st
import streamlit.components.v1 as components

from geo.maps.component import arguments, folder

if TYPE_CHECKING:
    from geo.maps.view import MapView

__all__ = ["MapEvent", "map_component", "pair_asked"]

_NAME = "jingjinji_map"


class MapEvent(TypedDict):
    """What a reader decided on the map.

    Parameters
    ----------
    seq
        Rises with every event of a browser.
    type
        ``"move"``: ``institution`` shall go to the county ``destination``. ``"explain"``: the number of
        ``id`` shall be explained. ``"view"``: what the map shows, as it was asked for. ``"apart"``: how far
        apart ``a`` and ``b`` may lie is asked for.
    institution, destination
        Of a move: an institution's id and a county's code; else empty.
    kind, id
        Of an explanation: ``county`` and its code, or ``road`` or ``pair`` and the codes of both counties,
        joined by a hyphen; else empty.
    measure, year, a, b
        Of an explanation: what the map shows, the measure for a county alone; ``a`` and ``b``, also of
        ``"apart"``, as places in the list of scenarios, ``a`` = -1 for the starting point; else empty, 0,
        -1 and 0.
    view
        Of a view: its state as the browser tells it, not checked; else empty.
    """

    seq: int
    type: str
    institution: str
    destination: str
    kind: str
    id: str
    measure: str
    year: int
    a: int
    b: int
    view: Mapping[str, Any]


_EXPLAINED = ("county", "road", "pair")  # kinds of things whose number a reader may ask about
_TEXTS = ("type", "institution", "destination", "kind", "id", "measure")
_WHOLE = {"seq": None, "year": 0, "a": -1, "b": 0}


def _event(value: object) -> MapEvent | None:
    """Return the event in what a browser sent; anything else is no event."""
    if not isinstance(value, Mapping) or value.get("type") not in {"move", "explain", "view", "apart"}:
        return None
    texts = {name: value.get(name, "") for name in _TEXTS}
    whole = {name: value.get(name, default) for name, default in _WHOLE.items()}
    if not all(isinstance(text, str) for text in texts.values()):
        return None
    # True is a whole number to Python, and none to a reader
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in whole.values()):
        return None
    if texts["type"] == "explain" and texts["kind"] not in _EXPLAINED:
        return None
    told = value.get("view", {})
    event: Any = {**texts, **whole, "view": told if isinstance(told, Mapping) else {}}
    checked: MapEvent = event
    return checked


def pair_asked(key: str) -> tuple[int, int] | None:
    """Return the places of two scenarios whose ranges the map ``key`` asked for last, before it is drawn."""
    event = _event(st.session_state.get(key))
    if event is None or event["type"] != "apart" or event["seq"] <= st.session_state.get(f"{key}.seen", 0):
        return None
    return event["a"], event["b"]


@cache
def _component() -> Any:
    # declaring looks through the call stack's modules, which takes longer than a rerun should
    return components.declare_component(_NAME, path=str(folder()))


def map_component(
    view: MapView,
    *,
    key: str,
    language: str,
    state: Mapping[str, Any] | None = None,
    height: int = 720,
    ask: int = 0,
    watch: bool = False,
) -> MapEvent | None:
    """Show the map and return what the reader decided since the last run, once.

    The frame stays for as long as ``key`` does, so that view, selection, open panels and toggles survive
    every rerun. Layers, swipe, difference, years, pan and zoom never come here.

    Parameters
    ----------
    view
        The map.
    key
        Name of this map on the page.
    language
        "en" or "zh"; wins over the view's.
    state
        What the page wants shown, any of ``mode``, ``measure``, ``a`` and ``b`` (ids or places in the list of
        scenarios; ``a`` = -1 is the starting point), ``year``, ``hidden`` (keys such as "sector:robotics",
        "kind:school", "status:candidate", "layer:rail"), ``swipe``, ``selected`` ({"type", "id"}), ``view``
        (latitude, longitude, zoom; None for the whole region) and the rest of :class:`geo.shared.View`.
        What differs from what the page sent last is applied, also over what the browser kept in between;
        all of it if ``opening`` differs.
    height
        Height, CSS pixels.
    ask
        A higher number than before asks the map for its view, which comes as an event.
    watch
        Whether the map tells its view without being asked, a moment after each change.
    """
    sent = arguments(view, state or {}, storage=key, height=height)
    sent |= {"settings": {**sent["settings"], "language": language}, "ask": ask, "watch": watch}
    event = _event(_component()(**sent, key=key, default=None))
    seen = f"{key}.seen"
    if event is None or event["seq"] <= st.session_state.get(seen, 0):
        return None
    st.session_state[seen] = event["seq"]
    return event

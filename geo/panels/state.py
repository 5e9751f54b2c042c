"""What a session holds: a language and a desk of scenarios, one of which is worked on.

Nothing here draws. Region and outcomes are shared by all sessions and cached by content, so that two people
who look at the same scenario compute it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from geo.maps.view import MapView, build_view
from geo.measures import MEASURES
from geo.model.simulate import simulate
from geo.panels.desk import PageDesk, open_desk
from geo.presets import PRESETS, preset
from geo.region import Region, load_region
from geo.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geo.maps.own import OwnLayer
    from geo.maps.rangeview import RangeView
    from geo.outcome import Outcome

__all__ = ["Session", "forget_outcomes", "level0_of", "map_of", "open_session", "outcome_of", "region"]

# Some 30 sessions with the three ready scenarios and one or two of their own each. An outcome takes 57 MB
# beside what all share (the solved years, from which numbers are explained), so 3.7 GB at most; one that was
# let go is computed again in two seconds. Streamlit lets go what was not asked for longest, under a lock.
_OUTCOMES_KEPT = 64


@dataclass
class Session:
    """One person's page."""

    language: str
    shelf: PageDesk
    notice: str = ""
    own: dict[str, OwnLayer] = field(default_factory=dict)  # layers put on the map, by file and conversion


@st.cache_resource(show_spinner=False)
def region() -> Region:
    """Return the region, read once per process."""
    return load_region()


@st.cache_resource(show_spinner=False, max_entries=_OUTCOMES_KEPT, hash_funcs={Scenario: lambda s: s.hash})
def _follows(nameless: Scenario) -> Outcome:
    return simulate(region(), nameless)


@st.cache_resource(show_spinner=False, max_entries=_OUTCOMES_KEPT, hash_funcs={Scenario: lambda s: s.hash})
def outcome_of(scenario: Scenario) -> Outcome:
    """Return what follows from a scenario, computed once per content: a name or a note changes nothing."""
    nameless = Scenario(assumptions=scenario.assumptions, moves=scenario.moves)
    return replace(_follows(nameless), scenario=scenario)


def forget_outcomes() -> None:
    """Forget every outcome, so that the next one is computed anew."""
    outcome_of.clear()
    _follows.clear()


@st.cache_resource(show_spinner=False, max_entries=_OUTCOMES_KEPT, hash_funcs={Scenario: lambda s: s.hash})
def level0_of(scenario: Scenario) -> Outcome:
    """Return the direct effects alone, by plain accounting."""
    return simulate(region(), scenario, model="level0")


def map_of(session: Session, ranges: Iterable[RangeView | None] = ()) -> MapView:
    """Return the map with every scenario on the shelf, in its order, and with their ranges."""
    runs = [(scenario.name, outcome_of(scenario)) for scenario in session.shelf.scenarios]
    today = datetime.now(UTC).date().isoformat()
    return build_view(
        region(),
        runs,
        measures=MEASURES.values(),
        language=session.language,
        date=today,
        own=session.own.values(),
        ranges=ranges,
        ids=[one.id for one in session.shelf.saved],
    )


def _first_language() -> str:
    asked = st.query_params.get("lang", "")
    if asked in ("en", "zh"):
        return str(asked)
    return "zh" if (st.context.locale or "").lower().startswith("zh") else "en"


def open_session() -> Session:
    """Return this person's session; a first visit finds the announced programme on the map."""
    if "session" not in st.session_state:
        language = _first_language()
        ready = [preset(name, region(), language) for name in PRESETS]
        st.session_state["session"] = Session(language, open_desk(ready, region().content_hash))
    session: Session = st.session_state["session"]
    return session

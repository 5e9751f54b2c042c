"""What a session holds: a language and a desk of scenarios, one of which is worked on.

Nothing here draws. Region and outcomes are shared by all sessions and cached by content, so that two people
who look at the same scenario compute it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from geo.edition import Edition
from geo.errors import GeoError
from geo.maps.view import MapView, build_view
from geo.measures import MEASURES
from geo.model.simulate import simulate
from geo.panels.desk import PageDesk, open_desk
from geo.presets import PRESETS, preset
from geo.region import Region, load_region
from geo.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from geo.maps.own import OwnLayer
    from geo.maps.rangeview import RangeView
    from geo.outcome import Outcome
    from geo.store import Saved

__all__ = [
    "Session",
    "answered",
    "forget_outcomes",
    "level0_of",
    "map_of",
    "open_session",
    "outcome_of",
    "region",
    "unanswered",
]

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
    gone: str = ""  # what another window took away, said in the next run
    refused: GeoError | None = None  # what a field could not be taken over for, said in the next run
    own: dict[str, OwnLayer] = field(default_factory=dict)  # layers put on the map, by file and conversion


@st.cache_resource(show_spinner=False)
def region() -> Region:
    """Return the region, read once per process."""
    return load_region()


@st.cache_resource(show_spinner=False, max_entries=_OUTCOMES_KEPT, hash_funcs={Scenario: lambda s: s.hash})
def _follows(nameless: Scenario) -> Outcome | GeoError:
    try:
        return simulate(region(), nameless)
    except GeoError as error:
        # kept too: every run of the page would look for an answer again
        return type(error)(error.faults)


@st.cache_resource(show_spinner=False, max_entries=_OUTCOMES_KEPT, hash_funcs={Scenario: lambda s: s.hash})
def outcome_of(scenario: Scenario) -> Outcome:
    """Return what follows from a scenario, computed once per content: a name or a note changes nothing.

    Raises
    ------
    GeoError
        If the model has no answer to it.
    """
    nameless = Scenario(assumptions=scenario.assumptions, moves=scenario.moves)
    found = _follows(nameless)
    if isinstance(found, GeoError):
        raise type(found)(found.faults)
    return replace(found, scenario=scenario)


def forget_outcomes() -> None:
    """Forget every outcome, so that the next one is computed anew."""
    outcome_of.clear()
    _follows.clear()


def answered(session: Session) -> list[Saved]:
    """Return the plans on the desk that the model has an answer to, in order: those that the map shows."""
    without = {key for key, _ in unanswered(session)}
    return [one for one in session.shelf.saved if one.id not in without]


def unanswered(session: Session) -> list[tuple[str, GeoError]]:
    """Return the ids of the plans that the model has no answer to, each with the reason."""
    found = []
    for one in session.shelf.saved:
        try:
            outcome_of(one.plan.scenario())
        except GeoError as error:
            found.append((one.id, error))
    return found


@st.cache_resource(show_spinner=False, max_entries=_OUTCOMES_KEPT, hash_funcs={Scenario: lambda s: s.hash})
def level0_of(scenario: Scenario) -> Outcome:
    """Return the direct effects alone, by plain accounting."""
    return simulate(region(), scenario, model="level0")


def map_of(
    session: Session,
    ranges: Callable[[Scenario], RangeView | None],
    apart: Callable[[Sequence[Scenario]], Mapping[tuple[int, int], RangeView | None]],
) -> MapView:
    """Return the map with every scenario that has an answer, in the order of the desk, with their ranges.

    Parameters
    ----------
    ranges
        Of a scenario's changes.
    apart
        Between scenarios, by their places in the list.
    """
    listed = answered(session)
    scenarios = [one.plan.scenario() for one in listed]
    runs = [(scenario.name, outcome_of(scenario)) for scenario in scenarios]
    today = datetime.now(UTC).date().isoformat()
    return build_view(
        region(),
        runs,
        measures=MEASURES.values(),
        language=session.language,
        date=today,
        own=session.own.values(),
        ranges=map(ranges, scenarios),
        ids=[one.id for one in listed],
        apart=apart(scenarios),
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
        st.session_state["session"] = Session(language, open_desk(ready, Edition.here(region()).text))
    session: Session = st.session_state["session"]
    return session

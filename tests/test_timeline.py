"""What a year brings, worked out by hand, and the sentence that says it."""

from collections import Counter

import pytest

from geo.charts import timeline_chart
from geo.timeline import (
    CHANGES,
    DATES,
    STATES,
    Event,
    changes,
    explain_states,
    sentence,
    state_in,
    timeline,
    years_of,
)


def event(name="A", **dates):
    facts = {"kind": "", "stage": "announced", "destination": "", "source": "", "status": "sourced"}
    return Event(id=name, name=name, **facts, **(dict.fromkeys(DATES) | dates))


@pytest.mark.parametrize(
    ("dates", "brought"),
    [
        ({"announced": 2020, "opened": 2024}, {2020: {"announced"}, 2024: {"opened"}}),
        # a move whose opening nobody published has ended
        ({"start": 2021, "end": 2023}, {2021: {"start"}, 2023: {"opened"}}),
        # the year of opening is published: the end of the move is no second opening
        ({"end": 2023, "opened": 2022}, {2022: {"opened"}}),
        ({"expected": 2026}, {2026: {"expected"}}),
        # opened before it was expected to be
        ({"expected": 2026, "opened": 2025}, {2025: {"opened"}}),
        ({"announced": 2020, "start": 2020}, {2020: {"announced", "start"}}),
        ({}, {}),
    ],
)
def test_a_year_brings_what_its_dates_say(dates, brought):
    for year in range(2018, 2030):
        assert set(changes([event(**dates)], year)) == brought.get(year, set())


def test_every_change_of_state_is_said(region):
    for one in timeline(region):
        for year in years_of([one])[1:]:
            if state_in(one, year) != state_in(one, year - 1):
                assert changes([one], year), (one.id, year)


def test_the_sentence_names_three_and_counts_the_rest():
    events = [event(name, opened=2024) for name in "ABCDE"] + [event("F", announced=2024)]
    assert sentence(events, 2024) == "2024: opens: A, B, C and 2 more; announced: F."
    assert sentence(events, 2024, "zh") == "2024 年：启用：A、B、C，另有 2 项；宣布：F。"
    assert sentence(events, 2023) == "2023: nothing published."
    assert list(changes(events, 2024)) == [change for change in CHANGES if change in {"opened", "announced"}]


def test_a_year_changes_one_data_set_of_the_chart_and_nothing_else(region):
    events = timeline(region)
    one, two = (timeline_chart(events, year) for year in (2024, 2025))
    assert one.spec["datasets"].pop("now") == [{"year": 2024}]
    assert two.spec["datasets"].pop("now") == [{"year": 2025}]
    assert (one.spec, one.alt) == (two.spec, two.alt)


@pytest.mark.parametrize("year", [2018, 2026, 2035])
def test_counts_are_explained_by_kind_and_name_down_to_their_rows(region, year):
    stages = ("moved", "announced")
    events = [one for one in timeline(region) if one.stage in stages]
    counts = Counter(state_in(one, year) for one in events)
    found = explain_states(region, year, stages)
    assert {state: tree.value for state, tree in found.items()} == counts
    assert list(found) == [state for state in STATES if state in found]
    for tree in found.values():
        assert tree.total() == tree.value
        assert all(kind.total() == kind.value for kind in tree.parts)
    leaves = [leaf for tree in found.values() for kind in tree.parts for leaf in kind.parts]
    assert Counter(leaf.row.source for leaf in leaves) == Counter(one.source for one in events)
    files = {leaf.row.file for leaf in leaves}
    assert files == {"institutions.csv", "historical_relocations.csv"}


def test_an_institution_that_is_counted_says_its_dates(region):
    tree = explain_states(region, 2026, ("moved",))["open"]
    text, chinese = tree.text(), tree.text("zh")
    assert "Shougang Shijingshan steelworks (" in text
    line = next(line for line in text.splitlines() if "Shougang Shijingshan" in line)
    assert "2005" in line
    assert "2010" in line
    assert "institutions.csv, id shougang" in line
    assert region.institutions.name_zh["shougang"] in chinese
    assert "University of" not in chinese
    # nothing is counted of a stage that was not asked for
    assert explain_states(region, 2026, ()) == {}

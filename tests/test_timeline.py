"""What a year brings, worked out by hand, and the sentence that says it."""

import pytest

from geo.charts import timeline_chart
from geo.timeline import CHANGES, DATES, Event, changes, sentence, state_in, timeline, years_of


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

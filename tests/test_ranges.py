"""Ranges: worked out by hand on made-up draws, and laws that hold for any."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import synthetic_maps as made

from geo.comparison import groups, indicators, pair, place_of, table_of_rows
from geo.ensemble import Ensemble
from geo.measures import MEASURES, Effect, Said
from geo.outcome import Outcome
from geo.panels import sure
from geo.ranges import (
    Range,
    Spread,
    apart_ranges,
    difference_range,
    said_range,
    said_ranges,
    span,
    with_ranges,
)
from geo.scenario import Scenario

DRAWS = 11


def drawn(outcome, changes, regional=(), first=0.0, numbers=range(DRAWS)):
    """Return an ensemble with these changes by county, (D, T, N), and regional numbers, (D, T)."""
    regional = dict(regional)
    return Ensemble(
        outcome.scenario,
        outcome.years,
        outcome.codes,
        int(outcome.years[-1]),
        regional,
        {key: one - first for key, one in regional.items()},
        changes,
        pd.DataFrame(index=list(numbers)),
        {},
    )


@pytest.fixture(scope="module")
def outcome(region):
    listed = [MEASURES[key] for key in ("posts", "population", "wage", "jobs")]
    found = made.outcome(region, listed)
    return Outcome(
        found.years, region.codes, found.values, found.before, {}, Scenario(), region.content_hash, "full"
    )


def shape(outcome):
    return (DRAWS, len(outcome.years), len(outcome.codes))


def test_a_county_has_the_quantiles_of_its_own_draws(region, outcome):
    changes = np.zeros(shape(outcome))
    changes[:, -1, 3] = np.arange(DRAWS) * 100.0  # 0, 100, ..., 1000: the 10 % quantile is 100, the 90 % 900
    spread = Spread(region, outcome, drawn(outcome, {"population": changes}))
    place = place_of(region, outcome.codes[3])
    last = int(outcome.years[-1])
    assert spread.change("population", place, last) == pytest.approx((100.0, 900.0))
    assert spread.change("population", place, int(outcome.years[0])) == (0.0, 0.0)
    low, high = spread.by_county("population")
    assert low.shape == (len(outcome.years), len(outcome.codes))
    assert (low[-1, 3], high[-1, 3]) == pytest.approx((100.0, 900.0))
    assert not np.delete(low[-1], 3).any()


def test_counties_that_offset_each_other_leave_no_range_for_their_group(region, outcome):
    changes = np.zeros(shape(outcome))
    inside = np.flatnonzero(place_of(region, "xiongan").inside)
    changes[:, -1, inside[0]] = np.arange(DRAWS) * 10.0
    changes[:, -1, inside[1]] = 500.0 - np.arange(DRAWS) * 10.0
    spread = Spread(region, outcome, drawn(outcome, {"population": changes}))
    last = int(outcome.years[-1])
    # 10 to 90 in one and 410 to 490 in the other, but 500 in every draw together
    assert spread.change("population", place_of(region, "xiongan"), last) == pytest.approx((500.0, 500.0))


def test_a_mean_moves_with_its_weights(region, outcome):
    places = np.flatnonzero(place_of(region, "xiongan").inside)
    jobs, wage = np.zeros(shape(outcome)), np.zeros(shape(outcome))
    jobs[:, -1, places[0]] = np.arange(DRAWS) * 1e5
    spread = Spread(region, outcome, drawn(outcome, {"wage": wage, "jobs": jobs}))
    last = int(outcome.years[-1])
    got = spread.change("wage", place_of(region, "xiongan"), last)
    before = {key: outcome.before[key][places] for key in ("wage", "jobs")}

    def mean(more):
        weights = before["jobs"] + np.array([more, 0.0, 0.0])
        return float(weights @ before["wage"] / weights.sum())

    by_hand = np.array([mean(k * 1e5) for k in range(DRAWS)]) - mean(0.0)
    assert got == pytest.approx(tuple(np.quantile(by_hand, [0.1, 0.9])), abs=0.5)
    assert abs(got.high - got.low) > 1


def test_the_region_has_its_own_draws_and_a_number_that_was_nothing_has_its_level(region, outcome):
    years = len(outcome.years)
    totals = {
        "population": 1e6 + np.arange(DRAWS)[:, None] * np.ones(years),
        "private_per_post": np.ones((DRAWS, years)),
    }
    held = drawn(outcome, {}, totals, first=1e6)
    held.regional_changes["private_per_post"] = np.full((DRAWS, years), np.nan)
    spread = Spread(region, outcome, held)
    last, place = int(outcome.years[-1]), place_of(region, "region")
    assert spread.change("population", place, last) == pytest.approx((1.0, 9.0))
    assert spread.change("private_per_post", place, last) == (1.0, 1.0)
    assert spread.change("wage", place, last) is None


def test_what_is_smaller_than_the_last_digit_is_zero(region, outcome):
    changes = np.full(shape(outcome), 0.4)
    spread = Spread(region, outcome, drawn(outcome, {"population": changes}))
    place = place_of(region, outcome.codes[0])
    assert spread.change("population", place, int(outcome.years[-1])) == (0.0, 0.0)


def test_a_difference_counts_draw_by_draw(region, outcome):
    base = np.zeros(shape(outcome))
    base[:, -1, 0] = np.random.default_rng(3).normal(0, 1e4, DRAWS)
    more = base.copy()
    more[:, -1, 0] += 250.0
    first = Spread(region, outcome, drawn(outcome, {"population": base}))
    second = Spread(region, outcome, drawn(outcome, {"population": more}))
    place, last = place_of(region, outcome.codes[0]), int(outcome.years[-1])
    # each is unsure by thousands, their difference not at all
    assert difference_range(first, second, "population", place, last) == pytest.approx((250.0, 250.0))
    back = difference_range(second, first, "population", place, last)
    assert back == pytest.approx((-250.0, -250.0))


def test_only_draws_that_both_have_are_compared(region, outcome):
    base = np.zeros(shape(outcome))
    other = np.broadcast_to(np.arange(DRAWS)[:, None, None] * 1.0, shape(outcome))
    first = Spread(region, outcome, drawn(outcome, {"population": other}))
    second = Spread(region, outcome, drawn(outcome, {"population": other}, numbers=range(5, 5 + DRAWS)))
    apart = Spread(region, outcome, drawn(outcome, {"population": base}, numbers=range(100, 100 + DRAWS)))
    place, last = place_of(region, outcome.codes[0]), int(outcome.years[-1])
    # draw 5 is the sixth of the first and the first of the second: 5 less 0 ... in every common draw
    assert difference_range(first, second, "population", place, last) == pytest.approx((-5.0, -5.0))
    assert difference_range(first, apart, "population", place, last) is None


def test_every_group_has_a_range_where_a_number_adds_up(region, outcome):
    changes = np.random.default_rng(1).normal(0, 100, shape(outcome))
    spread = Spread(region, outcome, drawn(outcome, {"population": changes}))
    for place in groups(region):
        low, high = spread.change("population", place, int(outcome.years[-1]))
        assert low < high


@pytest.mark.parametrize(
    ("language", "found", "text"),
    [
        ("en", Range(-1200.4, 3400.0), "\u22121,200 to +3,400"),
        ("zh", Range(-120000.0, 3400.0), "\u221212.0万 至 +3,400"),
        ("en", Range(0.0, 0.0), "0"),
        ("en", None, "–"),
    ],
)
def test_a_range_is_written(language, found, text):
    assert span(MEASURES["population"], found, language) == text


def moved_between(outcome, away, here, posts=500.0):
    """Return the outcome with posts that leave one county for another, at the end."""
    values = {**outcome.values, "posts": np.zeros_like(outcome.values["posts"])}
    values["posts"][-1, away], values["posts"][-1, here] = -posts, posts
    return replace(outcome, values=values)


def test_percentages_of_a_sentence_have_ranges_by_hand(region, outcome):
    last = int(outcome.years[-1])
    wage = np.zeros(shape(outcome))
    before = outcome.before["wage"]
    # a rise of 0, 1, ..., 10 % where posts arrive, half of it where they leave
    wage[:, -1, 7] = np.arange(DRAWS) / 100 * before[7]
    wage[:, -1, 3] = np.arange(DRAWS) / 200 * before[3]
    spread = Spread(region, moved_between(outcome, 3, 7), drawn(outcome, {"wage": wage}))
    there = Said("there", "wage", "gaining", last, "mean_percent", 5.0, 2, sign=True)
    away = Said("away", "wage", "losing", last, "mean_percent", 2.5, 2, sign=True)
    assert said_range(spread, there) == pytest.approx((1.0, 9.0))
    assert said_range(spread, away) == pytest.approx((0.5, 4.5))


def test_a_mean_percentage_weighs_counties_by_their_posts(region, outcome):
    last, before = int(outcome.years[-1]), outcome.before["wage"]
    values = {**outcome.values, "posts": np.zeros_like(outcome.values["posts"])}
    values["posts"][-1, [2, 5, 9]] = 300.0, 100.0, -400.0
    wage = np.zeros(shape(outcome))
    wage[:, -1, 2] = 0.04 * before[2]
    wage[:, -1, 5] = np.arange(DRAWS) / 100 * before[5]
    wage[:, -1, 9] = 7 * before[9]  # where posts leave: no part of it
    spread = Spread(region, replace(outcome, values=values), drawn(outcome, {"wage": wage}))
    said = Said("there", "wage", "gaining", last, "mean_percent", 0.0, 2, sign=True)
    assert said_range(spread, said) == pytest.approx((0.75 * 4 + 0.25 * 1, 0.75 * 4 + 0.25 * 9))
    nowhere = Spread(region, replace(outcome, values={**values, "posts": 0 * values["posts"]}), spread.drawn)
    assert said_range(nowhere, said) is None


def test_a_change_in_percent_is_of_what_was_before(region, outcome):
    last = int(outcome.years[-1])
    changes = np.zeros(shape(outcome))
    at = outcome.codes.index("110108")
    total = outcome.before["population"][place_of(region, "beijing").inside].sum()
    changes[:, -1, at] = np.arange(DRAWS) / 100 * total
    spread = Spread(region, outcome, drawn(outcome, {"population": changes}))
    said = Said("beijing", "population", "beijing", last, "percent", 5.0, 2, sign=True)
    assert said_range(spread, said) == pytest.approx((1.0, 9.0))
    told = said_ranges(spread, Effect("", "derived", "", last, (said,)))
    assert "+1.00 to +9.00\u00a0%" in told
    assert "+1.00 至 +9.00%" in said_ranges(spread, Effect("", "derived", "", last, (said,)), "zh")
    # a number that no assumption moves has no range to tell
    still = Spread(region, outcome, drawn(outcome, {"population": np.zeros(shape(outcome))}))
    assert said_range(still, said) == (0.0, 0.0)
    assert said_ranges(still, Effect("", "derived", "", last, (said,))) == ""
    count = Said("moves", "posts", "region", last, "count", 3.0)
    assert said_range(spread, count) is None
    assert said_ranges(spread, Effect("", "derived", "", last, (count,))) == ""


def test_a_scenario_in_which_nothing_moves_needs_no_draws(region, outcome):
    changes = np.zeros(shape(outcome))
    changes[:, -1, 0] = np.arange(DRAWS) * 100.0
    spread = Spread(region, outcome, drawn(outcome, {"population": changes}))
    place, last = place_of(region, outcome.codes[0]), int(outcome.years[-1])
    assert difference_range(None, spread, "population", place, last) == pytest.approx((100.0, 900.0))
    assert difference_range(spread, None, "population", place, last) == pytest.approx((-900.0, -100.0))
    assert difference_range(None, None, "population", place, last) is None
    there, back = apart_ranges(None, spread), apart_ranges(spread, None)
    assert there.values["population"][:, -1, 0] == pytest.approx([100.0, 900.0])
    assert back.values["population"][:, -1, 0] == pytest.approx([-900.0, -100.0])
    assert there.draws == back.draws == DRAWS
    assert apart_ranges(None, None) is None


def test_ranges_between_two_for_the_map_are_those_of_the_comparison(region, outcome):
    random = np.random.default_rng(5)
    one = {key: random.normal(0, 1e4, shape(outcome)) for key in ("population", "jobs")}
    two = {"population": one["population"] + random.uniform(0, 300, shape(outcome)), "wage": one["jobs"]}
    # the second states another assumption, by which there were more people before any move
    other = {**outcome.before, "population": outcome.before["population"] + 700.0}
    assumed = replace(outcome, before=other)
    first = Spread(region, outcome, drawn(outcome, one))
    second = Spread(region, assumed, drawn(outcome, two, numbers=range(3, 3 + DRAWS)))
    made = apart_ranges(first, second)
    assert set(made.values) == {"population"}  # what only one of them has has no difference
    assert made.draws == DRAWS - 3
    for at in (0, 17, 198):
        for year in outcome.years[[0, -1]]:
            place = place_of(region, outcome.codes[at])
            wanted = difference_range(first, second, "population", place, int(year))
            got = made.values["population"][:, outcome.position(int(year)), at]
            assert tuple(got) == pytest.approx(wanted)
    apart = Spread(region, outcome, drawn(outcome, two, numbers=range(100, 100 + DRAWS)))
    assert apart_ranges(first, apart) is None


def test_the_table_of_a_comparison_is_taken_along_with_its_ranges(region, outcome):
    changes = np.zeros(shape(outcome))
    changes[:, -1, 0] = np.arange(DRAWS) * 100.0
    spread = Spread(region, outcome, drawn(outcome, {"population": changes}))
    two = pair(region, outcome, outcome)
    places = [place_of(region, code) for code in outcome.codes[:2]]
    rows = indicators(two, int(outcome.years[-1]), ["population", "posts"], places)
    table = table_of_rows(rows)
    made = with_ranges(table, rows, partial(difference_range, None, spread))
    fields = [field.id for field in made.fields]
    assert [field for field in fields if field not in {"low", "high"}] == [field.id for field in table.fields]
    assert fields[fields.index("difference") :][:3] == ["difference", "low", "high"]
    lines = [dict(zip(fields, row, strict=True)) for row in made.rows]
    assert [line["measure"] for line in lines] == [row[0] for row in table.rows]
    assert (lines[0]["low"], lines[0]["high"]) == pytest.approx((100.0, 900.0))
    assert np.isnan(lines[-1]["low"])  # nothing was drawn of posts
    assert {line["status"] for line in lines} == {row[fields.index("status") - 2] for row in table.rows}


def test_a_pair_that_is_still_drawn_is_named_if_it_is_wished_for(monkeypatch):
    monkeypatch.setattr(sure, "_two", lambda *_, **__: None)
    two = [Scenario(name=name) for name in "AB"]
    assert sure.pair_views(two, [(1, 0)], wish_for=True) == {(0, 1): None}
    assert sure.pair_views(two, [(1, 0)]) == {}
    assert sure.pair_views(two, [(0, 0), (0, 2), (-1, 1)], wish_for=True) == {}

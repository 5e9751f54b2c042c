"""Explanations of road links, pairs of counties and moved staff: every branch makes its parent."""

from dataclasses import replace

import numpy as np
import pytest
from test_explain import sound

from geo import flows, people
from geo.assumptions import Assumptions
from geo.comparison import pair, place_of
from geo.errors import ModelError
from geo.explaining import explain_place
from geo.model.explain import explain
from geo.model.explain_flows import explain_link, explain_pair
from geo.model.flows import commuting, links
from geo.model.simulate import simulate
from geo.model.terms import dated, difference
from geo.outcome import compare
from geo.panels.questions import asked_about
from geo.panels.text import Voice
from geo.people_explained import questions_of_institutions, questions_of_staff
from geo.presets import preset
from geo.scenario import Scenario
from geo.words import LANGUAGES

YEAR = 2035


@pytest.fixture(scope="module")
def two(region):
    return pair(region, *(simulate(region, preset(key, region)) for key in ("moved", "announced")))


def checked(tree):
    sound(tree)
    for language in LANGUAGES:
        assert all(tree.lines(language))
    return tree.value


def test_links_are_explained_as_the_table_has_them(two):
    rows, asked = flows.links_that_differ(two, YEAR), flows.questions_of_links(two, YEAR)
    assert len(asked) == min(len(rows), 200) > 5
    for row, one in list(zip(rows, asked, strict=False))[:25]:
        a, b = one.of(two.first), one.of(two.second)
        assert (checked(a), checked(b)) == pytest.approx((row.a, row.b), rel=1e-9, abs=1e-12)
        assert checked(difference(a, b)) == pytest.approx(row.b - row.a, rel=1e-6, abs=1e-9)


def test_pairs_are_explained_as_the_table_has_them(two):
    rows, asked = flows.pairs_that_differ(two, YEAR), flows.questions_of_pairs(two, YEAR)
    assert len(asked) == 200 < len(rows)
    for row, one in list(zip(rows, asked, strict=False))[:25]:
        a, b = one.of(two.first), one.of(two.second)
        assert (checked(a), checked(b)) == pytest.approx((row.a, row.b), rel=1e-9, abs=1e-6)
        assert {part.key for part in b.parts} >= {"before", "private_commuters", "stay_commuters"}


def test_staff_who_keep_their_home_are_found_in_their_pair(two):
    """Somebody does, and each is in one pair alone."""
    world, at = people.world_of(two.second), two.second.position(YEAR)
    plan, (codes, region) = world.plan, (two.second.codes, two.region)
    stay = (plan.stayers[at][:, None] * plan.homes * plan.daily).T @ plan.there
    home, work = (int(one) for one in np.unravel_index(np.argmax(stay), stay.shape))
    tree = explain_pair(two.second, region, (codes[home], codes[work]), YEAR)
    kept = next(part for part in tree.parts if part.key == "stay_commuters")
    assert kept.value == pytest.approx(stay[home, work], rel=1e-9)
    assert kept.value > 1


def test_a_change_starts_at_what_was_before_any_move(two, region):
    ends = tuple(links(two.second).codes[at] for at in links(two.second).ends[7])
    at = two.second.position(YEAR)
    before, after = (explain_link(two.second, region, ends, year) for year in (None, YEAR))
    assert before.value == pytest.approx(links(two.second).delay_before[:, 7].sum())
    assert after.value == pytest.approx(links(two.second).delay[at, :, 7].sum())
    assert dated(difference(before, after)).line().compared.startswith("before ")
    # in either order of the counties
    assert explain_link(two.second, region, ends[::-1], YEAR).value == after.value
    assert explain_pair(two.second, region, ends, None).value == pytest.approx(
        commuting(two.second)[tuple(two.second.codes.index(one) for one in ends)]
    )


def test_times_that_answer_more_are_said_to(region):
    plain = preset("announced", region)
    strong = simulate(
        region, plain.model_copy(update={"assumptions": Assumptions((("congestion_response", 2.0),))})
    )
    found = links(strong)
    change = np.abs(found.delay[strong.position(YEAR)].sum(0) - found.delay_before.sum(0))
    ends = tuple(found.codes[at] for at in found.ends[int(change.argmax())])
    tree = explain_link(strong, region, ends, YEAR)
    checked(tree)
    assert "scale_of_times" in {term.key for _, term in tree.walk()}


@pytest.mark.parametrize("code", ["110108", "130629"])
def test_the_delay_of_a_county_is_its_streets_and_half_of_its_links(two, region, code):
    tree = explain(two.second, region, "delay", code, YEAR)
    assert checked(tree) == pytest.approx(two.second.frame("delay").at[code, YEAR], rel=1e-9)
    found, at = links(two.second), two.second.codes.index(code)
    own = next(part for part in tree.parts if part.key == "own_streets")
    row = two.second.position(YEAR)
    assert own.value == pytest.approx(found.own[row, at] - found.own_before[at])
    assert {"road"} <= {part.key for part in tree.parts} <= {"before", "own_streets", "road", "other_roads"}


def test_moved_staff_are_explained_as_the_tables_have_them(two):
    rows, asked = people.staff_rows(two, YEAR), questions_of_staff(two, YEAR)
    assert len(asked) == len(rows) > 20
    for row, one in zip(rows, asked, strict=True):
        assert one.name.startswith(row.name)
        assert one.of(two.first).unit == row.measure.unit
        found = [checked(one.of(outcome)) for outcome in (two.first, two.second)]
        assert found == pytest.approx([row.first, row.second], rel=1e-9, abs=1e-9, nan_ok=True)


def test_institutions_are_explained_as_the_table_has_them(two):
    rows, asked = people.institution_rows(two, YEAR), questions_of_institutions(two, YEAR)
    assert len(asked) == 5 * len(rows) > 20
    for at, row in enumerate(rows):
        trip, before, posts, daily, weekly = (
            tuple(checked(one.of(outcome)) for outcome in (two.first, two.second))
            for one in asked[5 * at : 5 * at + 5]
        )
        assert trip == pytest.approx(row.trip, rel=1e-9, nan_ok=True)
        assert before == pytest.approx(row.before, rel=1e-9, nan_ok=True)
        assert posts == pytest.approx(row.posts)
        assert weekly == pytest.approx(row.weekly, abs=1e-9)
        assert np.add(daily, weekly) == pytest.approx(row.kept, abs=1e-9)


@pytest.mark.parametrize("ends", [("110101", "130629"), ("110101", "999999"), ("x", "y")])
def test_no_link_is_no_link(two, region, ends):
    with pytest.raises(ModelError) as caught:
        explain_link(two.second, region, ends, YEAR)
    assert all(caught.value.faults[0].text(language) for language in LANGUAGES)


def test_direct_effects_have_no_flows_to_explain(region):
    direct = simulate(region, Scenario(name="direct"), model="level0")
    with pytest.raises(ModelError, match="level 0"):
        explain_pair(direct, region, ("110101", "110102"), YEAR)


def test_what_moves_people_is_read_at_work_and_at_home(two, region):
    home, work = "130609", "130629"  # neighbours: Xushui and Rongcheng
    at = tuple(two.second.codes.index(code) for code in (home, work))
    world = people.world_of(two.second)
    year = world.solved.years[two.second.position(YEAR)]
    tree = explain_pair(two.second, region, (home, work), YEAR)
    told = {part.key: part.value for group in tree.parts[1:3] for part in group.parts}
    assert told["wage_hat"] == year.state.wage_hat[at[1]] != year.state.wage_hat[at[0]]
    assert told["living_cost_hat"] == year.state.cost_of_living_hat[at[0]]
    assert told["amenity_hat"] == year.state.amenity_hat[at[0]]
    assert told["more_minutes"] == year.minutes[at] != year.minutes[at[::-1]]
    assert told["share_choosing"] == year.homes[at] != year.homes[at[::-1]]
    posts = (year.state.staff_jobs - world.plan.base.staff)[:, at[1]].sum()
    assert told["posts_there"] == pytest.approx(posts)
    assert posts > 1000


def test_who_travels_weekly_makes_no_daily_trip(two, region):
    world, at = people.world_of(two.second), two.second.position(YEAR)
    weekly = (world.plan.stayers[at][:, None] * world.plan.homes * ~world.plan.daily).T @ world.plan.there
    home, work = (int(one) for one in np.unravel_index(np.argmax(weekly), weekly.shape))
    assert weekly[home, work] > 1
    tree = explain_pair(two.second, region, (two.second.codes[home], two.second.codes[work]), YEAR)
    kept = next(part for part in tree.parts if part.key == "stay_commuters")
    daily = (world.plan.stayers[at][:, None] * world.plan.homes * world.plan.daily).T @ world.plan.there
    assert kept.value == pytest.approx(daily[home, work], abs=1e-9)


def test_a_direction_is_named_as_it_is_driven(two, region):
    tree = explain_link(two.second, region, ("110114", "110108"), YEAR)
    found, row = links(two.second), two.second.position(YEAR)
    codes = np.array(two.second.codes)[found.ends].tolist()
    flow = found.flow[row][:, codes.index(["110108", "110114"])]
    names = [part.label[0] for part in tree.parts]
    assert names == ["Haidian District → Changping District", "Changping District → Haidian District"]
    assert [part.parts[0].value for part in tree.parts] == pytest.approx(flow)
    assert flow[1] > 2 * flow[0]  # into the centre in the morning


def test_nobody_counted_the_trips_of_a_pair_or_the_capacity_of_a_link(two, region):
    pair_of = explain_pair(two.second, region, ("110108", "110101"), YEAR)
    assert pair_of.parts[0].row.status == "estimated"
    codes = np.array(two.second.codes)[links(two.second).ends]
    # from Beijing to Baoding, which publishes no index
    ends = next(pair for pair in codes.tolist() if [code[:4] for code in pair] == ["1101", "1306"])
    link = explain_link(two.second, region, tuple(ends), YEAR)
    (row, *_) = [term.row for _, term in link.walk() if term.key == "link_capacity"]
    assert (row.key, row.status) == ("Beijing, elsewhere", "estimated")


def test_many_links_are_shown_together(two, region):
    tree = explain_place(two.second, region, "delay", place_of(region, "beijing"), YEAR)["terms"]
    sound(tree)
    keys = [part.key for part in tree.parts]
    assert keys.count("road") == 12
    assert "other_roads" in keys


def test_results_of_another_version_are_not_explained(two, region):
    old = replace(two.second, version=two.second.version - 1)
    with pytest.raises(ModelError) as caught:
        explain(old, region, "population", "110101", YEAR)
    assert [fault.code for fault in caught.value.faults] == ["compare.other_version"]
    with pytest.raises(ModelError, match="versions of the model"):
        compare(two.second, old)


@pytest.mark.parametrize(("kind", "explained"), [("road", explain_link), ("pair", explain_pair)])
def test_what_the_map_asks_is_answered_with_its_numbers(two, region, kind, explained):
    ends, runs = ("110108", "110114"), [two.first, two.second]
    event = {"kind": kind, "id": "-".join(ends), "measure": "", "year": YEAR, "a": 0, "b": 1}
    a, b = (explained(one, region, ends, YEAR).value for one in runs)
    before = explained(two.second, region, ends, None).value
    assert len({a, b, before}) == 3

    def values(**change):
        (made,) = asked_about(Voice("en"), region, runs, event | change).values()
        return [one.views()["terms"].value for one in made()]

    assert values() == pytest.approx([b - a, a, b])
    assert values(a=1, b=0) == pytest.approx([a - b, b, a])
    assert values(a=-1) == pytest.approx([b, b - before])
    direct = simulate(region, Scenario(name="direct"), model="level0")
    assert asked_about(Voice("en"), region, [direct, two.second], event) is None

"""Level 0: laws that hold for any scenario, and numbers worked by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ModelError, ScenarioError
from geo.measures import GROUPS, MEASURES, Measure, in_group, register, summary
from geo.model import calibrate, simulate_level0
from geo.model.level0 import Baseline
from geo.model.moves import CALENDAR, ramp, resolve
from geo.model_measures import FULL
from geo.outcome import compare
from geo.presets import PRESETS, preset
from geo.scenario import KINDS, Move, Scenario
from geo.words import LANGUAGES

CODES = ("110101", "110102", "130629")
NET = ("posts", "staff_home", "family", "students", "beds", "residents")


def _baseline(order=(0, 1, 2)):
    """Three zones: two near each other, one 200 minutes away."""
    order = list(order)
    flows = np.array([[60.0, 40.0, 0.0], [20.0, 80.0, 0.0], [20.0, 0.0, 80.0]])[np.ix_(order, order)]
    minutes = np.array([[10.0, 30.0, 200.0], [30.0, 20.0, 190.0], [100.0, 190.0, 15.0]])[np.ix_(order, order)]
    levels = {
        "population": np.array([1000.0, 2000.0, 500.0])[order],
        "density": np.array([10.0, 20.0, 1.0])[order],
        "jobs": flows.sum(axis=0),
        "institutional_jobs": np.array([10.0, 10.0, 10.0])[order],
        "gdp_per_head": np.array([3.0, 2.0, np.nan])[order],
        "pm25": np.array([30.0, 30.0, 40.0])[order],
    }
    institutions = pd.DataFrame(
        {"kind": ["university"], "county_code": ["110101"], "employees": [100.0], "students": [np.nan],
         "beds": [np.nan], "part_of": [None], "group_row": [False], "institution_status": ["announced"]},
        index=["college"],
    )  # fmt: skip
    area = np.array([100.0, 100.0, 500.0])[order]
    codes = tuple(np.array(CODES)[order])
    return Baseline(codes, institutions, levels, flows, minutes, area, "hand")


BASELINE = _baseline()


def _free(**change):
    given = {"name": "x", "kind": "hospital", "origin": "110101", "destination": "130629", "start": 2030}
    return Move(**(given | {"posts": 100, "home_share": 0.6, "family_size": 3.0, "beds": 50} | change))


# By hand --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steepness", [0.0, 6.0, 20.0])
def test_ramp_ends_exactly(steepness):
    part = ramp(np.array([2030, 2025, 2050]), np.array([4, 1, 1]), CALENDAR, steepness)
    years = list(CALENDAR)
    assert part[years.index(2029), 0] == 0
    assert part[years.index(2033), 0] == 1
    assert part[years.index(2031), 0] == pytest.approx(0.5)
    assert part[years.index(2025), 1] == 1
    assert part[-1, 2] == 1
    assert (np.diff(part, axis=0) >= 0).all()


def test_ramp_by_hand():
    # x = 1/4, s = 6: (L(1/4) - L(0)) / (L(1) - L(0)) with L(x) = 1 / (1 + exp(-6 (x - 1/2)))
    logistic = 1 / (1 + np.exp(-6 * (np.array([0.0, 0.25, 1.0]) - 0.5)))
    expected = (logistic[1] - logistic[0]) / (logistic[2] - logistic[0])
    assert ramp(np.array([2030]), np.array([4]), np.array([2030]), 6.0)[0, 0] == pytest.approx(expected)
    assert ramp(np.array([2030]), np.array([4]), np.array([2030]), 0.0)[0, 0] == 0.25


def test_one_move_by_hand():
    # 100 posts leave zone 0, whose workers live 60, 20 and 20 in a hundred in zones 0, 1 and 2
    outcome = simulate_level0(BASELINE, Scenario(moves=[_free()]))
    last = {key: outcome.at(key, 2030) for key in outcome.values}
    assert last["posts"] == pytest.approx([-100, 0, 100])
    assert last["beds"] == pytest.approx([-50, 0, 50])
    # 60 move home: 36, 12 and 12 leave, 60 arrive in zone 2
    assert last["staff_home"] == pytest.approx([-36, -12, 48])
    assert last["family"] == pytest.approx([-72, -24, 96])
    assert last["population"] == pytest.approx([1000 - 108, 2000 - 36, 500 + 144])
    # 40 keep their home: 24 and 8 live too far away; 8 live in zone 2 and are there in 15 minutes
    assert last["staff_weekly"] == pytest.approx([24, 8, 0])
    assert last["staff_daily"] == pytest.approx([0, 0, 8])
    assert last["staff_minutes"][2] == pytest.approx(15)
    assert np.isnan(last["staff_minutes"][:2]).all()
    # 40 of the 100 came to zone 0 from elsewhere; nobody comes to zone 2 from elsewhere
    assert outcome.change("in_commuters", 2030) == pytest.approx([-40, 0, 0])
    # the 20 of zone 1 and the 20 of zone 2 no longer leave their county
    assert outcome.change("out_commuters", 2030) == pytest.approx([0, -20, -20])
    # zone 2: 100 workers spent 20 x 100 + 80 x 15; now 80 + 8 + 60 spend 15 each
    assert last["mean_minutes"][2] == pytest.approx(15)
    assert outcome.before["mean_minutes"][2] == pytest.approx(32)
    regional = {key: value[-1] for key, value in outcome.regional.items()}
    assert regional["posts"] == pytest.approx(100)
    assert regional["staff_home"] == pytest.approx(60)
    assert regional["family"] == pytest.approx(120)
    assert regional["residents"] == pytest.approx(180)
    assert regional["staff_weekly"] == pytest.approx(32)
    assert regional["staff_minutes"] == pytest.approx(15)


def test_a_short_move_is_commuted_daily():
    # zone 0 to zone 1: homes 60, 20, 20; from zone 2 it is 190 minutes, too far
    move = _free(destination="110102", home_share=0.0)
    outcome = simulate_level0(BASELINE, Scenario(moves=[move]))
    assert outcome.at("staff_daily", 2030) == pytest.approx([60, 20, 0])
    assert outcome.at("staff_weekly", 2030) == pytest.approx([0, 0, 20])
    assert outcome.regional["staff_minutes"][-1] == pytest.approx((60 * 30 + 20 * 20) / 80)
    assert outcome.change("in_commuters", 2030) == pytest.approx([-40, 60, 0])
    assert outcome.change("out_commuters", 2030) == pytest.approx([60, -20, -20])


def test_the_day_limit_divides_daily_from_weekly():
    move = _free(destination="110102", home_share=0.0)
    longer = simulate_level0(BASELINE, Scenario(moves=[move], assumptions={"day_limit": 200}))
    assert longer.regional["staff_weekly"][-1] == 0
    assert longer.regional["staff_daily"][-1] == pytest.approx(100)


def test_students_take_their_homes_along():
    move = Move(
        institution="college", destination="130629", start=2025, students=400, home_share=0.0, share=0.5
    )
    outcome = simulate_level0(
        BASELINE, Scenario(moves=[move], assumptions={"student_residents.university": 0.5})
    )
    assert outcome.at("students", 2050) == pytest.approx([-200, 0, 200])
    assert outcome.at("posts", 2050) == pytest.approx([-50, 0, 50])
    assert outcome.at("residents", 2050) == pytest.approx([-100, 0, 100])
    pupils = _free(kind="school", students=400, beds=None, home_share=0.0)
    assert simulate_level0(BASELINE, Scenario(moves=[pupils])).at("residents", 2050) == pytest.approx(
        [0, 0, 0]
    )


@pytest.mark.parametrize(
    ("change", "posts", "source"),
    [
        ({"posts": 7}, 7, "move"),
        ({"posts": None, "class_default": True}, 2.23 * 50, "class"),
        ({"posts": None, "beds": None, "class_default": True}, 2800, "class"),
        (
            {"posts": None, "kind": "university", "beds": None, "students": 1000, "class_default": True},
            115,
            "class",
        ),
        ({"posts": None, "kind": "school", "beds": None, "class_default": True, "share": 0.5}, 100, "class"),
    ],
)
def test_where_a_number_comes_from(change, posts, source):
    moves = resolve(Scenario(moves=[_free(**change)]), BASELINE)
    assert moves.posts == pytest.approx([posts])
    assert moves.sources[0]["posts"] == source


def test_the_institution_knows_itself_better_than_its_class():
    move = Move(institution="college", destination="130629", start=2025, class_default=True)
    moves = resolve(Scenario(moves=[move]), BASELINE)
    assert moves.posts == pytest.approx([100])
    assert moves.sources[0] == {"posts": "institution", "students": "class", "beds": "none"}


# Laws -----------------------------------------------------------------------------------------------


@st.composite
def programmes(draw, size=5):
    moves = []
    for _ in range(draw(st.integers(1, size))):
        origin, destination = draw(st.permutations(CODES))[:2]
        start = draw(st.integers(2020, 2045))
        moves.append(
            Move(
                name="x",
                kind=draw(st.sampled_from(KINDS)),
                origin=origin,
                destination=destination,
                start=start,
                years=draw(st.integers(1, 6)),
                share=draw(st.floats(0.01, 1)),
                posts=draw(st.integers(0, 5000)),
                students=draw(st.integers(0, 5000)),
                beds=draw(st.integers(0, 5000)),
                home_share=draw(st.none() | st.floats(0, 1)),
                note=str(len(moves)),
            )
        )
    return Scenario(moves=moves)


@settings(max_examples=40, deadline=None)
@given(programmes())
def test_nothing_is_lost_and_nothing_appears(scenario):
    outcome = simulate_level0(BASELINE, scenario)
    for key in NET:
        assert outcome.values[key].sum(axis=1) == pytest.approx(np.zeros(31), abs=1e-9)
    for key, change in (("jobs", "posts"), ("institutional_jobs", "posts"), ("population", "residents")):
        gap = outcome.values[key] - outcome.before[key] - outcome.values[change]
        assert np.abs(gap).max() < 1e-9
    regional = outcome.regional
    assert regional["staff_home"] + regional["staff_daily"] + regional["staff_weekly"] == pytest.approx(
        regional["posts"], abs=1e-9
    )
    crossing_in = (outcome.values["in_commuters"] - outcome.before["in_commuters"]).sum(axis=1)
    crossing_out = (outcome.values["out_commuters"] - outcome.before["out_commuters"]).sum(axis=1)
    assert crossing_in == pytest.approx(crossing_out, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_each_class_balances_each_year(kind):
    scenario = Scenario(moves=[_free(kind=kind, years=5), _free(kind=kind, origin="110102", start=2040)])
    posts = simulate_level0(BASELINE, scenario).values["posts"]
    assert posts.sum(axis=1) == pytest.approx(np.zeros(31), abs=1e-9)
    assert posts[-1] == pytest.approx([-100, -100, 200])


def test_no_move_no_change():
    outcome = simulate_level0(BASELINE, Scenario())
    for key, value in outcome.values.items():
        assert np.array_equal(value, np.broadcast_to(outcome.before[key], value.shape), equal_nan=True)


@settings(max_examples=20, deadline=None)
@given(programmes())
def test_undoing_returns(scenario):
    undone = scenario
    while undone.moves:
        undone = undone.without(0)
    before, after = simulate_level0(BASELINE, Scenario()), simulate_level0(BASELINE, undone)
    assert all(np.array_equal(before.values[key], after.values[key], equal_nan=True) for key in before.values)


def test_there_and_back_is_nothing():
    there = _free(start=2025, home_share=0.0, beds=10)
    back = _free(start=2025, home_share=0.0, beds=10, origin="130629", destination="110101")
    outcome = simulate_level0(BASELINE, Scenario(moves=[there, back]))
    for key in ("posts", "beds", "jobs", "population"):
        assert np.abs(outcome.values[key] - outcome.before[key]).max() < 1e-9


@settings(max_examples=20, deadline=None)
@given(programmes(size=3), programmes(size=3))
def test_two_programmes_add_up(first, second):
    both = simulate_level0(
        BASELINE, first.with_moves(*(Move(**(m.model_dump() | {"name": "y"})) for m in second.moves))
    )
    one, two = simulate_level0(BASELINE, first), simulate_level0(BASELINE, second)
    for key in (*NET, "staff_daily", "staff_weekly", "in_commuters", "out_commuters"):
        start = both.before[key]
        assert both.values[key] - start == pytest.approx(
            (one.values[key] - start) + (two.values[key] - start), abs=1e-8
        )


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 0, 2), (2, 1, 0)])
def test_relabelling_permutes(order):
    scenario = Scenario(moves=[_free(years=3), _free(origin="110102", destination="110101", start=2035)])
    plain, mixed = simulate_level0(BASELINE, scenario), simulate_level0(_baseline(order), scenario)
    for key, value in plain.values.items():
        assert mixed.values[key] == pytest.approx(value[:, list(order)], nan_ok=True)


def test_a_larger_move_has_a_larger_effect():
    sizes = [simulate_level0(BASELINE, Scenario(moves=[_free(posts=posts)])) for posts in (100, 200, 400)]
    for key in ("posts", "staff_home", "residents"):
        own = [outcome.at(key, 2050)[2] for outcome in sizes]
        assert own[0] < own[1] < own[2]


def test_adding_a_mover_moves_its_origin_by_its_posts():
    first = Scenario(moves=[_free(origin="110102")])
    second = first.with_moves(_free(posts=77))
    gap = compare(simulate_level0(BASELINE, first), simulate_level0(BASELINE, second))
    assert gap.table(2050)["posts"].tolist() == pytest.approx([-77, 0, 77])
    assert gap.frame("jobs").loc["130629", 2050] == pytest.approx(77)


# Outcome and measures -------------------------------------------------------------------------------


def test_an_outcome_refuses_what_it_does_not_hold():
    outcome = simulate_level0(BASELINE, Scenario(moves=[_free()]))
    for ask in (
        lambda: outcome.frame("wealth"),
        lambda: outcome.at("posts", 1999),
        lambda: outcome.table(2051),
    ):
        with pytest.raises(ModelError):
            ask()
    with pytest.raises(ModelError):
        compare(outcome, simulate_level0(_baseline((1, 0, 2)), Scenario()))
    with pytest.raises(ScenarioError):
        simulate_level0(BASELINE, Scenario(moves=[_free(destination="999999")]))


def test_tables_have_counties_and_years():
    outcome = simulate_level0(BASELINE, Scenario(moves=[_free()]))
    assert outcome.frame("posts").shape == (3, 31)
    assert outcome.frame("posts").loc["130629", 2030] == pytest.approx(100)
    table = outcome.table(2030)
    assert table.loc["130629", "population_change"] == pytest.approx(144)
    assert "posts_change" not in table
    assert list(outcome.totals().index) == list(CALENDAR)


def test_every_value_is_a_declared_measure():
    outcome = simulate_level0(BASELINE, Scenario(moves=[_free()]))
    assert set(outcome.values) == set(outcome.before)
    full = {row[0] for row in FULL}
    assert set(outcome.values) | set(outcome.regional) == set(MEASURES) - full
    for measure in MEASURES.values():
        assert measure.group in GROUPS
        assert measure.scale in {"sequential", "diverging"}
        assert all(measure.name(one) and measure.help(one) and measure.unit_name(one) for one in LANGUAGES)
        assert measure.source
        assert measure.formula
    assert sum(len(in_group(group)) for group in GROUPS) == len(MEASURES)
    assert {measure.id for measure in in_group("commuting", outcome)} == set(outcome.values) & {
        measure.id for measure in in_group("commuting") if measure.id not in full
    }


def test_a_measure_is_declared_once():
    with pytest.raises(ValueError, match="posts"):
        register(Measure("posts", "jobs", "input", "s", "moves", "diverging", 0, "f"))


def test_the_summary_has_three_effects_with_numbers():
    outcome = simulate_level0(BASELINE, Scenario(moves=[_free()]))
    effects = summary(outcome)
    assert [effect.status for effect in effects] == ["input", "assumption", "estimated"]
    assert [effect.measure in outcome.values for effect in effects] == [True] * 3
    assert "100 posts" in effects[0].text
    assert "\u2212100 in Beijing" in effects[0].text
    assert "60 staff" in effects[1].text
    assert "120 family members" in effects[1].text
    assert "32 live too far" in effects[2].text
    assert len(summary(outcome, "zh")) == 3
    assert len(summary(simulate_level0(BASELINE, Scenario()))) == 1


def test_a_summary_without_daily_commuters():
    move = _free(origin="110102", home_share=0.5)
    effects = summary(simulate_level0(BASELINE, Scenario(moves=[move])))
    assert "weekly" in effects[2].text
    assert "–" not in effects[2].text


# The region as it ships -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_ready_scenarios_conserve(region, name):
    outcome = simulate_level0(calibrate(region), preset(name, region))
    for key in NET:
        assert np.abs(outcome.values[key].sum(axis=1)).max() < 1e-9 * max(1.0, outcome.regional[key][-1])
    assert outcome.values["population"].min() > 0
    assert outcome.values["jobs"].min() > 0
    assert outcome.region_hash == region.content_hash


def test_the_announced_programme_reaches_xiongan(region):
    outcome = simulate_level0(region, preset("announced", region))
    assert outcome.frame("posts").loc["130629", 2050] > 10_000
    assert outcome.frame("population").loc["110108", 2050] < outcome.frame("population").loc["110108", 2020]

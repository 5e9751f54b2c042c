"""The full model on the region: what it hands on, how it compares with level 0, and what it refuses."""

import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from geo.errors import ModelError, ScenarioError
from geo.measures import GROUPS, MEASURES, in_group, summary
from geo.model.baseline import calibrate
from geo.model.path import daily_trips
from geo.model.simulate import compare_levels, simulate
from geo.model.state import Shock
from geo.presets import preset
from geo.scenario import Move, Scenario
from geo.words import LANGUAGES


def office(**given):
    free = {"name": "An office", "kind": "government", "origin": "110102", "destination": "130629"}
    return Move(**(free | {"start": 2021} | given))


@pytest.fixture(scope="module")
def moved(region):
    return preset("moved", region)


@pytest.fixture(scope="module")
def outcome(region, moved):
    return simulate(region, moved)


def test_every_value_is_a_declared_measure(outcome):
    assert set(outcome.values) == set(outcome.before) == set(outcome.long_run)
    assert set(outcome.values) | set(outcome.regional) == set(MEASURES)
    assert all(value.shape == (31, 199) for value in outcome.values.values())
    assert all(value.shape == (31,) for value in outcome.regional.values())
    for measure in MEASURES.values():
        assert measure.group in GROUPS
        for language in LANGUAGES:
            assert measure.name(language)
            assert measure.help(language)
            assert measure.source_text(language)
        assert measure.source_text("zh") != measure.source
    assert in_group("prices", outcome)


def test_numbers_are_finite_where_they_must_be(outcome):
    sparse = {"staff_minutes", "private_per_post", "services_per_post", "gdp_per_head", "peak_speed"}
    for measure, values in outcome.values.items():
        if measure not in sparse:
            assert np.isfinite(values).all(), measure


def test_inputs_are_those_of_level_0(region, moved, outcome):
    direct = simulate(region, moved, model="level0")
    for measure in ("posts", "students", "beds"):
        np.testing.assert_allclose(outcome.values[measure], direct.values[measure], atol=1e-9)
        np.testing.assert_allclose(outcome.regional[measure], direct.regional[measure], atol=1e-9)
    table = compare_levels(outcome, direct)
    assert table.loc["posts", "correlation"] == pytest.approx(1.0)
    assert table.loc["population", "correlation"] > 0.8
    assert table.loc["in_commuters", "same_sign"] > 0.6


def test_summaries_speak_both_languages(outcome):
    for language in LANGUAGES:
        effects = summary(outcome, language)
        assert [effect.status for effect in effects] == ["identified", "prior", "identified"]
        assert all(effect.text and effect.measure in MEASURES for effect in effects)


def test_xiongan_builds_no_more_than_its_programme(region):
    little = Scenario(
        assumptions={"xiongan_floor_per_year": 1000.0},
        moves=(Move(institution="huaneng", destination="130629", start=2021),),
    )
    plan = simulate(region, little).world.plan
    np.testing.assert_allclose(plan.built.sum(axis=1)[1:31], 1000.0 * np.arange(1, 31))
    much = simulate(region, replace_assumptions(little, {})).world.plan
    assert much.built.sum(axis=1)[30] == pytest.approx(
        much.area_needed[30].sum() + much.homes_needed[30].sum()
    )


def replace_assumptions(scenario, assumptions):
    return Scenario(assumptions=assumptions, moves=scenario.moves)


def test_a_price_cap_leaves_demand_unmet(region):
    scenario = Scenario(
        assumptions={"xiongan_price_cap": 1.0, "floor_homes": 0.0, "floor_own": 0.0},
        moves=(office(posts=9000),),
    )
    outcome = simulate(region, scenario)
    place = region.positions["130629"]
    assert outcome.at("floor_unmet", 2050)[place] > 0
    assert outcome.change("floor_price", 2050)[place] == pytest.approx(0.0, abs=1e-9)
    assert outcome.at("floor_unmet", 2050).sum() < 1.5 * outcome.at("floor_unmet", 2050)[place]


def test_roads_answer_to_traffic_or_not(region):
    move = office(posts=20000)
    on = simulate(region, Scenario(moves=(move,)))
    off = simulate(region, Scenario(assumptions={"congestion_response": 0.0}, moves=(move,)))
    beijing = np.array([code.startswith("11") for code in on.codes])
    assert on.change("delay", 2050)[beijing].sum() < 0
    assert on.world.solved.years[-1].minutes is not None
    assert off.world.solved.years[-1].minutes is None
    assert on.world.solved.response_error < 0.5


@pytest.mark.parametrize(
    ("assumptions", "code"),
    [
        (
            {"amenity_density": 0.2, "productivity_density": 0.15, "frechet_shape": 7.0},
            "equilibrium.unstable",
        ),
        ({"services_share": 0.9, "labour_share": 1.0, "import_share": 0.05}, "equilibrium.services"),
    ],
)
def test_what_has_no_equilibrium_is_refused_with_a_reason(region, assumptions, code):
    move = Move(institution="huaneng", destination="130629", start=2021)
    with pytest.raises(ModelError) as caught:
        simulate(region, Scenario(assumptions=assumptions, moves=(move,)))
    assert code in {fault.code for fault in caught.value.faults}


def test_more_posts_than_a_county_has_jobs_are_refused(region):
    move = Move(
        name="Giant",
        kind="industrial_plant",
        origin="130705",
        destination="130629",
        start=2021,
        posts=900_000,
    )
    with pytest.raises(ScenarioError) as caught:
        simulate(region, Scenario(moves=(move,)))
    assert {fault.code for fault in caught.value.faults} == {"simulate.more_posts_than_jobs"}


def test_an_unknown_institution_is_refused(region):
    move = Move(institution="no_such", destination="130629", start=2021)
    with pytest.raises(ScenarioError):
        simulate(region, Scenario(moves=(move,)))


def test_a_hand_made_baseline_is_for_level_0_only(region):
    by_hand = replace(calibrate(region), inputs=None)
    with pytest.raises(ModelError) as caught:
        simulate(by_hand, Scenario())
    assert {fault.code for fault in caught.value.faults} == {"simulate.hand_made"}
    assert simulate(by_hand, Scenario(), model="level0").model == "level0"


def test_staff_avoid_homes_that_are_farther_in_time():
    # two zones, staff at home half and half; ten minutes more from home 0 to work 1, eps kappa = 0.05
    base = SimpleNamespace(
        staff_home=np.full((2, 2), 0.5), staff_eps=np.array([2.0]), parameters=SimpleNamespace(kappa=0.025)
    )
    plan = SimpleNamespace(
        base=base,
        stayers=np.zeros((1, 1)),
        homes=np.zeros((1, 2)),
        daily=np.ones((1, 2)),
        there=np.zeros((1, 2)),
    )
    state = SimpleNamespace(
        amenity_hat=np.ones(2), cost_of_living_hat=np.ones(2), staff_jobs=np.array([[100.0, 200.0]])
    )
    shock = Shock(minutes=np.array([[0.0, 10.0], [0.0, 0.0]]))
    homes, trips = daily_trips(plan, 0, state, np.zeros((2, 2)), shock)
    far = np.exp(-0.5) / (1 + np.exp(-0.5))
    assert homes == pytest.approx(np.array([[0.5, far], [0.5, 1 - far]]))
    assert trips == pytest.approx(np.array([[50, 200 * far], [50, 200 * (1 - far)]]))


def test_jobs_per_post_count_the_posts_gained_also_where_others_leave_nearby(region):
    near = simulate(region, Scenario(name="near", moves=(office(destination="110112", posts=1000),)))
    place = near.codes.index("110112")
    per_post = near.at("private_per_post", 2050)[place]
    assert np.isfinite(per_post)
    assert abs(per_post) < 3


def test_linear_algebra_keeps_to_one_thread():
    code = "import os, geo; print(os.environ['OPENBLAS_NUM_THREADS'])"
    bare = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    for more, wanted in (({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")):
        done = subprocess.run(
            [sys.executable, "-c", code], env=bare | more, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == wanted

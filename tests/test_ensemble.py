"""The ensemble: streams, refusals, intervals and paired comparison."""

import numpy as np
import pytest

from geo.assumptions import ASSUMPTIONS, spec_of
from geo.ensemble import STABLE, draw_of, drawn, paired, run_ensemble
from geo.model.baseline import calibrate
from geo.model.economy import floor_elasticity, parameters
from geo.scenario import Move, Scenario

SMALL = Scenario(
    moves=(
        Move(
            name="An office", kind="government", origin="110102", destination="130629", start=2021, posts=3000
        ),
    )
)


@pytest.mark.parametrize("spec", ASSUMPTIONS, ids=lambda spec: spec.id)
def test_draws_stay_within_what_a_scenario_may_state(spec):
    found = [draw_of(spec, 0, index) for index in range(200)]
    assert spec.low <= min(found) <= max(found) <= spec.high
    if spec.likely[0] < spec.likely[1]:
        assert len(set(found)) == 200
        low, high = np.quantile(found, [0.02, 0.98])
        assert low < spec.likely[1]
        assert high > spec.likely[0]


@pytest.mark.parametrize(
    "spec", [spec for spec in ASSUMPTIONS if spec.draw == "halves"], ids=lambda one: one.id
)
def test_the_default_of_a_class_is_the_median_of_its_draws(spec):
    low, high = spec.likely
    assert low < spec.default < high
    found = np.array([draw_of(spec, 2, index) for index in range(2000)])
    assert np.mean(found < spec.default) == pytest.approx(0.5, abs=0.04)
    assert low <= found.min() < low + 0.05 * (high - low)
    assert high - 0.05 * (high - low) < found.max() <= high
    below = found[found < spec.default]
    assert below.mean() == pytest.approx((low + spec.default) / 2, abs=0.05 * (spec.default - low))


def test_draws_follow_their_distribution():
    home = [draw_of(spec_of("home_share.school"), 1, index) for index in range(4000)]
    assert np.mean(home) == pytest.approx(0.7, abs=0.01)  # beta(7, 3)
    assert np.var(home) == pytest.approx(7 * 3 / (10**2 * 11), rel=0.1)
    open_ = [draw_of(spec_of("open_elasticity"), 1, index) for index in range(4000)]
    assert np.mean(open_) == pytest.approx(1.5, abs=0.03)


def test_each_assumption_has_its_own_stream():
    assert drawn(3, 5) == drawn(3, 5)
    assert drawn(3, 5) != drawn(3, 6) != drawn(4, 6)
    less = drawn(3, 5, keep=("housing_share",))
    assert less == {key: value for key, value in drawn(3, 5).items() if key != "housing_share"}


@pytest.fixture(scope="module")
def ensemble(region):
    return run_ensemble(region, SMALL, size=3, seed=2)


def test_an_ensemble_has_intervals_around_what_one_run_says(ensemble, region):
    inner = ensemble.interval("posts")
    np.testing.assert_allclose(inner.loc[2050], 3000)
    spread = ensemble.interval("private_jobs").loc[2050]
    assert spread["low"] < spread["median"] < spread["high"]
    county = ensemble.by_county("population")
    assert county.loc["130629", "low"] > 0
    assert list(county.index) == list(region.codes)
    assert len(ensemble.draws) == 3


def test_a_pair_differs_by_its_moves_alone(ensemble, region):
    same = run_ensemble(region, SMALL, size=3, seed=2)
    for measure in ("private_jobs", "welfare", "delay"):
        np.testing.assert_array_equal(same.regional[measure], ensemble.regional[measure])
    more = SMALL.with_moves(
        Move(name="More", kind="hospital", origin="110105", destination="130632", start=2022, posts=500)
    )
    other = run_ensemble(region, more, size=3, seed=2)
    gap = paired(ensemble, other, "posts")
    np.testing.assert_allclose(gap.loc[2050, ["low", "median", "high"]].astype(float), 500)
    assert gap.loc[2050, "above"] == 1.0


def test_unstable_draws_are_refused(region):
    base = calibrate(region)
    shaky = Scenario(assumptions={"amenity_density": 0.15, "frechet_shape": 6.9}, moves=SMALL.moves)
    found = run_ensemble(base, shaky, size=1, seed=0)
    assert found.refused["unstable"] > 0
    values = found.draws.iloc[0].to_dict() | dict(shaky.assumptions.overrides)
    supply = floor_elasticity(base.inputs, base.area_km2, values)
    assert parameters(values, 1.0, supply).stability <= STABLE

"""Balancing and the gravity model: hand-worked numbers, laws, refusals, and the published moments."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ModelError
from geo.model.gravity import FREE, TARGETS, Gravity, _report, fit_gravity, furness, gravity_moments
from geo.model.jobs import estimate_jobs, tilted_shares
from geo.model.level0 import calibrate


def test_two_zones_by_hand():
    # seed [[2, 1], [1, 2]] with all sums 30 keeps its cross ratio 4: [[20, 10], [10, 20]]
    assert furness([[2, 1], [1, 2]], [30, 30], [30, 30]) == pytest.approx(np.array([[20, 10], [10, 20]]))
    # sums 10 and 20 both ways: x (10 + x) = 4 (10 - x)^2, that is 3 x^2 - 90 x + 400 = 0
    x = (90 - np.sqrt(90**2 - 4 * 3 * 400)) / 6
    flows = furness([[2, 1], [1, 2]], [10, 20], [10, 20])
    assert flows[0, 0] == pytest.approx(x)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10**6))
def test_sums_are_met_and_cross_ratios_kept(rows, cols, key):
    random = np.random.default_rng(key)
    seed = np.exp(random.normal(0, 2, (rows, cols)))
    target = np.exp(random.normal(0, 2, (rows, cols)))
    flows = furness(seed, target.sum(axis=1), target.sum(axis=0))
    scale = max(target.sum(axis=1).max(), target.sum(axis=0).max())
    assert np.abs(flows.sum(axis=1) - target.sum(axis=1)).max() <= 1e-10 * scale * 1.01
    assert np.abs(flows.sum(axis=0) - target.sum(axis=0)).max() <= 1e-10 * scale * 1.01
    ratio = np.log(flows) - np.log(seed)
    assert ratio - ratio[:1] - ratio[:, :1] + ratio[0, 0] == pytest.approx(np.zeros_like(ratio), abs=1e-7)


def test_zeros_stay_and_balanced_stays():
    seed = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0], [1.0, 1.0, 0.0]])
    flows = furness(seed, [3, 4, 2], [2, 4, 3])
    assert (flows[seed == 0] == 0).all()
    assert furness(flows, flows.sum(axis=1), flows.sum(axis=0)) == pytest.approx(flows)
    assert furness([[1.0, 1.0], [1.0, 1.0]], [0, 2], [1, 1]) == pytest.approx(np.array([[0, 0], [1, 1]]))


def test_relabelled_zones_permute_the_flows():
    random = np.random.default_rng(3)
    seed, order = random.uniform(0.1, 1, (6, 6)), random.permutation(6)
    rows, cols = random.uniform(1, 9, 6), random.uniform(1, 9, 6)
    cols *= rows.sum() / cols.sum()
    mixed = furness(seed[np.ix_(order, order)], rows[order], cols[order])
    assert mixed == pytest.approx(furness(seed, rows, cols)[np.ix_(order, order)], rel=1e-7)


@pytest.mark.parametrize(
    ("seed", "rows", "cols", "code"),
    [
        ([[1, np.nan]], [1], [1, 0], "not_finite"),
        ([[1, 1]], [np.inf], [1, 1], "not_finite"),
        ([[1, -1]], [2], [1, 1], "negative"),
        ([[1, 1]], [2], [3, -1], "negative"),
        ([[1, 1]], [2], [1, 2], "margins_differ"),
        ([[0, 0], [1, 1]], [1, 1], [1, 1], "no_support"),
        ([[1, 0], [1, 0]], [1, 1], [1, 1], "no_support"),
        ([[1, 1]], [1, 1], [1, 1], "shapes"),
        # support everywhere, yet no matrix has these sums: the first row can only go to the first column
        ([[1, 0], [1, 1]], [2, 1], [1, 2], "not_balanced"),
    ],
)
def test_what_cannot_be_balanced_is_refused(seed, rows, cols, code):
    with pytest.raises(ModelError) as error:
        furness(seed, rows, cols, max_iter=300)
    assert f"model.{code}" in {fault.code for fault in error.value.faults}
    assert error.value.text("zh")


def test_all_reasons_at_once():
    with pytest.raises(ModelError) as error:
        furness([[np.nan, 1]], [-1], [1, np.inf])
    assert len(error.value.faults) == 3


# Jobs -----------------------------------------------------------------------------------------------


def test_shares_by_hand():
    workers, output = np.array([100.0, 100.0, 200.0]), np.array([300.0, 100.0, np.nan])
    share = tilted_shares(workers, output, {0: 0.5})
    # the third zone has the mean output per worker, 2: weights 100^.65 100^.35 and 200^.65 400^.35
    weights = np.array([100.0, 200**0.65 * 400**0.35])
    assert share == pytest.approx([0.5, *(0.5 * weights / weights.sum())])


def test_jobs_equal_workers_and_publications(region):
    baseline = calibrate(region)
    jobs = baseline.jobs
    codes = np.array(region.codes)
    assert jobs.jobs.sum() == pytest.approx(jobs.workers.sum(), rel=1e-12)
    assert (jobs.jobs > 0).all()
    beijing = np.char.startswith(codes, "11")
    share = jobs.jobs / jobs.jobs[beijing].sum()
    for code, published in (("110105", 2604 / 13136), ("110108", 2397 / 13136), ("110106", 1145 / 13136)):
        assert share[codes == code] == pytest.approx(published, rel=1e-9)
    # only the net flow over Beijing's border parts jobs from workers in Hebei
    assert jobs.jobs[beijing].sum() - jobs.workers[beijing].sum() == pytest.approx(330_000 * 0.9)
    assert (jobs.institutional_total <= jobs.jobs).all()
    assert (np.array(list(jobs.institutional.values())) >= 0).all()


def test_jobs_are_the_same_each_time(region):
    baseline = calibrate(region)
    again = estimate_jobs(region, baseline.travel.road)
    # the shipped ones were summed on another processor: the last bits may differ
    assert again.jobs == pytest.approx(baseline.jobs.jobs, rel=1e-14, abs=0)
    assert (estimate_jobs(region, baseline.travel.road).jobs == again.jobs).all()


# The fitted model -----------------------------------------------------------------------------------


def test_moments_by_hand():
    codes = ("110101", "131082", "130102")
    flows = np.array([[60.0, 0.0, 0.0], [30.0, 5.0, 0.0], [10.0, 0.0, 7.0]])
    minutes = np.array([[50.0, 1, 1], [90, 20, 1], [200, 1, 30]])
    km = np.array([[10.0, 1, 1], [40, 5, 1], [280, 1, 9]])
    moments = gravity_moments(flows, minutes, km, codes)
    assert moments["into_beijing"] == 40
    assert moments["north_share"] == 75
    assert moments["into_beijing_km"] == pytest.approx((30 * 40 + 10 * 280) / 40)
    assert moments["beijing_minutes"] == 50
    assert moments["within_45_minutes"] == 0


def test_published_moments_are_met(region):
    fit = calibrate(region).fit
    named = fit.moments.set_index("key")
    for key, tolerance in (
        ("beijing_minutes", 0.1), ("into_beijing", 1.0), ("into_beijing_km", 2.0), ("north_share", 2.0),
    ):  # fmt: skip
        assert abs(named.loc[key, "gap_percent"]) < tolerance
    assert named["gap"].to_numpy() == pytest.approx((named["model"] - named["target"]).to_numpy())


def test_the_balance_holds(region):
    baseline = calibrate(region)
    scale = baseline.jobs.jobs.max()
    assert np.abs(baseline.flows.sum(axis=1) - baseline.jobs.workers).max() <= 1e-10 * scale
    assert np.abs(baseline.flows.sum(axis=0) - baseline.jobs.jobs).max() <= 1e-10 * scale


def test_the_fit_does_not_hang_on_its_start(region):
    baseline = calibrate(region)
    other = fit_gravity(baseline.travel, baseline.jobs, start=Gravity(0.07, 1.0, 0.0, 1.5, 0.0, 1.5))
    near = baseline.fit.moments["model"].to_numpy()
    assert other.moments["model"].to_numpy() == pytest.approx(near, rel=0.03)
    assert other.gravity.decay == pytest.approx(baseline.fit.gravity.decay, rel=0.1)


def test_the_same_minutes_on_every_trip_change_no_flow(region):
    baseline = calibrate(region)
    gravity, jobs = baseline.fit.gravity, baseline.jobs
    longer = replace(gravity, extra=gravity.extra + 20)
    flows = furness(longer.seed(baseline.travel, jobs.codes), jobs.workers, jobs.jobs)
    assert flows == pytest.approx(baseline.flows, rel=1e-5, abs=1e-3)


def test_parameters_stay_inside_their_bounds(region):
    gravity = calibrate(region).fit.gravity
    for free in FREE:
        assert free.low < getattr(gravity, free.name) < free.high


def test_a_moment_ten_percent_high_is_reported_so():
    target = TARGETS[0]
    (row,) = _report((target,), {target.key: 1.1 * target.value}).to_dict("records")
    assert row["gap_percent"] == pytest.approx(10)
    assert row["gap"] == pytest.approx(0.1 * target.value)

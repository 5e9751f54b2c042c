"""A case that nobody here wrote: 401 German counties, answers of the MRRH 2018 toolkit run to 1e-11."""

import json
from pathlib import Path

import numpy as np
import pytest

from geo.model.counterfactual import Economy, regional_parameters
from geo.model.inversion import power_cost, workplace_amenity

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
EAST = 324  # first county of the former East, by index
HATS = {
    "wChange": "wage_hat",
    "vChange": "residential_wage_hat",
    "qChange": "floor_price_hat",
    "pChange": "price_T_hat",
    "rChange": "residents_hat",
    "lChange": "jobs_hat",
}

pytestmark = pytest.mark.skipif(not REFERENCE.exists(), reason="the reference case is not beside the project")


@pytest.fixture(scope="module")
def given():
    with np.load(REFERENCE / "inputs.npz") as file:
        return {name: file[name] for name in ("commuters", "wage_workplace", "distance_m")}


@pytest.fixture(scope="module")
def answer():
    with np.load(REFERENCE / "baseline_owndata.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def numbers():
    return json.loads((REFERENCE / "params.json").read_text())


@pytest.fixture(scope="module")
def parameters(numbers):
    return regional_parameters(
        goods_share=numbers["alp"],
        eps=numbers["epsi"],
        floor_elasticity=numbers["delta"],
        sigma=numbers["sigg"],
        nu=numbers["nu"],
    )


@pytest.fixture(scope="module")
def margins(given):
    flows = given["commuters"].astype(float)
    wage = given["wage_workplace"] / given["wage_workplace"].mean()
    return flows.sum(1) / flows.sum(1).mean(), flows.sum(0) / flows.sum(0).mean(), wage


@pytest.fixture(scope="module")
def ours(given, margins, numbers, parameters):
    residents, jobs, wage = margins
    distance = given["distance_m"]
    return Economy.from_gravity(
        residents,
        jobs,
        wage,
        power_cost(distance, numbers["mu"]),
        power_cost(distance, numbers["psi"]),
        parameters=parameters,
    )


@pytest.fixture(scope="module")
def theirs(answer, parameters):
    return Economy.from_shares(
        answer["uncondCom"], answer["tradesh"], answer["w_n"], workers=401.0, parameters=parameters
    )


@pytest.fixture(scope="module")
def border():
    east = np.arange(401) >= EAST
    return east[:, None] != east


def test_productivity(ours, answer):
    assert np.abs(ours.productivity / answer["A_n"] - 1).max() < 1e-6


def test_trade_shares(ours, answer):
    assert np.abs(ours.trade - answer["tradesh"]).max() < 1e-7


def test_gravity_commuting_shares(ours, answer):
    assert np.abs(ours.commuting - answer["uncondCom"]).max() < 1e-8


def test_residential_wage(ours, answer):
    assert np.abs(ours.residential_wage - answer["v_n"]).max() < 1e-7


def test_workplace_amenity_up_to_scale(ours, answer, margins, given, numbers):
    residents, jobs, wage = margins
    weight = given["distance_m"] ** (-numbers["epsi"] * numbers["mu"])
    found = workplace_amenity(residents, jobs, wage, weight, numbers["epsi"])
    np.testing.assert_allclose(found, ours.workplace_amenity, rtol=1e-9)
    assert np.ptp(np.log(found / answer["B_i"])) < 1e-5


@pytest.mark.parametrize(
    ("case", "trade", "commuting"), [("cf_trade", 1000.0, None), ("cf_both_mild", 2.0, 1.5)]
)
def test_counterfactual(theirs, border, case, trade, commuting):
    with np.load(REFERENCE / f"{case}_owndata_tight.npz") as file:
        answer = dict(file)
    after = theirs.counterfactual(
        trade_cost_hat=np.where(border, trade, 1.0),
        commuting_cost_hat=None if commuting is None else np.where(border, commuting, 1.0),
    )
    for name, ours in HATS.items():
        assert np.abs(np.log(getattr(after, ours) / answer[name])).max() < 1e-9, name
    assert after.welfare == pytest.approx(float(answer["U"]), abs=1e-9)


def test_the_trade_border_costs_two_percent(ours, border):
    after = ours.counterfactual(trade_cost_hat=np.where(border, 1000.0, 1.0))
    assert after.welfare == pytest.approx(0.97877819, abs=5e-9)


def test_no_border_no_change(ours):
    after = ours.counterfactual()
    assert np.abs(after.log_state).max() < 1e-12
    assert after.welfare == pytest.approx(1.0, abs=1e-12)


def test_a_productive_county_gains_jobs_faster_than_residents(ours):
    hat = np.ones(401)
    hat[10] = 1.05
    after = ours.counterfactual(productivity_hat=hat)
    assert after.jobs_hat[10] > after.residents_hat[10] > 1.05
    assert after.jobs.sum() == pytest.approx(401.0, rel=1e-12)
    assert after.welfare > 1

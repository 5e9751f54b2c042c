"""Data and version of the model, and that the version says what the numbers are."""

import pytest

from geo.edition import Edition
from geo.model import simulate
from geo.model.result import MODEL_VERSION
from geo.presets import preset
from geo.region import load_region

HASH = "0123456789abcdef" * 4
# What a version of the model says of the announced programme in 2035, on the data shipped with it. A change
# of these numbers is another version: raise MODEL_VERSION and write them anew.
ANNOUNCED = {
    5: {
        "xiongan": 1345572.0935,
        "floor_price": 802.7852878,
        "mean_minutes": 40.225136758,
        "gini": 0.2347559457,
        "welfare": 0.0416972241,
        "co2": 989.15429583,
    },
}


@pytest.fixture(scope="module")
def region():
    return load_region()


def test_an_edition_comes_back_from_its_text_and_fits_the_store(region):
    here = Edition.here(region)
    assert Edition.read(here.text) == here
    assert here.model == MODEL_VERSION
    assert region.content_hash.startswith(here.data)
    assert len(Edition(here.data, 999).text) == 64


@pytest.mark.parametrize(
    ("theirs", "differs"),
    [
        (f"m5-{HASH[:59]}", ()),
        (f"m4-{HASH[:59]}", ("model",)),
        (f"m5-{HASH[1:60]}", ("data",)),
        (f"m6-{HASH[1:60]}", ("data", "model")),
        (HASH, ()),  # kept before versions were: data alone
        (HASH[::-1], ("data",)),
        ("m-5", ("data",)),
        ("<script>", ("data",)),
        ("", ("data",)),
    ],
)
def test_what_differs_is_said_apart(theirs, differs):
    assert Edition.read(theirs).differs(Edition(HASH[:59], 5)) == differs
    assert Edition(HASH[:59], 5).differs(Edition.read(theirs)) == differs


def test_the_version_of_the_model_is_raised_when_its_numbers_change(region):
    outcome = simulate(region, preset("announced", region))
    assert outcome.version == MODEL_VERSION
    said = ANNOUNCED[MODEL_VERSION]
    xiongan = [region.codes.index(code) for code in ("130629", "130632", "130638")]
    there = {key: float(outcome.at(key, 2035)[xiongan].sum()) for key in ("population", "floor_price")}
    at = outcome.position(2035)
    found = {"xiongan": there["population"], "floor_price": there["floor_price"]} | {
        key: float(outcome.regional[key][at]) for key in ("mean_minutes", "gini", "welfare", "co2")
    }
    assert found == pytest.approx(said, rel=1e-6)

"""Ranges on the map: what is packed comes out again, and what is not drawn takes no room."""

import base64
import json
import re

import numpy as np
import pytest
import synthetic_maps as made
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.maps.component import arguments
from geo.maps.export import export_html
from geo.maps.rangeview import RangeView, unpack_ranges
from geo.maps.view import build_view

YEARS, COUNTIES = 5, 7


def ends(seed, size=1e4):
    low = np.random.default_rng(seed).normal(0, size, (YEARS, COUNTIES))
    return np.stack([low, low + np.random.default_rng(seed + 1).uniform(0, size, (YEARS, COUNTIES))])


@settings(deadline=None)
@given(st.integers(0, 50), st.sampled_from([1e-3, 1.0, 1e6]))
def test_ends_come_back_within_a_step(seed, size):
    values = ends(seed, size)
    got = unpack_ranges(RangeView({"x": values}, {"x": 4}, 40).packed)
    step = max(1e-4, 2e-3 * np.abs(values).max())
    np.testing.assert_allclose(got["values"]["x"], values, atol=step / 2 * (1 + 1e-9))
    assert got["draws"] == 40


def test_a_county_without_a_number_has_no_range():
    values = ends(3)
    values[0, 2, 4] = np.nan
    got = unpack_ranges(RangeView({"x": values}, {"x": 0}, 8).packed)["values"]["x"]
    assert np.isnan(got[:, :, 4]).all()
    assert np.isfinite(np.delete(got, 4, axis=2)).all()


def test_what_never_changes_takes_no_room():
    nothing = np.zeros((2, YEARS, COUNTIES))
    got = unpack_ranges(RangeView({"x": nothing, "y": ends(1)}, {"x": 0, "y": 0}, 8).packed)
    assert set(got["values"]) == {"y"}


def test_the_map_and_its_file_carry_the_ranges_of_each_scenario(region):
    listed = made.measures(3)
    runs = [("A", made.outcome(region, listed, seed=1)), ("B", made.outcome(region, listed, seed=2))]
    shape = (2, len(made.YEARS), len(region.codes))
    one = RangeView({"made_0": np.ones(shape) * [[[5.0]], [[9.0]]]}, {"made_0": 0}, 40)
    view = build_view(region, runs, measures=listed, ranges=[None, one])
    sent = arguments(view, {}, storage="x", height=500)
    assert sent["ranges"][0] is None
    assert sent["ranges"][1].startswith("ranges-")
    block = json.loads(re.search(r'id="jjj-data">(.*?)</script>', export_html(view)).group(1))
    assert block["ranges"][0] == ""
    assert len(block["ranges"][1]) > 100


def test_without_ranges_there_is_nothing_of_them(region):
    view = build_view(region, [("A", made.outcome(region, made.measures(2)))], measures=made.measures(2))
    assert arguments(view, {}, storage="x", height=500)["ranges"] == []


@pytest.mark.parametrize("end", [0, 1])
def test_the_two_ends_are_not_mixed_up(end):
    values = np.stack([np.full((YEARS, COUNTIES), -20.0), np.full((YEARS, COUNTIES), 30.0)])
    got = unpack_ranges(RangeView({"x": values}, {"x": 0}, 8).packed)["values"]["x"]
    assert got[end] == pytest.approx(values[end])


def test_the_map_and_its_file_carry_the_ranges_between_scenarios(region):
    listed = made.measures(3)
    runs = [(name, made.outcome(region, listed, seed=at)) for at, name in enumerate("ABC")]
    shape = (2, len(made.YEARS), len(region.codes))
    one = RangeView({"made_0": np.ones(shape) * [[[-5.0]], [[9.0]]]}, {"made_0": 0}, 33)
    view = build_view(region, runs, measures=listed, apart={(0, 2): one})
    sent = arguments(view, {}, storage="x", height=500)
    assert set(sent["apart"]) == {"0-2"}
    assert sent["apart"]["0-2"].startswith("ranges-")
    block = json.loads(re.search(r'id="jjj-data">(.*?)</script>', export_html(view)).group(1))
    assert unpack_ranges(base64.b64decode(block["apart"]["0-2"]))["draws"] == 33
    without = build_view(region, runs, measures=listed)
    other = json.loads(re.search(r'id="jjj-data">(.*?)</script>', export_html(without)).group(1))
    assert other["apart"] == {}
    # a browser keeps its state by this name: another content, another name
    assert other["name"] != block["name"]


def test_what_is_still_being_drawn_is_named_to_the_map_and_left_out_of_its_file(region):
    listed = made.measures(2)
    runs = [(name, made.outcome(region, listed, seed=at)) for at, name in enumerate("AB")]
    view = build_view(region, runs, measures=listed, apart={(0, 1): None})
    assert arguments(view, {}, storage="x", height=500)["apart"] == {"0-1": None}
    block = json.loads(re.search(r'id="jjj-data">(.*?)</script>', export_html(view)).group(1))
    assert block["apart"] == {}

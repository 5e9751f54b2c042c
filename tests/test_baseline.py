"""The shipped baseline is what calibrating the shipped layers gives, and is left alone when they change."""

import dataclasses
import logging
from dataclasses import asdict

import numpy as np
import pytest
from typer.testing import CliRunner

from geo.assumptions import spec_of
from geo.cli import app
from geo.model.archive import pack, unpack
from geo.model.baseline import FILE, load_baseline, measure, shipped

# sums differ in their last bits between processors: numpy adds in the order that suits the vector unit
LAST_BITS = 1e-13


@pytest.fixture(scope="module")
def fresh(region):
    return measure(region)


def test_what_ships_is_what_calibration_gives(region, fresh, caplog):
    with caplog.at_level(logging.WARNING):
        read = load_baseline(region)
    assert caplog.records == []
    # one thread of linear algebra or two: the last figures differ
    np.testing.assert_allclose(read.flows, fresh.flows, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(read.minutes, fresh.minutes, rtol=1e-8)
    assert asdict(read.fit.gravity) == pytest.approx(asdict(fresh.fit.gravity), rel=1e-7)
    assert read.travel.fit.speeds == pytest.approx(fresh.travel.fit.speeds, rel=1e-8)
    np.testing.assert_allclose(read.fit.moments["model"], fresh.fit.moments["model"], rtol=1e-6)
    for kind, posts in fresh.jobs.institutional.items():
        np.testing.assert_allclose(read.jobs.institutional[kind], posts, rtol=LAST_BITS)


def test_the_rest_of_the_baseline_is_read_back(region, fresh):
    read = load_baseline(region)
    for name in read.inputs.names():
        np.testing.assert_allclose(getattr(read.inputs, name), getattr(fresh.inputs, name), rtol=LAST_BITS)
    assert read.inputs.facts == fresh.inputs.facts
    np.testing.assert_allclose(read.roads.network.capacity, fresh.roads.network.capacity, rtol=1e-6)
    np.testing.assert_allclose(read.roads.drive, fresh.roads.drive, rtol=1e-8)
    np.testing.assert_allclose(read.roads.before.times, fresh.roads.before.times, rtol=1e-6)
    assert read.inventory["tonnes"].tolist() == pytest.approx(fresh.inventory["tonnes"].tolist())
    assert read.multiplier.multiplier == pytest.approx(fresh.multiplier.multiplier, rel=1e-6)


def test_the_fitted_multiplier_is_what_scenarios_assume(fresh):
    # the fit stands in the assumptions as a number; three figures of it
    assert 0.0 < fresh.multiplier.distance < 1.0
    assert fresh.multiplier.multiplier == pytest.approx(0.7, abs=1e-3)
    for name, value in fresh.multiplier.values.items():
        assert spec_of(name).default == pytest.approx(value, rel=2e-3)


def test_equal_contents_give_equal_bytes(fresh):
    assert shipped(fresh) == shipped(fresh)


def test_other_layers_are_calibrated_afresh_and_said_so(region, fresh, caplog, monkeypatch):
    asked = []
    monkeypatch.setattr("geo.model.baseline.measure", lambda *given: asked.append(given) or fresh)
    changed = dataclasses.replace(region, content_hash="another")
    with caplog.at_level(logging.WARNING):
        assert load_baseline(changed) is fresh
    assert len(asked) == 1
    assert FILE in caplog.text


def test_a_broken_file_is_calibrated_afresh(region, fresh, caplog, monkeypatch, tmp_path):
    (tmp_path / FILE).write_bytes(b"PK no archive")
    monkeypatch.setattr("geo.model.baseline.measure", lambda *_: fresh)
    with caplog.at_level(logging.WARNING):
        assert load_baseline(dataclasses.replace(region, folder=tmp_path)) is fresh
    assert FILE in caplog.text


def test_an_archive_keeps_arrays_and_header(tmp_path):
    arrays = {"whole": np.arange(3), "real": np.array([[0.1, np.inf]])}
    (tmp_path / "a.npz").write_bytes(pack({"name": "京"}, arrays))
    header, found = unpack(tmp_path / "a.npz")
    assert header == {"name": "京"}
    np.testing.assert_array_equal(found["whole"], arrays["whole"])
    np.testing.assert_array_equal(found["real"], arrays["real"])


def test_one_command_calibrates(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr("geo.cli.measure", lambda _region: fresh)
    done = CliRunner().invoke(app, ["calibrate", "--out", str(tmp_path / "b.npz")])
    assert done.exit_code == 0
    assert (tmp_path / "b.npz").read_bytes() == shipped(fresh)

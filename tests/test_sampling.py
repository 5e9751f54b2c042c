"""Draws in the background: kept, read back, given up, and never another scenario's or another model's."""

import json
import os
import pickle
import sys
import time
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from geo import sampling
from geo.ensemble import Draw, run_ensemble
from geo.errors import Fault, GeoError, ModelError, ScenarioError
from geo.model.baseline import calibrate
from geo.sampling import Sampler, content_key, keep, kept, sampler, worker
from geo.scenario import Move, Scenario

OFFICE = Move(
    name="An office", kind="government", origin="110102", destination="130629", start=2021, posts=3000
)
# more posts than Xushui has jobs
TOO_MANY = Move(
    name="Too many", kind="industrial_plant", origin="130609", destination="130629", start=2021, posts=900_000
)
SMALL = Scenario(name="Small", moves=(OFFICE,))
LATE = 90.0


@pytest.fixture(scope="module")
def baseline(region):
    return calibrate(region)


@pytest.fixture(scope="module")
def ensemble(baseline):
    return run_ensemble(baseline, SMALL, size=1, measures=("population", "wage", "welfare"))


class Quick:
    """A worker that answers at once with what was drawn before."""

    answer = None
    asked: ClassVar[list[Draw]] = []

    def __init__(self, baseline):
        self.baseline = baseline

    def ask(self, one):
        type(self).asked.append(one)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self):
        pass


@pytest.fixture(scope="module")
def answer(baseline):
    return worker.run_draw(baseline, Draw(SMALL, measures=("population",)))


@pytest.fixture
def quick(monkeypatch, answer):
    """Replace the process by one that answers every draw with the same numbers."""

    class Mine(Quick):
        asked: ClassVar[list[Draw]] = []

    Mine.answer = answer
    monkeypatch.setattr(sampler, "Worker", Mine)
    return Mine


def wait(drawing, scenario, until):
    end = time.monotonic() + LATE
    while time.monotonic() < end:
        sample = drawing.look(scenario)
        if until(sample):
            return sample
        time.sleep(0.02)
    pytest.fail(f"still {sample[:2]} after {LATE} s")


def test_what_is_kept_is_what_was_drawn(tmp_path, ensemble):
    keep(tmp_path, "k", ensemble)
    found = kept(tmp_path, "k", SMALL)
    assert set(found.changes) == {"population", "wage"}  # welfare is of the region alone
    for key in found.changes:
        largest = np.abs(ensemble.changes[key]).max()
        np.testing.assert_allclose(found.changes[key], ensemble.changes[key], rtol=5e-4, atol=1e-6 * largest)
    np.testing.assert_array_equal(found.regional["welfare"], ensemble.regional["welfare"])
    assert found.draws.equals(ensemble.draws.astype(float))
    assert found.refused == ensemble.refused


@pytest.mark.parametrize("broken", ["head", "numbers", "shape", "words", "nothing"])
def test_a_damaged_file_is_drawn_again(tmp_path, ensemble, broken):
    keep(tmp_path, "k", ensemble)
    head, numbers = tmp_path / "k.json", tmp_path / "k.npy"
    if broken == "head":
        head.write_text(head.read_text()[:100])
    elif broken == "numbers":
        numbers.write_bytes(numbers.read_bytes()[:500])
    elif broken == "shape":
        head.write_text(json.dumps(json.loads(head.read_text()) | {"numbers": [0, 1]}))
    elif broken == "words":
        head.write_text(json.dumps(json.loads(head.read_text()) | {"scales": "many"}))
    else:
        numbers.unlink()
    assert kept(tmp_path, "k", SMALL) is None


def test_a_full_disk_leaves_nothing_behind(tmp_path, ensemble, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space"):
        keep(tmp_path, "k", ensemble)
    assert list(tmp_path.iterdir()) == []


def test_what_was_used_last_goes_last(tmp_path, ensemble, monkeypatch):
    monkeypatch.setattr("geo.sampling.disk._KEPT", 2)
    for at, key in enumerate("ab"):
        keep(tmp_path, key, ensemble)
        os.utime(tmp_path / f"{key}.json", (at + 1, at + 1))
    assert kept(tmp_path, "a", SMALL) is not None
    keep(tmp_path, "c", ensemble)
    assert {file.stem for file in tmp_path.glob("*.json")} == {"a", "c"}


def test_the_key_is_of_content_not_of_names(baseline, monkeypatch):
    key = content_key(baseline, SMALL)
    assert content_key(baseline, Scenario(name="Other", note="x", moves=(OFFICE,))) == key
    noted = OFFICE.model_copy(update={"note": "why"})
    assert content_key(baseline, Scenario(moves=(noted,))) == key
    later = OFFICE.model_copy(update={"start": 2022})
    assert content_key(baseline, Scenario(moves=(later,))) != key
    assert content_key(baseline, Scenario(moves=(OFFICE,), assumptions={"housing_share": 0.3})) != key
    monkeypatch.setattr("geo.sampling.disk._model_key", lambda: "another model")
    assert content_key(baseline, SMALL) != key


def test_the_oldest_give_way(tmp_path, ensemble, monkeypatch):
    monkeypatch.setattr("geo.sampling.disk._KEPT", 2)
    for number, key in enumerate("abc"):
        keep(tmp_path, key, ensemble)
        for file in tmp_path.glob(f"{key}.*"):
            os.utime(file, (1e9 + number, 1e9 + number))
    keep(tmp_path, "d", ensemble)
    assert sorted({file.name.partition(".")[0] for file in tmp_path.iterdir()}) == ["c", "d"]


def test_a_real_process_draws_the_same_numbers_and_ends_with_its_owner(tmp_path, baseline):
    drawing = Sampler(baseline, tmp_path, size=1, first=1)
    try:
        sample = wait(drawing, SMALL, lambda one: not one.pending)
        process = next(iter(drawing._workers_of.values()))._process
    finally:
        drawing.close()
    assert process.poll() is not None
    here = run_ensemble(baseline, SMALL, size=1)
    np.testing.assert_allclose(sample.ensemble.regional["welfare"], here.regional["welfare"], rtol=1e-9)
    assert sample.done == sample.size == 1
    # another process of the app finds them at once
    again = Sampler(baseline, tmp_path, size=1, workers=0).look(SMALL)
    assert not again.pending
    np.testing.assert_array_equal(again.ensemble.regional["welfare"], sample.ensemble.regional["welfare"])


def test_ranges_are_handed_out_as_soon_as_there_are_enough(tmp_path, baseline, quick):
    drawing = Sampler(baseline, tmp_path, size=6, first=3)
    try:
        assert drawing.look(SMALL).ensemble is None
        last = wait(drawing, SMALL, lambda one: not one.pending)
    finally:
        drawing.close()
    assert len(last.ensemble.draws) == 6
    assert [one.number for one in quick.asked] == sorted({one.number for one in quick.asked})


def test_what_nobody_looks_at_waits(tmp_path, baseline, quick, monkeypatch):
    monkeypatch.setattr(sampler, "_LEASE", 0.0)
    drawing = Sampler(baseline, tmp_path, size=3, first=1)
    try:
        drawing.look(SMALL)
        time.sleep(0.3)
        assert quick.asked == []
    finally:
        drawing.close()


@pytest.mark.parametrize("death", [EOFError(), BrokenPipeError(), pickle.UnpicklingError("cut off")])
def test_a_process_that_dies_again_and_again_is_given_up(tmp_path, baseline, quick, death):
    quick.answer = death
    drawing = Sampler(baseline, tmp_path, size=3, first=1)
    try:
        sample = wait(drawing, SMALL, lambda one: one.trouble is not None)
        assert not sample.pending
        assert "3 times in a row" in sample.trouble.text("en")
        # the draw was not to blame
        assert len({one.number for one in quick.asked}) == 1
        assert len(quick.asked) == 3
    finally:
        drawing.close()


def test_what_failed_is_tried_again_once_nobody_has_looked_for_a_while(
    tmp_path, baseline, quick, answer, monkeypatch
):
    quick.answer = EOFError()
    drawing = Sampler(baseline, tmp_path, size=3, first=1)
    try:
        wait(drawing, SMALL, lambda one: one.trouble is not None)
        quick.answer = answer
        assert drawing.look(SMALL).trouble is not None
        monkeypatch.setattr(sampler, "_LEASE", 0.0)
        assert drawing.look(SMALL).trouble is None
        monkeypatch.undo()
        monkeypatch.setattr(sampler, "Worker", quick)
        assert len(wait(drawing, SMALL, lambda one: one.complete).ensemble.draws) == 3
    finally:
        drawing.close()


def test_memory_that_ends_while_draws_are_gathered_is_said(tmp_path, baseline, quick, monkeypatch):
    def gathered(*_):
        raise MemoryError

    monkeypatch.setattr(sampler, "gathered", gathered)
    drawing = Sampler(baseline, tmp_path, size=3, first=1)
    try:
        assert (
            wait(drawing, SMALL, lambda one: one.trouble is not None).trouble.faults[0].code
            == "sampling.died"
        )
    finally:
        drawing.close()


@pytest.mark.parametrize("kind", [GeoError, *GeoError.__subclasses__()])
def test_errors_pass_between_processes(kind):
    if kind.__reduce__ is not GeoError.__reduce__:
        pytest.skip("holds more than faults, and stays in its process")
    error = kind([Fault("sampling.died", "worker", {"count": 3}), Fault("model.no_measure", "x")])
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    assert type(again) is kind
    assert again.faults == error.faults
    assert str(again) == str(error)


def test_a_scenario_without_stable_draws_is_given_up_in_words(tmp_path, baseline, quick):
    shaky = Scenario(
        moves=(OFFICE,),
        assumptions={"amenity_density": 0.15, "frechet_shape": 7.0, "productivity_density": 0.12},
    )
    drawing = Sampler(baseline, tmp_path, size=3, first=1)
    try:
        sample = wait(drawing, shaky, lambda one: one.trouble is not None or not one.pending)
    finally:
        drawing.close()
    assert isinstance(sample.trouble, ModelError)
    assert "unstable" in sample.trouble.text("en")


def test_nothing_is_drawn_where_it_is_switched_off(tmp_path, baseline, quick):
    drawing = Sampler(baseline, tmp_path, workers=0)
    assert drawing.look(SMALL).pending
    assert quick.asked == []
    drawing.close()


def test_the_worker_speaks_only_answers(baseline):
    process = worker.Worker(baseline)
    try:
        found = process.ask(Draw(SMALL, measures=("population",)))
        assert found.changes["population"].shape == (len(found.years), len(baseline.codes))
        refused = process.ask(Draw(Scenario(moves=(TOO_MANY,))))
        assert isinstance(refused, ScenarioError)
        assert refused.faults == worker.run_draw(baseline, Draw(Scenario(moves=(TOO_MANY,)))).faults
        assert isinstance(process.ask(Draw(SMALL)), type(found))  # and goes on
        process._process.kill()
        process._process.wait()
        with pytest.raises((OSError, EOFError)):
            process.ask(Draw(SMALL))
    finally:
        process.close()
    assert sys.modules[sampling.__name__] is sampling


def test_deaths_count_only_in_a_row(tmp_path, baseline, quick, answer, monkeypatch):
    """A process that dies now and then costs time, and no more."""
    answers = [EOFError(), EOFError(), answer] * 3

    class Shaky(quick):
        def ask(self, _):
            said = answers.pop(0)
            if isinstance(said, Exception):
                raise said
            return said

    monkeypatch.setattr(sampler, "Worker", Shaky)
    drawing = Sampler(baseline, tmp_path, size=3, first=1)
    try:
        last = wait(drawing, SMALL, lambda one: not one.pending)
    finally:
        drawing.close()
    assert last.trouble is None
    assert len(last.ensemble.draws) == 3


def test_draws_without_an_equilibrium_are_given_up_in_the_end(tmp_path, baseline, quick, monkeypatch):
    monkeypatch.setattr(sampler, "PATIENCE", 2)
    quick.answer = ModelError(Fault("sampling.died", "worker", {"count": 1}))

    class Refusing(quick):
        def ask(self, one):
            type(self).asked.append(one)
            return self.answer

    monkeypatch.setattr(sampler, "Worker", Refusing)
    drawing = Sampler(baseline, tmp_path, size=3, first=1)
    try:
        sample = wait(drawing, SMALL, lambda one: one.trouble is not None)
    finally:
        drawing.close()
    assert sample.trouble is quick.answer
    assert len(Refusing.asked) == 2 * 3 + 1


def test_two_processes_make_no_more_draws_than_are_asked_for(tmp_path, baseline, quick):
    drawing = Sampler(baseline, tmp_path, size=5, first=2, workers=2)
    try:
        wait(drawing, SMALL, lambda one: not one.pending)
    finally:
        drawing.close()
    assert sorted(one.number for one in quick.asked) == sorted({one.number for one in quick.asked})
    assert len(quick.asked) == 5


def test_looking_without_a_wish_starts_nothing(tmp_path, baseline, quick):
    drawing = Sampler(baseline, tmp_path, size=3, first=1)
    try:
        drawing.look(SMALL, wish_for=False)
        drawing.look(Scenario(name="Other", moves=(OFFICE, OFFICE)))  # this one is wished for
        wait(drawing, Scenario(name="Other", moves=(OFFICE, OFFICE)), lambda one: not one.pending)
        assert {len(one.scenario.moves) for one in quick.asked} == {2}
        assert drawing.look(SMALL, wish_for=False).done == 0
    finally:
        drawing.close()


def test_draws_of_other_data_are_others(baseline):
    other = replace(baseline, region_hash="0" * 64)
    assert content_key(other, SMALL) != content_key(baseline, SMALL)

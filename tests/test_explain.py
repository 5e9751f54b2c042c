"""Explanations: every branch makes its parent, and ends at a row of the facts."""

import pytest

from geo.errors import ModelError
from geo.model.explain import explain
from geo.model.simulate import simulate
from geo.scenario import Move, Scenario
from geo.words import LANGUAGES

MOVES = (
    Move(institution="huaneng", destination="130629", start=2025, years=2),
    Move(
        name="A campus", kind="university", origin="110108", destination="130629", start=2026, posts=900,
        students=8000, years=4,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def outcome(region):
    return simulate(region, Scenario(moves=MOVES))


def branches(term):
    yield term
    for part in term.parts:
        yield from branches(part)


@pytest.mark.parametrize("code", ["130629", "110108", "130202"])
@pytest.mark.parametrize("year", [2020, 2026, 2050])
def test_every_branch_makes_its_parent(outcome, region, code, year):
    place = outcome.codes.index(code)
    for measure in outcome.values:
        tree = explain(outcome, region, measure, code, year)
        assert tree.value == pytest.approx(outcome.at(measure, year)[place], nan_ok=True)
        for branch in branches(tree):
            assert branch.total() == pytest.approx(branch.value, rel=1e-6, abs=1e-6, nan_ok=True), branch.key


def test_leaves_name_their_rows(outcome, region):
    tree = explain(outcome, region, "population", "130629", 2030)
    rows = {(leaf.row.file, leaf.row.status) for leaf in branches(tree) if leaf.row is not None}
    assert ("county_population_2020.csv", "sourced") in rows
    assert any(file == "institutions.csv" for file, _ in rows)
    assert ("scenario", "input") in rows
    assert ("assumptions", "assumption") in rows
    huaneng = next(term for term in branches(tree) if "Huaneng" in term.label[0])
    # 1000 posts, done, 70 % move home, one person each, times the share who choose this county
    assert [part.value for part in huaneng.parts[:4]] == pytest.approx([1000.0, 1.0, 0.7, 1.0])
    assert 0.3 < huaneng.parts[4].value < 1.0


def test_prices_are_explained_by_spending_and_buildings(outcome, region):
    tree = explain(outcome, region, "floor_price", "130629", 2050)
    factors = {part.key: part.value for part in tree.parts}
    assert factors["spent_hat"] > 1.0
    assert factors["one_over_built"] < 1.0
    assert factors["cap"] == 1.0


def test_trees_are_written_in_both_languages(outcome, region):
    tree = explain(outcome, region, "residents", "130629", 2050)
    english, chinese = (tree.text(language) for language in LANGUAGES)
    assert english.count("\n") == chinese.count("\n") > 10
    assert "华能" in chinese
    assert english.splitlines()[1].startswith("  ")


def test_what_cannot_be_explained_is_refused(outcome, region):
    for measure, code in (("no_such", "130629"), ("wage", "999999")):
        with pytest.raises(ModelError):
            explain(outcome, region, measure, code, 2030)
    direct = simulate(region, Scenario(moves=MOVES), model="level0")
    with pytest.raises(ModelError):
        explain(direct, region, "population", "130629", 2030)

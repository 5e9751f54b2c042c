"""Explanations of people's pay: every branch makes its parent, and the number explained is the one shown."""

import numpy as np
import pytest
from test_explain import sound

from geo import people
from geo.comparison import pair
from geo.measures import MEASURES
from geo.model.distribution import GROUPS, Workers, incumbents, workers_before
from geo.model.explain_pay import _MAKERS, explain_band, explain_fate, explain_pay
from geo.model.simulate import simulate
from geo.model.terms import difference
from geo.people_explained import questions_of_fates, questions_of_pay
from geo.presets import preset
from geo.scenario import Move, Scenario
from geo.words import LANGUAGES

YEAR = 2040


@pytest.fixture(scope="module")
def found(region):
    announced, moved = (simulate(region, preset(key, region)) for key in ("announced", "moved"))
    return people.pay(pair(region, moved, announced, simulate(region, Scenario(name="rest"))), YEAR)


def worlds(found):
    return [people.world_of(one) for one in (found.two.first, found.two.second)]


def explained(found, questions):
    """Return A, B and the difference of each question."""
    both = found.two.first, found.two.second
    trees = [[one.of(outcome) for outcome in both] for one in questions]
    return [(*two, difference(*two)) for two in trees]


def test_numbers_and_bands_of_pay_are_those_of_the_table(found):
    questions = questions_of_pay(found)
    rows = (*people.pay_rows(found), *people.band_rows(found))
    assert len(questions) == len(rows) > 10
    assert any(row.difference for row in rows)
    for question, row, (first, second, apart) in zip(
        questions, rows, explained(found, questions), strict=True
    ):
        assert question.name.endswith(row.name)
        assert (first.value, second.value) == pytest.approx((row.first, row.second), rel=1e-9)
        assert apart.value == pytest.approx(row.second - row.first, rel=1e-6, abs=1e-12 * abs(row.first))
        for tree in (first, second, apart):
            sound(tree)
            assert tree.parts or tree.value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("by", people.BY)
def test_rises_and_falls_are_those_of_the_table(found, by):
    questions, rows = questions_of_fates(found, by), people.fate_rows(found, by)
    assert len(questions) == 3 * len(rows)
    shown = [getattr(row, key) for key in ("change", "gain", "lose") for row in rows]
    names = [row.name for row in rows] * 3
    for question, name, both, trees in zip(questions, names, shown, explained(found, questions), strict=True):
        assert question.name.endswith(f" · {name}")
        assert [tree.value for tree in trees[:2]] == pytest.approx(both, rel=1e-9, abs=1e-9)
        for tree in trees:
            sound(tree)
        share = "Share of the pay before" if question.measure == "pay_change" else "Share of these workers"
        assert {group.parts[0].name() for group in trees[0].parts} == {share}
    assert any(trees[2].value for trees in explained(found, questions))


def test_a_start_that_is_not_the_regions_is_taken_off_again(region):
    """More posts leave a county than it has of that class: the scenario starts from a region with them."""
    move = Move(
        name="A laboratory", kind="research_institute", origin="130629", destination="110108", start=2025,
        posts=3000,
    )  # fmt: skip
    outcome = simulate(region, Scenario(name="more", moves=(move,)))
    world = people.world_of(outcome)
    assert world.start is not world.before
    found = people.pay(pair(region, outcome, outcome), YEAR)
    for question, row in zip(questions_of_pay(found), people.pay_rows(found), strict=False):
        assert question.of(outcome).value == pytest.approx(row.first, rel=1e-9)


def test_a_year_before_any_move_is_as_before(found):
    world = worlds(found)[1]
    tree = explain_pay(world, 0, "gini")
    before, change = tree.parts
    assert change.line().compared.startswith("before ")
    assert (tree.value, change.value) == (before.value, 0.0)
    assert np.isfinite(tree.value)
    assert explain_band(world, 0, found.first.edges, 0).parts[1].value == 0.0


def test_shares_of_groups_worked_by_hand(found):
    """Six private workers paid 10 and four of the first class paid 35: mean 20."""
    zero = np.zeros(2, dtype=int)
    pay = np.array([10.0, 35.0])
    workers = Workers(zero, zero, np.array([0, 1]), np.array([6.0, 4.0]), pay, pay)
    mean = _MAKERS["real"](workers)
    assert [part.value for part in mean.parts] == pytest.approx([6, 14])
    gini = _MAKERS["gini"](workers)
    # ranks -0.4 and 0.6: 0.6 x 0.5 x -0.4 + 0.4 x 1.75 x 0.6
    assert [part.value for part in gini.parts] == pytest.approx([-0.12, 0.42])
    theil = _MAKERS["theil"](workers)
    assert [part.value for part in theil.parts] == pytest.approx([0.3 * np.log(0.5), 0.7 * np.log(1.75)])
    gap = _MAKERS["p90_p10"](workers)
    assert [part.value for part in gap.parts] == pytest.approx([1.75, 2.0])


def test_nobody_has_no_fate(found):
    held = worlds(found)[0]
    nobody = incumbents(held, 5)
    tree = explain_fate(nobody, np.zeros(len(nobody.home), dtype=bool), "gain")
    assert np.isnan(tree.value)
    assert tree.parts == ()


def test_every_term_has_words(found):
    assert workers_before(worlds(found)[0].reference).group.max() < len(GROUPS)
    questions = [*questions_of_pay(found, "zh"), *questions_of_fates(found, "city", "zh")]
    for question in questions:
        assert question.measure not in MEASURES
        for language in LANGUAGES:
            for outcome in (found.two.first, found.two.second):
                tree = question.of(outcome)
                assert tree.line(language).formula
                assert all(tree.lines(language))

"""Explanations: every branch makes its parent, and ends at a row of the facts."""

from dataclasses import replace

import numpy as np
import pytest

from geo.comparison import place_of, series
from geo.downloads import to_csv
from geo.errors import ModelError
from geo.explaining import (
    explain_breach,
    explain_change,
    explain_difference,
    explain_place,
    explain_said,
    explain_standing,
    table_of_term,
)
from geo.limits import Budget, breaches, standings
from geo.measures import MEASURES, summary
from geo.model.explain import explain
from geo.model.simulate import simulate
from geo.model.terms import PRODUCT, Term, changed, difference
from geo.scenario import Move, Scenario
from geo.words import LANGUAGES, has, number, say

HUANENG = Move(institution="huaneng", destination="130629", start=2025, years=2)
CAMPUS = Move(
    name="A campus", kind="university", origin="110108", destination="130629", start=2026, posts=900,
    students=8000, years=4,
)  # fmt: skip
CLINIC = Move(
    name="A clinic", kind="hospital", origin="110101", destination="120116", start=2026, posts=900, beds=800,
    years=4,
)  # fmt: skip
ELSEWHERE = Move(institution="huaneng", destination="130632", start=2027, years=2)
PLACES = ("region", "beijing", "xiongan", "130600", "130629")


@pytest.fixture(scope="module")
def outcomes(region):
    """By name: A, B, and nothing; of both models."""
    asked = {
        "a": Scenario(name="A", moves=(HUANENG, CAMPUS)),
        "b": Scenario(name="B", moves=(CAMPUS, ELSEWHERE, CLINIC)),
        "empty": Scenario(name="Empty"),
    }
    return {
        (model, name): simulate(region, one, model=model)
        for model in ("full", "level0")
        for name, one in asked.items()
    }


@pytest.fixture(scope="module")
def outcome(outcomes):
    return outcomes["full", "a"]


def branches(term):
    yield term
    for part in term.parts:
        yield from branches(part)


def sound(tree):
    for branch in branches(tree):
        assert branch.total() == pytest.approx(branch.value, rel=1e-6, abs=1e-6, nan_ok=True), branch.key


def measures_of(outcome):
    return list(dict.fromkeys([*outcome.values, *outcome.regional]))


@pytest.mark.parametrize("code", ["130629", "110108", "130202"])
@pytest.mark.parametrize("year", [2020, 2026, 2050])
@pytest.mark.parametrize("which", [("full", "a"), ("full", "empty"), ("level0", "a"), ("level0", "empty")])
def test_every_branch_makes_its_parent(outcomes, region, code, year, which):
    outcome = outcomes[which]
    place = outcome.codes.index(code)
    for measure in outcome.values:
        tree = explain(outcome, region, measure, code, year)
        assert tree.value == pytest.approx(outcome.at(measure, year)[place], rel=1e-9, abs=1e-6, nan_ok=True)
        sound(tree)


@pytest.mark.parametrize("key", PLACES)
@pytest.mark.parametrize("which", [("full", "a"), ("full", "empty"), ("level0", "a"), ("level0", "empty")])
def test_every_number_of_a_place_is_made_of_its_parts(outcomes, region, key, which):
    outcome, place = outcomes[which], place_of(region, key)
    for measure in measures_of(outcome):
        for year in (2026, 2050):
            shown = series(region, outcome, measure, place)[outcome.position(year)]
            views = explain_place(outcome, region, measure, place, year)
            for tree in views.values():
                assert tree.value == pytest.approx(shown, rel=1e-9, abs=1e-6, nan_ok=True), measure
                sound(tree)
            assert np.isnan(shown) or any(tree.parts or not shown for tree in views.values()), measure


@pytest.mark.parametrize("key", PLACES)
@pytest.mark.parametrize("sides", [("a", "b"), ("empty", "a"), ("a", "empty")])
@pytest.mark.parametrize("model", ["full", "level0"])
def test_differences_are_made_of_their_parts(outcomes, region, key, sides, model):
    first, second = (outcomes[model, name] for name in sides)
    place = place_of(region, key)
    for measure in measures_of(first):
        one, two = (series(region, out, measure, place)[-1] for out in (first, second))
        for tree in explain_difference(first, second, region, measure, place, year=2050).values():
            assert tree.value == pytest.approx(two - one, rel=1e-7, abs=1e-6, nan_ok=True), measure
            sound(tree)


def test_a_number_less_itself_is_nothing(outcome, region):
    place = place_of(region, "beijing")
    for measure in measures_of(outcome):
        for tree in explain_difference(outcome, outcome, region, measure, place, year=2040).values():
            assert not tree.parts
            assert not tree.value or np.isnan(tree.value)


def test_a_product_shares_out_its_change():
    def product(x, y):
        factors = (Term("size", x, "jobs"), Term("done", y, "ratio"))
        return Term("move", x * y, "jobs", PRODUCT, factors)

    # 2 x 3 = 6 becomes 5 x 4 = 20: (5 - 2) x (3 + 4) / 2 = 10.5 and (4 - 3) x (2 + 5) / 2 = 3.5
    tree = difference(product(2.0, 3.0), product(5.0, 4.0))
    assert [part.value for part in tree.parts] == [10.5, 3.5]
    back = difference(product(5.0, 4.0), product(2.0, 3.0))
    assert [part.value for part in back.parts] == [-10.5, -3.5]


def test_a_move_on_one_side_only_keeps_its_factors(outcomes, region):
    tree = explain_difference(
        outcomes["full", "b"], outcomes["full", "a"], region, "posts", place_of(region, "beijing"), year=2050
    )["terms"]
    clinic = next(term for term in branches(tree) if "A clinic" in term.label)
    assert clinic.value == pytest.approx(
        900.0
    )  # A lacks the clinic, which took 900 posts out of Beijing in B
    assert [part.value for part in clinic.parts] == pytest.approx([-1.0, 900.0, 1.0, -1.0])
    assert clinic.sides.first == pytest.approx(-900.0)


def test_changes_leave_out_what_was_before(outcome, region):
    for key in ("xiongan", "130629"):
        place = place_of(region, key)
        inside = place.inside
        for measure in ("population", "wage", "co2", "pm25", "income_per_head", "floor_price"):
            if key == "xiongan" and measure in {"wage", "pm25", "income_per_head", "floor_price"}:
                continue  # means: their change is a difference to the baseline
            change = outcome.change(measure, 2050)[inside].sum()
            for tree in explain_change(outcome, region, measure, place, 2050).values():
                assert tree.value == pytest.approx(change, rel=1e-6, abs=1e-9), measure
                assert not any(part.key == "before" for part in tree.parts)
                sound(tree)


def test_no_level_passes_for_a_change(outcomes, region):
    one, nothing = outcomes["full", "a"], outcomes["full", "empty"]
    place, at = place_of(region, "region"), one.position(2050)
    for measure, after in one.regional.items():
        grown = after[at] - nothing.regional[measure][at]
        for tree in explain_change(one, region, measure, place, 2050).values():
            if np.isfinite(tree.value):
                assert tree.value == pytest.approx(grown, rel=1e-6, abs=1e-6 * abs(after[at])), measure
    told = explain_change(one, region, "real_income", place_of(region, "xiongan"), 2050)
    assert "counties" not in told  # a mean's change has no parts by county


def test_a_change_of_what_is_a_change_is_itself(outcome, region):
    tree = explain(outcome, region, "posts", "130629", 2050)
    assert changed(tree) is tree


# The region's indices, worked out anew -----------------------------------------------------------------


def test_gini_is_the_mean_difference_of_pairs(outcome, region):
    tree = explain_place(outcome, region, "gini", place_of(region, "region"), 2050)["terms"]
    year = outcome.world.solved.years[outcome.position(2050)]
    income = outcome.at("income_per_head", 2050) / year.state.cost_of_living_hat
    share = outcome.at("population", 2050) / outcome.at("population", 2050).sum()
    pairs = np.abs(income[:, None] - income[None, :])
    assert tree.value == pytest.approx(0.5 * share @ pairs @ share / (share @ income))
    names = {part.key for part in next(term for term in tree.parts if term.key == "county").parts}
    assert names == {"share_of_people", "income_over_mean", "rank"}


def test_welfare_is_shared_out_among_homes(outcome, region):
    tree = explain_place(outcome, region, "welfare", place_of(region, "region"), 2050)["terms"]
    state = outcome.world.solved.years[outcome.position(2050)].state
    gained = next(part for part in tree.parts if part.key == "choices_worth")
    assert gained.value == pytest.approx(state.phi - 1.0)


def test_the_index_within_has_a_branch_for_each_of_the_three(outcome, region):
    tree = explain_place(outcome, region, "theil_within", place_of(region, "region"), 2050)["terms"]
    assert [part.key for part in tree.parts] == ["province_beijing", "province_tianjin", "province_hebei"]
    assert sum(part.parts[0].value for part in tree.parts) == pytest.approx(1.0)


def test_large_counties_come_first_and_the_rest_together(outcome, region):
    tree = explain_place(outcome, region, "population", place_of(region, "region"), 2050)["counties"]
    values = [part.value for part in tree.parts if part.key == "county"]
    assert len(values) == 12
    assert values == sorted(values, reverse=True)
    assert tree.parts[-1].label == ("187", "187")
    assert tree.parts[0].code == outcome.codes[int(np.argmax(outcome.at("population", 2050)))]


# Sentences and limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [("full", "a"), ("full", "b"), ("level0", "a"), ("level0", "b")])
def test_every_number_of_a_sentence_is_explained(outcomes, region, which):
    outcome = outcomes[which]
    effects = summary(outcome)
    assert len(effects) == 3
    for effect in effects:
        assert effect.numbers
        for said in effect.numbers:
            shown = number(abs(said.value), "en", digits=said.digits)
            assert shown in effect.text, said.key
            for tree in explain_said(outcome, region, said).values():
                assert tree.value == pytest.approx(said.value, rel=1e-9, abs=1e-7), said.key
                sound(tree)


def test_a_scenario_without_moves_says_no_number(outcomes):
    assert [effect.numbers for effect in summary(outcomes["full", "empty"])] == [()]


def test_numbers_held_against_limits_are_explained(region):
    crowd = Move(
        name="Everybody", kind="university", origin="110108", destination="130629", start=2026, years=4,
        posts=60000, students=900000,
    )  # fmt: skip
    more = crowd.model_copy(update={"name": "Everybody else"})
    outcome = simulate(region, Scenario(moves=(crowd, more)), model="level0")
    budget = Budget(1e9, per_post=2e5, per_student=1e5)
    found = breaches(outcome.scenario, region, outcome, budget=budget)
    assert {"xiongan_start_up_area", "xiongan_urban_land", "budget"} <= {one.rule for one in found}
    for breach in found:
        for tree in explain_breach(breach, outcome, region, budget).values():
            assert tree.value == pytest.approx(breach.value), breach.rule
            sound(tree)


@pytest.mark.parametrize("which", [("full", "a"), ("level0", "b")])
def test_how_far_a_scenario_goes_towards_each_limit_is_explained(outcomes, region, which):
    outcome = outcomes[which]
    found = standings(outcome.scenario, region, outcome)
    assert {one.limit.unit for one in found} >= {"persons", "km2", "percent", "mln_m3_year", "jobs"}
    for one in found:
        for tree in explain_standing(one, outcome, region).values():
            assert tree.value == pytest.approx(one.value, rel=1e-9, abs=1e-9), one.limit.id
            assert not tree.line("zh").unit.isascii() or one.limit.unit == "percent"
            sound(tree)


@pytest.mark.parametrize("measure", ["posts", "population", "delay", "co2", "gini", "welfare"])
def test_few_terms_still_make_the_number(outcomes, region, measure):
    place = place_of(region, "region")
    whole = explain_place(outcomes["full", "b"], region, measure, place, 2050)
    apart = explain_difference(
        outcomes["full", "a"], outcomes["full", "b"], region, measure, place, year=2050
    )
    for tree in [*whole.values(), *apart.values()]:
        for most in (2, 3, 5):
            short = tree.few(most)
            assert short.value == tree.value
            assert all(len(one.parts) <= most + 1 for one in branches(short) if one.how == "sum")
            sound(short)


def test_the_largest_terms_stay_and_the_others_say_how_many_they_are():
    def move(name, value):
        return Term("move", value, "jobs", label=(name, name))

    parts = (move("a", 1.0), move("b", -7.0), Term("before", 3.0, "jobs"), move("c", 5.0))
    parts += (Term("other_moves", 9.0, "jobs", label=("21", "21")),)
    parts += (Term("change", 0.5, "jobs"),)
    short = Term("posts", 11.5, "jobs", parts=parts).few(3)
    assert [(one.key, one.label[0], one.value) for one in short.parts] == [
        ("move", "b", -7.0), ("before", "", 3.0), ("move", "c", 5.0), ("other_terms", "23", 10.5),
    ]  # fmt: skip
    moves = tuple(one for one in parts if one.key in {"move", "other_moves"})
    only = Term("posts", 8.0, "jobs", parts=moves).few(2)
    assert [(one.key, one.label[0], one.value) for one in only.parts[2:]] == [("other_moves", "22", 10.0)]
    # what was before stays, however small
    small = (Term("before", 0.1, "jobs"), *(move(name, float(value)) for value, name in enumerate("cdef", 1)))
    assert [one.key for one in Term("posts", 10.1, "jobs", parts=small).few(3).parts] == [
        "before", "move", "move", "other_moves",
    ]  # fmt: skip
    # equal terms are told apart by their places
    equal = Term("posts", 9.0, "jobs", parts=tuple(move("same", 1.0) for _ in range(9))).few(5)
    assert [one.value for one in equal.parts] == [1.0] * 5 + [4.0]
    # one alone is no rest
    assert Term("posts", 8.0, "jobs", parts=moves).few(3).parts == moves
    # the factors of a product all stay
    factors = tuple(Term(f"f{n}", 2.0, "ratio") for n in range(6))
    assert Term("posts", 64.0, "jobs", PRODUCT, factors).few(3).parts == factors


# Facts, words, files ------------------------------------------------------------------------------------


def test_leaves_name_their_rows(outcome, region):
    tree = explain(outcome, region, "population", "130629", 2030)
    rows = {(leaf.row.file, leaf.row.status) for leaf in branches(tree) if leaf.row is not None}
    assert ("county_population_2020.csv", "sourced") in rows
    assert any(file == "institutions.csv" for file, _ in rows)
    assert ("scenario", "input") in rows
    assert ("assumptions", "assumption") in rows
    huaneng = next(term for term in branches(tree) if "Huaneng" in term.label[0])
    # 1000 posts, done, 70 % move home, times the share who choose this county
    assert [part.value for part in huaneng.parts[:3]] == pytest.approx([1000.0, 1.0, 0.7])
    assert 0.3 < huaneng.parts[3].value < 1.0


def rows_of(tree, key):
    return {
        (leaf.row.file, leaf.row.key, leaf.row.status)
        for leaf in branches(tree)
        if leaf.key == key and leaf.row
    }


@pytest.mark.parametrize("model", ["full", "level0"])
def test_what_a_scenario_states_itself_is_read_from_it(region, model):
    own = {"home_share": 0.4, "family_size": 3.0}
    stated = CAMPUS.model_copy(update={"name": "States its own", **own})
    assumed = {"ramp_steepness": 0.0, "student_residents.university": 0.5}
    made = {
        "plain": Scenario(moves=(CAMPUS,)),
        "own": Scenario(moves=(stated,)),
        "assumed": Scenario(moves=(CAMPUS,), assumptions=assumed),
    }
    place = place_of(region, "130629")
    trees = {
        name: explain_place(simulate(region, one, model=model), region, "residents", place, 2050)["terms"]
        for name, one in made.items()
    }
    plain, kept, changed_ = (trees[name] for name in made)
    home, students = "home_share.university", "student_residents.university"
    assert rows_of(plain, "home_share") == {("assumptions", home, "assumption")}
    assert rows_of(kept, "home_share") == {("scenario", "moves[0].home_share", "input")}
    assert rows_of(kept, "each") == {("scenario", "moves[0].family_size", "input")}
    assert {row[:2] for row in rows_of(kept, "student_residents")} == {("assumptions", students)}
    assert rows_of(changed_, "student_residents") == {("scenario", f"assumptions.{students}", "input")}
    assert rows_of(changed_, "done") == {("scenario", "assumptions.ramp_steepness", "input")}
    assert {row[:2] for row in rows_of(plain, "done")} == {("assumptions", "ramp_steepness")}


def test_a_part_of_an_institution_says_the_whole_and_the_share(region):
    half = Move(institution="bjtu", destination="130629", start=2026, share=0.5)
    outcome = simulate(region, Scenario(moves=(half,)), model="level0")
    tree = explain_place(outcome, region, "posts", place_of(region, "130629"), 2050)["terms"]
    size, share, done = tree.parts[0].parts[:3]
    assert size.value == region.institutions.employees["bjtu"]
    assert (size.row.file, share.row.key, done.key) == ("institutions.csv", "moves[0].share", "done")
    assert tree.value == pytest.approx(size.value * 0.5)
    sound(tree)


@pytest.mark.parametrize(
    ("which", "measure"),
    [
        *(((model, "a"), key) for model in ("full", "level0") for key in ("in_commuters", "out_commuters")),
        *(((model, "a"), "mean_minutes") for model in ("full", "level0")),
        (("full", "a"), "share_over_60"),
    ],
)
def test_commuters_of_a_county_were_fitted_and_not_counted(outcomes, region, which, measure):
    tree = explain(outcomes[which], region, measure, "130629", 2030)
    row = next(leaf.row for leaf in branches(tree) if leaf.key == "before")
    assert (row.file, row.status) == ("commuting_facts.csv", "estimated")
    assert "2023年度中国主要城市通勤监测报告" in row.source


def test_sides_of_a_difference_add_up_with_what_was_before(outcomes, region):
    both = [outcomes["full", name] for name in ("a", "empty")]
    for measure in ("population", "output", "co2"):
        tree = explain_difference(*both, region, measure, place_of(region, "region"), year=2050)["terms"]
        assert tree.parts[0].key == "before"
        assert tree.parts[0].value == 0.0
        for side in ("first", "second"):
            made = sum(getattr(part.sides, side) for part in tree.parts)
            assert made == pytest.approx(getattr(tree.sides, side), rel=1e-9), (measure, side)


def test_small_factors_show_enough_to_make_their_product():
    one = Term("share_of_posts", 6.6e-7, "per_job", digits=6)
    assert one.line().text == "0.00000066"
    assert Term("share_of_posts", 3.4e-5, "ratio", digits=6).line().text == "0.000034"
    assert Term("share_of_posts", 0.0004, "ratio", digits=4).line().text == "0.00040"
    assert Term("share_of_posts", 0.25, "ratio", digits=4).line().text == "0.2500"
    # numbers that people read as such stay as they are
    assert Term("share_of_posts", 0.05, "percent", digits=2).line().text == "0.05"


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
    assert "搬迁：" in chinese
    assert "华能" in chinese
    assert english.splitlines()[1].startswith("  ")


def test_every_term_has_a_name_and_every_measure_a_formula(outcomes, region):
    for key in MEASURES:
        assert all(has(f"measure.{key}.formula", language) for language in LANGUAGES)
        assert MEASURES[key].formula_text("zh") == say(f"measure.{key}.formula", "zh")
    two = (outcomes["full", "a"], outcomes["full", "b"])
    for key in ("region", "xiongan", "130629"):
        place = place_of(region, key)
        for measure in measures_of(two[0]):
            for tree in explain_difference(*two, region, measure, place, year=2050).values():
                assert all(tree.lines(language) for language in LANGUAGES)


def test_the_table_has_every_term_and_runs_no_formula(region):
    hostile = CAMPUS.model_copy(update={"name": "=HYPERLINK(1)"})
    outcome = simulate(region, Scenario(moves=(hostile,)), model="level0")
    tree = explain(outcome, region, "posts", "130629", 2050)
    table = table_of_term(tree)
    assert len(table.rows) == len(list(tree.walk()))
    text = to_csv(table).decode("utf-8-sig")
    assert "HYPERLINK" in text
    assert all(not cell.strip('"').startswith("=") for line in text.splitlines() for cell in line.split(","))


def test_what_cannot_be_explained_is_refused(outcome, region):
    for measure, code in (("no_such", "130629"), ("wage", "999999")):
        with pytest.raises(ModelError):
            explain(outcome, region, measure, code, 2030)
    with pytest.raises(ModelError):
        explain_place(outcome, region, "no_such", place_of(region, "region"), 2030)
    elsewhere = replace(outcome, region_hash="0" * 64)
    with pytest.raises(ModelError):
        explain(elsewhere, region, "population", "130629", 2030)

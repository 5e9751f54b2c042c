"""Limits: each number goes back to its facts, and a breach says by how much, since when and why."""

from types import SimpleNamespace

import numpy as np
import pytest

from geo.errors import ModelError
from geo.limits import Budget, breaches, limits, standings, table_of_standings
from geo.scenario import Assumptions, Move, Scenario
from geo.words import LANGUAGES, has

SIX = ("110101", "110102", "110105", "110106", "110107", "110108")
STRAIGHT = {"ramp_steepness": 0}


def campus(students, destination="130629", origin="110108", **more):
    return Move(
        name="campus", kind="university", origin=origin, destination=destination,
        posts=0, students=students, **({"start": 2026} | more),
    )  # fmt: skip


def by_rule(found):
    return {breach.rule: breach for breach in found}


def facts(region):
    table = region.facts["xiongan_and_beijing_plan_facts"]
    return {(row.fact, row.value) for row in table.itertuples()}, set(table.fact)


def test_every_limit_goes_back_to_rows_of_the_facts(region):
    pairs, known = facts(region)
    for row in region.facts["limits"].itertuples():
        named = row.facts.split(";")
        assert set(named) <= known, row.limit
        if row.status == "sourced":
            assert (named[0], f"{row.number:.0f}") in pairs, row.limit
        assert set(row.codes.split(";")) <= set(region.codes)


@pytest.mark.parametrize(
    ("limit", "field", "hand"),
    [
        ("xiongan_start_up_area", "number", 26 * 10_000),
        ("rongcheng_zones", "number", 260_000 + 170_000 + 100_000),
        ("xiongan_density", "per", 350),
        ("xiongan_urban_land", "base", 215),
        ("xiongan_blue_green", "base", 100 * 215 / 1770),
        ("xiongan_blue_green", "per", 10_000 * 1770 / 100),
        ("xiongan_floor_space", "per", 170_000 / 9_810_000),
        # 100 ha are 1 km2, 15 mu 1 ha
        ("xiongan_red_lines", "number", 1770 - 360 - 266_000 / 15 / 100),
        ("xiongan_red_lines", "base", 215),
        ("anxin_wetland", "number", 738 - 0.85 * 360),
        # m3 a second all year, in million; million m3 a year at what a resident of Beijing used
        ("xiongan_canal_water", "number", 15 * 3600 * 24 * 365 / 1e6),
        ("xiongan_canal_water", "per", 1e6 * 21_516_000 / 1.7e9),
        ("xiongan_water_total", "number", 0.9e9 / 1e6),
        ("xiongan_water_total", "per", 5_000_000 / 1_000),
    ],
)
def test_derived_numbers_by_hand(region, limit, field, hand):
    value = next(getattr(one, field) for one in limits(region) if one.id == limit)
    assert value == pytest.approx(hand, rel=1e-5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_limit_has_words(region, language):
    for limit in limits(region):
        assert has(f"limits.rule.{limit.id}", language)
        assert has(f"limits.unit.{limit.unit}", language)


def test_without_moves_only_what_the_census_itself_exceeds(region):
    found = by_rule(breaches(Scenario(), region))
    # Census 2020: six districts 10,988,587; Dongcheng and Xicheng 1,815,043.
    assert set(found) == {"beijing_six_districts", "beijing_core"}
    assert found["beijing_six_districts"].value == region.counties.loc[list(SIX), "population"].sum()
    assert found["beijing_core"].year == 2035
    assert not any(breach.caused for breach in found.values())


def test_a_breach_by_hand(region):
    # 100,000 students a year from 2026 on: 300,000 at the end of 2028 exceed the start-up area's 260,000.
    scenario = Scenario(assumptions=STRAIGHT, moves=[campus(400_000, years=4)])
    breach = by_rule(breaches(scenario, region))["xiongan_start_up_area"]
    assert (breach.year, breach.worst_year) == (2028, 2029)
    assert (breach.value, breach.limit, breach.overshoot) == pytest.approx((400_000, 260_000, 140_000))
    assert breach.caused
    assert breach.status == "derived"


def test_exactly_the_limit_is_no_breach(region):
    def rules(students):
        return set(by_rule(breaches(Scenario(moves=[campus(students)]), region)))

    assert "xiongan_start_up_area" not in rules(260_000)
    assert "xiongan_start_up_area" in rules(260_001)


def test_staff_count_with_their_families_and_only_those_who_move_home(region):
    move = Move(
        name="x", kind="government", origin="110102", destination="120115", start=2030,
        posts=100_000, home_share=0.5, family_size=2.0,
    )  # fmt: skip
    found = by_rule(breaches(Scenario(moves=[move]), region))
    assert found["baodi_zgc_population"].value == pytest.approx(100_000 * 0.5 * 2)
    assert "baodi_zgc_jobs" not in found


def test_density_land_and_green_share_by_hand(region):
    # 900,000 + 300,000 newcomers on 1,205,440 residents (three counties at the census).
    scenario = Scenario(moves=[campus(900_000), campus(500_000, destination="130638")])
    found = by_rule(breaches(scenario, region))
    xiongan = region.counties.loc[["130629", "130632", "130638"], "population"].sum()
    assert found["xiongan_population"].value == pytest.approx(xiongan + 1_400_000)
    assert found["xiongan_urban_land"].value == pytest.approx(215 + 140)
    assert found["xiongan_start_zone"].value == pytest.approx(1_400_000)
    assert found["xiongan_floor_space"].value == pytest.approx(1_400_000 * 9_810_000 / 170_000, rel=1e-4)
    assert "xiongan_blue_green" not in found  # (215 + 140) / 1770 = 20 %
    assert "xiongan_density" not in found  # 2.6 million / 350 km2


def test_a_breach_that_was_there_before_says_what_the_scenario_changes(region):
    away = by_rule(breaches(Scenario(moves=[campus(100_000)]), region))["beijing_six_districts"]
    assert not away.caused
    assert away.change == -100_000
    assert "\u2212100,000" in away.text("en")
    back = Scenario(moves=[campus(100_000, destination="110101", origin="130629")])
    again = by_rule(breaches(back, region))["beijing_six_districts"]
    assert (again.caused, again.change) == (False, 100_000)
    assert again.value == again.without + 100_000


def test_causes_come_first(region):
    caused = [breach.caused for breach in breaches(Scenario(moves=[campus(900_000)]), region)]
    assert caused == sorted(caused, reverse=True)
    assert {True, False} == set(caused)


def test_a_planned_site_takes_no_more_than_it_was_planned_for(region):
    # pkuph: 1,448 beds, 1,000 planned in Xiongan
    found = breaches(Scenario(moves=[Move(institution="pkuph", destination="130629", start=2027)]), region)
    breach = by_rule(found)["capacity"]
    assert (breach.institution, breach.limit, breach.value) == ("pkuph", 1000, 1448)
    assert region.institutions.name_zh["pkuph"] in breach.text("zh", region)
    elsewhere = Scenario(moves=[Move(institution="pkuph", destination="110112", start=2027)])
    assert "capacity" not in by_rule(breaches(elsewhere, region))


def test_a_budget_is_the_users_and_only_checked_if_given(region):
    scenario = Scenario(assumptions=STRAIGHT, moves=[campus(1000, years=2)])
    assert "budget" not in by_rule(breaches(scenario, region))
    budget = Budget(7e6, per_student=1e4)
    breach = by_rule(breaches(scenario, region, budget=budget))["budget"]
    assert (breach.year, breach.value) == (2027, pytest.approx(1e7))
    assert breach.status == "assumption"
    assert "budget" not in by_rule(breaches(scenario, region, budget=Budget(1e7, per_student=1e4)))


@pytest.mark.parametrize(
    "numbers", [{"total": -1, "per_post": 1}, {"total": float("nan"), "per_bed": 1}, {"total": 5}]
)
def test_what_is_no_budget_is_refused(numbers):
    with pytest.raises(ModelError):
        Budget(**numbers)


def test_an_outcome_brings_its_own_residents(region):
    years, before = np.arange(2020, 2051), region.population
    values = np.tile(before, (31, 1))
    values[10:, region.codes.index("110112")] += 300_000
    outcome = SimpleNamespace(years=years, values={"population": values}, before={"population": before})
    found = by_rule(breaches(Scenario(), region, outcome))
    assert found["tongzhou_population"].year == 2035
    assert found["tongzhou_population"].without == region.population[region.codes.index("110112")]


def test_another_baseline_population(region):
    found = by_rule(breaches(Scenario(), region, population=2 * region.population))
    assert {"beijing_population", "tongzhou_population"} <= set(found)
    with pytest.raises(ModelError, match="shape"):
        breaches(Scenario(), region, population=region.population[:-1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_breach_reads_in_both_languages(region, language):
    scenario = Scenario(assumptions=Assumptions(STRAIGHT), moves=[campus(900_000), campus(800_000)])
    for breach in breaches(scenario, region, budget=Budget(1, per_student=1)):
        assert str(breach.year) in breach.text(language, region)
        assert "{" not in breach.text(language, region) + breach.source_text(language)


def test_water_and_red_lines_by_hand(region):
    # 13 million newcomers in all, 5 of them in Anxin, where 453,723 lived at the census
    there = [campus(1_000_000), *[campus(1_000_000, destination="130632")] * 5]
    scenario = Scenario(moves=[*[there[0]] * 8, *there[1:]])
    found = by_rule(breaches(scenario, region))
    residents = region.counties.loc[["130629", "130632", "130638"], "population"].sum() + 13_000_000
    assert found["xiongan_red_lines"].value == pytest.approx(215 + 1300)
    assert found["anxin_wetland"].value == pytest.approx((453_723 + 5_000_000) / 10_000)
    assert found["xiongan_water_total"].value == pytest.approx(residents * 200 / 1e6)
    assert found["xiongan_canal_water"].value == pytest.approx(residents * 79.01 / 1e6, rel=1e-4)
    assert found["xiongan_carrying_population"].value == residents


def test_standings_agree_with_breaches(region):
    scenario = Scenario(moves=[campus(900_000), campus(500_000, destination="130638")])
    broken = by_rule(breaches(scenario, region))
    found = standings(scenario, region)
    assert [one.limit.id for one in found if one.used > 100] == [
        one.limit.id for one in found if one.limit.id in broken
    ]
    assert {one.limit.id for one in found} == {limit.id for limit in limits(region)}
    assert [one.used for one in found] == sorted((one.used for one in found), reverse=True)
    for one in found:
        if one.limit.id in broken:
            assert (one.value, one.year) == (broken[one.limit.id].value, broken[one.limit.id].worst_year)
    green = next(one for one in found if one.limit.id == "xiongan_blue_green")
    assert green.value == pytest.approx(100 * (215 + 140) / 1770)
    assert green.used == pytest.approx(100 * green.value / 30)


def test_a_standing_counts_only_years_in_which_the_limit_binds(region):
    # the core's target is for 2035: nobody is held to it before
    core = next(one for one in standings(Scenario(), region) if one.limit.id == "beijing_core")
    assert core.year == 2035
    years, before = np.arange(2020, 2051), region.population
    values = np.tile(before, (31, 1))
    values[5, region.codes.index("110101")] += 9_000_000  # in 2025
    outcome = SimpleNamespace(years=years, values={"population": values}, before={"population": before})
    again = next(one for one in standings(Scenario(), region, outcome) if one.limit.id == "beijing_core")
    assert (again.year, again.value) == (2035, core.value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_limits_reads_in_both_languages(region, language):
    found = standings(Scenario(moves=[campus(300_000)]), region)
    table = table_of_standings(found, language)
    assert len(table.rows) == len(limits(region))
    row = dict(zip([field.id for field in table.fields], table.rows[0], strict=True))
    assert (row["value"], row["limit"], row["used"]) == (300_000, 260_000, 115.4)
    assert row["source"].startswith("derived: 26 km2")
    assert not any("{" in str(cell) or "limits." in str(cell) for row in table.rows for cell in row)

"""Pay of persons and moved staff: laws, cases worked by hand, and agreement with the model's own measures."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from geo import people, people_charts
from geo.comparison import pair, place_of
from geo.errors import ModelError
from geo.model import distribution as pay
from geo.model.inequality import gini, theil
from geo.model.level0 import simulate_level0
from geo.model.simulate import make_world, simulate
from geo.model.staff import MovedStaff, moved_staff, staff_welfare
from geo.presets import preset
from geo.report import report_html
from geo.scenario import KINDS, Move, Scenario
from geo.words import number, say

YEAR, AT = 2040, 20


def office(**given):
    free = {"name": "An office", "kind": "government", "origin": "110102", "destination": "130629"}
    return Move(**(free | {"start": 2021, "posts": 5000} | given))


@pytest.fixture(scope="module")
def announced(region):
    return simulate(region, preset("announced", region))


@pytest.fixture(scope="module")
def empty(region):
    return simulate(region, Scenario(name="baseline"))


@pytest.fixture(scope="module")
def edges(announced):
    return pay.bands(pay.workers_before(announced.world.reference))


@pytest.fixture(scope="module")
def two(region, announced, empty):
    return pair(region, simulate(region, preset("moved", region)), announced, empty)


# Cells worked by hand -------------------------------------------------------------------------------


def cells(persons, real, nominal=None):
    n = len(persons)
    zero = np.zeros(n, dtype=int)
    real, nominal = np.array(real, dtype=float), real if nominal is None else nominal
    return pay.Workers(zero, zero, zero, np.array(persons, dtype=float), np.array(nominal, dtype=float), real)


def test_numbers_of_a_distribution_worked_by_hand():
    # ten persons: four earn 10, five earn 20, one earns 50; mean 19
    found = pay.spread(cells([4, 5, 1], [10, 20, 50]))
    assert found["persons"] == 10
    assert found["real"] == pytest.approx(19)
    # pairs: 4*5*10 + 4*1*40 + 5*1*30 = 510 of ordered half; Gini = 510 / (n^2 mean) = 510 / 1900
    assert found["gini"] == pytest.approx(510 / 1900)
    ratios = np.array([10, 20, 50]) / 19
    assert found["theil"] == pytest.approx(float(np.array([0.4, 0.5, 0.1]) @ (ratios * np.log(ratios))))
    assert found["p90_p10"] == pytest.approx(2)
    assert found["tenths"] == pytest.approx(5)


def test_tenths_split_those_paid_alike_in_proportion():
    # the highest tenth of 20 persons is two: one who earns 50, one of the many who earn 20
    assert pay.spread(cells([19, 1], [20, 50]))["tenths"] == pytest.approx(35 / 20)


def test_pay_and_real_pay_are_kept_apart():
    found = pay.spread(cells([1, 1], [10, 20], nominal=[30, 50]))
    assert (found["nominal"], found["real"]) == (40, 15)


@pytest.mark.parametrize("factor", [0.01, 7.0, 1e4])
def test_inequality_does_not_know_the_currency(factor):
    drawn = np.random.default_rng(3)
    persons, real = drawn.uniform(1, 9, 300), np.exp(drawn.normal(0, 0.5, 300))
    one, other = pay.spread(cells(persons, real)), pay.spread(cells(persons, factor * real))
    for key in ("gini", "theil", "p90_p10", "tenths"):
        assert other[key] == pytest.approx(one[key])
    bounds = pay.bands(cells(persons, real))
    assert pay.bands(cells(persons, factor * real)) == pytest.approx(factor * bounds)


def test_the_order_of_cells_says_nothing():
    drawn = np.random.default_rng(4)
    persons, real = drawn.uniform(1, 9, 300), np.exp(drawn.normal(0, 0.5, 300))
    order = drawn.permutation(300)
    assert pay.spread(cells(persons, real)) == pytest.approx(pay.spread(cells(persons[order], real[order])))
    assert pay.bands(cells(persons, real)) == pytest.approx(pay.bands(cells(persons[order], real[order])))


def test_bands_of_many_pays_are_tenths():
    real = np.exp(np.linspace(0, 8, 4001))
    bounds = pay.bands(cells(np.ones(4001), real))
    held = np.bincount(np.searchsorted(bounds, real), minlength=10)
    assert len(bounds) == 9
    assert held == pytest.approx(400, abs=1)


def test_bands_part_nobody_who_is_paid_alike_and_prefer_wide_gaps():
    # 45 % at 100; 100.1 is as good as 100; 20 % at 200; 30 % at 300
    bounds = pay.bands(cells([45, 5, 20, 30], [100, 100.1, 200, 300]))
    assert bounds == pytest.approx([np.sqrt(100.1 * 200), np.sqrt(200 * 300)])
    assert len(pay.bands(cells([3], [100.0]))) == 0


def test_nobody_changes_bands_by_a_change_that_counts_as_none(announced, edges):
    first = pay.workers_before(announced.world.reference)
    at = np.searchsorted(edges, first.real)
    for change in (1 - pay.TOLERANCE, 1 + pay.TOLERANCE):
        assert (np.searchsorted(edges, first.real * change) == at).all()


def test_gain_and_loss_worked_by_hand():
    zero = np.zeros(4, dtype=int)
    before = np.array([100.0, 100.0, 100.0, 200.0])
    after = np.array([100.2, 99.95, 99.0, 200.0])
    found = pay.Incumbents(zero, zero, zero, np.array([1.0, 2.0, 3.0, 4.0]), before, after)
    fates = pay.fates(found, np.array([0, 0, 0, 1]), 3)
    assert fates.persons.tolist() == [6, 4, 0]
    assert fates.gain[:2] == pytest.approx([100 / 6, 0])
    assert fates.lose[:2] == pytest.approx([50, 0])  # 99.95 is within the tolerance
    assert fates.change[:2] == pytest.approx([100 * (100.2 + 2 * 99.95 + 3 * 99.0 - 600) / 600, 0])
    assert np.isnan([fates.change[2], fates.gain[2]]).all()
    both = fates.within(np.array([[1.0, 1.0, 0.0]]))
    assert both.persons.tolist() == [10]
    assert both.lose == pytest.approx([30])


# A made-up year, to work by hand ---------------------------------------------------------------------


def world(*, posts=100.0, home_share=0.5, netted=False):
    """Return two counties with 1,000 private workers each; staff of one class, some of whom move 0 to 1."""
    kinds = len(KINDS)
    base_staff = np.zeros((2 * kinds, 2))
    base_staff[0, 0] = 300.0
    staff_pay = np.full((2 * kinds, 2), 200.0)
    base = SimpleNamespace(
        commuting=np.array([[0.4, 0.1], [0.0, 0.5]]), workers=2000.0, wage=np.array([100.0, 50.0]),
        zones=2, tax=0.2,
        staff=base_staff, staff_pay=staff_pay, staff_home=np.array([[0.75, 0.0], [0.25, 1.0]]),
    )  # fmt: skip
    moves = SimpleNamespace(kind=np.array([0]), origin=np.array([0]), destination=np.array([1]))
    if netted:  # there and back again
        moves = SimpleNamespace(kind=np.array([0, 0]), origin=np.array([0, 1]), destination=np.array([1, 0]))
    count = len(moves.kind)
    net = 0.0 if netted else posts
    change = np.zeros((1, kinds, 2))
    change[0, 0] = [-net, net]
    stay = np.full((1, count), net * (1 - home_share))
    kept_home, kept_work = np.zeros((2 * kinds, 2)), np.zeros((2 * kinds, 2))
    kept_home[kinds], kept_work[kinds, 1] = net * (1 - home_share) * np.array([0.75, 0.25]), stay[0, 0]
    plan = SimpleNamespace(
        base=base, moves=moves, change=change, posts=np.full((1, count), posts), stayers=stay,
        homes=np.tile([0.75, 0.25], (count, 1)), kept=lambda _: (kept_home, kept_work),
    )  # fmt: skip
    jobs = base_staff + np.concatenate([np.minimum(change[0], 0), np.maximum(change[0], 0)])
    state = SimpleNamespace(
        cost_of_living_hat=np.array([0.8, 1.25]), wage_hat=np.array([1.0, 1.1]), staff_jobs=jobs
    )
    year = SimpleNamespace(
        state=state, flows=np.array([[700.0, 200.0], [0.0, 1100.0]]), homes=base.staff_home
    )
    return SimpleNamespace(solved=SimpleNamespace(years=(year,)), plan=plan)


def totals(home, work, group, persons, value):
    found = {}
    for key in zip(home.tolist(), work.tolist(), group.tolist(), np.round(value, 6).tolist(), strict=True):
        found.setdefault(key, 0.0)
    for at, key in enumerate(
        zip(home.tolist(), work.tolist(), group.tolist(), np.round(value, 6).tolist(), strict=True)
    ):
        found[key] += float(persons[at])
    return {key: value for key, value in found.items() if value > 0}


def test_workers_after_a_move_worked_by_hand():
    now = pay.workers_after(world(), 0)
    # pay after tax: 80 and 40 * 1.1 private, 160 staff; over the cost of living at home
    expected = {
        (0, 0, 0, 100.0): 700, (0, 1, 0, 55.0): 200, (1, 1, 0, 35.2): 1100,  # private
        (0, 0, 1, 200.0): 150, (1, 0, 1, 128.0): 50,  # 200 posts stay
        (1, 1, 1, 128.0): 62.5, (0, 1, 1, 200.0): 37.5,  # of 100 moved: 50 live there, 50 where they did
    }  # fmt: skip
    assert totals(now.home, now.work, now.group, now.persons, now.real) == pytest.approx(expected)


def test_workers_of_before_follow_their_posts_worked_by_hand():
    found = pay.incumbents(world(), 0)
    ratio = found.after / found.before
    expected = {
        (0, 0, 0, 1.25): 800, (0, 1, 0, 1.375): 200, (1, 1, 0, 0.88): 1000,
        (0, 0, 1, 1.25): 150 + 37.5, (1, 0, 1, 0.8): 50 + 12.5 + 12.5,  # stay, or keep the home; or move
        (0, 0, 1, 0.8): 37.5,  # from home 0, now among those who live at 1
    }  # fmt: skip
    assert totals(found.home, found.work, found.group, found.persons, ratio) == pytest.approx(expected)


def test_posts_that_return_take_nobody_along():
    found = pay.incumbents(world(netted=True), 0)
    staff = found.group == 1
    assert found.persons[staff].sum() == 300
    assert set(found.work[staff].tolist()) == {0}


# Laws on the region ---------------------------------------------------------------------------------


def test_persons_are_the_workers_of_the_model(announced, edges):
    for row in (0, 7, AT, 30):
        found = pay.distribution(announced.world, row, edges)
        assert found.totals["persons"] == pytest.approx(announced.regional["jobs"][row], rel=1e-12)
        assert found.persons.sum() == pytest.approx(found.totals["persons"], rel=1e-12)
        for fates in (found.by_band, found.by_home, found.by_group):
            assert fates.persons.sum() == pytest.approx(found.before["persons"], rel=1e-12)
            assert (fates.gaining + fates.losing <= fates.persons * (1 + 1e-12)).all()


def test_without_moves_nothing_changes_at_all(empty, edges):
    found = pay.distribution(empty.world, AT, edges)
    assert found.totals == found.before
    assert (found.persons == found.persons_before).all()
    for fates in (found.by_band, found.by_home, found.by_group):
        assert (fates.after == fates.before).all()
        assert not fates.gaining.any()
        assert not fates.losing.any()


def test_pay_by_home_is_the_models_income(announced):
    world_, year = announced.world, announced.world.solved.years[AT]
    now = pay.workers_after(world_, AT)
    by_home = np.bincount(now.home, now.persons * now.nominal, len(announced.codes))
    np.testing.assert_allclose(by_home, year.state.income, rtol=1e-9)


def test_private_pay_by_home_is_the_measure_real_income(announced):
    first, now = pay.workers_before(announced.world.reference), pay.workers_after(announced.world, AT)
    for workers, expected in (
        (first, announced.before["real_income"]),
        (now, announced.at("real_income", YEAR)),
    ):
        private = workers.group == 0
        home, persons = workers.home[private], workers.persons[private]
        mean = np.bincount(home, persons * workers.real[private]) / np.bincount(home, persons)
        np.testing.assert_allclose(mean, expected, rtol=1e-9)


def test_gini_and_theil_are_those_of_inequality(announced):
    now = pay.workers_after(announced.world, AT)
    found = pay.spread(now)
    assert found["gini"] == pytest.approx(gini(now.real, now.persons), rel=1e-9)
    assert found["theil"] == pytest.approx(theil(now.real, now.persons), rel=1e-9)
    # one by one there is at least the inequality that is between counties
    home = np.bincount(now.home, now.persons)
    assert found["theil"] >= theil(np.bincount(now.home, now.persons * now.real) / home, home)


def test_posts_that_nobody_counted_leave_the_start_as_it_is(region, edges):
    # more posts than the county has of this class: they are taken out of its private jobs before
    extra = simulate(region, Scenario(moves=(office(kind="financial", origin="131102", posts=6000),)))
    found = pay.distribution(extra.world, AT, edges)
    assert not np.array_equal(extra.world.plan.base.jobs_T, extra.world.reference.jobs_T)
    assert found.before["gini"] == pay.spread(pay.workers_before(extra.world.reference))["gini"]
    assert found.totals["persons"] == pytest.approx(extra.regional["jobs"][AT], rel=1e-12)
    still = pay.distribution(extra.world, 0, edges)
    assert still.totals == still.before == found.before
    assert (still.persons == found.persons_before).all()
    assert found.by_group.persons.sum() == pytest.approx(found.before["persons"])


def test_a_chain_of_moves_takes_everybody_to_its_end(region):
    chain = (office(destination="130629"), office(name="Again", origin="130629", destination="130638"))
    world_ = make_world(simulate(region, Scenario()).world.baseline, Scenario(moves=chain))
    streams = list(pay._streams(world_, AT))[KINDS.index("government")]
    codes = region.codes
    where = [codes[int(at[0])] for at in np.nonzero(streams > 1)]
    assert where == ["110102", "130638"]
    assert streams.sum() == pytest.approx(5000)
    found = pay.incumbents(world_, AT)
    assert found.persons.sum() == pytest.approx(pay.workers_before(world_.plan.base).persons.sum())


# Staff ----------------------------------------------------------------------------------------------


def test_moved_staff_add_up_and_are_the_measures(announced):
    found, plan = moved_staff(announced.world, AT), announced.world.plan
    # where posts of a class leave a county again, nobody is left there to keep an old home
    gone = plan.change[AT, plan.moves.kind, plan.moves.destination] < 0
    everybody = found.home + found.daily + found.weekly
    np.testing.assert_allclose(everybody[~gone], found.posts[~gone], rtol=1e-9)
    assert (everybody[gone] < found.posts[gone]).all()
    for part, measure in (("posts", "posts"), ("home", "staff_home"), ("daily", "staff_daily"),
                          ("weekly", "staff_weekly"), ("students", "students")):  # fmt: skip
        assert getattr(found, part).sum() == pytest.approx(announced.regional[measure][AT], rel=1e-9)
    by_class = found.grouped(plan.of_kind.T)
    assert by_class.posts.sum() == pytest.approx(found.posts.sum())
    assert np.isnan(by_class.minutes[by_class.posts == 0]).all()


def test_the_trip_of_those_who_travel_daily_is_the_measure(region):
    # near enough that everybody can travel daily, so that kept homes are the daily ones
    near = simulate(region, Scenario(moves=(office(destination="110106", home_share=0.0),)))
    found = moved_staff(near.world, AT)
    assert found.weekly[0] < 0.005 * found.daily[0]
    assert found.minutes_kept[0] == pytest.approx(near.regional["staff_minutes"][AT], abs=0.5)


def test_trips_of_moved_staff_worked_by_hand():
    made = world(posts=100.0, home_share=0.5)
    plan, year = made.plan, made.solved.years[0]
    made.baseline = SimpleNamespace(minutes=np.array([[10.0, 40.0], [50.0, 20.0]]))
    year.minutes = np.array([[0.0, 8.0], [0.0, 2.0]])
    plan.movers, plan.students, plan.codes = np.array([[50.0]]), np.array([[10.0]]), ("a", "b")
    plan.daily = np.array([[False, True]])
    plan.moves.resident_students = np.array([0.5])
    found = moved_staff(made, 0)
    # old homes: three in 0, one in 1; new homes are all in 1
    assert found.minutes_before[0] == pytest.approx(0.75 * 10 + 0.25 * 50)
    assert found.minutes_kept[0] == pytest.approx(0.75 * 48 + 0.25 * 22)
    assert found.minutes[0] == pytest.approx((50 * 22 + 37.5 * 48 + 12.5 * 22) / 100)
    assert (found.home[0], found.daily[0], found.weekly[0], found.lodging[0]) == (50, 12.5, 37.5, 5)
    assert (found.pay_before[0], found.pay[0]) == (160, 160)
    assert found.living[0] == pytest.approx(0.625 * 25 - 0.375 * 20)


def test_means_of_groups_are_weighted_by_those_they_are_of():
    one = np.ones(2)
    staff = MovedStaff(
        posts=np.array([100.0, 300.0]), students=one, lodging=one, home=np.array([50.0, 300.0]),
        daily=np.array([50.0, 0.0]), weekly=np.zeros(2), minutes_before=np.array([20.0, 40.0]),
        minutes=np.array([10.0, 60.0]), minutes_kept=np.array([30.0, np.nan]), pay_before=one, pay=one,
        living=np.array([1.0, -1.0]),
    )  # fmt: skip
    found = staff.grouped(np.array([[1.0, 1.0], [0.0, 0.0]]))
    assert found.minutes_before[0] == pytest.approx((100 * 20 + 300 * 40) / 400)
    assert found.minutes_kept[0] == 30
    assert found.posts.tolist() == [400, 0]
    assert np.isnan([found.minutes[1], found.minutes_kept[1], found.living[1]]).all()


def test_welfare_of_staff_that_stays_is_a_change(announced, empty):
    assert staff_welfare(empty.world, AT).tolist() == [0.0] * len(KINDS)
    found = staff_welfare(announced.world, AT)
    assert np.isfinite(found[KINDS.index("government")])
    assert (np.abs(found[np.isfinite(found)]) < 5).all()


# A against B ----------------------------------------------------------------------------------------


def test_a_against_itself_is_no_difference(region, announced, empty):
    same = pair(region, announced, announced, empty)
    found = people.pay(same, YEAR)
    assert all(row.difference == 0 for row in (*people.pay_rows(found), *people.band_rows(found)))
    assert all(row.difference == 0 for row in people.staff_rows(same, YEAR) if np.isfinite(row.first))
    for by in people.BY:
        assert all(row.change[0] == row.change[1] for row in people.fate_rows(found, by))


def test_bands_are_those_of_the_baseline_whatever_the_order(region, two):
    turned = pair(region, two.second, two.first, two.baseline)
    one, other = people.pay(two, YEAR), people.pay(turned, YEAR)
    assert (one.first.edges == other.first.edges).all()
    assert [row.name for row in people.band_rows(one)] == [row.name for row in people.band_rows(other)]
    for a, b in zip(people.band_rows(one), people.band_rows(other), strict=True):
        assert (a.first, a.second, a.difference) == (b.second, b.first, -b.difference)


def test_noise_below_the_last_digit_is_no_difference():
    row = people._row("x", people.PEOPLE["pay_gini"], 0.22, 0.22001, 0.22005)
    assert (row.difference, row.percent) == (0, 0)
    row = people._row("x", people.PEOPLE["staff_living"], np.nan, 0.1, 0.3)
    assert row.difference == pytest.approx(0.2)
    assert np.isnan(row.percent)


def test_parts_of_the_region_hold_their_counties(region, two):
    found = people.pay(two, YEAR)
    rows = {row.name: row for row in people.fate_rows(found, "city")}
    inside = place_of(region, "xiongan").inside
    assert rows["Xiongan (three counties)"].persons == pytest.approx(
        found.first.by_home.persons[inside].sum()
    )
    assert rows["Whole region"].persons == pytest.approx(found.first.before["persons"])


def test_institutions_stand_by_name_with_the_longest_trip_first(region, two):
    rows = people.institution_rows(two, YEAR, "zh")
    trips = [np.nanmax(row.trip) for row in rows]
    assert trips == sorted(trips, reverse=True)
    named = {row.name: row for row in rows}
    jiaotong = named[region.institutions.loc["bjtu", "name_zh"]]
    assert jiaotong.posts[0] == 0 < jiaotong.posts[1]
    assert np.isnan(jiaotong.trip[0])
    assert jiaotong.kind == "university"
    total = sum(row.posts[1] for row in rows)
    assert total == pytest.approx(two.second.regional["posts"][AT], abs=1)


def test_parts_of_an_institution_are_one(region, empty):
    parts = (office(), office(destination="130638", posts=1000))
    both = simulate(region, Scenario(moves=parts))
    (row,) = people.institution_rows(pair(region, empty, both, empty), YEAR)
    assert (row.name, row.posts) == ("An office", (0, 6000))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_table_and_chart_is_complete(two, language):
    found = people.pay(two, YEAR)
    tables = people.tables_of_people(two, YEAR, language)
    assert len({table.title for table in tables}) == len(tables) == 7
    charts = [
        people_charts.persons_by_band(found, language),
        *(make(found, by, language) for by in people.BY
          for make in (people_charts.pay_changes, people_charts.pay_shares)),
        people_charts.staff_trips(two, YEAR, language),
        people_charts.institution_trips(two, YEAR, language),
    ]  # fmt: skip
    for table in (*tables, *(chart.table for chart in charts)):
        assert {len(row) for row in table.rows} == {len(table.fields)}
        assert len({one.title for one in table.fields}) == len(table.fields)
    for chart in charts:
        assert chart.svg().startswith("<svg")
        assert chart.alt
        assert (
            say("status.identified", language) in chart.note
            or say("status.estimated", language) in chart.note
        )
    caveat = say("people.note.alike", language)
    assert all(caveat in chart.note for chart in charts[:-2])


def test_level_0_knows_no_pay_and_says_so(region):
    direct = simulate_level0(region, Scenario(name="Direct"))
    two = pair(region, direct, direct, direct)
    with pytest.raises(ModelError) as caught:
        people.pay(two, YEAR)
    assert "Direct" in str(caught.value)
    assert people.tables_of_people(two, YEAR) == ()


def test_an_outcome_read_back_without_its_years_says_so(region, announced):
    bare = replace(announced, world=None)
    with pytest.raises(ModelError):
        people.world_of(bare)


def test_the_report_holds_pay_and_who_gains(region, two, announced):
    both = report_html(region, two.first, two.second, year=YEAR)
    found = people.pay(pair(region, two.first, two.second), YEAR)
    for language in ("en", "zh"):
        assert say("report.heading.people", language) in both
    for row in people.fate_rows(found, "group"):
        assert number(row.gain[1], digits=1) in both
    assert say("report.caption.people_classes", year=YEAR) in report_html(region, announced, year=YEAR)
    direct = simulate_level0(region, Scenario(name="Direct"))
    assert say("people.only_full") in report_html(region, direct, year=YEAR)

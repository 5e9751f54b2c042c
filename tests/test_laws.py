"""Laws of the full model: what holds for any scenario, and small cases worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from geo.assumptions import KINDS, Assumptions
from geo.model.accounts import Institutions
from geo.model.accounts import calibrate as close_accounts
from geo.model.baseline import calibrate
from geo.model.economy import Inputs
from geo.model.multiplier import one_move
from geo.model.path import solve_plan
from geo.model.plan import Plan, net_posts, shortfall, with_movers
from geo.model.simulate import make_world, simulate
from geo.model.state import Parameters
from geo.model.years import at_rest, one_year
from geo.presets import preset
from geo.scenario import Move, Scenario

ROWS = 32  # 31 years and the long run


def free_move(**given):
    return Move(
        **(
            {
                "name": "An office", "kind": "government", "origin": "110102", "destination": "130629",
                "start": 2024, "years": 3, "posts": 4000,
            }
            | given
        )
    )  # fmt: skip


# A small economy, to work by hand -------------------------------------------------------------------


def small(zones=2, seed=None, **assumed):
    """Return a plan maker of a made-up economy: zones alike, or drawn."""
    draw = np.random.default_rng(seed)
    spread = np.ones(zones) if seed is None else np.exp(draw.normal(0, 0.3, zones))
    place = np.arange(zones)[:, None] * 30.0
    distance = np.abs(place - place.T) + 8.0
    minutes = 5.0 + distance
    residents, wage = 100_000.0 * spread, 80_000.0 * spread**0.2
    posts = np.tile(2000.0 * spread, (len(KINDS), 1))
    values = Assumptions(tuple(assumed.items()))
    base = close_accounts(
        residents=residents, jobs=residents, wage=wage, minutes=minutes, distance=distance,
        parameters=Parameters(floor_elasticity=0.5),
        institutions=Institutions(
            KINDS, posts, 1.3 * np.tile(wage, (len(KINDS), 1)), eps=np.full(len(KINDS), 3.0),
            weight=np.full(len(KINDS), 0.5), floor=np.full(len(KINDS), 30.0),
            procurement=np.full(len(KINDS), 0.2), student_spending=np.full(zones, 1e7),
        ),
        floor_price=300.0 * spread, job_decay=0.02,
    )  # fmt: skip
    codes = tuple(f"{130100 + zone:06d}" for zone in range(zones))
    inputs = Inputs(2 * residents, wage, base.floor_price, posts, np.zeros(zones), {})

    def plan(moves, done=None):
        done = np.ones((ROWS, len(moves))) if done is None else done
        moved = with_movers(base, moves, np.full(len(moves), np.nan))
        return Plan(moved, moves, done, values, inputs, minutes, codes)

    return base, plan


QUIET = {"floor_own": 0.0, "floor_homes": 0.0, "floor_reuse": 1.0}


def test_two_zones_posts_bring_prices_up_where_they_go_and_down_where_they_leave():
    base, plan = small(**QUIET)
    after = solve_plan(plan(one_move(0, 1, "government", 1000.0))).years[-1].state
    assert after.floor_price_hat[1] > 1 > after.floor_price_hat[0]
    assert after.staff_jobs[0].tolist() == [1000.0, 2000.0]
    assert after.staff_jobs[len(KINDS)].tolist() == [0.0, 1000.0]
    # both zones are alike, so what one gains at first order the other loses
    gain, loss = np.log(after.floor_price_hat[1]), np.log(after.floor_price_hat[0])
    assert gain == pytest.approx(-loss, rel=0.1)
    assert (after.staff_homes.sum(0) - base.staff_homes.sum(0))[1] > 0


def test_two_zones_buildings_lower_prices_where_they_are_built():
    _, quiet = small(**QUIET)
    _, built = small(**QUIET | {"floor_own": 1.0, "floor_homes": 1.0})
    move = one_move(0, 1, "government", 1000.0)
    without, within = (solve_plan(one(move)).years[-1].state for one in (quiet, built))
    assert within.floor_price_hat[1] < without.floor_price_hat[1]
    # the area is 30 m2 for each post (the class default says 40) and 57.7 m2 for each of 2.5 persons
    assert built(move).built[-1].tolist() == pytest.approx([0.0, 1000 * 40 + 1000 * 2.5 * 57.7])


def test_two_zones_empty_buildings_raise_prices_where_posts_left():
    _, reused = small(**QUIET)
    _, wasted = small(**QUIET | {"floor_reuse": 0.0})
    move = one_move(0, 1, "government", 1000.0)
    price = [solve_plan(one(move)).years[-1].state.floor_price_hat[0] for one in (reused, wasted)]
    assert price[1] > price[0]
    assert wasted(move).floor_space[-1].tolist() == [-40_000.0, 0.0]


def test_two_zones_who_keeps_the_old_home_travels():
    _, plan = small(**QUIET)
    move = replace(one_move(0, 1, "government", 1000.0), home_share=np.array([0.0]))
    asked = plan(move)
    year = solve_plan(asked).years[-1]
    home, work = asked.kept(-1)
    old = asked.base.staff_home[:, 0]
    np.testing.assert_allclose(home[len(KINDS)], 1000.0 * old)
    assert work[len(KINDS)].tolist() == [0.0, 1000.0]
    # trip 0 -> 1 takes 43 minutes: within a day, so all of them travel
    assert asked.daily.all()
    np.testing.assert_allclose(year.state.staff_homes[len(KINDS)], 1000.0 * old, rtol=1e-12)


def test_a_trip_beyond_the_day_limit_is_weekly():
    _, plan = small(**QUIET | {"day_limit": 40.0})
    move = replace(one_move(0, 1, "government", 1000.0), home_share=np.array([0.0]))
    asked = plan(move)
    assert asked.daily.tolist() == [[False, True]]
    stays = solve_plan(asked).years[-1].daily
    _, longer = small(**QUIET)
    travels = solve_plan(longer(move)).years[-1].daily
    assert (travels - stays).sum() == pytest.approx(1000.0 * asked.homes[0, 0], rel=1e-6)


def test_relabelled_zones_permute():
    zones, seed = 4, 5
    _, plan = small(zones, seed)
    move = one_move(0, 2, "hospital", 900.0)
    first = solve_plan(plan(move)).years[-1].state
    order = np.array([2, 0, 3, 1])
    asked = plan(move)
    there = np.argsort(order)
    base = asked.base
    square = ("commuting", "trade_T", "trade_S", "staff_home", "job_decay")
    line = ("wage", "jobs_T", "jobs_S", "import_share", "exports", "student_spending", "floor_price")
    shuffled = replace(
        base,
        **{name: getattr(base, name)[np.ix_(order, order)] for name in square},
        **{name: getattr(base, name)[order] for name in line},
        staff=base.staff[:, order], staff_pay=base.staff_pay[:, order],
    )  # fmt: skip
    inputs = replace(asked.inputs, population=asked.inputs.population[order])
    moved = one_move(int(there[0]), int(there[2]), "hospital", 900.0)
    again = replace(
        asked, base=shuffled, moves=moved, inputs=inputs, minutes=asked.minutes[np.ix_(order, order)]
    )
    second = solve_plan(again).years[-1].state
    for name in ("wage_hat", "floor_price_hat", "jobs", "residents", "real_income_hat"):
        np.testing.assert_allclose(getattr(second, name), getattr(first, name)[order], rtol=1e-8)


def test_a_path_ends_at_the_static_solution():
    _, plan = small(3, 1)
    done = np.minimum(1.0, np.arange(1, 402) / 5)[:, None]
    done[-1] = 1.0
    solved = solve_plan(plan(one_move(0, 1, "university", 1500.0), done))
    last, limit = solved.years[-2].state, solved.years[-1].state
    for name in ("wage_hat", "floor_price_hat", "jobs", "residents", "productivity_hat"):
        np.testing.assert_allclose(getattr(last, name), getattr(limit, name), rtol=1e-7)
    early = solved.years[0].state
    assert np.abs(early.residents / limit.residents - 1).max() > 1e-6


def test_posts_that_return_leave_nothing_behind():
    there, back = one_move(0, 1, "government", 700.0), one_move(1, 0, "government", 700.0)
    both = replace(there, **{
        name: np.concatenate([getattr(there, name), getattr(back, name)])
        for name in ("origin", "destination", "kind", "start", "years", "posts", "students", "beds",
                     "home_share", "family_size", "resident_students")
    }, sources=({}, {}))  # fmt: skip
    base, plan = small(3, 2, **QUIET)
    asked = plan(both)
    assert not asked.change.any()
    after, _ = one_year(asked.base, asked.shock(-1), at_rest(asked.base))
    np.testing.assert_allclose(after.residents, base.residents, rtol=1e-12)
    np.testing.assert_allclose(after.floor_price_hat, 1.0, rtol=1e-12)


def test_what_leaves_beyond_what_is_counted_is_named():
    posts = np.full((len(KINDS), 2), 100.0)
    change = net_posts(one_move(0, 1, "school", 130.0), np.array([[0.5], [1.0]]), 2)
    missing = shortfall(posts, change)
    assert missing[KINDS.index("school")].tolist() == [30.0, 0.0]
    assert missing.sum() == 30.0


# The region -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def announced(region):
    return simulate(region, preset("announced", region))


def test_everything_balances_every_year(announced):
    plan, years = announced.world.plan, announced.world.solved.years
    workers = plan.base.workers
    for row, year in enumerate(years):
        if year is None:
            continue
        state = year.state
        assert state.jobs.sum() == pytest.approx(state.residents.sum(), rel=1e-9)
        assert state.staff_jobs.sum() == pytest.approx(plan.base.staff.sum(), rel=1e-12)
        assert state.staff_homes.sum() == pytest.approx(state.staff_jobs.sum(), rel=1e-9)
        weekly = (plan.stayers[row][:, None] * plan.homes * ~plan.daily).sum()
        everybody = state.residents.sum() + state.staff_jobs.sum()
        assert year.daily.sum() + weekly == pytest.approx(everybody, rel=1e-9)
    for measure in ("posts", "students", "beds", "staff_home", "family"):
        np.testing.assert_allclose(announced.values[measure].sum(axis=1), 0.0, atol=1e-6)
    joined = np.array([0.0 if year is None else year.state.residents.sum() - workers for year in years[:-1]])
    people = announced.world.persons_per_worker
    for measure, each in (("population", people), ("jobs", 1.0)):
        grown = announced.values[measure].sum(axis=1) - announced.before[measure].sum()
        np.testing.assert_allclose(grown, each * joined, atol=0.01)


def test_parts_of_a_measure_add_up(announced):
    values = announced.values
    np.testing.assert_allclose(values["jobs"], values["private_jobs"] + values["institutional_jobs"])
    np.testing.assert_allclose(values["private_jobs"], values["tradable_jobs"] + values["services_jobs"])
    at = announced.world.plan.moves
    lodging = announced.world.plan.spread(announced.world.plan.students * at.resident_students)[:-1]
    parts = values["staff_home"] + values["family"] + values["followers"] + lodging
    np.testing.assert_allclose(values["residents"], parts, atol=1e-6)


def test_nothing_moves_nothing_changes(region):
    outcome = simulate(region, Scenario())
    for measure, values in outcome.values.items():
        np.testing.assert_array_equal(values, np.broadcast_to(outcome.before[measure], values.shape))
    # not because nobody asked: the solver itself answers one everywhere
    plan = make_world(calibrate(region), Scenario(moves=(free_move(posts=0),))).plan
    state, _ = one_year(plan.base, plan.shock(0, np.zeros_like(plan.minutes)), at_rest(plan.base))
    for name in ("wage_hat", "floor_price_hat", "jobs_hat", "residents_hat", "real_income_hat"):
        np.testing.assert_allclose(getattr(state, name), 1.0, rtol=1e-12)


def test_undone_moves_return_the_baseline(region):
    one = Scenario(moves=(free_move(),))
    two = one.with_moves(free_move(name="Another", destination="130606", start=2026))
    outcome = simulate(region, one)
    again = simulate(region, two.without(1))
    for measure in outcome.values:
        np.testing.assert_array_equal(outcome.values[measure], again.values[measure])
    there_and_back = Scenario(
        moves=(
            free_move(home_share=1.0, start=2024, years=1),
            free_move(home_share=1.0, start=2024, years=1, origin="130629", destination="110102"),
        )
    )
    after = simulate(region, there_and_back)
    for measure in ("population", "jobs", "wage", "floor_price", "private_jobs"):
        np.testing.assert_allclose(after.values[measure][-1], after.before[measure], rtol=1e-9)


def test_a_mover_changes_origin_and_destination_by_its_posts(region):
    one = Scenario(moves=(free_move(),))
    two = one.with_moves(free_move(name="Another", origin="110108", destination="130606", posts=1234))
    first, second = simulate(region, one), simulate(region, two)
    change = second.at("institutional_jobs", 2040) - first.at("institutional_jobs", 2040)
    expected = np.zeros_like(change)
    expected[region.positions["110108"]], expected[region.positions["130606"]] = -1234, 1234
    np.testing.assert_allclose(change, expected, atol=1e-6)


def test_a_larger_move_has_a_larger_own_effect(region):
    place = region.positions["130629"]
    effects = []
    for posts in (500, 2000, 8000):
        outcome = simulate(region, Scenario(moves=(free_move(posts=posts),)))
        effects.append([outcome.change(measure, 2050)[place] for measure in ("population", "jobs", "wage")])
    grown = np.diff(np.array(effects), axis=0)
    assert (np.array(effects)[0] > 0).all()
    assert (grown > 0).all()


def test_the_path_of_the_region_ends_at_its_static_solution(region):
    quick = {"adjust_people": 0.6, "adjust_floor": 0.6, "adjust_productivity": 0.6}
    outcome = simulate(region, Scenario(assumptions=quick, moves=(free_move(start=2020, years=1),)))
    for measure in ("population", "jobs", "wage", "floor_price", "mean_minutes", "delay", "pm25"):
        last, limit = outcome.at(measure, 2050), outcome.long_run[measure]
        reach = np.abs(limit - outcome.before[measure]).max()
        assert np.abs(last - limit).max() <= 2e-3 * reach, measure


def test_private_jobs_of_a_mover_that_nobody_counted_stay_comparable(region):
    market = free_move(kind="industrial_plant", origin="130705", posts=3000)
    outcome = simulate(region, Scenario(moves=(market,)))
    plain = simulate(region, Scenario())
    for measure in ("private_jobs", "institutional_jobs", "wage", "services_jobs"):
        np.testing.assert_array_equal(outcome.before[measure], plain.before[measure])
    change = outcome.change("institutional_jobs", 2050)
    assert change[region.positions["130705"]] == pytest.approx(-3000)

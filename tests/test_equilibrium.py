"""Laws of the equilibrium, hand-worked zones, and the equations checked in levels by other arithmetic."""

from dataclasses import fields, replace

import numpy as np
import pytest

from geo.errors import ModelError
from geo.model import equilibrium as module
from geo.model.accounts import Institutions, calibrate, density_weights
from geo.model.counterfactual import Economy, Spillovers, city_parameters, regional_parameters
from geo.model.equilibrium import Lag, Parameters, Shock, commuting_flows, solve, trade_shares_after
from geo.model.example import example, observed
from geo.model.inequality import gini, theil, theil_parts, variation
from geo.model.inversion import balance, exponential_cost, power_cost, transferred_wage, workplace_amenity
from geo.model.solve import FixedPoint, anderson, continuation
from geo.model.years import path

HATS = ("wage_hat", "jobs_hat", "residents_hat", "floor_price_hat", "price_T_hat", "price_S_hat")
SIZES = [3, 50, 401]


def moved(base, share=0.5, origin=0, destination=1, group=0):
    """A share of one class moves from one zone to another."""
    change = np.zeros((base.groups, base.zones))
    change[group, origin] = -share * base.staff[group, origin]
    change[group, destination] = share * base.staff[group, origin]
    return Shock(staff=change)


def rich(base):
    """A shock of every kind at once."""
    n, g = base.zones, base.groups
    draw = np.random.default_rng(7)
    kept_home, kept_work = np.zeros((g, n)), np.zeros((g, n))
    kept_home[0, 0] = kept_work[0, 1] = 0.1 * base.staff[0, 0]
    return replace(
        moved(base),
        kept_home=kept_home,
        kept_work=kept_work,
        private_workers=0.01 * base.workers,
        student_spending=np.linspace(-1e6, 2e6, n),
        floor_space=np.linspace(-1e4, 3e4, n),
        floor_space_hat=1 + 0.1 * draw.random(n),
        productivity_hat=1 + 0.1 * draw.random(n),
        amenity_hat=1 + 0.1 * draw.random(n),
        beds_hat=1 + 0.2 * draw.random(n),
        school_hat=1 + 0.2 * draw.random(n),
        pm=-3 * draw.random(n),
        trade_cost_hat=1 + 0.1 * draw.random((n, n)),
        services_cost_hat=1 + 0.1 * draw.random((n, n)),
        commuting_cost_hat=1 + 0.05 * draw.random((n, n)),
        minutes=draw.normal(0, 2, (n, n)),
    )


@pytest.fixture(scope="module")
def town():
    parameters = Parameters(
        eta_beds=0.02, eta_school=0.03, eta_pm=0.001, chi=0.1, services_share=0.4, labour_S=0.75, sigma_S=5.0
    )
    return example(12, seed=3, parameters=parameters)


# --- laws ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zones", SIZES)
def test_no_shock_no_change(zones):
    base = example(zones)
    after = solve(base)
    for name in HATS:
        assert np.abs(getattr(after, name) - 1).max() < 1e-12
    assert after.welfare == pytest.approx(1, abs=1e-12)
    assert np.abs(after.staff_welfare - 1).max() < 1e-12
    np.testing.assert_allclose(after.staff_homes, base.staff_homes, rtol=1e-12)


@pytest.mark.parametrize("zones", SIZES)
def test_jobs_workers_staff_and_money_balance(zones):
    base = example(zones)
    shock = moved(base)
    after = solve(base, shock)
    assert after.jobs.sum() == pytest.approx(after.residents.sum(), rel=1e-12)
    assert after.workers == pytest.approx(
        base.workers * after.welfare**base.parameters.open_elasticity, rel=1e-9
    )
    np.testing.assert_allclose(after.jobs_T + after.jobs_S, after.jobs, rtol=1e-9)
    np.testing.assert_allclose(after.staff_homes.sum(1), base.staff.sum(1), rtol=1e-12)
    np.testing.assert_allclose(after.staff_jobs - base.staff, shock.staff, atol=1e-6)
    assert abs(after.walras) < 1e-9
    np.testing.assert_allclose(commuting_flows(base, shock, after).sum(1), after.residents, rtol=1e-12)


@pytest.mark.parametrize("zones", [3, 50])
def test_relabelled_zones_permute_the_result(zones):
    given, order = observed(zones), np.random.default_rng(1).permutation(zones)
    crowd = given["institutions"]
    swapped = {
        name: value[np.ix_(order, order)] if np.ndim(value) == 2 else value[order]
        for name, value in given.items()
        if isinstance(value, np.ndarray)
    }
    swapped["institutions"] = replace(
        crowd,
        posts=crowd.posts[:, order],
        pay=crowd.pay[:, order],
        student_spending=crowd.student_spending[order],
    )
    one = calibrate(**given, parameters=Parameters())
    two = calibrate(**(given | swapped), parameters=Parameters())
    shock = moved(one)
    first, second = solve(one, shock), solve(two, Shock(staff=shock.staff[:, order]))
    for name in HATS:
        np.testing.assert_allclose(getattr(first, name)[order], getattr(second, name), rtol=1e-9)


@pytest.mark.parametrize("kind", ["staff", "productivity", "floor", "amenity"])
def test_a_larger_shock_has_a_larger_own_effect(town, kind):
    effects = []
    for size in (0.1, 0.2, 0.4):
        hat = np.ones(town.zones)
        hat[1] = 1 + size
        shock = {
            "staff": moved(town, size),
            "productivity": Shock(productivity_hat=hat),
            "floor": Shock(floor_space_hat=hat),
            "amenity": Shock(amenity_hat=hat),
        }[kind]
        after = solve(town, shock)
        own = {
            "staff": after.floor_price_hat,
            "productivity": after.jobs_hat,
            "floor": 1 / after.floor_price_hat,
            "amenity": after.residents_hat,
        }[kind]
        effects.append(own[1] - 1)
    assert 0 < effects[0] < effects[1] < effects[2]


def test_money_people_and_minutes_may_be_measured_in_any_unit():
    given = observed(8)
    crowd, money, heads = given["institutions"], 7.1, 1e-3
    other = given | {
        "residents": given["residents"] * heads,
        "jobs": given["jobs"] * heads,
        "wage": given["wage"] * money,
        "floor_price": given["floor_price"] * money,
        "minutes": given["minutes"] / 60,
        "job_decay": given["job_decay"] * 60,
        "home_decay": given["home_decay"] * 60,
        "institutions": replace(
            crowd,
            posts=crowd.posts * heads,
            pay=crowd.pay * money,
            student_spending=crowd.student_spending * money * heads,
        ),
    }
    p = Parameters()
    one = calibrate(**given, parameters=p)
    two = calibrate(**other, parameters=replace(p, kappa=p.kappa * 60))
    first, second = solve(one, moved(one)), solve(two, moved(two))
    for name in HATS:
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=1e-9)


def test_a_shock_undone_returns_the_baseline():
    flows = np.random.default_rng(2).random((9, 9)) + 3 * np.eye(9)
    cost = power_cost(1 + 9 * np.random.default_rng(3).random((9, 9)), 0.4)
    economy = Economy.from_flows(flows, 1 + np.arange(9) / 20, cost)
    hat = np.linspace(0.9, 1.2, 9)
    there = economy.shock(productivity_hat=hat, trade_cost_hat=np.full((9, 9), 1.1) - 0.1 * np.eye(9))
    changed = economy.after(solve(economy.calibrated, there), there)
    back = changed.counterfactual(productivity_hat=1 / hat, trade_cost_hat=1 / there.trade_cost_hat)
    again = changed.after(back, Shock(productivity_hat=1 / hat, trade_cost_hat=1 / there.trade_cost_hat))
    np.testing.assert_allclose(again.commuting, economy.commuting, rtol=1e-8)
    np.testing.assert_allclose(again.trade, economy.trade, rtol=1e-8)
    np.testing.assert_allclose(again.calibrated.wage, economy.calibrated.wage, rtol=1e-8)


def test_two_moves_at_once_are_the_sum_of_their_posts(town):
    both = Shock(staff=moved(town).staff + moved(town, destination=2, group=1).staff)
    after = solve(town, both)
    lost = 0.5 * town.staff[:, 0] * [1, 1, 0]
    np.testing.assert_allclose(after.staff_jobs[:, 0], town.staff[:, 0] - lost)


# --- the equations, in levels, by other arithmetic -------------------------------------------------------


@pytest.fixture(scope="module")
def solved(town):
    """A shock of every kind, its solution, and the pieces of the equations computed from the solution."""
    shock = rich(town)
    after = solve(town, shock)
    p = town.parameters
    living = after.price_T_hat**p.share_T * after.price_S_hat**p.share_S
    living *= after.floor_price_hat**p.housing_share
    friction = shock.commuting_cost_hat * np.exp(p.kappa * shock.minutes)
    weight = town.commuting * (after.amenity_hat / living)[:, None] ** p.eps
    weight *= (after.wage_hat / friction) ** p.eps
    return town, shock, after, after.amenity_hat / living, friction, weight


def sector_trade(base, shock, after, sector):
    """Equation 7 by hand: trade shares, price index, attractiveness of makers."""
    p = base.parameters
    labour, sigma = getattr(p, f"labour_{sector}"), getattr(p, f"sigma_{sector}")
    cost = shock.trade_cost_hat if sector == "T" else shock.services_cost_hat
    unit = after.wage_hat**labour * after.floor_price_hat ** (1 - labour) / after.productivity_hat
    firms = after.jobs_T_hat**p.chi if sector == "T" else np.ones(base.zones)
    raw = getattr(base, f"trade_{sector}") * firms[:, None] * (unit[:, None] * cost) ** (1 - sigma)
    total = raw.sum(0) + (base.import_share if sector == "T" else 0.0)
    return raw / total, total ** (1 / (1 - sigma)), firms * unit ** (1 - sigma)


def staff_pay_at_home(base, shock, after, utility, friction):
    """Equation 3 by hand: homes by class, and their pay by home."""
    homes, pay = np.zeros((base.groups, base.zones)), np.zeros(base.zones)
    for g, eps in enumerate(base.staff_eps):
        odds = base.staff_home * utility[:, None] ** eps * friction**-eps
        odds /= odds.sum(0)
        free = after.staff_jobs[g] - shock.kept_work[g]
        homes[g] = odds @ free + shock.kept_home[g]
        pay += odds @ (free * base.staff_pay[g])
    return homes, pay + shock.kept_home[0] * base.staff_pay[0, 1]


def test_levels_productivity_and_amenity(solved):
    base, shock, after, *_ = solved
    p, weigh = base.parameters, base.staff_weight[:, None]
    density = base.job_decay @ (after.jobs + (weigh * after.staff_jobs).sum(0))
    before = base.job_decay @ (base.jobs + (weigh * base.staff).sum(0))
    np.testing.assert_allclose(
        after.productivity_hat, shock.productivity_hat * (density / before) ** p.nu, rtol=1e-9
    )
    people = after.residents + after.staff_homes.sum(0)
    crowd = base.home_decay @ people / (base.home_decay @ (base.residents + base.staff_homes.sum(0)))
    utility = shock.amenity_hat ** (1 / p.eps) * crowd**p.eta * shock.beds_hat**p.eta_beds
    utility *= shock.school_hat**p.eta_school * np.exp(-p.eta_pm * shock.pm)
    np.testing.assert_allclose(after.amenity_hat, utility, rtol=1e-9)


def test_levels_choice_of_home_and_work(solved):
    base, shock, after, utility, friction, weight = solved
    flows = weight / weight.sum() * after.workers
    np.testing.assert_allclose(flows.sum(1), after.residents, rtol=1e-9)
    np.testing.assert_allclose(flows.sum(0), after.jobs, rtol=1e-9)
    assert after.welfare == pytest.approx(weight.sum() ** (1 / base.parameters.eps), rel=1e-9)
    target = base.workers * after.welfare**base.parameters.open_elasticity + shock.private_workers
    assert after.workers == pytest.approx(target, rel=1e-9)
    homes, _ = staff_pay_at_home(base, shock, after, utility, friction)
    np.testing.assert_allclose(homes, after.staff_homes, rtol=1e-9)


@pytest.mark.parametrize("sector", ["T", "S"])
def test_levels_trade(solved, sector):
    base, shock, after, *_ = solved
    shares, price, _ = sector_trade(base, shock, after, sector)
    np.testing.assert_allclose(getattr(after, f"price_{sector}_hat"), price, rtol=1e-9)
    if sector == "T":
        np.testing.assert_allclose(trade_shares_after(base, shock, after), shares, rtol=1e-9)


def test_levels_markets_clear(solved):
    base, shock, after, utility, friction, weight = solved
    p, wage = base.parameters, base.wage * after.wage_hat
    price = base.floor_price * after.floor_price_hat
    _, staff_home = staff_pay_at_home(base, shock, after, utility, friction)
    gross = weight / weight.sum() * after.workers @ wage + staff_home
    income = (1 - base.tax) * gross
    np.testing.assert_allclose(after.income, income, rtol=1e-9)
    pay = after.staff_jobs * base.staff_pay
    commercial = wage * (after.jobs_T * (1 / p.labour_T - 1) + after.jobs_S * (1 / p.labour_S - 1))
    official = base.staff_floor @ after.staff_jobs * price
    spent = income + commercial + official + base.student_spending + shock.student_spending
    spent += base.procurement @ pay
    lunch = p.workplace_services * p.services_share * (1 - p.housing_share) * (1 - base.tax)
    node = p.services_share * spent - lunch * gross + lunch * (wage * after.jobs + pay.sum(0))
    goods = (1 - p.services_share) * spent
    services, _, _ = sector_trade(base, shock, after, "S")
    trade, index, pull = sector_trade(base, shock, after, "T")
    np.testing.assert_allclose(services @ node, wage * after.jobs_S / p.labour_S, rtol=1e-8)
    np.testing.assert_allclose(
        trade @ goods + base.exports * pull, wage * after.jobs_T / p.labour_T, rtol=1e-8
    )
    np.testing.assert_allclose(after.imports, base.import_share * index ** (p.sigma_T - 1) * goods, rtol=1e-9)
    rent = p.housing_share * income + commercial + official
    np.testing.assert_allclose(after.floor_rent, rent, rtol=1e-9)


def test_levels_floor_space(solved):
    base, shock, after, *_ = solved
    p = base.parameters
    commercial = base.wage * (base.jobs_T * (1 / p.labour_T - 1) + base.jobs_S * (1 / p.labour_S - 1))
    wages = base.commuting @ base.wage * base.workers
    wages += base.staff_home @ (base.staff * base.staff_pay).sum(0)
    stock = (p.housing_share * (1 - base.tax) * wages + commercial) / base.floor_price
    stock += base.staff_floor @ base.staff
    after_stock = stock * shock.floor_space_hat + shock.floor_space
    after_stock *= after.floor_price_hat**p.floor_elasticity
    price = base.floor_price * after.floor_price_hat
    np.testing.assert_allclose(after_stock * price, after.floor_rent, rtol=1e-9)


# --- hand-worked -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("labour", "delta", "nu"), [(1.0, 0.5, 0.0), (0.8, 0.5, 0.1), (0.7, 0.0, 0.0)])
def test_one_zone_by_hand(labour, delta, nu):
    """Closed, one zone, one price: labour is fixed, so w^b Q^(1-b) = a and Q^(1+delta) = w."""
    p = city_parameters(labour_share=labour, floor_elasticity=delta, nu=nu, eta=0.0, open_elasticity=0.0)
    economy = Economy.from_shares(np.ones((1, 1)), None, np.ones(1), parameters=p)
    after = economy.counterfactual(productivity_hat=np.array([1.2]))
    log_wage = np.log(1.2) / (labour + (1 - labour) / (1 + delta))
    assert np.log(after.wage_hat[0]) == pytest.approx(log_wage, rel=1e-9)
    assert np.log(after.floor_price_hat[0]) == pytest.approx(log_wage / (1 + delta), rel=1e-9)
    assert np.log(after.welfare) == pytest.approx(log_wage * (1 - 0.25 / (1 + delta)), rel=1e-9)


def test_an_open_zone_fills_until_welfare_is_as_before():
    """w = a R^nu, Q^(1+delta) = w R, and w R^eta Q^-h = 1."""
    nu, eta, delta, h, a = 0.05, 0.02, 0.5, 0.25, 1.1
    p = city_parameters(labour_share=1.0, floor_elasticity=delta, nu=nu, eta=eta, open_elasticity=np.inf)
    economy = Economy.from_shares(np.ones((1, 1)), None, np.ones(1), parameters=p)
    after = economy.counterfactual(productivity_hat=np.array([a]))
    k = h / (1 + delta)
    log_people = np.log(a) * (1 - k) / (k * (1 + nu) - nu - eta)
    assert after.welfare == pytest.approx(1, abs=1e-9)
    assert np.log(after.residents_hat[0]) == pytest.approx(log_people, rel=1e-8)


def test_two_linked_towns_by_hand():
    """As good as no commuting: the ratio of residents is a^(eps(1-k)/(1+eps k)), k = h/(1+delta)."""
    eps, h, delta, a = 4.0, 0.25, 0.6, 1.1
    p = city_parameters(
        eps=eps,
        goods_share=1 - h,
        labour_share=1.0,
        floor_elasticity=delta,
        nu=0.0,
        eta=0.0,
        open_elasticity=0.0,
    )
    shares = np.array([[0.5, 1e-14], [1e-14, 0.5]])
    economy = Economy.from_shares(shares / shares.sum(), None, np.ones(2), parameters=p)
    after = economy.counterfactual(productivity_hat=np.array([a, 1.0]))
    k = h / (1 + delta)
    ratio = after.residents_hat[0] / after.residents_hat[1]
    assert np.log(ratio) == pytest.approx(eps * (1 - k) / (1 + eps * k) * np.log(a), rel=1e-9)
    assert after.wage_hat[0] == pytest.approx(a)


def test_three_zones_signs_of_a_move():
    """Posts leave zone 0 for zone 1: floor space falls in price there, rises here; zone 2 notices less."""
    base = example(3)
    after = solve(base, moved(base))
    price = np.log(after.floor_price_hat)
    assert price[0] < 0 < price[1]
    assert abs(price[2]) < 0.5 * price[1]
    assert np.log(after.wage_hat)[1] > 0 > np.log(after.wage_hat)[0]
    homes = (after.staff_homes - base.staff_homes)[0]
    assert homes[1] > 0 > homes[0]
    assert after.jobs_S[1] > base.jobs_S[1]


def test_floor_space_lowers_its_price_and_a_cap_leaves_demand_unmet(town):
    built = np.zeros(town.zones)
    built[2] = 1e5
    cheaper = solve(town, Shock(floor_space=built))
    assert cheaper.floor_price_hat[2] < 1
    cap = np.full(town.zones, np.inf)
    cap[1] = 0.9 * town.floor_price[1]
    capped = solve(town, replace(moved(town), price_cap=cap))
    price = town.floor_price[1] * capped.floor_price_hat[1]
    assert capped.floor_price_paid[1] == cap[1]
    # institutions need what they need; all others would spend the same money at the lower price
    flexible = capped.floor_rent[1] - town.staff_floor @ capped.staff_jobs[:, 1] * price
    unmet = flexible * (1 / cap[1] - 1 / price)
    assert capped.floor_space_unmet[1] == pytest.approx(unmet)
    assert np.count_nonzero(capped.floor_space_unmet) == 1


@pytest.mark.parametrize(
    ("field", "sign"), [("beds_hat", 1), ("school_hat", 1), ("pm", -1), ("amenity_hat", 1)]
)
def test_what_makes_a_place_better_draws_residents(town, field, sign):
    value = np.zeros(town.zones) if field == "pm" else np.ones(town.zones)
    value[4] += 0.5
    after = solve(town, Shock(**{field: value}))
    assert sign * np.log(after.residents_hat[4]) > 0
    assert after.residents_hat[4] == (after.residents_hat.max() if sign > 0 else after.residents_hat.min())


def test_staff_who_keep_their_home_stay(town):
    shock = moved(town, 0.4)
    kept_home, kept_work = np.zeros_like(shock.staff), np.zeros_like(shock.staff)
    kept_home[0, 0] = kept_work[0, 1] = shock.staff[0, 1]
    kept = solve(town, replace(shock, kept_home=kept_home, kept_work=kept_work))
    free = solve(town, shock)
    assert kept.staff_homes[0, 0] > free.staff_homes[0, 0]
    np.testing.assert_allclose(kept.staff_homes.sum(1), town.staff.sum(1), rtol=1e-12)


def test_faster_trips_lengthen_commutes(town):
    apart = ~np.eye(town.zones, dtype=bool)
    quicker = Shock(minutes=-0.36 * apart)
    after = solve(town, quicker)
    flows = commuting_flows(town, quicker, after)
    assert np.trace(flows) / flows.sum() < np.trace(town.commuting)
    assert after.welfare > 1


def test_larger_populations_follow_welfare(town):
    rise = Shock(productivity_hat=np.full(town.zones, 1.05))
    workers = [
        solve(replace(town, parameters=replace(town.parameters, open_elasticity=k)), rise).workers
        for k in (0.0, 1.5, 3.0)
    ]
    assert workers[0] == pytest.approx(town.workers, rel=1e-12)
    assert workers[0] < workers[1] < workers[2]


# --- a city with endogenous productivity and amenities ---------------------------------------------------


@pytest.fixture(scope="module")
def city():
    draw = np.random.default_rng(5)
    place = draw.random((30, 2)) * 10
    minutes = 3 + 2 * np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))
    residents, jobs = np.exp(draw.normal(7, 0.5, 30)), np.exp(draw.normal(7, 0.8, 30))
    jobs *= residents.sum() / jobs.sum()
    p = city_parameters()
    return Economy.from_gravity(
        residents,
        jobs,
        None,
        exponential_cost(minutes, p.kappa),
        parameters=p,
        spillovers=Spillovers(minutes, land_area=0.5 + draw.random(30)),
    )


def test_city_recovers_wages_and_rests(city):
    after = city.counterfactual()
    assert np.abs(after.log_state).max() < 1e-12
    assert np.ptp(city.workplace_amenity) == 0
    assert np.ptp(city.calibrated.wage) > 0


def test_city_satisfies_zero_profits_and_fixed_welfare(city):
    hat = np.ones(30)
    hat[3] = 1.1
    after = city.counterfactual(productivity_hat=hat)
    cost = after.wage_hat**0.8 * after.floor_price_hat**0.2
    np.testing.assert_allclose(cost, after.productivity_hat, rtol=1e-9)
    assert after.welfare == pytest.approx(1, abs=1e-9)
    near = city.calibrated.job_decay
    density = (near @ after.jobs) / (near @ city.calibrated.jobs)
    np.testing.assert_allclose(after.productivity_hat, hat * density**0.0710, rtol=1e-9)
    assert after.jobs_hat[3] == after.jobs_hat.max()
    assert after.workers > city.calibrated.workers


def test_city_at_its_own_times_rests(city):
    after = city.counterfactual(minutes=city.spillovers.minutes)
    assert np.abs(after.log_state).max() < 1e-12


def test_city_times_change_commuting_and_the_reach_of_density(city):
    slower = city.spillovers.minutes * 1.2
    after = city.counterfactual(minutes=slower)
    assert after.workers < city.calibrated.workers
    assert np.trace(
        commuting_flows(city.calibrated, city.shock(minutes=slower), after)
    ) / after.workers > np.trace(city.commuting)


def test_spillovers_amplify(city):
    hat = np.ones(30)
    hat[3] = 1.1
    weak = replace(city, calibrated=replace(city.calibrated, parameters=city_parameters(nu=0.0, eta=0.0)))
    strong, none = city.counterfactual(productivity_hat=hat), weak.counterfactual(productivity_hat=hat)
    assert strong.jobs_hat[3] > none.jobs_hat[3]


def test_own_effects_of_each_zone(city):
    effects = city.own_effects(1.05)
    assert effects.jobs_hat.shape == (30,)
    assert (effects.employment_elasticity > effects.resident_elasticity).all()
    hat = np.ones(30)
    hat[7] = 1.05
    assert effects.jobs_hat[7] == pytest.approx(city.counterfactual(productivity_hat=hat).jobs_hat[7])


def test_taxes_balance_the_accounts_unless_outside_pays():
    given = observed(6)
    whole, half = (
        calibrate(**given, parameters=Parameters(), outside_funding=share, import_share=0.6)
        for share in (0.0, 0.5)
    )
    imports = [solve(base).imports.sum() for base in (whole, half)]
    assert whole.exports.sum() == pytest.approx(imports[0])
    assert half.tax == pytest.approx(whole.tax / 2)
    assert half.exports.sum() < imports[1]


def test_density_weights_by_hand():
    weight = density_weights(np.array([[0.0, 10.0], [10.0, 0.0]]), 0.1, np.array([1.0, 2.0]))
    np.testing.assert_allclose(weight, [[1, np.exp(-1) / 2], [np.exp(-1), 0.5]])
    assert density_weights(np.zeros((2, 2)), None) is None


# --- inversions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zones", [2, 30])
def test_balance_meets_both_margins(zones):
    draw = np.random.default_rng(0)
    kernel, rows, columns = draw.random((zones, zones)) ** 6, draw.random(zones), draw.random(zones)
    columns *= rows.sum() / columns.sum()
    found = balance(kernel, rows, columns)
    np.testing.assert_allclose(found.flows.sum(1), rows, rtol=1e-10)
    np.testing.assert_allclose(found.flows.sum(0), columns, rtol=1e-10)
    np.testing.assert_allclose(found.flows, found.row[:, None] * kernel * found.column, rtol=1e-12)


def test_balance_by_hand():
    """With a 2 x 2 kernel of ones the shares are independent: row times column over the total."""
    found = balance(np.ones((2, 2)), np.array([3.0, 1.0]), np.array([2.0, 2.0]))
    np.testing.assert_allclose(found.flows, [[1.5, 1.5], [0.5, 0.5]], rtol=1e-12)


def test_amenity_and_wage_are_the_same_residual():
    draw = np.random.default_rng(4)
    rows, weight = 1 + draw.random(6), 0.1 + draw.random((6, 6))
    columns = rows[::-1].copy()
    wage = transferred_wage(rows, columns, weight, 3.0)
    amenity = workplace_amenity(rows, columns, np.ones(6), weight, 3.0)
    assert np.ptp(np.log(amenity / wage**3)) < 1e-10
    assert np.ptp(workplace_amenity(rows, columns, wage, weight, 3.0)) < 1e-10


# --- years -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick(town):
    return replace(town, parameters=replace(town.parameters, rho_R=0.4, rho_H=0.35, rho_A=0.3))


def test_the_path_ends_at_the_static_solution(quick):
    shock = rich(quick)
    found = path(quick, [shock] * 90)
    assert found.gap[-1] < 1e-9
    static = solve(quick, shock)
    for name in HATS:
        np.testing.assert_allclose(getattr(found.states[-1], name), getattr(static, name), rtol=1e-8)
    assert (np.diff(found.gap[:20]) < 0).all()


def test_full_adjustment_is_the_static_solution_in_the_first_year(town):
    base = replace(town, parameters=replace(town.parameters, rho_R=1.0, rho_H=1.0, rho_A=1.0))
    found, static = path(base, [moved(base)]), solve(base, moved(base))
    np.testing.assert_allclose(found.states[0].jobs_hat, static.jobs_hat, rtol=1e-9)


def test_a_path_conserves_people_every_year(quick):
    base = replace(quick, parameters=replace(quick.parameters, open_elasticity=0.0))
    shocks = [moved(base, 0.1 * year) for year in range(5)]
    shocks = [replace(shock, private_workers=1000.0 * year) for year, shock in enumerate(shocks)]
    for year, state in enumerate(path(base, shocks).states):
        assert state.residents.sum() == pytest.approx(base.workers + 1000 * year, rel=1e-11)
        assert state.jobs.sum() == pytest.approx(state.residents.sum(), rel=1e-11)
        np.testing.assert_allclose(state.staff_homes.sum(1), base.staff.sum(1), rtol=1e-12)


def test_a_path_without_a_shock_stays(quick):
    for state in path(quick, [Shock()] * 3).states:
        assert np.abs(state.log_state).max() < 1e-12
        assert np.abs(state.log_floor).max() < 1e-12


def test_a_move_undone_fades(quick):
    shocks = [moved(quick)] * 5 + [Shock()] * 80
    found = path(quick, shocks, first_year=2025)
    assert found.years[0] == 2025
    np.testing.assert_allclose(found.states[-1].jobs, quick.jobs, rtol=1e-9)
    assert np.abs(found.states[5].jobs_hat - 1).max() > 1e-6


def test_people_follow_slowly(quick):
    found = path(quick, [moved(quick)] * 2)
    first = np.abs(np.log(found.states[0].residents_hat)).max()
    assert 0 < first < np.abs(np.log(found.limit.residents_hat)).max()


def test_yearly_flows_are_a_mixture_by_hand(quick):
    shock = moved(quick)
    old = quick.commuting * quick.workers
    lag = Lag(old, np.zeros(quick.zones), np.zeros(quick.zones))
    state = solve(quick, shock, lag=lag)
    chosen = state.home_factor[:, None] * quick.commuting * state.work_factor
    size = quick.workers * state.welfare**quick.parameters.open_elasticity
    expected = 0.6 * old + 0.4 * size * chosen / chosen.sum()
    np.testing.assert_allclose(commuting_flows(quick, shock, state, lag), expected, rtol=1e-9)
    np.testing.assert_allclose(expected.sum(0), state.jobs, rtol=1e-9)
    reached = 0.35 * quick.parameters.floor_elasticity * np.log(state.floor_price_hat)
    np.testing.assert_allclose(state.log_floor, reached, rtol=1e-9)


# --- safety ----------------------------------------------------------------------------------------------


def codes(error):
    return {fault.code.removeprefix("equilibrium.") for fault in error.value.faults}


def both_languages(error):
    for fault in error.value.faults:
        assert fault.text("en") != fault.text("zh")


def test_the_stability_index_of_the_german_case():
    assert regional_parameters().stability == pytest.approx(0.05 + 1 / 3 - 0.3 / 1.38 - 1 / 4.6)
    assert city_parameters().stability == pytest.approx(0.0710 + 0.1553 - 0.25 - 1 / 6.6941)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"nu": 0.5}, "unstable"),
        ({"eta": 0.4}, "unstable"),
        ({"eps": -1.0}, "parameter"),
        ({"sigma_T": 1.0}, "parameter"),
        ({"housing_share": 1.0}, "parameter"),
        ({"labour_S": 0.0}, "parameter"),
        ({"open_elasticity": -1.0}, "parameter"),
        ({"floor_elasticity": np.nan}, "parameter"),
        ({"floor_elasticity": np.ones(2)}, "shape"),
        ({"nu": np.nan}, "not_finite"),
        ({"rho_R": 0.0}, "parameter"),
    ],
)
def test_bad_parameters_are_refused(town, change, code):
    base = replace(town, parameters=replace(town.parameters, **change))
    with pytest.raises(ModelError) as error:
        solve(base)
    assert codes(error) == {code}
    both_languages(error)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("jobs", lambda x: np.where(np.arange(x.size) == 2, 0.0, x), "not_positive"),
        ("wage", lambda x: -x, "not_positive"),
        ("residents", lambda x: x * np.nan, "not_finite"),
        ("distance", lambda x: x[:3, :3], "shape"),
        ("minutes", lambda x: np.where(np.eye(x.shape[0]) > 0, x, np.inf), "disconnected"),
        ("minutes", lambda x: x * np.nan, "not_finite"),
        ("jobs", lambda x: 2 * x, "totals"),
        ("import_share", lambda _: 0.0, "no_exports"),
        ("outside_funding", lambda _: 1.0, "no_exports"),
    ],
)
def test_bad_observations_are_refused(name, value, code):
    given = observed(6)
    given[name] = value(given.get(name, np.zeros(0)))
    with pytest.raises(ModelError) as error:
        calibrate(**given, parameters=Parameters())
    assert codes(error) == {code}
    both_languages(error)


def test_all_faults_are_told_at_once():
    given = observed(6)
    given["wage"][1] = np.nan
    given["jobs"][2] = -1.0
    with pytest.raises(ModelError) as error:
        calibrate(**given, parameters=Parameters(eps=-1.0))
    assert codes(error) == {"not_finite", "not_positive", "parameter"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"productivity_hat": np.ones(3)}, "shape"),
        ({"productivity_hat": np.zeros(12)}, "not_positive"),
        ({"minutes": np.full((12, 12), np.inf)}, "not_finite"),
        ({"staff": np.full((3, 12), -1e9)}, "more_than_exist"),
        ({"kept_work": np.full((3, 12), 1e9)}, "more_than_exist"),
        ({"kept_home": np.ones((3, 12))}, "kept"),
        ({"private_workers": -1e12}, "more_than_exist"),
        ({"floor_space": np.full(12, -1e15)}, "more_than_exist"),
    ],
)
def test_bad_shocks_are_refused(town, change, code):
    with pytest.raises(ModelError) as error:
        solve(town, Shock(**change))
    assert code in codes(error)
    both_languages(error)


def test_a_path_names_the_year_that_fails(town):
    with pytest.raises(ModelError, match="2022"):
        path(town, [Shock(), Shock(), Shock(productivity_hat=np.zeros(12))])
    with pytest.raises(ModelError):
        path(town, [])


def test_a_baseline_out_of_balance_is_refused(town):
    with pytest.raises(ModelError) as error:
        solve(replace(town, wage=town.wage * np.linspace(1, 2, town.zones)))
    assert codes(error) == {"inconsistent"}


@pytest.mark.parametrize(
    "flows", [np.eye(3), np.array([[1.0, 1], [0, 0]]), np.array([[1.0, np.nan], [1, 1]])]
)
def test_bad_flows_are_refused(flows):
    with pytest.raises(ModelError):
        Economy.from_flows(flows, np.ones(len(flows)), parameters=city_parameters()).counterfactual()
    with pytest.raises(ModelError):
        Economy.from_flows(flows, np.ones(7), np.ones((2, 2)))


def test_a_regional_economy_needs_trade_costs():
    with pytest.raises(ModelError) as error:
        Economy.from_flows(np.ones((3, 3)), np.ones(3))
    assert codes(error) == {"no_trade"}


def test_an_enormous_shock_is_believed_only_twice(town, monkeypatch):
    hat = np.ones(town.zones)
    hat[2] = 4.0
    after = solve(town, Shock(productivity_hat=hat))
    assert np.abs(np.log(after.jobs_hat)).max() > module.GUARD
    assert after.second_start
    monkeypatch.setattr(module, "_SAME", -1.0)
    with pytest.raises(ModelError) as error:
        solve(town, Shock(productivity_hat=hat))
    assert codes(error) == {"two_answers"}


def test_continuation_ends_where_the_direct_search_does(town):
    shock = rich(town)
    direct = solve(town, shock)
    stepped = solve(town, shock, max_iterations=direct.iterations - 3)
    np.testing.assert_allclose(stepped.jobs_hat, direct.jobs_hat, rtol=1e-8)
    with pytest.raises(ModelError) as error:
        solve(town, shock, max_iterations=2)
    assert codes(error) == {"not_found"}


# --- fixed points ----------------------------------------------------------------------------------------


def test_anderson_solves_a_linear_map_in_its_dimension():
    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(5, 5))
    matrix *= 0.95 / np.abs(np.linalg.eigvals(matrix)).max()
    target = np.linalg.solve(np.eye(5) - matrix, np.ones(5))
    found = anderson(lambda x: matrix @ x + 1, np.zeros(5), depth=6, longest=1e9)
    np.testing.assert_allclose(found.value, target, rtol=1e-8)
    assert found.iterations < 15


def test_anderson_says_when_it_fails():
    assert not anderson(lambda x: x + 1, np.zeros(2), max_iterations=20).converged
    assert not anderson(lambda x: x * np.nan, np.ones(2)).converged


def test_continuation_halves_its_step():
    asked = []

    def problem(share, start):
        asked.append(share)
        near = abs(share - start[0]) < 0.3
        return FixedPoint(np.array([share]), 0.0, 1, converged=near)

    found = continuation(problem, np.zeros(1))
    assert found.converged
    assert found.value[0] == 1.0
    assert asked[:3] == [1.0, 0.5, 0.25]
    assert not continuation(lambda s, x: FixedPoint(x, s, 1, converged=False), np.zeros(1)).converged


# --- inequality ------------------------------------------------------------------------------------------


def test_inequality_by_hand():
    value, people = np.array([1.0, 3.0]), np.array([1.0, 1.0])
    assert gini(value, people) == pytest.approx(0.25)
    assert theil(value, people) == pytest.approx(0.5 * (0.5 * np.log(0.5) + 1.5 * np.log(1.5)))
    assert variation(value, people) == pytest.approx(0.5)


@pytest.mark.parametrize("measure", [gini, theil, variation])
def test_inequality_ignores_units_and_splits(measure):
    draw = np.random.default_rng(0)
    value, people = 1 + draw.random(9), 1 + draw.random(9)
    assert measure(7 * value, 3 * people) == pytest.approx(measure(value, people))
    assert measure(np.tile(value, 2), np.tile(people / 2, 2)) == pytest.approx(measure(value, people))
    assert measure(np.ones(9), people) == pytest.approx(0, abs=1e-12)


def test_theil_within_and_between_add_up():
    draw = np.random.default_rng(1)
    value, people, group = 1 + draw.random(9), 1 + draw.random(9), np.repeat(["a", "b", "c"], 3)
    within, between = theil_parts(value, people, group)
    assert within + between == pytest.approx(theil(value, people))
    assert within > 0
    assert theil_parts(np.repeat([1.0, 2, 3], 3), people, group)[0] == pytest.approx(0, abs=1e-12)


def test_a_shock_scaled_by_one_is_itself(town):
    shock = rich(town)
    same = shock.scaled(1.0)
    for item in fields(shock):
        np.testing.assert_array_equal(getattr(shock, item.name), getattr(same, item.name))
    none = Institutions.none(4)
    assert none.posts.shape == (0, 4)

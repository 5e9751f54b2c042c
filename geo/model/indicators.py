"""From solved years to measures: arrays in, one number by measure, county and year out.

Every level is what it was before the scenario plus the change that the model finds, so that scenarios compare
whatever institutions they name. Formulas stand beside the measures in :mod:`geo.model_measures`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geo.model.equilibrium import solve
from geo.model.inequality import gini, theil_parts
from geo.model.plan import XIONGAN
from geo.model.solve import Array

if TYPE_CHECKING:
    from geo.model.air import Atmosphere
    from geo.model.baseline import Baseline
    from geo.model.path import Solved, Year
    from geo.model.plan import Plan
    from geo.model.state import Calibrated, Equilibrium

__all__ = ["Indicators", "World", "at_rest", "indicators"]

Values = dict[str, Array]
Totals = dict[str, float]

LONG = 60.0  # minutes: the published share of long commutes
_BILLION, _MILLION, _THOUSAND = 1e9, 1e6, 1e3
# Fewer posts than this are a remainder of rounding, no destination.
_SOME = 0.5


@dataclass(frozen=True, eq=False)
class World:
    """What measures are made from.

    Parameters
    ----------
    baseline
        The region before any move.
    reference
        Its economy under the scenario's assumptions, without what the scenario names as institutional.
    solved
        The solved years.
    air
        Emissions and air.
    """

    baseline: Baseline
    reference: Calibrated
    solved: Solved
    air: Atmosphere

    @property
    def plan(self) -> Plan:
        """The plan of the scenario."""
        return self.solved.plan

    @cached_property
    def before(self) -> Equilibrium:
        """The reference economy at rest, with all its levels."""
        return at_rest(self.reference)

    @cached_property
    def start(self) -> Equilibrium:
        """The scenario's economy at rest."""
        same = np.array_equal(self.plan.base.jobs_T, self.reference.jobs_T)
        return self.before if same else at_rest(self.plan.base)

    @cached_property
    def persons_per_worker(self) -> float:
        """Residents for each worker, the region's mean; families of private workers move with them."""
        return float(self.baseline.levels["population"].sum() / self.baseline.flows.sum())

    def near(self, posts: Array) -> tuple[Array, Array]:
        """Say where the jobs that follow posts are looked for.

        Parameters
        ----------
        posts
            Net change of posts by county, (N,).

        Returns
        -------
        near, each
            For each county 1 in those within an hour of it that lose no posts, (N, N), and the posts gained
            in them, (N,); NaN where a county gains none.
        """
        reach = self.baseline.minutes <= LONG
        near = ((reach & (posts >= -_SOME)) | np.eye(len(posts), dtype=bool)).astype(float)
        each = near @ posts
        return near, np.where(posts > _SOME, each, np.nan)

    @cached_property
    def three(self) -> dict[str, Array]:
        """1 in Beijing, in Tianjin and in Hebei, (N,) each."""
        heads = {"beijing": 11.0, "tianjin": 12.0, "hebei": 13.0}
        return {name: (self.provinces == head).astype(float) for name, head in heads.items()}

    @cached_property
    def cities(self) -> Array:
        """Which city a county belongs to: one row of ones a city, (cities, N)."""
        city = np.array([code[:4] if code[:2] == "13" else code[:2] for code in self.baseline.codes])
        return np.asarray(np.unique(city)[:, None] == city, dtype=float)

    @cached_property
    def provinces(self) -> Array:
        """First two digits of each code, (N,)."""
        return np.array([float(code[:2]) for code in self.baseline.codes])


def at_rest(economy: Calibrated) -> Equilibrium:
    """Return the economy without any shock; kept on it, because every scenario asks."""
    kept = economy.__dict__
    if "_at_rest" not in kept:
        kept["_at_rest"] = solve(economy)
    found: Equilibrium = kept["_at_rest"]
    return found


class Indicators(NamedTuple):
    """Every measure of a solved scenario.

    Attributes
    ----------
    values
        By row of the plan, the long run last, and county, (T + 1, N).
    before
        Before any move, (N,).
    totals
        For the region, (T + 1,).
    first
        For the region before any move.
    """

    values: Values
    before: Values
    totals: dict[str, Array]
    first: Totals


def indicators(world: World) -> Indicators:
    """Return every measure of a solved scenario."""
    rows = [_row(world, year, row) for row, year in enumerate(world.solved.years)]
    before, first = _row(world, None, None)
    values = {key: np.stack([row[0][key] for row in rows]) for key in before}
    totals = {key: np.array([row[1][key] for row in rows]) for key in rows[0][1]}
    return Indicators(values, before, totals, first)


def _row(world: World, year: Year | None, row: int | None) -> tuple[Values, Totals]:
    """Return every measure of one row; None for before."""
    values = _moved(world, row)
    values |= _people(world, year, row)
    values |= _work(world, year, row)
    values |= _prices(world, year)
    values |= _trips(world, year, row)
    values |= _money(world, year, values)
    values |= _roads(world, year)
    values |= _air(world, year)
    return values, _totals(world, year, row, values)


# What moves, and who follows ------------------------------------------------------------------------


def _moved(world: World, row: int | None) -> Values:
    plan = world.plan
    if row is None:
        nothing = np.zeros(len(plan.codes))
        return dict.fromkeys(("posts", "students", "beds"), nothing)
    return {
        "posts": plan.spread(plan.posts[row]),
        "students": plan.spread(plan.students[row]),
        "beds": plan.spread(plan.done[row] * plan.moves.beds),
    }


def _people(world: World, year: Year | None, row: int | None) -> Values:
    """Residents: staff and families who move home, students, and everybody who chooses a home anew."""
    plan, population = world.plan, world.baseline.levels["population"]
    nothing = np.zeros(len(plan.codes))
    staff, family, private, resorted = nothing, nothing, nothing, nothing
    if row is not None and year is not None:
        new = year.homes[:, plan.moves.destination].T - plan.homes
        staff = plan.movers[row] @ new
        family = (plan.movers[row] * plan.family) @ new
        private = year.state.residents - plan.base.residents
        resorted = year.state.staff_homes.sum(0) - plan.base.staff_homes.sum(0) - staff
    lodging = nothing if row is None else plan.spread(plan.students[row] * plan.moves.resident_students)
    followers = world.persons_per_worker * (private + resorted)
    residents = staff + family + lodging + followers
    return {
        "staff_home": staff, "family": family, "followers": followers, "residents": residents,
        "population": population + residents,
        "density": (population + residents) / world.baseline.area_km2,
    }  # fmt: skip


# Jobs -----------------------------------------------------------------------------------------------


def _work(world: World, year: Year | None, row: int | None) -> Values:
    before, plan = world.before, world.plan
    official = world.reference.staff.sum(0)
    values = {
        "private_jobs": before.jobs, "tradable_jobs": before.jobs_T, "services_jobs": before.jobs_S,
        "institutional_jobs": official, "jobs": before.jobs + official,
        "private_per_post": np.full(len(official), np.nan),
        "services_per_post": np.full(len(official), np.nan),
    }  # fmt: skip
    if year is None or row is None:
        return values
    state, start = year.state, world.start
    private, services = state.jobs - start.jobs, state.jobs_S - start.jobs_S
    posts = plan.change[row].sum(0)
    near, each = world.near(posts)
    return {
        "private_jobs": before.jobs + private,
        "tradable_jobs": before.jobs_T + (state.jobs_T - start.jobs_T),
        "services_jobs": before.jobs_S + services,
        "institutional_jobs": official + posts,
        "jobs": values["jobs"] + private + posts,
        "private_per_post": (near @ private) / each,
        "services_per_post": (near @ services) / each,
    }


# Prices ---------------------------------------------------------------------------------------------


def _prices(world: World, year: Year | None) -> Values:
    reference, before = world.reference, world.before
    nothing, one = np.zeros(reference.zones), np.ones(reference.zones)
    stock = before.floor_rent / reference.floor_price
    wage_home = (1.0 - reference.tax) * (reference.commuting @ reference.wage) / reference.commuting.sum(1)
    if year is None:
        return {
            "wage": reference.wage, "floor_price": reference.floor_price, "floor_space": stock,
            "floor_unmet": nothing, "real_income": wage_home, "productivity": one,
        }  # fmt: skip
    state = year.state
    return {
        "wage": reference.wage * state.wage_hat,
        "floor_price": state.floor_price_paid,
        "floor_space": stock * state.floor_space_hat,
        "floor_unmet": state.floor_space_unmet,
        "real_income": wage_home * state.real_income_hat,
        "productivity": state.productivity_hat,
    }


# Commuting ------------------------------------------------------------------------------------------


def _trips(world: World, year: Year | None, row: int | None) -> Values:
    plan, minutes = world.plan, world.baseline.minutes
    trips = world.solved.trips if year is None else year.daily
    if year is not None and year.minutes is not None:
        minutes = minutes + year.minutes
    inside = np.diag(trips)
    home = trips.sum(axis=1)
    values = {
        "in_commuters": trips.sum(axis=0) - inside,
        "out_commuters": home - inside,
        "mean_minutes": (trips * minutes).sum(axis=1) / home,
        "share_over_60": 100.0 * (trips * (minutes > LONG)).sum(axis=1) / home,
    }
    nothing = np.zeros(len(home))
    values |= {"staff_daily": nothing, "staff_weekly": nothing, "staff_minutes": np.full(len(home), np.nan)}
    if row is None or not plan.stayers[row].any():
        return values
    stay = plan.stayers[row][:, None] * plan.homes
    daily = (stay * plan.daily).sum(axis=0)
    spent = (stay * plan.daily * minutes[:, plan.moves.destination].T).sum(axis=0)
    some = daily > 1e-9
    return values | {
        "staff_daily": daily,
        "staff_weekly": (stay * ~plan.daily).sum(axis=0),
        "staff_minutes": np.where(some, spent / np.where(some, daily, 1.0), np.nan),
    }


# Output and income ----------------------------------------------------------------------------------


def _money(world: World, year: Year | None, values: Values) -> Values:
    before, start = world.before, world.start
    sales = before.sales_T + before.sales_S
    output = sales + (world.reference.staff * world.reference.staff_pay).sum(0)
    income = before.income
    first = output
    if year is not None:
        state, base = year.state, world.plan.base
        pay = ((state.staff_jobs - base.staff) * base.staff_pay).sum(0)
        output = output + (state.sales_T + state.sales_S) - (start.sales_T + start.sales_S) + pay
        income = income + state.income - start.income
    levels = world.baseline.levels
    cities = world.cities
    grown = (cities @ output) / (cities @ first)
    people = (cities @ values["population"]) / (cities @ levels["population"])
    return {
        "output": output / _BILLION,
        "income_per_head": income / values["population"],
        "gdp_per_head": levels["gdp_per_head"] * (cities.T @ (grown / people)),
    }


# Roads and air --------------------------------------------------------------------------------------


def _roads(world: World, year: Year | None) -> Values:
    roads = world.air.roads
    traffic = roads.before if year is None or year.traffic is None else year.traffic
    found = roads.by_county(traffic)
    return {
        "peak_speed": found.speed, "delay": found.delay, "vehicle_km": roads.yearly_km(traffic) / _MILLION,
    }  # fmt: skip


def _air(world: World, year: Year | None) -> Values:
    air = world.air
    state, traffic = (None, None) if year is None else (year.state, year.traffic)
    tonnes = air.tonnes(state, traffic)
    co2, nox, fine = tonnes.sum(axis=1)
    return {
        "co2": co2 / _MILLION, "nox": nox / _THOUSAND, "pm25_emitted": fine / _THOUSAND,
        "pm25": air.concentration(tonnes),
    }  # fmt: skip


# The whole region -----------------------------------------------------------------------------------


def _totals(world: World, year: Year | None, row: int | None, values: Values) -> Totals:
    totals = {key: float(values[key].sum()) for key in _SUMMED}
    totals |= _moved_totals(world, row)
    totals |= _means(world, year, values)
    totals |= _plans(world, values)
    totals |= _gaps(world, year, values)
    return totals


_SUMMED = (
    "population", "jobs", "institutional_jobs", "private_jobs", "tradable_jobs", "services_jobs", "output",
    "floor_space", "floor_unmet", "followers", "staff_daily", "staff_weekly", "delay", "vehicle_km", "co2",
    "nox", "pm25_emitted",
)  # fmt: skip


def _moved_totals(world: World, row: int | None) -> Totals:
    plan = world.plan
    if row is None:
        return dict.fromkeys(("posts", "students", "beds", "staff_home", "family", "residents"), 0.0)
    movers = plan.movers[row]
    family = float(movers @ plan.family)
    lodging = float(plan.students[row] @ plan.moves.resident_students)
    return {
        "posts": float(plan.posts[row].sum()),
        "students": float(plan.students[row].sum()),
        "beds": float(plan.done[row] @ plan.moves.beds),
        "staff_home": float(movers.sum()),
        "family": family,
        "residents": float(movers.sum()) + family + lodging,
    }


def _means(world: World, year: Year | None, values: Values) -> Totals:
    trips = world.solved.trips if year is None else year.daily
    home = trips.sum(axis=1)
    daily = values["staff_daily"]
    spent = np.nan_to_num(values["staff_minutes"]) @ daily
    private = values["private_jobs"] - world.before.jobs
    services = values["services_jobs"] - world.before.jobs_S
    posts = values["institutional_jobs"] - world.reference.staff.sum(0)
    near, gained = world.near(posts)
    around = near[np.isfinite(gained)].any(axis=0).astype(float)
    each = float(np.maximum(posts, 0.0) @ around) or np.nan
    return {
        "mean_minutes": float(values["mean_minutes"] @ home / home.sum()),
        "share_over_60": float(values["share_over_60"] @ home / home.sum()),
        "cross_commuters": float(values["out_commuters"].sum()),
        "staff_minutes": float(spent / daily.sum()) if daily.sum() > 1e-9 else np.nan,
        "private_per_post": float(private @ around) / each,
        "services_per_post": float(services @ around) / each,
        "wage": float(np.average(values["wage"], weights=values["private_jobs"])),
        "floor_price": float(np.average(values["floor_price"], weights=values["floor_space"])),
        "real_income": float(np.average(values["real_income"], weights=home)),
        "peak_speed": _speed(world, year),
        "exposure": float(np.average(values["pm25"], weights=values["population"])),
        "welfare": 0.0 if year is None else 100.0 * (year.state.welfare - 1.0),
    }


def _speed(world: World, year: Year | None) -> float:
    """Return vehicle-km over vehicle-hours of the whole region, km/h."""
    roads = world.air.roads
    found = roads.by_county(roads.before if year is None or year.traffic is None else year.traffic)
    hours = np.where(found.vehicle_km > 0, found.vehicle_km / found.speed, 0.0)
    return float(found.vehicle_km.sum() / hours.sum())


def _plans(world: World, values: Values) -> Totals:
    """Compare with what is planned for Xiongan and for Beijing's six districts."""
    facts, inputs = world.plan.inputs.facts, world.plan.inputs
    xiongan = np.isin(world.baseline.codes, XIONGAN)
    six = float(values["population"] @ inputs.centre)
    return {
        "xiongan_fill": 100.0 * float(values["population"][xiongan].sum()) / facts["xiongan_population"],
        "six_districts": six,
        "six_districts_gap": six - facts["six_districts_target"],
    }


def _gaps(world: World, year: Year | None, values: Values) -> Totals:
    """Inequality between counties, and between the three."""
    people, income = values["population"], values["income_per_head"]
    living = 1.0 if year is None else year.state.cost_of_living_hat
    real = income / living
    within, between = theil_parts(real, people, world.provinces)
    facts = world.plan.inputs.facts
    first = world.before.income
    earned = income * people
    heads = world.baseline.levels["population"]
    share = {
        name: float((earned @ inside) / (people @ inside) / ((first @ inside) / (heads @ inside)))
        * facts[f"income_{name}"]
        for name, inside in world.three.items()
    }
    sold = 1.0
    if year is not None:
        made = float(world.before.sales_T.sum())
        sold = (made + float((year.state.sales_T - world.start.sales_T).sum())) / made
    return {
        "gini": gini(real, people), "theil_within": within, "theil_between": between,
        "income_beijing_hebei": share["beijing"] / share["hebei"],
        "income_tianjin_hebei": share["tianjin"] / share["hebei"],
        "industry_value_added": facts["industry_value_added"] * sold,
    }  # fmt: skip

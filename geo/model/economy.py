"""The economy of the region before any move: what is known of wages, prices and posts, as an equilibrium.

Calibration steps 3, 6 and 7 of ``docs/model.md``. :func:`measure_inputs` reads the facts once;
:func:`economy` turns them, the fitted commuting and a set of assumptions into a calibrated economy.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from geo.assumptions import KINDS, spec_of
from geo.errors import Fault, ScenarioError
from geo.model.accounts import Institutions, calibrate
from geo.model.gravity import CENTRE
from geo.model.state import Calibrated, Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.model.gravity import GravityFit
    from geo.model.jobs import Jobs
    from geo.model.solve import Array
    from geo.model.travel import Travel
    from geo.region import Region

__all__ = ["Assumed", "Inputs", "by_class", "economy", "floor_elasticity", "measure_inputs", "parameters"]

WAGE_YEAR = 2020
# Latest year of the region's industry added value that the series rests on.
INDUSTRY_YEAR = 2022
# Residents per km2 from which a county's floor space is as hard to extend as a town's.
DENSE = 1000.0
# Share of a county's jobs that institutions may take at most: a private economy must remain.
MOST_INSTITUTIONAL = 0.9
_MONTHS = 12
# Universities: students from staff, where only staff are known (assumption posts_per_student).
_UNIVERSITY, _SCHOOL, _HOSPITAL = (KINDS.index(kind) for kind in ("university", "school", "hospital"))


class Assumed(Protocol):
    """Values of assumptions by id; :class:`geo.assumptions.Assumptions` is one."""

    def __getitem__(self, key: str) -> float:
        """Return the value in force."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the facts say of each county before any move.

    Parameters
    ----------
    population
        Residents, (N,).
    wage
        Private wage by workplace, CNY / year, (N,): the city's average.
    floor_price
        CNY / m2 / year, (N,); published for Beijing's districts, estimated elsewhere.
    posts
        Institutional jobs by class (order of ``KINDS``) and county, (9, N).
    centre
        1 in Beijing's six central districts, (N,).
    facts
        Published numbers that measures are held against, by name.
    """

    population: Array
    wage: Array
    floor_price: Array
    posts: Array
    centre: Array
    facts: Mapping[str, float]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of its arrays."""
        return tuple(item.name for item in fields(cls) if item.name != "facts")


def measure_inputs(region: Region, jobs: Jobs) -> Inputs:
    """Read wages, floor-space prices and posts by county from the facts."""
    wage = _wages(region)
    return Inputs(
        population=region.population,
        wage=wage,
        floor_price=_floor_prices(region, wage),
        posts=_posts(region, jobs),
        centre=np.isin(region.codes, CENTRE).astype(float),
        facts=_published(region),
    )


def _published(region: Region) -> dict[str, float]:
    """Return published incomes, targets and the industry's added value."""
    plans = region.facts["xiongan_and_beijing_plan_facts"].set_index("fact")["value"]
    series = region.facts["regional_series"]
    industry = series[(series["indicator"] == "industrial_added_value") & (series["year"] == INDUSTRY_YEAR)]
    income = region.facts["city_indicators"]
    income = income[(income["indicator"] == "disposable_income_per_capita") & (income["year"] == WAGE_YEAR)]
    by_unit = income.set_index("unit")["value"].astype(float)
    return {
        "income_beijing": float(by_unit["Beijing"]),
        "income_tianjin": float(by_unit["Tianjin"]),
        "income_hebei": float(by_unit["Hebei (province)"]),
        "industry_value_added": float(industry["value"].iloc[0]),
        "six_districts_target": float(plans["beijing_six_districts_target"]),
        "xiongan_population": float(plans["xiongan_planned_population_longrun_high"]),
    }


def _city_values(region: Region, indicator: str, year: int) -> pd.Series[float]:
    """Return an indicator of cities by city code."""
    table = region.facts["city_indicators"]
    rows = table[(table["indicator"] == indicator) & (table["year"] == year)]
    codes = region.facts["unit_codes"].set_index("unit")["adcode"]
    return pd.Series(rows["value"].to_numpy(float), index=[str(codes[unit]) for unit in rows["unit"]])


def _wages(region: Region) -> Array:
    """Return the average wage of each county's city, CNY / year, (N,) (step 6)."""
    city = _city_values(region, "average_wage_employees", WAGE_YEAR)
    return np.asarray(region.counties["city_code"].map(city).to_numpy(float))


def _floor_prices(region: Region, wage: Array) -> Array:
    """Return floor-space prices, CNY / m2 / year, (N,).

    Beijing's districts keep their published rents, scaled to the city's rent per m2. Everywhere else the
    line through Beijing's districts, log rent on log residents per km2, is moved down by the city's wage
    against Beijing's: an estimate.
    """
    table = region.facts["district_indicators"]
    rows = table[table["indicator"] == "rent_per_listing"]
    names = region.facts["unit_codes"].set_index("unit")["adcode"]
    place = np.array([region.positions[str(names[unit])] for unit in rows["unit"]])
    rent = rows["value"].to_numpy(float)
    city = region.facts["city_indicators"]
    per_m2 = float(city.loc[city["indicator"] == "rent_unit_price", "value"].iloc[-1]) * _MONTHS
    people = region.population
    scale = per_m2 / float(np.average(rent, weights=people[place]))
    density = np.log(people / region.area_km2)
    slope, start = np.polyfit(density[place], np.log(rent * scale), 1)
    price = np.exp(start + slope * density) * wage / wage[place[0]]
    price[place] = rent * scale
    return np.asarray(price)


def _posts(region: Region, jobs: Jobs) -> Array:
    """Return institutional jobs by class and county: the estimate, at least what the list names.

    An institution without a published number counts with the default of its class. Rows that are part of
    another are left out, and so is what had moved away before the census.
    """
    estimated = np.stack([jobs.institutional.get(kind, np.zeros(len(jobs.codes))) for kind in KINDS])
    table = region.institutions
    gone = (table["institution_status"] == "moved") & (table["opened_year"] < WAGE_YEAR)
    rows = table[table["part_of"].isna() & ~gone & table["county_code"].isin(region.codes)]
    listed = np.zeros_like(estimated)
    for kind, code, staff in zip(rows["kind"], rows["county_code"], rows["employees"], strict=True):
        known = spec_of(f"posts.{kind}").default if pd.isna(staff) else float(staff)
        listed[KINDS.index(kind), region.positions[code]] += known
    posts = np.maximum(estimated, listed)
    over = posts.sum(0) / (MOST_INSTITUTIONAL * jobs.jobs)
    return np.asarray(posts / np.maximum(over, 1.0))


def by_class(assumed: Assumed, family: str) -> Array:
    """Return an assumption of every class of institution, in the order of ``KINDS``, (9,)."""
    return np.array([assumed[f"{family}.{kind}"] for kind in KINDS])


def floor_elasticity(inputs: Inputs, area_km2: Array, assumed: Assumed) -> Array:
    """Return the supply elasticity of floor space by county, (N,)."""
    dense = inputs.population / area_km2 >= DENSE
    elsewhere = np.where(dense, assumed["floor_elasticity"], assumed["floor_elasticity_plain"])
    supply = np.where(inputs.centre > 0, assumed["floor_elasticity_core"], elsewhere)
    return np.asarray(assumed["floor_response"] * supply)


def parameters(assumed: Assumed, decay: float, supply: Array) -> Parameters:
    """Return the parameters of the equilibrium under a set of assumptions.

    Parameters
    ----------
    decay
        Fitted log flow lost per minute: ``eps * kappa``.
    supply
        Supply elasticity of floor space, (N,).
    """
    eps = assumed["frechet_shape"]
    return Parameters(
        eps=eps, kappa=decay / eps, housing_share=assumed["housing_share"],
        services_share=assumed["services_share"], labour_T=assumed["labour_share"],
        labour_S=assumed["labour_share"], sigma_T=assumed["trade_substitution"],
        sigma_S=assumed["services_substitution"], nu=assumed["productivity_density"],
        eta=assumed["amenity_density"], eta_beds=assumed["amenity_beds"],
        eta_school=assumed["amenity_school"], eta_pm=assumed["amenity_pm"], floor_elasticity=supply,
        open_elasticity=assumed["open_elasticity"], workplace_services=assumed["workplace_services"],
        rho_R=assumed["adjust_people"], rho_H=assumed["adjust_floor"], rho_A=assumed["adjust_productivity"],
    )  # fmt: skip


def economy(
    inputs: Inputs, travel: Travel, fit: GravityFit, assumed: Assumed, extra: Array | None = None
) -> Calibrated:
    """Return the calibrated economy under a set of assumptions: its observed state is its equilibrium.

    Private commuters are what the fitted flows leave after institutional staff, who commute alike.

    Parameters
    ----------
    extra
        Jobs that a scenario names as institutional beyond ``inputs.posts``, (9, N); they are private
        elsewhere.

    Raises
    ------
    ScenarioError
        If a scenario names more posts in a county than it has jobs.
    ModelError
        If the assumptions are unstable, or the accounts cannot close.
    """
    posts = inputs.posts if extra is None else inputs.posts + extra
    jobs = fit.flows.sum(0)
    share = posts.sum(0) / jobs
    _room(travel.graph.codes, share, jobs, posts)
    private = fit.flows * (1.0 - share)
    pay = assumed["pay_premium"] * np.tile(inputs.wage, (len(KINDS), 1))
    students = posts[_UNIVERSITY] / assumed["posts_per_student.university"]
    mean_wage = float(np.average(inputs.wage, weights=jobs))
    crowd = Institutions(
        KINDS, posts, pay, eps=np.full(len(KINDS), assumed["staff_elasticity"]),
        weight=by_class(assumed, "spillover_weight"), floor=by_class(assumed, "floor_per_post"),
        procurement=np.full(len(KINDS), assumed["procurement"]),
        student_spending=assumed["student_spending"] * mean_wage * students,
    )  # fmt: skip
    supply = floor_elasticity(inputs, travel.area_km2, assumed)
    return calibrate(
        residents=private.sum(1), jobs=private.sum(0), wage=inputs.wage, minutes=fit.minutes,
        distance=travel.distance(fit.gravity.own_scale), commuting=private / private.sum(),
        parameters=parameters(assumed, fit.gravity.decay, supply), institutions=crowd,
        floor_price=inputs.floor_price, land_area=travel.area_km2, import_share=assumed["import_share"],
        trade_elasticity=assumed["trade_distance"], services_decay=1.0 / assumed["services_km"],
        job_decay=assumed["productivity_decay"],
    )  # fmt: skip


def _room(codes: tuple[str, ...], share: Array, jobs: Array, posts: Array) -> None:
    """Refuse more institutional jobs than a county can hold."""
    full = np.flatnonzero(share > 0.5 * (1.0 + MOST_INSTITUTIONAL))
    if len(full):
        raise ScenarioError(
            [
                Fault(
                    "simulate.more_posts_than_jobs", codes[place],
                    {"posts": round(float(posts[:, place].sum())), "jobs": round(float(jobs[place]))},
                )
                for place in full
            ]
        )  # fmt: skip

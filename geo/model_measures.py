"""The measures of the full model, one row each; :mod:`geo.measures` makes them measures.

Columns: id, unit, status, source, group, scale, digits, formula. Names, helps and sources in words are at
``measure.<id>``. Formulas name the equations of ``docs/model.md``.
"""

from __future__ import annotations

__all__ = ["FULL", "FULL_GROUPS", "Row"]

Row = tuple[str, str, str, str, str, str, int, str]

FULL_GROUPS = ("jobs", "prices", "income", "roads", "environment", "region")

_MODEL = "The equilibrium of docs/model.md, calibrated on the layers"
_WAGES = _MODEL + "; city_indicators.csv, average_wage_employees 2020"
_RENTS = _MODEL + "; district_indicators.csv, rent_per_listing; estimated outside Beijing"
_ROADS = "Roads between counties; traffic_facts.csv, congestion indices 2020"
_AIR = "regional_series.csv, inventories 2012 to 2020; published_effects.csv, A33"
_PLANS = "xiongan_and_beijing_plan_facts.csv"
_PRIOR = _MODEL + "; published_effects.csv, A14"

FULL: tuple[Row, ...] = (
    (
        "followers", "persons", "identified", _MODEL, "people", "diverging", 0,
        "change of private workers and other institutions' staff by home x residents per worker (eq. 1, 3)",
    ),
    (
        "private_jobs", "jobs", "prior", _PRIOR, "jobs", "sequential", 0,
        "workers - institutional jobs before, plus the change of private jobs by workplace (eq. 1, 8)",
    ),
    (
        "tradable_jobs", "jobs", "prior", _PRIOR, "jobs", "sequential", 0,
        "private jobs that sell goods, and services sold afar, by workplace (eq. 7, 8)",
    ),
    (
        "services_jobs", "jobs", "prior", _PRIOR, "jobs", "sequential", 0,
        "private jobs that sell services around, by workplace (eq. 6, 8)",
    ),
    (
        "private_per_post", "ratio", "prior", _PRIOR, "jobs", "diverging", 2,
        "change of private_jobs within an hour, where no posts leave / posts gained there (eq. 1 to 9)",
    ),
    (
        "services_per_post", "ratio", "prior", _PRIOR, "jobs", "diverging", 2,
        "change of services_jobs within an hour, where no posts leave / posts gained there (eq. 1 to 9)",
    ),
    (
        "productivity", "index", "identified", _MODEL, "jobs", "sequential", 4,
        "A_i after / before: (density of jobs)^nu, adjusting by adjust_productivity a year (eq. 10)",
    ),
    (
        "wage", "cny_per_year", "identified", _WAGES, "prices", "sequential", 0,
        "the city's average wage x change of the private wage by workplace (eq. 8); region: mean by jobs",
    ),
    (
        "floor_price", "cny_per_m2_year", "identified", _RENTS, "prices", "sequential", 0,
        "rent before x change of the price, at most the cap (eq. 9); region: mean by floor space",
    ),
    (
        "floor_space", "m2", "assumption", _RENTS, "prices", "sequential", 0,
        "spending on floor space / price, plus what is built, less what stays empty, plus supply (eq. 9)",
    ),
    (
        "floor_unmet", "m2", "assumption", _RENTS, "prices", "sequential", 0,
        "floor space wanted at the capped price beyond what there is (eq. 9)",
    ),
    (
        "real_income", "cny_per_year", "identified", _WAGES, "income", "sequential", 0,
        "mean private wage of residents after tax / change of the cost of living (eq. 5, 13)",
    ),
    (
        "income_per_head", "cny_per_year", "identified", _WAGES, "income", "sequential", 0,
        "wages and staff pay of residents after tax / residents (eq. 5)",
    ),
    (
        "output", "bn_cny", "identified", _WAGES, "income", "sequential", 2,
        "private sales + staff pay by workplace, billion CNY a year (eq. 7, 8)",
    ),
    (
        "share_over_60", "percent", "estimated", "Gravity model fitted to published moments", "commuting",
        "sequential", 1, "share of daily trips of residents that take more than 60 minutes one way",
    ),
    (
        "peak_speed", "km_h", "identified", _ROADS, "roads", "sequential", 1,
        "vehicle-km / vehicle-hours of commuters in the peak hour, links half in either county (eq. 11)",
    ),
    (
        "delay", "vehicle_hours", "identified", _ROADS, "roads", "sequential", 0,
        "vehicle-hours - vehicle-hours at free flow in the peak hour (eq. 11)",
    ),
    (
        "vehicle_km", "million_km", "identified", _ROADS, "roads", "sequential", 1,
        "vehicle-km of the peak hour / peak share x two trips x 250 days (eq. 11)",
    ),
    (
        "co2", "mt_per_year", "assumption", _AIR, "environment", "sequential", 2,
        "vehicle-km, floor space and tradable sales x factors that give the inventory before (eq. 12)",
    ),
    (
        "nox", "kt_per_year", "assumption", _AIR, "environment", "sequential", 2,
        "vehicle-km, floor space and tradable sales x factors that give the inventory before (eq. 12)",
    ),
    (
        "pm25_emitted", "kt_per_year", "assumption", _AIR, "environment", "sequential", 2,
        "vehicle-km, floor space and tradable sales x factors that give the inventory before (eq. 12)",
    ),
    (
        "exposure", "ug_m3", "assumption", "city_indicators.csv, pm25_annual_mean; " + _AIR, "environment",
        "sequential", 2, "region only: concentration weighted by residents (eq. 12)",
    ),
    (
        "welfare", "percent", "identified", _MODEL, "region", "diverging", 3,
        "region only: 100 (U-hat - 1) of private workers (eq. 13)",
    ),
    (
        "gini", "index", "identified", _WAGES, "region", "sequential", 4,
        "region only: Gini of real income per head between counties, by residents",
    ),
    (
        "theil_within", "index", "identified", _WAGES, "region", "sequential", 4,
        "region only: Theil's T of real income per head within Beijing, Tianjin and Hebei",
    ),
    (
        "theil_between", "index", "identified", _WAGES, "region", "sequential", 4,
        "region only: Theil's T of real income per head between Beijing, Tianjin and Hebei",
    ),
    (
        "income_beijing_hebei", "ratio", "identified",
        "city_indicators.csv, disposable_income_per_capita 2020; " + _MODEL, "region", "sequential", 3,
        "region only: published ratio of disposable incomes x change of income per head of both",
    ),
    (
        "income_tianjin_hebei", "ratio", "identified",
        "city_indicators.csv, disposable_income_per_capita 2020; " + _MODEL, "region", "sequential", 3,
        "region only: published ratio of disposable incomes x change of income per head of both",
    ),
    (
        "xiongan_fill", "percent", "assumption", _PLANS + ": xiongan_planned_population_longrun_high",
        "region", "sequential", 1, "region only: residents of Xiongan's three counties / 2.5 million",
    ),
    (
        "six_districts", "persons", "assumption", _PLANS + ": beijing_six_districts_target", "region",
        "sequential", 0, "region only: residents of Beijing's six central districts",
    ),
    (
        "six_districts_gap", "persons", "assumption", _PLANS + ": beijing_six_districts_target", "region",
        "diverging", 0, "region only: six_districts - 10.85 million; above 0 the target is missed",
    ),
    (
        "industry_value_added", "bn_cny", "identified",
        "regional_series.csv, industrial_added_value 2022; " + _MODEL, "region", "sequential", 1,
        "region only: published 2022 value x change of sales of tradables",
    ),
)  # fmt: skip

"""The spatial equilibrium of commuting, trade, services and floor space in exact-hat form.

Equations 1 to 10 and 13 of ``docs/model.md``; Monte, Redding and Rossi-Hansberg (2018) and Seidel and
Wickerath (2020) are the special case without institutions, services and commercial floor space. The state is
``(w, Q, L_T, L_S, R)`` in logs of after / before, one number per zone each; an evaluation multiplies it with
fixed N x N matrices only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.errors import Fault, ModelError
from geo.model.solve import Array, FixedPoint, anderson, continuation
from geo.model.state import Calibrated, Equilibrium, Parameters, Shock

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Calibrated",
    "Equilibrium",
    "Lag",
    "Parameters",
    "Shock",
    "commuting_flows",
    "solve",
    "trade_shares_after",
]

# Largest |change in log jobs| that is believed without a second start.
GUARD = 1.5
# Two starts agree if their solutions, in logs, differ by less than this.
_SAME = 1e-6
# Baselines further from their own equations than this, in logs, are refused.
_CONSISTENT = 1e-4
# Share of its gap that each block of the state closes in one plain step; Anderson acceleration does the rest.
_STEP_Q, _STEP_L = 0.5, 0.5
_WAGE, _FLOOR, _JOBS_T, _JOBS_S, _HOMES = range(5)


@dataclass(frozen=True, eq=False)
class Lag:
    """What last year left behind, for a year of partial adjustment.

    Attributes
    ----------
    flows
        Private workers by home and work last year, (N, N), persons.
    log_floor
        Log response of floor space to prices reached last year, (N,).
    log_spill
        Log response of productivity to density reached last year, (N,).
    """

    flows: Array
    log_floor: Array
    log_spill: Array


class _Staff:
    """Homes of staff who share one elasticity of the choice of home (eq. 3)."""

    def __init__(
        self, base: Calibrated, shock: Shock, eps: float, rows: NDArray[np.intp], free: Array
    ) -> None:
        self.eps, self.rows = eps, rows
        self.weight = np.asarray(base.staff_home)
        if shock.minutes is not None:
            self.weight = self.weight * np.exp(-eps * base.parameters.kappa * shock.minutes)
        if shock.commuting_cost_hat is not None:
            self.weight = self.weight * shock.commuting_cost_hat**-eps
        self.free = free[rows]
        self.posts = self.free.sum(0)
        self.pay = (self.free * base.staff_pay[rows]).sum(0)

    def homes(self, log_utility: Array) -> tuple[Array, Array]:
        """Return persons and pay by home, (N,) each."""
        pull = np.exp(self.eps * log_utility)
        access = pull @ self.weight
        return pull * (self.weight @ (self.posts / access)), pull * (self.weight @ (self.pay / access))

    def by_class(self, log_utility: Array) -> tuple[Array, Array]:
        """Return homes by class, (classes, N), and log welfare by class."""
        pull = np.exp(self.eps * log_utility)
        access = pull @ self.weight
        homes = pull * ((self.free / access) @ self.weight.T)
        total = np.maximum(self.free.sum(1), np.finfo(float).tiny)
        return homes, (self.free @ np.log(access)) / total / self.eps


class _System:
    """The map whose fixed point is the equilibrium, for one economy, shock and, in a path, last year."""

    def __init__(self, base: Calibrated, shock: Shock, lag: Lag | None = None) -> None:
        self.base, self.shock, self.lag, self.n = base, shock, lag, base.zones
        self.parameters = p = base.parameters
        self.services = p.services_share > 0 and base.trade_S is not None
        self.infinite = bool(np.isinf(p.open_elasticity))
        self.delta = np.broadcast_to(np.asarray(p.floor_elasticity, dtype=float), (self.n,))
        self.wage_step = 1.0 / (2.0 + p.eps)
        self._weights()
        self._institutions()
        self._places()

    def _weights(self) -> None:
        """Fold the changes of bilateral costs into the fixed matrices (eq. 1 and 7)."""
        base, shock, p = self.base, self.shock, self.parameters
        weight = base.commuting
        if shock.commuting_cost_hat is not None:
            weight = weight * shock.commuting_cost_hat**-p.eps
        if shock.minutes is not None:
            weight = weight * np.exp(-p.eps * p.kappa * shock.minutes)
        self.log_amenity: Array = np.zeros(self.n)
        if shock.amenity_hat is not None:
            if np.ndim(shock.amenity_hat) == 1:
                self.log_amenity = np.log(shock.amenity_hat)
            else:
                weight = weight * shock.amenity_hat
        self.commuting = weight
        self.trade_T, self.trade_S = base.trade_T, base.trade_S
        self.job_decay = base.job_decay if shock.job_decay is None else shock.job_decay
        self.home_decay = base.home_decay if shock.home_decay is None else shock.home_decay
        if shock.trade_cost_hat is not None and base.trade_T is not None:
            self.trade_T = base.trade_T * shock.trade_cost_hat ** (1.0 - p.sigma_T)
        if shock.services_cost_hat is not None and base.trade_S is not None:
            self.trade_S = base.trade_S * shock.services_cost_hat ** (1.0 - p.sigma_S)

    def _institutions(self) -> None:
        """Count posts after the shock, their floor space, purchases and pay, and who keeps an old home."""
        base, shock, n = self.base, self.shock, self.n
        self.staff_groups: list[_Staff] = []
        self.kept, self.kept_pay = np.zeros(n), np.zeros(n)
        self.posts, self.staff_work_pay = np.zeros(n), np.zeros(n)
        self.purchases, self.staff_floor = np.zeros(n), np.zeros(n)
        self.staff_jobs = base.staff
        if not base.groups:
            return
        self.staff_jobs = base.staff if shock.staff is None else np.maximum(base.staff + shock.staff, 0.0)
        kept_work = 0.0 if shock.kept_work is None else shock.kept_work
        free = np.maximum(self.staff_jobs - kept_work, 0.0)
        pay = self.staff_jobs * base.staff_pay
        self.posts, self.staff_work_pay = base.staff_weight @ self.staff_jobs, pay.sum(0)
        self.purchases, self.staff_floor = base.procurement @ pay, base.staff_floor @ self.staff_jobs
        for eps in np.unique(base.staff_eps):
            rows = np.flatnonzero(base.staff_eps == eps)
            self.staff_groups.append(_Staff(base, shock, float(eps), rows, free))
        if shock.kept_home is not None and shock.kept_work is not None:
            self.kept = shock.kept_home.sum(0)
            people = shock.kept_work.sum(1)
            mean_pay = (shock.kept_work * base.staff_pay).sum(1) / np.where(people > 0, people, 1.0)
            self.kept_pay = mean_pay @ shock.kept_home

    def _places(self) -> None:
        """Gather changes by zone: amenity, productivity and floor space (eq. 9 and 10), and their lags."""
        shock, p, lag = self.shock, self.parameters, self.lag
        utility = np.zeros(self.n)
        for ratio, elasticity in ((shock.beds_hat, p.eta_beds), (shock.school_hat, p.eta_school)):
            if ratio is not None:
                utility = utility + elasticity * np.log(ratio)
        if shock.pm is not None:
            utility = utility - p.eta_pm * shock.pm
        self.log_amenity = self.log_amenity + p.eps * utility
        self.log_a = np.zeros(self.n) if shock.productivity_hat is None else np.log(shock.productivity_hat)
        built = np.ones(self.n) if shock.floor_space_hat is None else shock.floor_space_hat.astype(float)
        if shock.floor_space is not None:
            built = built + shock.floor_space / self.base_floor_space
        if (built <= 0).any():
            first = int(np.flatnonzero(built <= 0)[0])
            values = {"count": int((built <= 0).sum()), "first": (first,)}
            raise ModelError(Fault("equilibrium.more_than_exist", where="shock.floor_space", values=values))
        self.log_supply = np.log(built)
        self.supply_slope, self.nu = self.delta, p.nu
        self.log_floor0, self.log_spill0 = np.zeros(self.n), np.zeros(self.n)
        if lag is not None:
            self.supply_slope, self.nu = p.rho_H * self.delta, p.rho_A * p.nu
            self.log_floor0 = (1.0 - p.rho_H) * lag.log_floor
            self.log_spill0 = (1.0 - p.rho_A) * lag.log_spill

    @cached_property
    def base_values(self) -> dict[str, Any]:
        """Every quantity of the baseline."""
        return _unshocked(self.base).values_at_zero

    @cached_property
    def values_at_zero(self) -> dict[str, Any]:
        """Every quantity at the start of the search; only asked of the unshocked economy."""
        one = np.ones(self.n)
        values = self._technology(np.zeros((5, self.n)), (one, one))
        values |= self._choice(np.zeros((5, self.n)), values, (one, one))
        return values | self._spending(np.zeros((5, self.n)), values)

    @property
    def base_floor_space(self) -> Array:
        """Floor space before, (N,), m2."""
        out: Array = self.base_values["floor_demand"] / self.base.floor_price
        return out

    def _density(self, logs: Array) -> tuple[Array, Array]:
        """Return jobs (with weighted posts) and residents as each zone feels them (eq. 10), unscaled."""
        base = self.base
        jobs = base.jobs_T * np.exp(logs[_JOBS_T]) + base.jobs_S * np.exp(logs[_JOBS_S]) + self.posts
        homes = self.base_homes * np.exp(logs[_HOMES])
        return (
            jobs if self.job_decay is None else self.job_decay @ jobs,
            homes if self.home_decay is None else self.home_decay @ homes,
        )

    @cached_property
    def base_homes(self) -> Array:
        """Private workers and staff by home before, (N,), persons."""
        return np.asarray(self.base.residents + self.base.staff_homes.sum(0))

    @cached_property
    def base_density(self) -> tuple[Array, Array]:
        """Density of jobs and residents before."""
        return _unshocked(self.base).density_at_zero

    @cached_property
    def density_at_zero(self) -> tuple[Array, Array]:
        """Density at the start of the search; only asked of the unshocked economy."""
        return self._density(np.zeros((5, self.n)))

    def _technology(self, logs: Array, density: tuple[Array, Array]) -> dict[str, Any]:
        """Productivity, unit costs and prices (eq. 7 and 10)."""
        p = self.parameters
        log_spill = self.log_spill0 + self.nu * np.log(density[0])
        log_a = self.log_a + log_spill
        out: dict[str, Any] = {"log_spill": log_spill, "log_a": log_a}
        zero = np.zeros(self.n)
        out["log_P_T"], out["log_P_S"] = zero, zero
        if not p.single_price:
            log_cost = p.labour_T * logs[_WAGE] + (1.0 - p.labour_T) * logs[_FLOOR] - log_a
            out["pull_T"] = np.exp(p.chi * logs[_JOBS_T] + (1.0 - p.sigma_T) * log_cost)
            out["sum_T"] = out["pull_T"] @ self.trade_T + self.base.import_share
            out["log_P_T"] = np.log(out["sum_T"]) / (1.0 - p.sigma_T)
        if self.services:
            log_cost = p.labour_S * logs[_WAGE] + (1.0 - p.labour_S) * logs[_FLOOR] - log_a
            out["pull_S"] = np.exp((1.0 - p.sigma_S) * log_cost)
            out["sum_S"] = out["pull_S"] @ self.trade_S
            out["log_P_S"] = np.log(out["sum_S"]) / (1.0 - p.sigma_S)
        return out

    def _choice(
        self, logs: Array, tech: dict[str, Any], density: tuple[Array, Array], log_size: float = 0.0
    ) -> dict[str, Any]:
        """Homes, workplaces and incomes of private workers and staff (eq. 1, 3, 4 and 5)."""
        p, base = self.parameters, self.base
        log_wage = logs[_WAGE]
        cost = p.share_T * tech["log_P_T"] + p.share_S * tech["log_P_S"] + p.housing_share * logs[_FLOOR]
        log_b = self.log_amenity + p.eps * p.eta * np.log(density[1])
        home, work = np.exp(log_b - p.eps * cost), np.exp(p.eps * log_wage)
        wage = base.wage * np.exp(log_wage)
        reach = self.commuting @ work
        paid = self.commuting @ (work * wage)
        phi = float(home @ reach)
        log_u = np.log(phi) / p.eps
        size = np.exp(log_size if self.infinite else p.open_elasticity * log_u)
        workers = base.workers * size + self.shock.private_workers
        residents = workers / phi * home * reach
        jobs = workers / phi * work * (home @ self.commuting)
        private = workers / phi * home * paid
        if self.lag is not None:
            keep, change = 1.0 - p.rho_R, p.rho_R
            residents = keep * self.lag.flows.sum(1) + change * residents
            jobs = keep * self.lag.flows.sum(0) + change * jobs
            private = keep * (self.lag.flows @ wage) + change * private
        homes, staff_pay = self.kept, self.kept_pay
        log_utility = log_b / p.eps - cost
        for group in self.staff_groups:
            people, pay = group.homes(log_utility)
            homes, staff_pay = homes + people, staff_pay + pay
        return {
            "cost": cost, "log_b": log_b, "home": home, "work": work, "wage": wage, "phi": phi,
            "log_u": log_u,
            "workers": workers, "residents": residents, "jobs": jobs, "private": private,
            "all_homes": residents + homes, "staff_pay": staff_pay, "log_utility": log_utility,
        }  # fmt: skip

    def _spending(self, logs: Array, at: dict[str, Any]) -> dict[str, Any]:
        """Demand for goods, services and floor space by zone, and sales (eq. 5, 6, 8 and 9)."""
        p, base = self.parameters, self.base
        net = (1.0 - base.tax) * (at["private"] + at["staff_pay"])
        bill_T = at["wage"] * base.jobs_T * np.exp(logs[_JOBS_T])
        bill_S = at["wage"] * base.jobs_S * np.exp(logs[_JOBS_S])
        commercial = bill_T * (1.0 / p.labour_T - 1.0) + bill_S * (1.0 / p.labour_S - 1.0)
        official = self.staff_floor * base.floor_price * np.exp(logs[_FLOOR])
        students = base.student_spending
        if self.shock.student_spending is not None:
            students = students + self.shock.student_spending
        spent = net + commercial + official + students + self.purchases
        out = {"income": net, "spent": spent, "floor_demand": p.housing_share * net + commercial + official}
        out["transfers"] = (at["staff_pay"] + official + students + self.purchases).sum()
        out["taxes"] = base.tax * (at["private"] + at["staff_pay"]).sum()
        if self.services:
            lunch = p.workplace_services * (1.0 - p.housing_share) * (1.0 - base.tax)
            earned = at["wage"] * at["jobs"] + self.staff_work_pay
            node = p.services_share * (spent + lunch * (earned - at["private"] - at["staff_pay"]))
            out["node_S"] = node
            out["sales_S"] = at["pull_S"] * (self.trade_S @ (node / at["sum_S"]))
        if not p.single_price:
            goods = (1.0 - p.services_share) * spent
            out["imports"] = base.import_share * goods / at["sum_T"]
            out["exports"] = base.exports * at["pull_T"]
            out["sales_T"] = at["pull_T"] * (self.trade_T @ (goods / at["sum_T"])) + out["exports"]
        return out

    def values(self, state: Array) -> tuple[Array, dict[str, Any]]:
        """Return the state as (5, N) and every quantity at it."""
        logs = state[: 5 * self.n].reshape(5, self.n)
        near, home = self._density(logs)
        base_near, base_home = self.base_density
        density = (near / base_near, home / base_home)
        at = self._technology(logs, density)
        at |= self._choice(logs, at, density, float(state[-1]))
        return logs, at | self._spending(logs, at)

    def step(self, state: Array) -> Array:
        """Return the state that the equations ask for, part of the way (eq. 8 and 9)."""
        p, base = self.parameters, self.base
        logs, at = self.values(state)
        new = np.zeros_like(logs)
        if p.single_price:
            new[_WAGE] = (at["log_a"] - (1.0 - p.labour_T) * logs[_FLOOR]) / p.labour_T
            share_T = np.ones(self.n)
        else:
            bill_T = p.labour_T * at["sales_T"]
            bill = bill_T + p.labour_S * at["sales_S"] if self.services else bill_T
            share_T = bill_T / bill
            gap = self.wage_step * np.log(bill / (at["wage"] * at["jobs"]))
            # Wages that rise everywhere draw nobody from next door: the common part takes a double step.
            new[_WAGE] = logs[_WAGE] + gap + gap.mean()
            if not base.open_to_partner:
                new[_WAGE] -= np.log(base.wage @ np.exp(new[_WAGE]) / base.wage.sum())
        target = (
            np.log(at["floor_demand"] / self.base_values["floor_demand"]) - self.log_supply - self.log_floor0
        )
        new[_FLOOR] = logs[_FLOOR] + _STEP_Q * (target / (1.0 + self.supply_slope) - logs[_FLOOR])
        gap = np.log(at["jobs"] * share_T / base.jobs_T) - logs[_JOBS_T]
        new[_JOBS_T] = logs[_JOBS_T] + _STEP_L * gap
        if self.services:
            gap = np.log(at["jobs"] * (1.0 - share_T) / base.jobs_S) - logs[_JOBS_S]
            new[_JOBS_S] = logs[_JOBS_S] + _STEP_L * gap
        new[_HOMES] = logs[_HOMES] + _STEP_L * (np.log(at["all_homes"] / self.base_homes) - logs[_HOMES])
        out = new.reshape(-1)
        return np.append(out, state[-1] + at["log_u"]) if self.infinite else out

    @property
    def start(self) -> Array:
        """The baseline as a state."""
        return np.zeros(5 * self.n + int(self.infinite))

    def result(self, found: FixedPoint, *, second_start: bool) -> Equilibrium:
        """Turn a solution into an :class:`Equilibrium`."""
        base, p = self.base, self.parameters
        logs, at = self.values(found.value)
        before = self.base_values
        response = self.log_floor0 + self.supply_slope * logs[_FLOOR]
        floor_space = np.exp(self.log_supply + response)
        price = base.floor_price * np.exp(logs[_FLOOR])
        cap = np.inf if self.shock.price_cap is None else self.shock.price_cap
        paid = np.minimum(price, cap)
        stock = self.base_floor_space * floor_space
        unmet = (at["floor_demand"] - self.official(logs)) * (1.0 / paid - 1.0 / price)
        homes, welfare = self._staff_result(at["log_utility"])
        ones = np.ones(self.n)
        wage_home = at["private"] / at["residents"] / (before["private"] / before["residents"])
        revenue = at.get("sales_T", 0.0) + at.get("sales_S", 0.0)
        gap = 0.0
        if base.open_to_partner:
            flow = at["imports"].sum() - at["exports"].sum() - at["transfers"] + at["taxes"]
            gap = float(flow / np.sum(revenue))
        return Equilibrium(
            wage_hat=np.exp(logs[_WAGE]), jobs_hat=at["jobs"] / base.jobs, jobs_T_hat=np.exp(logs[_JOBS_T]),
            jobs_S_hat=np.exp(logs[_JOBS_S]), residents_hat=at["residents"] / base.residents,
            residential_wage_hat=wage_home, floor_price_hat=np.exp(logs[_FLOOR]), floor_space_hat=floor_space,
            price_T_hat=np.exp(at["log_P_T"]), price_S_hat=np.exp(at["log_P_S"]),
            cost_of_living_hat=np.exp(at["cost"]), productivity_hat=np.exp(at["log_a"]),
            amenity_hat=np.exp(at["log_b"] / p.eps), welfare=float(np.exp(at["log_u"])),
            staff_welfare=welfare,
            workers=float(at["residents"].sum()), residents=at["residents"], jobs=at["jobs"],
            jobs_T=base.jobs_T * np.exp(logs[_JOBS_T]), jobs_S=base.jobs_S * np.exp(logs[_JOBS_S]),
            staff_jobs=self.staff_jobs, staff_homes=homes, income=at["income"],
            real_income_hat=wage_home / np.exp(at["cost"]), sales_T=at.get("sales_T", 0.0 * ones),
            sales_S=at.get("sales_S", 0.0 * ones), exports=at.get("exports", 0.0 * ones),
            imports=at.get("imports", 0.0 * ones), floor_rent=price * stock, floor_price_paid=paid,
            floor_space_unmet=unmet, home_factor=at["home"], work_factor=at["work"], phi=at["phi"],
            residual=found.residual, iterations=found.iterations, walras=gap, second_start=second_start,
            log_state=found.value, log_floor=response, log_spill=at["log_spill"],
        )  # fmt: skip

    def official(self, logs: Array) -> Array:
        """Return what institutions' floor space is worth, (N,), CNY / year; it does not react to price."""
        out: Array = self.staff_floor * self.base.floor_price * np.exp(logs[_FLOOR])
        return out

    def _staff_result(self, log_utility: Array) -> tuple[Array, Array]:
        """Homes by class with those who keep theirs, (G, N), and welfare by class (G,)."""
        homes = np.zeros((self.base.groups, self.n))
        welfare = np.zeros(self.base.groups)
        for group in self.staff_groups:
            homes[group.rows], welfare[group.rows] = group.by_class(log_utility)
        if self.shock.kept_home is not None:
            homes = homes + self.shock.kept_home
        return homes, np.exp(welfare)


def solve(
    base: Calibrated,
    shock: Shock | None = None,
    *,
    start: Array | None = None,
    lag: Lag | None = None,
    tolerance: float = 1e-11,
    depth: int = 6,
    max_iterations: int = 400,
) -> Equilibrium:
    """Return the equilibrium of ``base`` after ``shock`` (eq. 1 to 10 and 13).

    A direct Anderson-accelerated search comes first; where it fails, the shock is applied in steps. A
    result whose jobs change by more than a factor e**1.5 somewhere is believed only if a second start ends
    there too.

    Parameters
    ----------
    base
        A calibrated economy of any number of zones.
    shock
        What changes; None for nothing, whose answer is 1 everywhere.
    start
        A ``log_state`` to start from, for instance last year's.
    lag
        Last year's state; then workers, floor space and productivity adjust in part (:mod:`geo.model.years`).
    tolerance
        Largest residual in logs.
    depth
        Memory of the acceleration.
    max_iterations
        Evaluations of each search.

    Raises
    ------
    ModelError
        With every fault of the economy and the shock; where no equilibrium is found; where two are.
    """
    shock = shock or Shock()
    _check(base, shock)

    def search(system: _System, first: Array) -> FixedPoint:
        with np.errstate(all="ignore"):
            return anderson(
                system.step, first, tolerance=tolerance, depth=depth, max_iterations=max_iterations
            )

    system = _System(base, shock, lag)
    found = search(system, system.start if start is None else start)
    if not found.converged:
        found = continuation(
            lambda share, first: search(_System(base, shock.scaled(share), lag), first),
            system.start,
            first=0.5,
        )
    if not found.converged:
        values = {"residual": found.residual, "iterations": found.iterations}
        raise ModelError(Fault("equilibrium.not_found", where="solve", values=values))
    large = float(np.abs(_log_jobs(system, found.value)).max()) > GUARD
    if large:
        again = search(system, -0.25 * found.value)
        if not again.converged or np.abs(again.value - found.value).max() > _SAME:
            change = float(np.abs(_log_jobs(system, found.value)).max())
            values = {"change": change, "guard": GUARD}
            raise ModelError(Fault("equilibrium.two_answers", where="solve", values=values))
    return system.result(found, second_start=large)


def _log_jobs(system: _System, state: Array) -> Array:
    """Return the log change of private jobs at a state, (N,)."""
    base, logs = system.base, state[: 5 * system.n].reshape(5, system.n)
    jobs = base.jobs_T * np.exp(logs[_JOBS_T]) + base.jobs_S * np.exp(logs[_JOBS_S])
    return np.asarray(np.log(jobs / base.jobs))


def _unshocked(base: Calibrated) -> _System:
    """Return the system of the baseline, kept on the economy because every shock is measured against it."""
    cache: dict[str, Any] = base.__dict__
    if "_system" not in cache:
        cache["_system"] = _System(base, Shock())
    out: _System = cache["_system"]
    return out


def _check(base: Calibrated, shock: Shock) -> None:
    """Raise with every fault; the economy is looked at once only."""
    if "_checked" not in base.__dict__:
        base.check()
        system = _unshocked(base)
        gap = float(np.abs(system.step(system.start)).max())
        if not gap < _CONSISTENT:
            raise ModelError(Fault("equilibrium.inconsistent", where="baseline", values={"gap": gap}))
        base.__dict__["_checked"] = True
    if faults := shock.faults(base):
        raise ModelError(faults)


def commuting_flows(base: Calibrated, shock: Shock, after: Equilibrium, lag: Lag | None = None) -> Array:
    """Return private workers by home and work after the shock, (N, N), persons (eq. 1)."""
    weight = _System(base, shock).commuting
    total = after.workers
    rho = base.parameters.rho_R
    if lag is not None:
        total = (after.workers - (1.0 - rho) * lag.flows.sum()) / rho
    flows: Array = (total / after.phi) * after.home_factor[:, None] * weight * after.work_factor
    return flows if lag is None else (1.0 - rho) * lag.flows + rho * flows


def trade_shares_after(base: Calibrated, shock: Shock, after: Equilibrium) -> Array:
    """Return shares of spending on tradables after the shock, [i, n], (N, N) (eq. 7)."""
    system = _System(base, shock)
    _, at = system.values(after.log_state)
    return np.asarray(at["pull_T"][:, None] * system.trade_T / at["sum_T"])

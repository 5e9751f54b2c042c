"""What the equilibrium is told and what it answers: parameters, a calibrated economy, a shock, a result.

All are frozen values of plain arrays. Zones are numbered 0 … N-1 in the caller's order. Homes ``n`` are rows
and workplaces ``i`` columns of commuting; in trade, ``[i, n]`` is made in i and bought in n. ``x_hat`` is
after / before. Equation numbers are those of ``docs/model.md``.
"""

# ruff: noqa: N802, N815  (the model's symbols keep their case)

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.errors import Fault, ModelError
from geo.model.inversion import connected_faults, positive_faults, shape_faults

if TYPE_CHECKING:
    from geo.model.solve import Array

__all__ = ["Calibrated", "Equilibrium", "Parameters", "Shock"]


def _empty() -> Array:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Parameters:
    """Elasticities and shares; defaults are the central values of ``facts/parameters.csv``.

    Attributes
    ----------
    eps
        Frechet shape of the choice of home and work (eq. 1).
    kappa
        Commuting cost per one-way minute in utility; flows decay with ``eps * kappa`` (eq. 1).
    housing_share
        Share aH of income spent on floor space (eq. 1).
    services_share
        aS / (aS + aT), share of services in other spending (eq. 6); 0 leaves services out.
    labour_T, labour_S
        Labour's share b in the value of output; the rest pays commercial floor space (eq. 7).
    sigma_T, sigma_S
        Elasticities of substitution (eq. 7).
    single_price
        No trade: every zone sells at one price, 1 (ARSW's city). Then ``sigma_T`` and ``chi`` do nothing.
    chi
        Variety (home-market) effect, 0 to 1 (eq. 7).
    nu
        Elasticity of productivity to job density (eq. 10).
    eta
        Elasticity of amenity, in utility, to resident density (eq. 10). Choice shares react by ``eps * eta``.
    eta_beds, eta_school, eta_pm
        Amenity in utility: elasticities to beds and school places, and loss per ug/m3 of PM2.5 (eq. 10).
    floor_elasticity
        Supply elasticity delta of floor space; one number or one per zone (eq. 9).
    open_elasticity
        Elasticity of the region's private workers to welfare (eq. 4); ``inf`` fixes welfare.
    workplace_services
        Share psi_d of workers' services bought at the workplace (eq. 6).
    rho_R, rho_H, rho_A
        Shares closed in a year: re-optimising workers, floor space, productivity.
    """

    eps: float = 4.5
    kappa: float = 0.05 / 4.5
    housing_share: float = 0.25
    services_share: float = 0.5
    labour_T: float = 0.8
    labour_S: float = 0.8
    sigma_T: float = 4.0
    sigma_S: float = 4.0
    single_price: bool = False
    chi: float = 0.0
    nu: float = 0.06
    eta: float = 0.05
    eta_beds: float = 0.0
    eta_school: float = 0.0
    eta_pm: float = 0.0
    floor_elasticity: float | Array = 0.6
    open_elasticity: float = 1.5
    workplace_services: float = 0.3
    rho_R: float = 0.08
    rho_H: float = 0.12
    rho_A: float = 0.10

    @property
    def share_T(self) -> float:
        """Share of income spent on tradables, aT."""
        return (1.0 - self.housing_share) * (1.0 - self.services_share)

    @property
    def share_S(self) -> float:
        """Share of income spent on services, aS."""
        return (1.0 - self.housing_share) * self.services_share

    @property
    def stability(self) -> float:
        """Return the stability index s; above 0 several equilibria, or none, are possible.

        ``s = nu + chi / (sigma - 1) + eta - mean(aH / (1 + delta)) - 1 / eps``: forces that draw people
        together less forces that keep them apart (Allen and Arkolakis 2014, the sign of gamma's condition).
        """
        variety = 0.0 if self.single_price else self.chi / (self.sigma_T - 1.0)
        crowding = float(np.mean(self.housing_share / (1.0 + np.asarray(self.floor_elasticity))))
        return self.nu + variety + self.eta - crowding - 1.0 / self.eps

    def faults(self) -> list[Fault]:
        """Return everything that is wrong with the parameters."""
        ranges = {
            "eps": (0.0, np.inf), "kappa": (-1e-300, np.inf), "housing_share": (-1e-300, 1.0),
            "services_share": (-1e-300, 1.0), "labour_T": (0.0, 1 + 1e-12), "labour_S": (0.0, 1 + 1e-12),
            "sigma_T": (1.0, np.inf), "sigma_S": (1.0, np.inf), "chi": (-1e-300, 1 + 1e-12),
            "workplace_services": (-1e-300, 1 + 1e-12), "rho_R": (0.0, 1 + 1e-12), "rho_H": (0.0, 1 + 1e-12),
            "rho_A": (0.0, 1 + 1e-12), "floor_elasticity": (-1e-300, np.inf),
        }  # fmt: skip
        bad = []
        for name, (low, high) in ranges.items():
            value = np.asarray(getattr(self, name), dtype=float)
            if not np.all((value > low) & (value < high)):
                values = {"value": float(np.min(value)), "low": max(low, 0.0), "high": high}
                bad.append(Fault("equilibrium.parameter", where=f"parameters.{name}", values=values))
        for name in ("nu", "eta", "eta_beds", "eta_school", "eta_pm"):
            bad += [
                Fault("equilibrium.not_finite", where=f"parameters.{name}", values={"count": 1, "first": ()})
            ] * (not np.isfinite(getattr(self, name)))
        if not self.open_elasticity >= 0:
            values = {"value": self.open_elasticity, "low": 0.0, "high": np.inf}
            bad.append(Fault("equilibrium.parameter", where="parameters.open_elasticity", values=values))
        if not bad and self.stability > 0:
            bad.append(Fault("equilibrium.unstable", where="parameters", values={"index": self.stability}))
        return bad


@dataclass(frozen=True, eq=False)
class Calibrated:
    """An economy whose observed state is an equilibrium. Build it with :mod:`geo.model.accounts`.

    Attributes
    ----------
    parameters
        Elasticities and shares.
    commuting
        Unconditional shares of private workers, (N, N), sum 1.
    workers
        Private workers, persons.
    wage
        Private wage by workplace, (N,), CNY / year.
    jobs_T, jobs_S
        Private jobs by sector, (N,), persons.
    trade_T, trade_S
        Shares of spending in n on goods, services made in i, (N, N); columns sum to one (goods: less
        imports).
        None where there is a single price, or no services.
    import_share
        Share of tradables bought from the partner (rest of China), (N,).
    exports
        Tradables sold to the partner, (N,), CNY / year.
    student_spending
        Spending of students on goods and services, (N,), CNY / year.
    tax
        Share of wages and staff pay that leaves as tax, so that the accounts with the partner close.
    floor_price
        Floor-space price, (N,), CNY / m2 / year.
    classes, staff, staff_pay
        Names (G,), posts (G, N) by workplace, pay per post (G, N), CNY / year.
    staff_home
        Share of the posts of i whose holders live in n, (N, N), columns sum to one.
    staff_eps, staff_weight, staff_floor, procurement
        By class (G,): elasticity of the choice of home (eq. 3), weight in job density (eq. 10), m2 per post
        (eq. 9), local purchases as a share of pay (eq. 6).
    job_decay, home_decay
        Weights of other zones' jobs and residents in density (eq. 10), (N, N); None: own zone only.
    """

    parameters: Parameters
    commuting: Array
    workers: float
    wage: Array
    jobs_T: Array
    jobs_S: Array
    trade_T: Array | None
    trade_S: Array | None
    import_share: Array
    exports: Array
    student_spending: Array
    tax: float
    floor_price: Array
    classes: tuple[str, ...] = ()
    staff: Array = field(default_factory=_empty)
    staff_pay: Array = field(default_factory=_empty)
    staff_home: Array | None = None
    staff_eps: Array = field(default_factory=_empty)
    staff_weight: Array = field(default_factory=_empty)
    staff_floor: Array = field(default_factory=_empty)
    procurement: Array = field(default_factory=_empty)
    job_decay: Array | None = None
    home_decay: Array | None = None

    @property
    def zones(self) -> int:
        """Number of zones, N."""
        return int(self.wage.size)

    @property
    def groups(self) -> int:
        """Number of staff classes, G."""
        return len(self.classes)

    @cached_property
    def jobs(self) -> Array:
        """Private jobs by workplace, (N,), persons."""
        return np.asarray(self.commuting.sum(0) * self.workers)

    @cached_property
    def residents(self) -> Array:
        """Private workers by home, (N,), persons."""
        return np.asarray(self.commuting.sum(1) * self.workers)

    @cached_property
    def staff_homes(self) -> Array:
        """Staff by class and home, (G, N), persons."""
        if self.staff_home is None:
            return np.zeros((self.groups, self.zones))
        return np.asarray(self.staff @ self.staff_home.T)

    @cached_property
    def open_to_partner(self) -> bool:
        """Whether the rest of China trades with the region and so pins the level of prices."""
        return bool((self.exports > 0).any())

    def faults(self) -> list[Fault]:
        """Return everything that is wrong with parameters, shapes, signs and links."""
        n, g = self.zones, self.groups
        square, line = (n, n), (n,)
        shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
            "commuting": (self.commuting, square),
            **{name: (getattr(self, name), line) for name in
               ("jobs_T", "jobs_S", "import_share", "exports", "student_spending", "floor_price")},
            **{name: (getattr(self, name), square) for name in
               ("trade_T", "trade_S", "job_decay", "home_decay") if getattr(self, name) is not None},
        }  # fmt: skip
        if g:
            shapes |= {"staff": (self.staff, (g, n)), "staff_pay": (self.staff_pay, (g, n))}
            shapes |= {"staff_home": (self.staff_home, square)}
            names = ("staff_eps", "staff_weight", "staff_floor", "procurement")
            shapes |= {name: (getattr(self, name), (g,)) for name in names}
        bad = self.parameters.faults() + shape_faults(shapes)
        if np.size(self.parameters.floor_elasticity) not in (1, n):
            expected = {"expected": line, "found": np.shape(self.parameters.floor_elasticity)}
            bad.append(Fault("equilibrium.shape", where="parameters.floor_elasticity", values=expected))
        positive = {"wage": self.wage, "workers": self.workers, "floor_price": self.floor_price}
        bad += positive_faults(positive)
        bad += positive_faults(
            {name: array for name, (array, _) in shapes.items() if name not in positive}, zero=True
        )
        return bad or self._link_faults()

    def _link_faults(self) -> list[Fault]:
        bad: list[Fault] = []
        margins = {"residents": self.residents, "jobs": self.jobs, "jobs_T": self.jobs_T}
        if self.parameters.services_share > 0 and self.trade_S is not None:
            margins["jobs_S"] = self.jobs_S
        for name, margin in margins.items():
            if (margin <= 0).any():
                first = int(np.flatnonzero(margin <= 0)[0])
                values = {"count": int((margin <= 0).sum()), "first": (first,)}
                bad.append(Fault("equilibrium.not_positive", where=name, values=values))
        if not self.parameters.single_price and self.trade_T is None:
            bad.append(Fault("equilibrium.no_trade", where="trade_T"))
        outside = bool(self.groups or (self.student_spending > 0).any())
        if outside and not self.open_to_partner and not self.parameters.single_price:
            # Nobody would balance the accounts when institutions' money moves.
            values = {"exports": 0.0, "sales": float(self.wage @ self.jobs)}
            bad.append(Fault("equilibrium.no_exports", where="exports", values=values))
        if not self.open_to_partner:
            links = self.commuting if self.trade_T is None else self.commuting + self.trade_T
            bad += connected_faults(links, "commuting, trade_T")
        return bad

    def check(self) -> None:
        """Raise :class:`geo.errors.ModelError` with every fault, if there is any."""
        if faults := self.faults():
            raise ModelError(faults)


@dataclass(frozen=True, eq=False)
class Shock:
    """What is different from the baseline. None means unchanged.

    Attributes
    ----------
    staff
        Change of posts by class and workplace, (G, N), persons.
    kept_home, kept_work
        Of the posts after the change, those whose holders keep an old home: by class and home, and by class
        and workplace, (G, N), persons. The two have equal totals per class.
    private_workers
        Private workers that leave (negative) or join from outside, persons.
    student_spending
        Change, (N,), CNY / year.
    floor_space
        Floor space built (vacated and not reused: negative), (N,), m2.
    floor_space_hat, productivity_hat, beds_hat, school_hat
        Ratios, (N,). Floor space: its supply at unchanged price.
    amenity_hat
        B-hat of eq. 1, which multiplies choice shares: (N,) by home, or (N, N) by home and work. An amenity
        measured in utility enters as its power ``eps``.
    pm
        Change of the PM2.5 concentration, (N,), ug / m3.
    trade_cost_hat, services_cost_hat
        Iceberg costs of tradables and services, [i, n], (N, N).
    commuting_cost_hat
        Ratio of the commuting cost in utility, (N, N); flows react by ``**-eps``.
    minutes
        Change of one-way commuting time, (N, N), minutes.
    price_cap
        Highest floor-space price paid, (N,), CNY / m2 / year; ``inf`` where none.
    job_decay, home_decay
        Weights of density after the shock, (N, N), where travel times changed.
    """

    staff: Array | None = None
    kept_home: Array | None = None
    kept_work: Array | None = None
    private_workers: float = 0.0
    student_spending: Array | None = None
    floor_space: Array | None = None
    floor_space_hat: Array | None = None
    productivity_hat: Array | None = None
    amenity_hat: Array | None = None
    beds_hat: Array | None = None
    school_hat: Array | None = None
    pm: Array | None = None
    trade_cost_hat: Array | None = None
    services_cost_hat: Array | None = None
    commuting_cost_hat: Array | None = None
    minutes: Array | None = None
    price_cap: Array | None = None
    job_decay: Array | None = None
    home_decay: Array | None = None

    def scaled(self, share: float) -> Shock:
        """Return a share of the shock: ratios as powers, changes as multiples. Caps stay as they are."""
        changes: dict[str, object] = {"private_workers": self.private_workers * share}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in {"private_workers", "price_cap", "job_decay", "home_decay"} or value is None:
                continue
            changes[item.name] = value**share if item.name.endswith("_hat") else value * share
        return replace(self, **changes)  # type: ignore[arg-type]

    def faults(self, base: Calibrated) -> list[Fault]:
        """Return everything that is wrong with the shock for ``base``."""
        n, g = base.zones, base.groups
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        del given["private_workers"]
        given = {name: np.asarray(value, dtype=float) for name, value in given.items() if value is not None}
        expected: dict[str, tuple[int, ...]] = dict.fromkeys(given, (n,))
        expected |= dict.fromkeys(("staff", "kept_home", "kept_work"), (g, n))
        pairs = (
            "trade_cost_hat",
            "services_cost_hat",
            "commuting_cost_hat",
            "minutes",
            "job_decay",
            "home_decay",
        )
        expected |= dict.fromkeys(pairs, (n, n))
        if "amenity_hat" in given and given["amenity_hat"].ndim == 2:  # by home and work
            expected["amenity_hat"] = (n, n)
        bad = shape_faults({f"shock.{name}": (array, expected[name]) for name, array in given.items()})
        hats = {f"shock.{name}": array for name, array in given.items() if name.endswith("_hat")}
        bad += positive_faults(hats)
        rest = {k: v for k, v in given.items() if not k.endswith("_hat") and k != "price_cap"}
        bad += positive_faults({f"shock.{name}": np.abs(array) for name, array in rest.items()}, zero=True)
        return bad or self._staff_faults(base)

    def _staff_faults(self, base: Calibrated) -> list[Fault]:
        bad = []
        slack = 1e-9 * max(1.0, float(base.staff.max(initial=0.0)))
        after = base.staff + (0.0 if self.staff is None else self.staff)
        free = after - (0.0 if self.kept_work is None else self.kept_work)
        for name, posts in (("shock.staff", after), ("shock.kept_work", free)):
            if posts.size and posts.min() < -slack:
                first = tuple(int(index) for index in np.argwhere(posts < -slack)[0])
                values = {"count": int((posts < -slack).sum()), "first": first}
                bad.append(Fault("equilibrium.more_than_exist", where=name, values=values))
        homes = 0.0 if self.kept_home is None else self.kept_home.sum(1)
        works = 0.0 if self.kept_work is None else self.kept_work.sum(1)
        if np.abs(np.asarray(homes) - works).max(initial=0.0) > slack:
            values = {"homes": float(np.sum(homes)), "works": float(np.sum(works))}
            bad.append(Fault("equilibrium.kept", where="shock.kept_home, shock.kept_work", values=values))
        if base.workers + self.private_workers <= 0:
            values = {"count": 1, "first": ()}
            bad.append(Fault("equilibrium.more_than_exist", where="shock.private_workers", values=values))
        return bad


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """The state after a shock. ``*_hat`` are after / before; others are levels. All (N,) unless said.

    Attributes
    ----------
    wage_hat, jobs_hat, jobs_T_hat, jobs_S_hat, residents_hat
        Private wage and jobs by workplace, private workers by home.
    residential_wage_hat
        Mean private wage of residents.
    floor_price_hat, floor_space_hat, price_T_hat, price_S_hat, cost_of_living_hat
        Prices and quantities by home.
    productivity_hat, amenity_hat
        With spillovers; amenity in utility.
    welfare, staff_welfare
        U-hat of private workers (eq. 13), and by staff class (G,), for those who choose a home.
    workers
        Private workers after, persons.
    residents, jobs, jobs_T, jobs_S
        Private, persons.
    staff_jobs, staff_homes
        (G, N), persons.
    income, real_income_hat
        Wages and staff pay after tax by home, CNY / year; and, per private worker, over the cost of living.
    sales_T, sales_S, exports, imports
        CNY / year.
    floor_rent
        Price times floor space, CNY / year.
    floor_price_paid, floor_space_unmet
        With a price cap: CNY / m2 / year, and m2 demanded at the capped price beyond supply.
    home_factor, work_factor
        Factors of the change of commuting: ``flows = workers * commuting * costs * home x work / phi``.
    residual, iterations, walras
        Largest residual in logs, evaluations, and the accounts' gap with the partner over all sales.
    second_start
        Whether a second start had to agree (largest change of log jobs above the guard).
    log_state, log_floor, log_spill
        The solution vector; and what :mod:`geo.model.years` carries on: logs of the response of floor space
        to price, and of productivity to density.
    """

    wage_hat: Array
    jobs_hat: Array
    jobs_T_hat: Array
    jobs_S_hat: Array
    residents_hat: Array
    residential_wage_hat: Array
    floor_price_hat: Array
    floor_space_hat: Array
    price_T_hat: Array
    price_S_hat: Array
    cost_of_living_hat: Array
    productivity_hat: Array
    amenity_hat: Array
    welfare: float
    staff_welfare: Array
    workers: float
    residents: Array
    jobs: Array
    jobs_T: Array
    jobs_S: Array
    staff_jobs: Array
    staff_homes: Array
    income: Array
    real_income_hat: Array
    sales_T: Array
    sales_S: Array
    exports: Array
    imports: Array
    floor_rent: Array
    floor_price_paid: Array
    floor_space_unmet: Array
    home_factor: Array
    work_factor: Array
    phi: float
    residual: float
    iterations: int
    walras: float
    second_start: bool
    log_state: Array
    log_floor: Array
    log_spill: Array

"""An economy of commuting and trade to ask "what if" of, from published data in a few lines.

This is the library's door for data that know nothing of institutions: the regional model of Monte, Redding
and Rossi-Hansberg (2018) as varied by Seidel and Wickerath (2020), and the city of Ahlfeldt, Redding, Sturm
and Wolf (2015). It is the equilibrium of :mod:`geo.model.equilibrium` without services and institutions.

>>> economy = Economy.from_gravity(residents, jobs, wages, commuting_cost, trade_cost)  # doctest: +SKIP
>>> after = economy.counterfactual(productivity_hat=hat)  # doctest: +SKIP
>>> after.jobs_hat, after.residents_hat, after.welfare  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.errors import ModelError
from geo.model.accounts import density_weights
from geo.model.equilibrium import (
    Calibrated,
    Equilibrium,
    Parameters,
    Shock,
    commuting_flows,
    solve,
    trade_shares_after,
)
from geo.model.inversion import (
    commuting_shares,
    positive_faults,
    productivity,
    residential_wage,
    shape_faults,
    trade_shares,
    transferred_wage,
    workplace_amenity,
)

if TYPE_CHECKING:
    from geo.model.solve import Array

__all__ = ["Economy", "OwnEffects", "Spillovers", "city_parameters", "regional_parameters"]


def regional_parameters(
    *,
    goods_share: float = 0.7,
    eps: float = 4.6,
    floor_elasticity: float | Array = 0.38,
    sigma: float = 4.0,
    nu: float = 0.05,
    chi: float = 1.0,
    eta: float = 0.0,
    open_elasticity: float = 0.0,
) -> Parameters:
    """Return the parameters of a regional economy; defaults are those of the MRRH toolkit.

    Parameters
    ----------
    goods_share
        Share of income spent on goods (alpha); the rest goes to housing.
    eps
        Frechet shape.
    floor_elasticity
        Supply elasticity of floor space (delta).
    sigma
        Elasticity of substitution.
    nu, eta
        Elasticities of productivity and, in utility, of amenity to density.
    chi
        Variety effect: 1 where the number of varieties grows with jobs.
    open_elasticity
        Elasticity of total population to welfare; 0 is a closed economy, ``inf`` one with fixed welfare.
    """
    return Parameters(
        eps=eps, housing_share=1.0 - goods_share, services_share=0.0, labour_T=1.0, labour_S=1.0,
        sigma_T=sigma,
        chi=chi, nu=nu, eta=eta, floor_elasticity=floor_elasticity, open_elasticity=open_elasticity,
        workplace_services=0.0,
    )  # fmt: skip


def city_parameters(
    *,
    eps: float = 6.6941,
    kappa: float = 0.0987 / 6.6941,
    goods_share: float = 0.75,
    labour_share: float = 0.8,
    nu: float = 0.0710,
    eta: float = 0.1553,
    floor_elasticity: float | Array = 0.0,
    open_elasticity: float = np.inf,
) -> Parameters:
    """Return the parameters of a city with one price for its good; defaults are ARSW's estimates.

    Parameters
    ----------
    eps, kappa
        Frechet shape, and commuting cost per minute: flows decay with ``eps * kappa``.
    goods_share, labour_share
        Shares of the good in spending and of labour in output; floor space takes the rest of both.
    nu, eta
        Elasticities of productivity (lambda in ARSW) and amenity (eta) to surrounding density.
    floor_elasticity, open_elasticity
        Supply elasticity of floor space; elasticity of population to welfare (``inf``: open city).
    """
    return Parameters(
        eps=eps, kappa=kappa, housing_share=1.0 - goods_share, services_share=0.0, labour_T=labour_share,
        labour_S=1.0, single_price=True, chi=0.0, nu=nu, eta=eta, floor_elasticity=floor_elasticity,
        open_elasticity=open_elasticity, workplace_services=0.0,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Spillovers:
    """How far density reaches (ARSW eq. 20 and 21).

    Attributes
    ----------
    minutes
        Travel time, (N, N).
    job_decay, home_decay
        Decay of the productivity and amenity spillovers per minute; None for own zone only.
    land_area
        (N,); None counts people instead of density.
    """

    minutes: Array
    job_decay: float | None = 0.3617
    home_decay: float | None = 0.7595
    land_area: Array | None = None

    def weights(self, minutes: Array | None = None) -> tuple[Array | None, Array | None]:
        """Return the weights of jobs and of residents, (N, N) each, at other times if given."""
        times = self.minutes if minutes is None else minutes
        return (
            density_weights(times, self.job_decay, self.land_area),
            density_weights(times, self.home_decay, self.land_area),
        )


@dataclass(frozen=True, eq=False)
class OwnEffects:
    """What a zone's own shock does to it, zone by zone, (N,) each; ``*_hat`` are after / before."""

    size: float
    jobs_hat: Array
    residents_hat: Array
    wage_hat: Array
    floor_price_hat: Array

    @property
    def employment_elasticity(self) -> Array:
        """Change of log jobs over change of log productivity (MRRH section 4)."""
        return np.asarray(np.log(self.jobs_hat) / np.log(self.size))

    @property
    def resident_elasticity(self) -> Array:
        """Change of log residents over change of log productivity."""
        return np.asarray(np.log(self.residents_hat) / np.log(self.size))


@dataclass(frozen=True, eq=False)
class Economy:
    """A calibrated economy of commuting and trade.

    Homes are rows of ``commuting``, workplaces its columns; ``trade[i, n]`` is made in i, bought in n.
    Build it with :meth:`from_flows`, :meth:`from_gravity` or :meth:`from_shares`.

    Attributes
    ----------
    calibrated
        The economy as :func:`geo.model.equilibrium.solve` takes it.
    productivity
        Exogenous productivity A (mean 1), (N,); None with a single price.
    workplace_amenity
        B_i (mean 1), (N,); None where flows were given.
    spillovers
        How far density reaches; None for own zone only.
    """

    calibrated: Calibrated
    productivity: Array | None = None
    workplace_amenity: Array | None = None
    spillovers: Spillovers | None = None

    @property
    def commuting(self) -> Array:
        """Unconditional commuting shares, (N, N), sum 1."""
        return self.calibrated.commuting

    @property
    def trade(self) -> Array | None:
        """Trade shares [i, n], columns summing to one, (N, N)."""
        return self.calibrated.trade_T

    @property
    def residential_wage(self) -> Array:
        """Mean wage of residents, (N,)."""
        return residential_wage(self.commuting, self.calibrated.wage)

    @classmethod
    def from_shares(
        cls,
        commuting: Array,
        trade: Array | None,
        wages: Array,
        *,
        workers: float = 1.0,
        parameters: Parameters | None = None,
        spillovers: Spillovers | None = None,
    ) -> Economy:
        """Return the economy with these shares, taken as they are.

        Parameters
        ----------
        commuting
            Unconditional commuting shares, (N, N), sum 1.
        trade
            Trade shares [i, n], (N, N), columns summing to one; None with a single price.
        wages
            By workplace, (N,).
        workers
            Total.
        parameters, spillovers
            Elasticities (default :func:`regional_parameters`) and reach of density.

        Raises
        ------
        ModelError
            With every fault; also where the shares are no equilibrium.
        """
        p = regional_parameters() if parameters is None else parameters
        n = int(np.size(wages))
        bad = shape_faults({"commuting": (commuting, (n, n))})
        if bad := bad + positive_faults({"commuting": commuting, "wages": wages}, zero=True):
            raise ModelError(bad)
        near, home = (None, None) if spillovers is None else spillovers.weights()
        zero = np.zeros(n)
        base = Calibrated(
            parameters=p, commuting=commuting, workers=workers, wage=np.asarray(wages, dtype=float),
            jobs_T=commuting.sum(0) * workers, jobs_S=zero, trade_T=trade, trade_S=None, import_share=zero,
            exports=zero, student_spending=zero, tax=0.0, floor_price=np.ones(n), job_decay=near,
            home_decay=home,
        )  # fmt: skip
        base.check()
        return cls(base, spillovers=spillovers)

    @classmethod
    def from_flows(
        cls,
        flows: Array,
        wages: Array,
        trade_cost: Array | None = None,
        *,
        parameters: Parameters | None = None,
        spillovers: Spillovers | None = None,
    ) -> Economy:
        """Return the economy that shows these commuting flows and wages (MRRH section 3).

        Parameters
        ----------
        flows
            Workers by home and workplace, (N, N); zeros allowed, empty homes and workplaces not.
        wages
            By workplace, (N,); only their ratios matter with trade.
        trade_cost
            Iceberg cost [i, n], (N, N), for instance :func:`geo.model.inversion.power_cost`; None only with a
            single price.
        parameters, spillovers
            Elasticities (default :func:`regional_parameters`) and reach of density.

        Raises
        ------
        ModelError
            With every fault of the data.
        """
        p = regional_parameters() if parameters is None else parameters
        n = int(np.size(wages))
        shapes: dict[str, tuple[Any, tuple[int, ...]]] = {"flows": (flows, (n, n))}
        if trade_cost is not None:
            shapes["trade_cost"] = (trade_cost, (n, n))
        bad = shape_faults(shapes) + positive_faults({"wages": wages}) + p.faults()
        bad += positive_faults({"flows": flows}, zero=True)
        if not bad:
            margins = {"jobs (columns of flows)": flows.sum(0), "residents (rows of flows)": flows.sum(1)}
            bad = positive_faults(margins)
        if bad:
            raise ModelError(bad)
        commuting, workers = flows / flows.sum(), float(flows.sum())
        trade, pull = None, None
        jobs = commuting.sum(0) * workers
        if trade_cost is not None and not p.single_price:
            trade, pull = trade_shares(wages * jobs, (commuting @ wages) * workers, trade_cost, p.sigma_T)
        made = cls.from_shares(commuting, trade, wages, workers=workers, parameters=p, spillovers=spillovers)
        if pull is None:
            return made
        level = productivity(pull, jobs, wages, sigma=p.sigma_T, chi=p.chi, nu=p.nu)
        return replace(made, productivity=level)

    @classmethod
    def from_gravity(
        cls,
        residents: Array,
        jobs: Array,
        wages: Array | None,
        commuting_cost: Array,
        trade_cost: Array | None = None,
        *,
        parameters: Parameters | None = None,
        spillovers: Spillovers | None = None,
    ) -> Economy:
        """Return the economy whose flows are gravity with these margins and workplace amenities that fit.

        Parameters
        ----------
        residents, jobs
            Workers by home and by workplace, (N,), equal totals.
        wages
            By workplace, (N,); None recovers them from the margins (ARSW section 6.2).
        commuting_cost
            (N, N); flows fall with ``cost**-eps``. ``inf`` where there is no way.
        trade_cost, parameters, spillovers
            As in :meth:`from_flows`.

        Raises
        ------
        ModelError
            With every fault of the data.
        """
        p = regional_parameters() if parameters is None else parameters
        if bad := p.faults() + positive_faults(
            {"commuting_cost": np.nan_to_num(commuting_cost, posinf=1.0, nan=-1.0)}
        ):
            raise ModelError(bad)
        weight = commuting_cost**-p.eps
        shares = commuting_shares(residents, jobs, weight)
        amenity = np.ones(np.size(jobs))
        if wages is None:
            wages = transferred_wage(residents, jobs, weight, p.eps)
        elif np.shape(wages) == np.shape(jobs):
            amenity = workplace_amenity(residents, jobs, wages, weight, p.eps)
        flows = shares * residents.sum()
        made = cls.from_flows(flows, wages, trade_cost, parameters=p, spillovers=spillovers)
        return replace(made, workplace_amenity=amenity)

    def counterfactual(
        self,
        *,
        trade_cost_hat: Array | None = None,
        commuting_cost_hat: Array | None = None,
        productivity_hat: Array | None = None,
        amenity_hat: Array | None = None,
        floor_space_hat: Array | None = None,
        minutes: Array | None = None,
        start: Array | None = None,
    ) -> Equilibrium:
        """Return the equilibrium after a shock; every argument is after / before, None for unchanged.

        Parameters
        ----------
        trade_cost_hat
            Iceberg costs [i, n], (N, N).
        commuting_cost_hat
            Commuting costs [n, i], (N, N); flows react by ``**-eps``.
        productivity_hat, floor_space_hat
            (N,).
        amenity_hat
            (N,) by home or (N, N); multiplies choice shares, as B_ni in MRRH. In utility: ``**eps``.
        minutes
            New travel times, (N, N): change commuting by ``exp(-eps kappa (new - old))`` and the reach of
            density. Needs ``spillovers``.
        start
            ``log_state`` of a similar counterfactual.

        Raises
        ------
        ModelError
            See :func:`geo.model.equilibrium.solve`.
        """
        return solve(self.calibrated, self.shock(
            trade_cost_hat=trade_cost_hat, commuting_cost_hat=commuting_cost_hat, amenity_hat=amenity_hat,
            productivity_hat=productivity_hat, floor_space_hat=floor_space_hat, minutes=minutes,
        ), start=start)  # fmt: skip

    def shock(self, *, minutes: Array | None = None, **hats: Any) -> Shock:
        """Return the shock that :meth:`counterfactual` solves, for the same arguments."""
        if minutes is None or self.spillovers is None:
            return Shock(**hats)
        near, home = self.spillovers.weights(minutes)
        return Shock(minutes=minutes - self.spillovers.minutes, job_decay=near, home_decay=home, **hats)

    def own_effects(self, size: float = 1.05) -> OwnEffects:
        """Return what a productivity shock to one zone does there, for each zone (MRRH section 4)."""
        n = self.calibrated.zones
        rows = np.empty((4, n))
        for zone in range(n):
            hat = np.ones(n)
            hat[zone] = size
            after = self.counterfactual(productivity_hat=hat)
            found = (after.jobs_hat, after.residents_hat, after.wage_hat, after.floor_price_hat)
            rows[:, zone] = [array[zone] for array in found]
        return OwnEffects(size, rows[0], rows[1], rows[2], rows[3])

    def after(self, equilibrium: Equilibrium, shock: Shock | None = None) -> Economy:
        """Return the economy after a counterfactual, to shock again; give the ``shock`` it came from."""
        base, shock = self.calibrated, shock or Shock()
        flows = commuting_flows(base, shock, equilibrium)
        trade = None if base.trade_T is None else trade_shares_after(base, shock, equilibrium)
        again = replace(
            base, commuting=flows / flows.sum(), workers=float(flows.sum()), trade_T=trade,
            wage=base.wage * equilibrium.wage_hat, jobs_T=flows.sum(0),
            job_decay=base.job_decay if shock.job_decay is None else shock.job_decay,
            home_decay=base.home_decay if shock.home_decay is None else shock.home_decay,
        )  # fmt: skip
        return replace(self, calibrated=again, productivity=None, workplace_amenity=None)

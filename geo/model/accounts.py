"""From observed arrays to a calibrated economy whose accounts close (calibration steps 5 and 7).

Every purchase is somebody's sale: what zones sell is what they earn, services sold are services bought, and
what the region buys from the rest of China beyond its sales there is what outside money pays for.
"""

from __future__ import annotations

# ruff: noqa: N815  (the model's symbols keep their case)
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.errors import Fault, ModelError
from geo.model.inversion import balance, commuting_shares, connected_faults, positive_faults, shape_faults
from geo.model.state import Calibrated, Parameters

if TYPE_CHECKING:
    from geo.model.solve import Array

__all__ = ["Institutions", "calibrate", "density_weights"]

# Services may not take more than this share of a zone's private wages: a tradable sector must remain.
_MOST_SERVICES = 0.9
_ROUNDS = 200
_CLOSED = 1e-12


@dataclass(frozen=True, eq=False)
class Institutions:
    """Staff of institutions by class (G) and workplace (N).

    Attributes
    ----------
    classes
        Names, (G,).
    posts, pay
        (G, N) persons; CNY / year per post.
    eps
        Elasticity of the choice of home, (G,) (eq. 3).
    weight
        Weight z of a post in job density, (G,) (eq. 10).
    floor
        m2 per post, (G,) (eq. 9).
    procurement
        Local purchases as a share of pay, (G,) (eq. 6).
    student_spending
        CNY / year by zone, (N,).
    """

    classes: tuple[str, ...]
    posts: Array
    pay: Array
    eps: Array
    weight: Array
    floor: Array
    procurement: Array
    student_spending: Array

    @classmethod
    def none(cls, zones: int) -> Institutions:
        """Return no institutions at all."""
        empty, line = np.zeros((0, zones)), np.zeros(0)
        return cls((), empty, empty, line, line, line, line, np.zeros(zones))


@dataclass
class _Books:
    """Accounts while they are being closed; money in CNY / year, by zone."""

    wages: Array
    private: Array
    staff_home: Array
    staff_work: Array
    outside: Array
    official: Array
    tax: float
    jobs_S: Array = field(default_factory=lambda: np.zeros(0))

    def spent(self, commercial: Array) -> Array:
        """Return spending on goods and services by place (eq. 5 and 6)."""
        return (1.0 - self.tax) * (self.private + self.staff_home) + commercial + self.official + self.outside


def density_weights(minutes: Array, decay: float | None, land_area: Array | None = None) -> Array | None:
    """Return weights of other zones in density, ``exp(-decay * minutes) / area`` (ARSW eq. 20 and 21).

    Parameters
    ----------
    minutes
        Travel time, (N, N).
    decay
        Per minute; None for a purely local spillover, which needs no weights.
    land_area
        (N,); None counts people instead of density.
    """
    if decay is None:
        return None
    weight = np.exp(-decay * minutes)
    return np.asarray(weight if land_area is None else weight / land_area)


def calibrate(
    *,
    residents: Array,
    jobs: Array,
    wage: Array,
    minutes: Array,
    distance: Array,
    parameters: Parameters,
    institutions: Institutions | None = None,
    commuting: Array | None = None,
    floor_price: Array | None = None,
    land_area: Array | None = None,
    import_share: float = 0.3,
    partner_distance: Array | None = None,
    trade_elasticity: float = 0.42,
    services_decay: float = 1 / 12,
    job_decay: float | None = None,
    home_decay: float | None = None,
    outside_funding: float = 0.0,
) -> Calibrated:
    """Return the economy whose equilibrium is the observed state (steps 5 and 7).

    Parameters
    ----------
    residents, jobs
        Private workers by home and by workplace, (N,), persons; equal totals.
    wage
        Private wage by workplace, (N,), CNY / year.
    minutes, distance
        One-way travel time and distance, (N, N), minutes and km, own zone included.
    parameters
        Elasticities and shares.
    institutions
        Staff, students and their spending; None for none.
    commuting
        Commuting shares, (N, N); None balances ``exp(-eps kappa minutes)`` to the margins.
    floor_price
        (N,), CNY / m2 / year; None for 1 (then m2 are CNY).
    land_area
        (N,), km2, for densities that decay.
    import_share
        Share of tradables bought from the rest of China.
    partner_distance
        Distance to the rest of China, (N,), km; None for equal.
    trade_elasticity
        psi: trade cost is ``distance**psi``.
    services_decay
        Decay of services trade per km.
    job_decay, home_decay
        Decay of the spillovers per minute; None for own zone only.
    outside_funding
        Share of staff pay, procurement and the like paid from outside; the rest is a tax on the region.

    Raises
    ------
    ModelError
        With every fault of the data; if services cannot be served; if imports leave no room for exports.
    """
    crowd = Institutions.none(residents.size) if institutions is None else institutions
    _check(locals(), crowd)
    if commuting is None:
        commuting = commuting_shares(residents, jobs, np.exp(-parameters.eps * parameters.kappa * minutes))
    workers = float(residents.sum())
    jobs = commuting.sum(0) * workers
    price = np.ones(jobs.size) if floor_price is None else floor_price
    books = _open(commuting, workers, wage, crowd, price=price, taxed=1.0 - outside_funding)
    trade_S, commercial = _services(books, jobs, distance, services_decay, parameters)
    sales = wage * (jobs - books.jobs_S) / parameters.labour_T
    goods = (1.0 - parameters.services_share) * books.spent(commercial)
    trade: dict[str, Any] = {
        "trade_T": None,
        "exports": np.zeros(jobs.size),
        "import_share": np.zeros(jobs.size),
    }
    if not parameters.single_price:
        cost = _trade_kernel(distance, partner_distance, trade_elasticity * (1.0 - parameters.sigma_T))
        trade = _goods(cost, sales, goods, import_share, books)
    near, home = (density_weights(minutes, decay, land_area) for decay in (job_decay, home_decay))
    return Calibrated(
        parameters=parameters, commuting=commuting, workers=workers, wage=wage, jobs_T=jobs - books.jobs_S,
        jobs_S=books.jobs_S, trade_S=trade_S, student_spending=crowd.student_spending, tax=books.tax,
        floor_price=price, job_decay=near, home_decay=home, **trade, **_staff(crowd, commuting),
    )  # fmt: skip


def _staff(crowd: Institutions, commuting: Array) -> dict[str, Any]:
    """Return the fields of :class:`Calibrated` that describe staff; homes follow private commuting."""
    return {
        "classes": crowd.classes, "staff": crowd.posts, "staff_pay": crowd.pay,
        "staff_home": commuting / commuting.sum(0) if crowd.classes else None, "staff_eps": crowd.eps,
        "staff_weight": crowd.weight, "staff_floor": crowd.floor, "procurement": crowd.procurement,
    }  # fmt: skip


def _trade_kernel(distance: Array, partner_distance: Array | None, power: float) -> Array:
    """Return the decay of trade with distance, (N, N + 1); the last buyer is the rest of China (eq. 7)."""
    far = np.ones(len(distance)) if partner_distance is None else partner_distance / partner_distance.min()
    return np.column_stack([(distance / distance.min()) ** power, far**power])


def _check(given: dict[str, Any], crowd: Institutions) -> None:
    """Raise with every fault of the observed arrays."""
    names = ("residents", "jobs", "wage", "floor_price", "land_area", "partner_distance")
    lines = {name: given[name] for name in names if given[name] is not None}
    squares = {name: given[name] for name in ("minutes", "distance", "commuting") if given[name] is not None}
    n, g = int(np.size(given["residents"])), len(crowd.classes)
    shapes: dict[str, tuple[Any, tuple[int, ...]]] = {name: (array, (n,)) for name, array in lines.items()}
    shapes |= {name: (array, (n, n)) for name, array in squares.items()}
    shapes |= {name: (getattr(crowd, name), (g, n)) for name in ("posts", "pay")}
    shapes |= {name: (getattr(crowd, name), (g,)) for name in ("eps", "weight", "floor", "procurement")}
    bad = shape_faults(shapes) + positive_faults(lines)
    bad += positive_faults(
        {name: getattr(crowd, name) for name in ("posts", "pay", "student_spending")}, zero=True
    )
    bad += positive_faults({"distance": squares["distance"]})
    minutes = np.asarray(squares["minutes"], dtype=float)
    bad += positive_faults({"minutes": np.where(np.isposinf(minutes), 1.0, minutes)}, zero=True)
    if not bad:
        bad = connected_faults(np.asarray(np.isfinite(minutes), dtype=float), "minutes")
    parameters = given["parameters"]
    bad += parameters.faults() if isinstance(parameters, Parameters) else []
    if bad:
        raise ModelError(bad)


def _open(
    commuting: Array,
    workers: float,
    wage: Array,
    crowd: Institutions,
    *,
    price: Array,
    taxed: float,
) -> _Books:
    """Start the books: incomes by home and work, institutions' money, and the tax that pays for it."""
    pay = crowd.posts * crowd.pay
    official = (crowd.floor @ crowd.posts) * price
    outside = crowd.procurement @ pay + crowd.student_spending
    private = (commuting @ wage) * workers
    staff_work = pay.sum(0)
    homes = commuting / commuting.sum(0)
    staff_home = homes @ staff_work
    transfers = float(staff_work.sum() + official.sum() + outside.sum())
    tax = taxed * transfers / float(private.sum() + staff_home.sum())
    if not tax < 1.0:
        raise ModelError(Fault("equilibrium.tax", where="institutions", values={"tax": tax}))
    wages = wage * commuting.sum(0) * workers
    return _Books(wages, private, staff_home, staff_work, outside, official, tax)


def _services(
    books: _Books, jobs: Array, distance: Array, decay: float, p: Parameters
) -> tuple[Array | None, Array]:
    """Split jobs into sectors (eq. 6 and 7); return shares of services trade and commercial rents."""
    books.jobs_S = np.zeros(jobs.size)
    commercial = books.wages * (1.0 / p.labour_T - 1.0)
    if p.services_share == 0:
        return None, commercial
    kernel = jobs[:, None] * np.exp(-decay * distance)
    kernel = kernel / kernel.sum(0)
    lunch = p.workplace_services * (1.0 - p.housing_share) * (1.0 - books.tax)
    moved = lunch * (books.wages + books.staff_work - books.private - books.staff_home)
    bill = np.zeros(jobs.size)
    for _ in range(_ROUNDS):
        commercial = (books.wages - bill) * (1.0 / p.labour_T - 1.0) + bill * (1.0 / p.labour_S - 1.0)
        node = p.services_share * (books.spent(commercial) + moved)
        fresh = _fill(p.labour_S * (kernel @ node), _MOST_SERVICES * books.wages)
        done = np.allclose(fresh, bill, rtol=1e-15, atol=0.0)
        bill = fresh
        if done:
            break
    flows = balance(kernel, bill / p.labour_S, node).flows
    books.jobs_S = jobs * bill / books.wages
    return np.asarray(flows / flows.sum(0)), commercial


def _fill(wanted: Array, most: Array) -> Array:
    """Return ``wanted`` limited to ``most`` with the total kept: what overflows goes to the others."""
    total = wanted.sum()
    if total >= most.sum():
        values = {"demand": float(total), "room": float(most.sum())}
        raise ModelError(Fault("equilibrium.services", where="services_share", values=values))
    out = wanted
    for _ in range(_ROUNDS):
        full = out >= most
        out = np.where(full, most, out)
        gap = total - out.sum()
        if gap <= 1e-15 * total or full.all():
            break
        out = np.where(full, most, out * (1.0 + gap / out[~full].sum()))
    return np.asarray(out)


def _goods(kernel: Array, sales: Array, goods: Array, import_share: float, books: _Books) -> dict[str, Array]:
    """Balance trade in goods, the partner being one more buyer; return shares, imports and exports."""
    home = (1.0 - import_share) * goods
    abroad = float(sales.sum() - home.sum())
    inside = books.staff_work.sum() + books.outside.sum() == 0
    if inside and import_share == 0 and abs(abroad) <= _CLOSED * sales.sum():
        flows, exports = balance(kernel[:, :-1], sales, home).flows, np.zeros(sales.size)
    elif abroad <= 0 or import_share == 0:
        values = {"exports": abroad, "sales": float(sales.sum())}
        raise ModelError(Fault("equilibrium.no_exports", where="import_share", values=values))
    else:
        flows = balance(kernel, sales, np.append(home, abroad)).flows
        flows, exports = flows[:, :-1], flows[:, -1]
    return {"trade_T": flows / goods, "exports": exports, "import_share": np.full(sales.size, import_share)}

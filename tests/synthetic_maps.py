"""Outcomes made up for tests of maps: smooth paths in the shape that models hand on."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

YEARS = np.arange(2020, 2051)


@dataclass(frozen=True)
class Measure:
    id: str
    unit: str = "persons"
    status: str = "estimated"
    source: str = "made up"
    group: str = "people"
    scale: str = "sequential"
    digits: int = 0


@dataclass(eq=False)
class Outcome:
    scenario: object
    before: dict
    values: dict
    regional: dict = field(default_factory=dict)
    years: object = field(default_factory=lambda: YEARS)
    model: str = "level0"
    version: int = 5


def move(institution="bjtu", origin="110108", destination="130629", start=2025, **more):
    return SimpleNamespace(
        institution=institution,
        origin=origin,
        destination=destination,
        start=start,
        years=3,
        share=1.0,
        **more,
    )


def scenario(*, text='name = "made up"\n', moves=(), digest="0123456789abcdef" * 4):
    return SimpleNamespace(to_toml=lambda: text, hash=digest, moves=tuple(moves))


def measures(count=4):
    plain = [
        Measure(f"made_{i}", group="people" if i % 2 else "commuting", digits=i % 3) for i in range(count - 1)
    ]
    return [Measure("posts", unit="jobs", group="moves", scale="diverging"), *plain]


def outcome(region, listed, *, seed=0, moves=(), **more):
    """Return logistic paths from one county to another, spread over their surroundings."""
    rng = np.random.default_rng(seed)
    codes = [str(code) for code in region.counties["code"]]
    ramp = 1 / (1 + np.exp(-(YEARS - 2028) * 0.8))
    ramp[YEARS < 2024] = 0.0
    lonlat = np.column_stack([region.counties["lon"], region.counties["lat"]]).astype(float)

    def near(code):
        return np.exp(-(((lonlat - lonlat[codes.index(code)]) ** 2).sum(axis=1)) * 4)

    shift = np.outer(ramp, near("130629") - near("110108")) * rng.uniform(2e4, 5e4)
    shift[np.abs(shift) < 1] = 0.0
    fixed = np.random.default_rng(9)  # a scenario does not change where the region starts
    before = {
        m.id: np.zeros(len(codes)) if i == 0 else fixed.uniform(20, 9e5, len(codes))
        for i, m in enumerate(listed)
    }
    values = {m.id: before[m.id] + shift * rng.uniform(0.2, 1.5) for m in listed}
    regional = {name: np.abs(path).sum(axis=1) for name, path in values.items()}
    return Outcome(scenario(moves=moves, **more), before, values, regional)

"""Write the computed tables of ``docs/model.md``; a test compares what it would write with what stands there.

::

    python docs/make_model_tables.py               # moments, effects, back-casts, assumptions, measures
    python docs/make_model_tables.py --intervals   # also the ensembles: some minutes
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np

from geo.assumptions import ASSUMPTION_GROUPS, ASSUMPTIONS, KINDS
from geo.ensemble import multiplier_draws, run_ensemble
from geo.measures import MEASURES
from geo.model.baseline import Baseline, calibrate
from geo.model.evidence import back_casts, destinations, moments, published_effects
from geo.model.multiplier import PRIOR_RANGE
from geo.presets import preset
from geo.region import Region, load_region
from geo.words import say

PAGE = Path(__file__).parent / "model.md"
SIZE, SEED = 100, 0
# Shown as they are; all other numbers of the region as changes.
LEVELS = ("private_per_post", "services_per_post", "welfare", "six_districts_gap", "xiongan_fill")
MAIN = (
    "private_jobs", "services_jobs", "population", "private_per_post", "services_per_post", "welfare", "gini",
    "income_beijing_hebei", "six_districts_gap", "xiongan_fill", "cross_commuters", "mean_minutes", "delay",
    "output", "co2", "exposure",
)  # fmt: skip


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)


def short(value: float) -> str:
    """Write a number with four figures that count; nothing for a number that is not there."""
    if not np.isfinite(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{float(f'{value:.4g}'):g}"


def moment_table(region: Region, baseline: Baseline) -> str:
    """Return every target moment, the model's value and the gap."""
    rows = [
        [
            str(one.step), one.name, one.unit, short(one.target), short(one.model),
            f"{one.gap_percent:+.1f} %", "fitted" if one.fitted else "check", one.source,
        ]
        for one in moments(region, baseline)
    ]  # fmt: skip
    return table(["step", "moment", "unit", "target", "model", "gap", "", "source"], rows)


def effect_table(region: Region, baseline: Baseline) -> str:
    """Return published effects beside the model's."""
    rows = []
    for one in published_effects(region, baseline):
        value, low, high = map(short, one.published)
        span = f"{low} to {high}" if low and high else ""
        rows.append([one.id, one.study, one.what, value, span, short(one.model), one.use_as, one.verdict])
    return table(["id", "study", "effect", "value", "range", "model", "use as", "verdict"], rows)


def back_cast_table(region: Region, baseline: Baseline) -> str:
    """Return past moves: predicted and happened."""
    rows = [
        [one.id, one.what, one.unit, short(one.predicted), short(one.happened), one.comment]
        for one in back_casts(region, baseline)
    ]
    return table(["move", "number", "unit", "model", "happened", "what it is worth"], rows)


def assumption_table() -> str:
    """Return every assumption; those of classes as one row where all classes are alike."""
    rows = []
    for group in ASSUMPTION_GROUPS:
        for spec in (one for one in ASSUMPTIONS if one.group == group):
            alike = [one for one in ASSUMPTIONS if one.family == spec.family and one.kind]
            same = len(alike) == len(KINDS) and len({(one.default, one.likely) for one in alike}) == 1
            if same and spec.kind != KINDS[0]:
                continue
            name = f"{spec.family}.*" if same else spec.id
            likely = f"{spec.likely[0]:g} to {spec.likely[1]:g}"
            rows.append([group, name, f"{spec.default:g}", likely, spec.draw, spec.status, spec.source])
    return table(["group", "assumption", "default", "likely", "drawn", "status", "source"], rows)


def measure_table() -> str:
    """Return every measure with unit, status and formula."""
    rows = [
        [one.id, one.name(), one.unit_name(), say(f"status.{one.status}"), one.formula]
        for one in MEASURES.values()
    ]
    return table(["id", "measure", "unit", "status", "formula"], rows)


def interval_tables(region: Region, baseline: Baseline) -> dict[str, str]:
    """Return intervals of the multiplier and of the announced programme."""
    draws = multiplier_draws(baseline, destinations(region), size=SIZE, seed=SEED)
    rows = []
    for name, values in draws.items():
        low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
        rows.append([name, short(low), short(middle), short(high)])
    prior = f"prior of the mean multiplier: {PRIOR_RANGE[0]:g} to {PRIOR_RANGE[1]:g}"
    found = run_ensemble(baseline, preset("announced", region), size=SIZE, seed=SEED, workers=2)
    regional = []
    for key in MAIN:
        row = found.change(key).iloc[-1] if key not in LEVELS else found.interval(key).iloc[-1]
        regional.append([MEASURES[key].name(), MEASURES[key].unit_name(), *map(short, row)])
    counties = []
    for key in ("population", "private_jobs", "wage", "floor_price", "real_income", "mean_minutes"):
        for code in ("130629", "110112", "110102", "110108"):
            row = found.by_county(key).loc[code]
            name = str(region.counties.at[code, "name_en"])
            counties.append([f"{MEASURES[key].name()}, {name}", MEASURES[key].unit_name(), *map(short, row)])
    refused = f"{SIZE} draws; refused: {found.refused['unstable']} unstable, "
    refused += f"{found.refused['no_equilibrium']} without an equilibrium."
    span = ["10 %", "median", "90 %"]
    return {
        "multiplier": table(["jobs per post", *span], rows) + f"\n\n{SIZE} draws; {prior}.",
        "intervals": table(["region, 2050", "unit", *span], regional) + f"\n\n{refused}",
        "county_intervals": table(["change, 2050", "unit", *span], counties),
    }


def tables() -> dict[str, str]:
    """Return all tables that take seconds."""
    region = load_region()
    baseline = calibrate(region)
    return {
        "moments": moment_table(region, baseline),
        "effects": effect_table(region, baseline),
        "back_casts": back_cast_table(region, baseline),
        "assumptions": assumption_table(),
        "measures": measure_table(),
    }


def filled(page: str, found: dict[str, str]) -> str:
    """Return the page with its marked blocks replaced."""
    for name, text in found.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(page):
            raise KeyError(name)
        page = pattern.sub(lambda match, text=text: f"{match[1]}{text}\n{match[2]}", page, count=1)
    return page


def main() -> None:
    """Fill the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--intervals", action="store_true")
    given = parser.parse_args()
    found = tables()
    if given.intervals:
        region = load_region()
        found |= interval_tables(region, calibrate(region))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()

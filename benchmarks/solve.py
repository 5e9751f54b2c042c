"""How long an equilibrium takes, and a path of years: times, ratios, exponent of cost, memory.

Run ``python benchmarks/solve.py``. Each size runs in a process of its own, so that its peak memory is its
own; the machine should be otherwise idle, because linear algebra in two threads suffers from neighbours.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from geo.model.equilibrium import Shock, _System, solve
from geo.model.example import example
from geo.model.solve import anderson
from geo.model.years import path

SIZES = (199, 401, 1000, 2900)
BUDGETS = {199: 0.010, 2900: 1.0}  # seconds
PATH_BUDGET = 0.3
YEARS = 30


def move(base, share=0.5):
    change = np.zeros((base.groups, base.zones))
    change[0, 0] = -share * base.staff[0, 0]
    change[0, 1] = share * base.staff[0, 0]
    return Shock(staff=change)


def timed(call, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = call()
        times.append(time.perf_counter() - start)
    return found, times


def measure(zones):
    start = time.perf_counter()
    base = example(zones)
    calibration = time.perf_counter() - start
    shock = move(base)
    solve(base)
    after, times = timed(lambda: solve(base, shock), 25 if zones < 1000 else 5)
    system = _System(base, shock)
    _, steps = timed(lambda: system.step(system.start), 25 if zones < 1000 else 5)
    out = {
        "zones": zones,
        "calibrate": calibration,
        "median": statistics.median(times),
        "best": min(times),
        "step": min(steps),
        "iterations": after.iterations,
        "residual": after.residual,
        "walras": after.walras,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if zones == SIZES[0]:
        plain = anderson_free(system)
        out |= {"plain_iterations": plain[0], "plain_seconds": plain[1]}
        shocks = [move(base, 0.5 * min(1.0, (year + 1) / 8)) for year in range(YEARS)]
        found, times = timed(lambda: path(base, shocks), 7)
        out |= {"path_median": statistics.median(times), "path_best": min(times), "gap": float(found.gap[-1])}
    return out


def anderson_free(system, tolerance=1e-11):
    """Iterate the same map without acceleration."""
    state, count, start = system.start, 0, time.perf_counter()
    while count < 20_000:
        fresh = system.step(state)
        count += 1
        done = np.abs(fresh - state).max() <= tolerance
        state = fresh
        if done:
            break
    same = np.abs(state - anderson(system.step, system.start).value).max()
    assert same < 1e-8, same
    return count, time.perf_counter() - start


def child(zones):
    done = subprocess.run(
        [sys.executable, __file__, "--zones", str(zones)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zones", type=int, help="measure one size and print JSON")
    given = parser.parse_args()
    if given.zones:
        print(json.dumps(measure(given.zones)))
        return
    rows = [child(zones) for zones in SIZES]
    print(" zones  calibrate   solve median (best)    step  iterations  residual  peak MB  of budget")
    for row in rows:
        budget = BUDGETS.get(row["zones"])
        share = f"{row['median'] / budget:9.0%}" if budget else "        –"
        print(
            f"{row['zones']:6d} {row['calibrate'] * 1e3:7.0f} ms {row['median'] * 1e3:8.1f} "
            f"({row['best'] * 1e3:.1f}) ms {row['step'] * 1e3:7.2f} {row['iterations']:8d} "
            f"{row['residual']:12.1e} {row['rss_mb']:7.0f} {share}"
        )
    slope = np.polyfit(np.log([row["zones"] for row in rows]), np.log([row["best"] for row in rows]), 1)[0]
    print(f"exponent of cost in the number of zones: {slope:.2f}")
    first = rows[0]
    print(
        f"path of {YEARS} years, {first['zones']} zones: {first['path_median'] * 1e3:.0f} ms median, "
        f"{first['path_best'] * 1e3:.0f} best, {first['path_median'] / PATH_BUDGET:.0%} of budget; "
        f"gap to the static solution in the last year {first['gap']:.1e}"
    )
    print(
        f"without acceleration: {first['plain_iterations']} evaluations instead of {first['iterations']}, "
        f"{first['plain_seconds'] / first['median']:.1f} times as long"
    )


if __name__ == "__main__":
    main()

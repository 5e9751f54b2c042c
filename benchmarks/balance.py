"""Balancing of commuting: geo's Furness against AequilibraE's iterative proportional fitting.

Run ``python benchmarks/balance.py``: the region's own 199 x 199 weights and margins, both to the same largest
error of any margin, medians of alternating runs in one process, the ratio, and the largest relative
difference of any flow. Needs the extra ``bench``.
"""

import argparse
import statistics
import time
import warnings

import numpy as np

from geo.model.baseline import calibrate
from geo.model.gravity import furness
from geo.region import load_region

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aequilibrae.distribution.ipf_core import ipf_core

ERROR = 1e-10


def region_case():
    """Return weights (N, N), workers and jobs of the shipped baseline."""
    baseline = calibrate(load_region())
    seed = baseline.fit.gravity.seed(baseline.travel, baseline.codes)
    return seed, np.asarray(baseline.jobs.workers, float), np.asarray(baseline.jobs.jobs, float)


def theirs(seed, rows, cols, tolerance, cores):
    flows = seed.copy()
    sweeps, _ = ipf_core(
        flows, rows.copy(), cols.copy(), max_iterations=100_000, tolerance=tolerance, cores=cores
    )
    return flows, sweeps


def margin_error(flows, rows, cols):
    ends = np.abs(flows.sum(axis=1) - rows).max(), np.abs(flows.sum(axis=0) - cols).max()
    return max(ends) / max(rows.max(), cols.max())


def matched_tolerance(seed, rows, cols, cores):
    """Return the loosest of their tolerances that reaches our error: their measure is another one."""
    for power in range(6, 16):
        if margin_error(theirs(seed, rows, cols, 10.0**-power, cores)[0], rows, cols) <= ERROR:
            return 10.0**-power
    return 1e-15


def timed(call):
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, found


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=15)
    options.add_argument("--cores", type=int, default=0, help="threads of AequilibraE; 0 is all")
    given = options.parse_args()
    seed, rows, cols = region_case()
    tolerance = matched_tolerance(seed, rows, cols, given.cores)
    ours, others = [], []
    for _ in range(given.repeats):
        seconds, mine = timed(lambda: furness(seed, rows, cols, tol=ERROR))
        ours.append(seconds)
        seconds, (their, sweeps) = timed(lambda: theirs(seed, rows, cols, tolerance, given.cores))
        others.append(seconds)
    some = their > 1e-12 * their.max()
    worst = np.max(np.abs(mine[some] / their[some] - 1))
    one, two = statistics.median(ours), statistics.median(others)
    print(f"{len(rows)} x {len(cols)}, largest error of a margin over the largest margin")
    print(f"geo         {1e3 * one:9.2f} ms   error {margin_error(mine, rows, cols):.1e}")
    error = margin_error(their, rows, cols)
    print(f"AequilibraE {1e3 * two:9.2f} ms   error {error:.1e}   {sweeps} sweeps, tolerance {tolerance:.0e}")
    print(f"AequilibraE / geo: {two / one:.2f}   largest relative difference of a flow: {worst:.1e}")


if __name__ == "__main__":
    main()

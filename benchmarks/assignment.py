"""User equilibrium: geo's assignment against AequilibraE's bi-conjugate Frank-Wolfe, in one process.

Run ``python benchmarks/assignment.py NET.tntp TRIPS.tntp [FLOW.tntp]`` on a published network, or without
files on a grid. Prints, for each gap, wall and processor seconds to reach it (best of ``--repeats``), the
ratios, and how far link flows are from the published ones, or else from ours at gap 1e-10. Tolls and distance
costs are left out (0), because the peer's BPR has none. Needs the extra ``bench``.
"""

import argparse
import logging
import os
import time
import warnings

import numpy as np
import pandas as pd

from geo.model.assignment import Network, assign, read_tntp, read_tntp_flows

os.environ["AEQ_SHOW_PROGRESS"] = "FALSE"  # their progress bars cost more than their small assignments
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aequilibrae.matrix import AequilibraeMatrix
    from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass

GAPS = (1e-3, 1e-4, 1e-5, 1e-6)
LEAST_TIME = 1e-6  # the peer refuses free-flow times of 0


def grid(side, zones, seed=0):
    """Return a congested grid of ``side`` x ``side`` nodes with gravity demand between random zones."""
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    across = np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], axis=1)
    down = np.stack([node[:-1].ravel(), node[1:].ravel()], axis=1)
    ends = np.concatenate([across, down, across[:, ::-1], down[:, ::-1]])
    place = np.r_[(chosen := rng.permutation(side * side)[:zones]), np.setdiff1d(node, chosen)]
    label = np.argsort(place)  # zones first, as in published files
    capacity = rng.uniform(500, 3000, len(ends))
    network = Network(label[ends[:, 0]], label[ends[:, 1]], capacity, rng.uniform(1, 3, len(ends)))
    where = np.stack(np.divmod(chosen, side), axis=1)
    far = np.abs(where[:, None] - where[None]).sum(axis=-1)
    size = rng.lognormal(0, 1, zones)
    demand = size[:, None] * size[None] * np.exp(-0.2 * far)
    np.fill_diagonal(demand, 0.0)
    return network, demand * 0.6 * capacity.sum() / (demand * far).sum()


def clock(call):
    """Return (wall, processor) seconds and what the call returns."""
    wall, processor = time.perf_counter(), time.process_time()
    found = call()
    return (time.perf_counter() - wall, time.process_time() - processor), found


class Peer:
    """AequilibraE's assignment of a network whose zones are its first nodes."""

    def __init__(self, network, demand, cores):
        links = len(network.tail)
        table = pd.DataFrame(
            {
                "link_id": np.arange(1, links + 1),
                "a_node": network.tail + 1,
                "b_node": network.head + 1,
                "direction": np.ones(links, dtype=np.int8),
                "free_flow_time": np.maximum(network.t0, LEAST_TIME),
                "capacity": np.where(np.asarray(network.capacity) > 0, network.capacity, 1.0),
                "alpha": network.alpha,
                "power": np.maximum(network.beta, 1.0),
            }
        )
        zones = np.arange(1, len(demand) + 1)
        self.graph = Graph()
        self.graph.network = table
        self.graph.mode = "c"
        self.graph.prepare_graph(zones)
        self.graph.set_graph("free_flow_time")
        self.graph.set_blocked_centroid_flows(network.first_through > 0)
        self.matrix = AequilibraeMatrix()
        self.matrix.create_empty(zones=len(demand), matrix_names=["cars"], memory_only=True)
        self.matrix.index[:] = zones
        self.matrix.matrix["cars"][:, :] = demand
        self.matrix.computational_view(["cars"])
        self.cores = cores

    def assign(self, gap, rounds):
        """Return wall and processor seconds, link flows, gap reached and iterations."""
        task = TrafficAssignment()
        task.set_classes([TrafficClass("car", self.graph, self.matrix)])
        task.set_vdf("BPR")
        task.set_vdf_parameters({"alpha": "alpha", "beta": "power"})
        task.set_capacity_field("capacity")
        task.set_time_field("free_flow_time")
        task.set_algorithm("bfw")
        task.max_iter, task.rgap_target = rounds, gap
        if self.cores:
            task.set_cores(self.cores)
        took = clock(lambda: task.execute(log_specification=False))[0]
        flow = task.results()["PCE_AB"].sort_index().to_numpy()
        report = task.report()
        return took, np.nan_to_num(flow), float(report["rgap"].iloc[-1]), len(report)


def ours(network, demand, gap, method):
    took, found = clock(lambda: assign(network, demand, gap=gap, method=method))
    return took, found.flow, found.relative_gap, found.iterations


def best(call, repeats):
    return min((call() for _ in range(repeats)), key=lambda run: run[0][0])


def apart(one, other):
    """Return the largest and the mean absolute difference, in vehicles."""
    gap = np.abs(one - other)
    return f"largest {np.nanmax(gap):10.4g}  mean {np.nanmean(gap):9.3g}"


def race(network, demand, given, published):
    peer = Peer(network, demand, given.cores)
    exact = assign(network, demand, gap=1e-10).flow if published is None else published
    for gap in given.gaps:
        theirs = best(lambda gap=gap: peer.assign(gap, given.rounds), given.repeats)
        runs = {"AequilibraE bfw": theirs}
        for method in ("segments", "bfw") if gap >= given.bfw_down_to else ("segments",):
            run = best(lambda gap=gap, method=method: ours(network, demand, gap, method), given.repeats)
            runs[f"geo {method}"] = run
        for name, (took, found, at, count) in runs.items():
            ratios = [their / our for their, our in zip(theirs[0], took, strict=True)]
            line = (
                f"{gap:7.0e}  {name:15}  {took[0]:8.3f} s  {took[1]:8.3f} s  {count:5d} rounds  gap {at:.1e}"
            )
            ratio = "" if name.startswith("Aeq") else f"  ratios {ratios[0]:.2f}, {ratios[1]:.2f}"
            print(line + ratio)
            print(f"{'':26}from {'the published flows' if published is not None else 'gap 1e-10'}: "
                  f"{apart(found, exact)}")  # fmt: skip


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("files", nargs="*", help="net, trips and, if known, flow file (TNTP)")
    options.add_argument("--gaps", type=float, nargs="+", default=GAPS)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--rounds", type=int, default=5000)
    options.add_argument("--cores", type=int, default=0, help="threads of AequilibraE; 0 is all")
    options.add_argument("--side", type=int, default=16)
    options.add_argument("--zones", type=int, default=120)
    options.add_argument("--bfw-down-to", type=float, default=1e-4, help="our own bfw runs for these gaps")
    given = options.parse_args()
    logging.disable(logging.CRITICAL)
    published = None
    if len(given.files) >= 2:
        network, demand = read_tntp(*given.files[:2], toll_factor=0.0, distance_factor=0.0)
        if len(given.files) > 2:
            published = read_tntp_flows(given.files[2], network)
    else:
        network, demand = grid(given.side, given.zones)
    print(f"{len(demand)} zones, {network.nodes} nodes, {len(network.tail)} links")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        race(network, demand, given, published)


if __name__ == "__main__":
    main()

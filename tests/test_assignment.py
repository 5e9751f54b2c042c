"""Road assignment: hand-worked networks, a published one, laws, bad inputs, files, the linear response."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from geo.errors import ModelError
from geo.model.assignment import (
    Network,
    assign,
    linear_response,
    read_tntp,
    read_tntp_flows,
    response_error,
)

METHODS = ["segments", "bfw"]


def pair(size, volume, origin=0, destination=None):
    demand = np.zeros((size, size))
    demand[origin, size - 1 if destination is None else destination] = volume
    return demand


def braess():
    """Murchland 1970: costs 10 v, 50 + v, 50 + v, 10 v and a cross link 10 + v; 6 trips; nodes 0 1 2 3."""
    return Network(
        from_node=[0, 0, 1, 2, 1],
        to_node=[1, 2, 3, 3, 2],
        capacity=1.0,
        free_flow_time=[1e-9, 50, 50, 1e-9, 10],
        alpha=[1e10, 0.02, 0.02, 1e10, 0.1],
        beta=1,
    )


def random_network(seed, nodes=9, extra=14):
    rng = np.random.default_rng(seed)
    ring = np.stack([np.arange(nodes), np.roll(np.arange(nodes), -1)], axis=1)
    more = rng.integers(0, nodes, (extra, 2))
    ends = np.concatenate([ring, ring[:, ::-1], more[more[:, 0] != more[:, 1]]])
    count = len(ends)
    network = Network(
        ends[:, 0],
        ends[:, 1],
        capacity=rng.uniform(5, 30, count),
        free_flow_time=rng.uniform(1, 5, count),
        alpha=rng.uniform(0.1, 1.0, count),
        beta=rng.choice([1.0, 2.0, 4.0], count),
        toll=rng.choice([0.0, 1.0], count),
        length=rng.uniform(1, 9, count),
    )
    return network, rng.uniform(0, 6, (nodes, nodes)) * (rng.random((nodes, nodes)) < 0.7)


# Known answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_braess_equilibrium_is_the_hand_worked_one(method):
    found = assign(braess(), pair(4, 6.0), gap=1e-12, method=method)
    assert found.flow == pytest.approx([4, 2, 2, 4, 2], abs=1e-6)
    assert found.skim[0, 3] == pytest.approx(92, abs=1e-5)
    assert found.total_time == pytest.approx(6 * 92, abs=1e-4)


def test_closing_the_cross_link_makes_everybody_faster():
    whole = braess()
    rest = Network(
        whole.tail[:4],
        whole.head[:4],
        whole.capacity[:4],
        whole.free_flow_time[:4],
        whole.alpha[:4],
        whole.beta[:4],
    )
    found = assign(rest, pair(4, 6.0), gap=1e-12)
    assert found.flow == pytest.approx([3, 3, 3, 3], abs=1e-6)
    assert found.skim[0, 3] == pytest.approx(83, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_two_parallel_routes_by_hand(method):
    # 10 + v/10 = 15 + v'/20 and v + v' = 200: v = 100, v' = 100, both 20 minutes
    network = Network([0, 0], [1, 1], [100, 100], [10, 15], [1.0, 1 / 3], beta=1)
    found = assign(network, pair(2, 200.0), gap=1e-12, method=method)
    assert found.flow == pytest.approx([100, 100], rel=1e-6)
    assert found.time == pytest.approx([20, 20], rel=1e-6)


def test_a_small_demand_leaves_the_slower_road_empty():
    network = Network([0, 0], [1, 1], [100, 100], [10, 15], [1.0, 1 / 3], beta=1)
    found = assign(network, pair(2, 40.0), gap=1e-12)
    assert found.flow == pytest.approx([40, 0], abs=1e-9)
    assert found.skim[0, 1] == pytest.approx(14)


def test_times_and_slopes_follow_the_formula():
    network = Network([0], [1], 1000.0, 10.0)
    assert network.times(np.array([1000.0])) == pytest.approx([11.5])
    assert network.times(np.array([2000.0])) == pytest.approx([10 * (1 + 0.15 * 16)])
    assert network.slopes(np.array([1000.0])) == pytest.approx([10 * 0.15 * 4 / 1000])
    assert network.beckmann(np.array([1000.0])) == pytest.approx(10 * (1000 + 0.15 * 1000 / 5))


@pytest.mark.parametrize(("alpha", "beta", "time"), [(0.0, 4.0, 6.0), (0.5, 0.0, 9.0)])
def test_constant_links_need_no_capacity(alpha, beta, time):
    found = assign(Network([0], [1], 0.0, 6.0, alpha, beta), pair(2, 7.0))
    assert found.time == pytest.approx([time])
    assert found.flow == pytest.approx([7.0])


def test_a_toll_moves_drivers_but_not_the_clock():
    # 10 + v/10 + 4 = 15 + v'/20 and v + v' = 200: v = 220/3
    network = Network([0, 0], [1, 1], [100, 100], [10, 15], [1.0, 1 / 3], beta=1, toll=[4, 0])
    found = assign(network, pair(2, 200.0), gap=1e-12)
    assert found.flow[0] == pytest.approx(220 / 3)
    assert found.time[0] == pytest.approx(10 + 22 / 3)
    assert found.skim[0, 1] == pytest.approx(14 + 22 / 3)


def test_a_centroid_is_not_passed_through():
    # the short way from 0 to 2 leads over zone 1
    ends = ([0, 1, 0, 3], [1, 2, 3, 2])
    through = assign(Network(*ends, 10.0, [1, 1, 5, 5]), pair(3, 1.0), zones=[0, 1, 2])
    around = assign(Network(*ends, 10.0, [1, 1, 5, 5], first_through=3), pair(3, 1.0), zones=[0, 1, 2])
    assert through.flow == pytest.approx([1, 1, 0, 0])
    assert around.flow == pytest.approx([0, 0, 1, 1])
    assert around.skim[1, 2] == pytest.approx(1.0)


@pytest.mark.parametrize("first_through", [0, 4])
def test_connectors_without_time_are_allowed(first_through):
    # zones 0 to 3 hang with two free connectors each on a ring of 6 congested nodes
    rng = np.random.default_rng(0)
    ring = np.stack([np.arange(4, 10), np.roll(np.arange(4, 10), -1)], axis=1)
    connectors = np.array([[zone, node] for zone in range(4) for node in rng.choice(6, 2, replace=False) + 4])
    ends = np.concatenate([ring, ring[:, ::-1], connectors, connectors[:, ::-1]])
    real = np.arange(len(ends)) < 12
    network = Network(
        *ends.T, np.where(real, 5.0, 0.0), np.where(real, 3.0, 0.0), 0.5, 4.0, first_through=first_through
    )
    demand = rng.uniform(0, 6, (4, 4))
    np.fill_diagonal(demand, 0.0)
    one = assign(network, demand, gap=1e-10)
    other = assign(network, demand, gap=1e-6, method="bfw")
    assert one.converged
    assert one.objective == pytest.approx(other.objective, rel=1e-5)
    if first_through:
        entering = np.bincount(network.head, one.flow, network.nodes)[:4]
        assert entering == pytest.approx(demand.sum(axis=0))


# Sioux Falls: LeBlanc, Morlok and Pierskalla 1975, Transportation Research 9; both directions alike:
# a, b, capacity, free-flow time; trips in hundreds.
SIOUX_LINKS = """
1 2 25900.20064 6;1 3 23403.47319 4;2 6 4958.180928 5;3 4 17110.52372 4;3 12 23403.47319 4;4 5 17782.7941 2
4 11 4908.82673 6;5 6 4947.995469 4;5 9 10000 5;6 8 4898.587646 2;7 8 7841.81131 3;7 18 23403.47319 2
8 9 5050.193156 10;8 16 5045.822583 5;9 10 13915.78842 3;10 11 10000 5;10 15 13512.00155 6
10 16 4854.917717 4;10 17 4993.510694 8;11 12 4908.82673 6;11 14 4876.508287 4;12 13 25900.20064 3
13 24 5091.256152 4;14 15 5127.526119 5;14 23 4924.790605 4;15 19 14564.75315 3;15 22 9599.180565 3
16 17 5229.910063 2;16 18 19679.89671 3;17 19 4823.950831 2;18 20 23403.47319 4;19 20 5002.607563 4
20 21 5059.91234 6;20 22 5075.697193 5;21 22 5229.910063 2;21 24 4885.357564 3;22 23 5000 4
23 24 5078.508436 2
"""
SIOUX_TRIPS = """
0 1 1 5 2 3 5 8 5 13 5 2 5 3 5 5 4 1 3 3 1 4 3 1;1 0 1 2 1 4 2 4 2 6 2 1 3 1 1 4 2 0 1 1 0 1 0 0
1 1 0 2 1 3 1 2 1 3 3 2 1 1 1 2 1 0 0 0 0 1 1 0;5 2 2 0 5 4 4 7 7 12 14 6 6 5 5 8 5 1 2 3 2 4 5 2
2 1 1 5 0 2 2 5 8 10 5 2 2 1 2 5 2 0 1 1 1 2 1 0;3 4 3 4 2 0 4 8 4 8 4 2 2 1 2 9 5 1 2 3 1 2 1 1
5 2 1 4 2 4 0 10 6 19 5 7 4 2 5 14 10 2 4 5 2 5 2 1;8 4 2 7 5 8 10 0 8 16 8 6 6 4 6 22 14 3 7 9 4 5 3 2
5 2 1 7 8 4 6 8 0 28 14 6 6 6 9 14 9 2 4 6 3 7 5 2
13 6 3 12 10 8 19 16 28 0 40 20 19 21 40 44 39 7 18 25 12 26 18 8
5 2 3 15 5 4 5 8 14 39 0 14 10 16 14 14 10 1 4 6 4 11 13 6;2 1 2 6 2 2 7 6 6 20 14 0 13 7 7 7 6 2 3 4 3 7 7 5
5 3 1 6 2 2 4 6 6 19 10 13 0 6 7 6 5 1 3 6 6 13 8 8;3 1 1 5 1 1 2 4 6 21 16 7 6 0 13 7 7 1 3 5 4 12 11 4
5 1 1 5 2 2 5 6 10 40 14 7 7 13 0 12 15 2 8 11 8 26 10 4
5 4 2 8 5 9 14 22 14 44 14 7 6 7 12 0 28 5 13 16 6 12 5 3
4 2 1 5 2 5 10 14 9 39 10 6 5 7 15 28 0 6 17 17 6 17 6 3;1 0 0 1 0 1 2 3 2 7 2 2 1 1 2 5 6 0 3 4 1 3 1 0
3 1 0 2 1 2 4 7 4 18 4 3 3 3 8 13 17 3 0 12 4 12 3 1;3 1 0 3 1 3 5 9 6 25 6 5 6 5 11 16 17 4 12 0 12 24 7 4
1 0 0 2 1 1 2 4 3 12 4 3 6 4 8 6 6 1 4 12 0 18 7 5;4 1 1 4 2 2 5 5 7 26 11 7 13 12 26 12 17 3 12 24 18 0 21 11
3 0 1 5 1 1 2 3 5 18 13 7 8 11 10 5 6 1 3 7 7 21 0 7;1 0 0 2 0 1 1 2 2 8 6 5 7 4 4 3 3 0 1 4 5 11 7 0
"""
# Best known solution of the research collection's README: optimal Beckmann objective, and four flows.
SIOUX_OBJECTIVE = 42.31335287107440e5
SIOUX_FLOWS = {
    (0, 1): 4494.6576464564205,
    (0, 2): 8119.079948047809,
    (1, 0): 4519.079948047809,
    (1, 5): 5967.336396149937,
}


def table(text):
    rows = text.strip().replace("\n", ";").split(";")
    return np.array([[float(word) for word in row.split()] for row in rows])


@pytest.fixture(scope="module")
def sioux():
    rows = table(SIOUX_LINKS)
    both = np.concatenate([rows, rows[:, [1, 0, 2, 3]]])
    return Network(both[:, 0] - 1, both[:, 1] - 1, both[:, 2], both[:, 3]), 100 * table(SIOUX_TRIPS)


@pytest.mark.parametrize(("method", "gap", "near"), [("segments", 1e-13, 1e-7), ("bfw", 1e-6, 1e-4)])
def test_sioux_falls_as_published(sioux, method, gap, near):
    network, demand = sioux
    assert demand.sum() == 360_600
    found = assign(network, demand, gap=gap, method=method)
    assert found.converged
    assert found.relative_gap <= gap
    assert found.objective == pytest.approx(SIOUX_OBJECTIVE, rel=max(gap, 1e-14))
    flows = dict(zip(zip(network.tail.tolist(), network.head.tolist(), strict=True), found.flow, strict=True))
    for ends, published in SIOUX_FLOWS.items():
        assert flows[ends] == pytest.approx(published, rel=near)


def test_the_two_directions_conjugate_beat_plain_frank_wolfe(sioux, monkeypatch):
    network, demand = sioux
    quick = assign(network, demand, gap=1e-3, method="bfw")
    monkeypatch.setattr("geo.model.assignment._conjugate_target", lambda _1, _2, nearest, *_3: nearest)
    plain = assign(network, demand, gap=1e-3, method="bfw")
    assert 2 * quick.iterations < plain.iterations


# Laws -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", METHODS)
def test_no_driver_can_gain_and_nobody_is_lost(seed, method):
    network, demand = random_network(seed)
    found = assign(network, demand, gap=1e-6, method=method)
    balance = np.zeros(network.nodes)
    np.add.at(balance, network.head, found.flow)
    np.subtract.at(balance, network.tail, found.flow)
    assert balance == pytest.approx(demand.sum(axis=0) - demand.sum(axis=1), abs=1e-8)
    spent, least = found.flow @ found.cost, (demand * found.skim).sum()
    assert least <= spent * (1 + 1e-12)
    assert (spent - least) / spent == pytest.approx(found.relative_gap, abs=1e-12)
    assert found.relative_gap <= 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_every_origin_balances_at_every_node(seed):
    network, demand = random_network(seed)
    found = assign(network, demand, gap=1e-10)
    flows = found.by_origin()
    assert (flows >= 0).all()
    assert flows.sum(axis=0) == pytest.approx(found.flow)
    np.fill_diagonal(demand, 0.0)
    for origin, flow in enumerate(flows):
        arriving = np.bincount(network.head, flow, network.nodes) - np.bincount(
            network.tail, flow, network.nodes
        )
        want = demand[origin].copy()
        want[origin] -= demand[origin].sum()
        assert arriving == pytest.approx(want, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_both_algorithms_find_the_same_flows(seed):
    network, demand = random_network(seed)
    one = assign(network, demand, gap=1e-10)
    other = assign(network, demand, gap=1e-5, method="bfw")
    assert one.objective <= other.objective * (1 + 1e-9)
    assert other.skim == pytest.approx(one.skim, rel=2e-2)


@pytest.mark.parametrize("factor", [0.1, 7.0])
def test_twice_the_traffic_on_twice_the_road_takes_as_long(factor):
    network, demand = random_network(1)
    before = assign(network, demand, gap=1e-11)
    wider = Network(
        network.tail,
        network.head,
        factor * network.capacity,
        network.t0,
        network.alpha,
        network.beta,
        network.toll,
    )
    after = assign(wider, factor * demand, gap=1e-11)
    assert after.skim == pytest.approx(before.skim, rel=1e-8)
    assert after.flow == pytest.approx(factor * before.flow, rel=1e-4, abs=1e-3 * factor)


def test_relabelled_links_and_nodes_permute_the_answer():
    network, demand = random_network(2)
    rng = np.random.default_rng(0)
    links, nodes = rng.permutation(len(network.tail)), rng.permutation(network.nodes)
    place = np.argsort(nodes)
    again = Network(
        place[network.tail[links]],
        place[network.head[links]],
        *(getattr(network, name)[links] for name in ("capacity", "t0", "alpha", "beta", "toll")),
    )
    one = assign(network, demand, gap=1e-11)
    other = assign(again, demand[np.ix_(nodes, nodes)], gap=1e-11)
    assert other.time == pytest.approx(one.time[links], rel=1e-7)
    assert other.skim == pytest.approx(one.skim[np.ix_(nodes, nodes)], rel=1e-8)


def test_a_symmetric_network_answers_symmetrically(sioux):
    network, demand = sioux
    found = assign(network, demand + demand.T, gap=1e-10)
    half = len(network.tail) // 2
    assert found.skim == pytest.approx(found.skim.T, rel=1e-8)
    assert found.flow[:half] == pytest.approx(found.flow[half:], rel=1e-6)


def test_more_demand_never_costs_less_in_all():
    network, demand = random_network(3)
    costs = [
        assign(network, factor * demand, gap=1e-10).flow @ assign(network, factor * demand, gap=1e-10).cost
        for factor in (0.5, 1.0, 2.0)
    ]
    assert costs == sorted(costs)


def test_a_warm_start_ends_at_the_same_equilibrium(sioux):
    network, demand = sioux
    before = assign(network, demand, gap=1e-8)
    changed = demand * np.random.default_rng(0).uniform(0.8, 1.2, demand.shape)
    changed[0, 5], changed[3, :] = 0.0, 0.0
    warm = assign(network, changed, gap=1e-10, start=before)
    cold = assign(network, changed, gap=1e-10)
    assert warm.flow == pytest.approx(cold.flow, rel=1e-5, abs=1e-2)
    assert warm.gaps[0] < 0.1 * cold.gaps[0]
    assert assign(network, demand, gap=1e-7, start=before).iterations == 0


def test_trips_within_a_zone_and_sparse_demand_change_nothing():
    network, demand = random_network(1)
    inner = demand.copy()
    np.fill_diagonal(inner, 1e6)
    np.fill_diagonal(demand, 0.0)
    assert assign(network, inner).flow == pytest.approx(assign(network, demand).flow)
    assert assign(network, csr_array(demand)).flow == pytest.approx(assign(network, demand).flow)


@pytest.mark.parametrize("method", METHODS)
def test_no_demand_no_flow(method):
    network, demand = random_network(0)
    found = assign(network, 0 * demand, method=method)
    assert not found.flow.any()
    assert found.relative_gap == 0
    assert found.time == pytest.approx(network.times(np.zeros(len(network.tail))))


def test_a_limit_of_rounds_is_said():
    network, demand = random_network(0)
    assert not assign(network, 20 * demand, gap=1e-14, max_iter=1).converged


# Bad inputs -----------------------------------------------------------------------------------------


def faults(error):
    return {fault.code.split(".")[-1] for fault in error.value.faults}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("capacity", [1, 0], "capacity"),
        ("capacity", [1, np.nan], "capacity"),
        ("free_flow_time", [-1, 1], "free_flow_time"),
        ("free_flow_time", [np.inf, 1], "free_flow_time"),
        ("alpha", [-1, 0], "alpha"),
        ("beta", [0.5, 4], "beta"),
        ("toll", [np.nan, 0], "toll"),
        ("length", [-1, 0], "length"),
        ("capacity", [1, 1, 1], "shape"),
        ("to_node", [1], "shape"),
        ("to_node", [1, -1], "node"),
    ],
)
def test_bad_links_are_refused(field, value, code):
    given = {"from_node": [0, 1], "to_node": [1, 0], "capacity": 1.0, "free_flow_time": 1.0}
    with pytest.raises(ModelError) as error:
        Network(**(given | {field: value}))
    assert code in faults(error)


def test_all_bad_links_are_told_at_once():
    with pytest.raises(ModelError) as error:
        Network([0], [1], -1.0, 1.0, beta=0.5, toll=-1)
    assert faults(error) == {"capacity", "beta", "toll"}


@pytest.mark.parametrize(
    ("demand", "zones", "code"),
    [
        (np.ones((2, 3)), None, "square"),
        ([[0, -1], [0, 0]], None, "demand"),
        ([[0, np.nan], [0, 0]], None, "demand"),
        (np.zeros((5, 5)), None, "zones"),
        (np.zeros((2, 2)), [0, 9], "zones"),
    ],
)
def test_bad_demand_is_refused(demand, zones, code):
    with pytest.raises(ModelError) as error:
        assign(Network([0, 1], [1, 0], 1.0, 1.0), demand, zones=zones)
    assert faults(error) == {code}


@pytest.mark.parametrize("method", METHODS)
def test_pairs_without_a_road_are_named(method):
    network = Network([0, 1], [1, 0], 1.0, 1.0, nodes=3, names=["Anxin", "Rongcheng", "Xiong"])
    demand = np.ones((3, 3))
    with pytest.raises(ModelError, match="Anxin → Xiong") as error:
        assign(network, demand, method=method)
    assert error.value.faults[0].values["count"] == 4
    assert np.isinf(assign(network, pair(3, 1.0, 0, 1), method=method).skim[0, 2])


# Files ----------------------------------------------------------------------------------------------

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 3
<TOLL FACTOR> 0.5
<END OF METADATA>

~ init term capacity length time b power speed toll type ;
1 2 100 3 10 1 1 0 8 1 ;
1 3 100 2 5 0.5 4 0 0 1 ;
3 2 100 1 5 0 0 0 0 1;
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 120
<END OF METADATA>

Origin  1
    1 :      0.0;     2 :    120.0;
Origin 2
    1 : 0.0;
"""


def test_published_files_are_read(tmp_path):
    (tmp_path / "net.tntp").write_text(NET)
    (tmp_path / "trips.tntp").write_text(TRIPS)
    (tmp_path / "flow.tntp").write_text("From To Volume Cost\n3 2 60.5 5\n1 2 59.5 14\n")
    network, demand = read_tntp(tmp_path / "net.tntp", tmp_path / "trips.tntp")
    assert network.first_through == 2
    assert network.toll == pytest.approx([4, 0, 0])
    assert demand == pytest.approx(np.array([[0, 120], [0, 0]]))
    assert network.times(np.full(3, 100.0)) == pytest.approx([20, 7.5, 5])
    assert assign(network, demand, gap=1e-10).flow.sum() > 120
    assert read_tntp_flows(tmp_path / "flow.tntp", network) == pytest.approx(
        [59.5, np.nan, 60.5], nan_ok=True
    )
    dearer, _ = read_tntp(tmp_path / "net.tntp", tmp_path / "trips.tntp", toll_factor=0, distance_factor=2)
    assert dearer.toll == pytest.approx([6, 4, 2])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (NET.replace("100 3 10", "100 three 10"), "numbers"),
        (NET + "1 2 3;", "numbers"),
        ("<END OF METADATA>\n", "no_links"),
        (None, "unreadable"),
    ],
)
def test_bad_files_are_refused(tmp_path, text, code):
    if text is not None:
        (tmp_path / "net.tntp").write_text(text)
    (tmp_path / "trips.tntp").write_text(TRIPS)
    with pytest.raises(ModelError) as error:
        read_tntp(tmp_path / "net.tntp", tmp_path / "trips.tntp")
    assert faults(error) == {code}


# Linear response ------------------------------------------------------------------------------------


def test_the_response_of_one_road_is_its_slope():
    network = Network([0], [1], 100.0, 10.0)
    found = assign(network, pair(2, 120.0), gap=1e-12)
    response = linear_response(found)
    assert response.times(pair(2, 1.0))[0, 1] == pytest.approx(10 * 0.15 * 4 * 1.2**3 / 100)
    assert not response.times(pair(2, 1.0))[1, 0]


def test_the_response_of_two_roads_shares_the_load():
    # slopes 1/10 and 1/20 in parallel: 1 / (10 + 20)
    network = Network([0, 0], [1, 1], [100, 100], [10, 15], [1.0, 1 / 3], beta=1)
    response = linear_response(assign(network, pair(2, 200.0), gap=1e-12))
    assert response.times(pair(2, 3.0))[0, 1] == pytest.approx(3 / 30)


def test_the_braess_response_by_hand():
    # outer paths carry f each: 10 d - 9 f + 50 = 21 d - 22 f + 10, so f = (11 d - 40) / 13, dC/dd = 31 / 13
    response = linear_response(assign(braess(), pair(4, 6.0), gap=1e-13))
    step = assign(braess(), pair(4, 6.001), gap=1e-14).skim[0, 3] - 92
    assert response.times(pair(4, 1.0))[0, 3] == pytest.approx(31 / 13, rel=1e-4)
    assert step / 0.001 == pytest.approx(31 / 13, rel=1e-3)


def test_the_response_is_the_derivative_and_symmetric(sioux):
    network, demand = sioux
    base = assign(network, demand, gap=1e-13)
    response = linear_response(base)
    rng = np.random.default_rng(1)
    one, two = rng.normal(size=(2, *demand.shape)) * demand
    assert (two * response.times(one)).sum() == pytest.approx((one * response.times(two)).sum(), rel=1e-6)
    assert (one * response.times(one)).sum() > 0
    errors = [response_error(base, response, demand + step * one, gap=1e-12) for step in (1e-4, 1e-1)]
    assert errors[0].relative < 0.02
    assert errors[0].relative < errors[1].relative
    assert errors[1].mean_error <= errors[1].worst


def test_the_response_needs_flows_by_origin():
    network, demand = random_network(0)
    with pytest.raises(ModelError) as error:
        linear_response(assign(network, demand, method="bfw", gap=1e-2))
    assert faults(error) == {"no_origins"}

"""Plans: edits come to a scenario, read back exactly, and differences are said edit by edit."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.edits import AddMove, Base, Block, ChangeMove, DropMove, Include, Plan, describe, diff, sentence
from geo.errors import ScenarioError
from geo.scenario import Assumptions, Move, Scenario
from geo.words import LANGUAGES, has

COUNTIES = ("110101", "120115", "130629", "130632", "130638", "110112")
INSTITUTIONS = ("bjtu", "ustb", "bfu", "pkuph", "sinochem")
RULES = ("home_share.university", "day_limit", "family_size.hospital")
VALUES = {"home_share.university": 0.5, "day_limit": 90.0, "family_size.hospital": 3.0}

moves = st.builds(
    Move,
    institution=st.sampled_from(INSTITUTIONS),
    destination=st.sampled_from(COUNTIES),
    start=st.integers(2025, 2035),
    years=st.integers(1, 5),
    share=st.sampled_from([1.0, 0.5, 0.1]),
    posts=st.none() | st.integers(0, 5000),
    note=st.text(max_size=12),
)
scenarios = st.builds(
    lambda name, note, assumed, moved: Scenario(
        name=name, note=note, assumptions=Assumptions(tuple(assumed.items())), moves=tuple(moved)
    ),
    st.text(max_size=12),
    st.text(max_size=12),
    st.lists(st.sampled_from(RULES), unique=True).map(lambda keys: {key: VALUES[key] for key in keys}),
    st.lists(moves, max_size=6),
)


def grown(plan, choice):
    """Return a plan with one more edit of a kind that ``choice`` picks."""
    kind, move, place = choice
    made = [edit.id for edit in plan.edits if isinstance(edit, AddMove)]
    if kind == "block":
        return plan.include(Block(name=f"b{len(plan.edits)}", edits=Plan().add(move).edits))
    if kind == "assume":
        key = RULES[place % len(RULES)]
        return plan.assume(key, None if place > 6 else VALUES[key])
    if kind == "move" or not made:
        return plan.add(move, note=move.note)
    target = made[place % len(made)]
    if kind == "change":
        return plan.change(target, start=move.start, posts=move.posts)
    if kind == "drop":
        return plan.drop(target)
    return plan.switch(target, on=False)


choices = st.tuples(
    st.sampled_from(["move", "change", "drop", "assume", "block", "switch"]), moves, st.integers(0, 9)
)


@st.composite
def plans(draw, steps=8):
    plan = Plan(name=draw(st.text(max_size=8)), note=draw(st.text(max_size=8)))
    for choice in draw(st.lists(choices, max_size=steps)):
        plan = grown(plan, choice)
    return plan


def first_four():
    plan = Plan(name="first four").add(Move(institution="bjtu", destination="130629", start=2027))
    return plan.add(Move(institution="ustb", destination="130632", start=2028, share=0.5))


# What edits come to ---------------------------------------------------------------------------------


def test_each_kind_of_edit_does_what_it_says():
    plan = first_four()
    one, two = plan.ids
    plan = plan.assume("day_limit", 90).change(one, years=3, posts=500).drop(two)
    assert plan.scenario() == Scenario(
        name="first four",
        assumptions=Assumptions((("day_limit", 90.0),)),
        moves=(Move(institution="bjtu", destination="130629", start=2027, years=3, posts=500),),
    )
    assert plan.assume("day_limit", None).scenario().assumptions == Assumptions()
    assert plan.change(one, posts=None).scenario().moves[0].posts is None


def test_a_block_is_included_where_it_stands_and_more_than_once():
    block = Block(
        name="hospitals", edits=Plan().add(Move(institution="pkuph", destination="130629", start=2028)).edits
    )
    plan = first_four().include(block).include("hospitals")
    assert [move.institution for move in plan.scenario().moves] == ["bjtu", "ustb", "pkuph", "pkuph"]
    inner = f"{plan.ids[2]}/{block.edits[0].id}"
    changed = plan.change(inner, start=2040)
    assert [move.start for move in changed.scenario().moves] == [2027, 2028, 2040, 2028]
    assert plan.without_block("hospitals") == first_four()


def test_a_block_cut_from_one_plan_serves_another():
    plan = first_four()
    block = plan.cut(plan.ids[:1], "bjtu only")
    assert Plan(name="other").include(block).scenario().moves == plan.scenario().moves[:1]


def test_switched_off_edits_do_nothing_and_what_means_them_sleeps():
    plan = first_four()
    plan = plan.change(plan.ids[0], years=2).switch(plan.ids[0], on=False)
    assert [move.institution for move in plan.scenario().moves] == ["ustb"]
    assert plan.played.dormant == (plan.ids[2],)
    assert plan.switch(plan.ids[0], on=True).played.dormant == ()


def test_order_decides():
    plan = Plan().assume("day_limit", 90).assume("day_limit", 60)
    assert plan.scenario().assumptions["day_limit"] == 60
    assert plan.reorder(plan.ids[1], 0).scenario().assumptions["day_limit"] == 90


def test_removing_an_edit_removes_what_means_its_move():
    plan = first_four()
    plan = plan.change(plan.ids[0], years=2).drop(plan.ids[0])
    assert plan.without(plan.ids[0]).ids == (plan.ids[1],)


def test_a_branch_remembers_what_it_came_from():
    plan = first_four()
    branch = plan.branch("slower")
    assert branch.base == Base(name="first four", hash=plan.hash)
    assert branch.edits == plan.edits
    assert branch.scenario().moves == plan.scenario().moves


def test_an_id_stays_when_the_edit_changes_and_is_never_used_twice():
    plan = first_four()
    changed = plan.put(
        AddMove(id=plan.ids[0], move=Move(institution="bjtu", destination="130629", start=2040))
    )
    assert changed.ids == plan.ids
    same = Move(institution="bjtu", destination="130629", start=2027)
    assert len({*plan.add(same).add(same).ids}) == 4


# Text -------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(plans())
def test_text_reads_back_exactly(plan):
    for again in (Plan.from_toml(plan.to_toml()), Plan.from_json(plan.to_json())):
        assert again == plan
        assert again.hash == plan.hash
        assert again.scenario() == plan.scenario()


def test_one_edit_changes_a_few_lines():
    plan = first_four()
    before, after = plan.to_toml().splitlines(), plan.assume("day_limit", 90).to_toml().splitlines()
    assert after[: len(before)] == before
    assert after[len(before) :] == [
        "",
        "[[edits]]",
        f'id = "{plan.assume("day_limit", 90).ids[-1]}"',
        'do = "assume"',
        'key = "day_limit"',
        "value = 90.0",
    ]
    later = plan.put(AddMove(id=plan.ids[0], move=Move(institution="bjtu", destination="130629", start=2030)))
    changed = [line for line in later.to_toml().splitlines() if line not in before]
    assert changed == ["move.start = 2030"]


FAULTY = """
nme = "x"

[[edits]]
id = "a"
do = "move"
move.destination = "130629"
move.start = 1999
move.strt = 3

[[edits]]
id = "b"
do = "flip"

[[edits]]
id = "c"
do = "assume"
key = "nope"
wrong = 1

[[edits]]
id = "d"
do = "change"
target = "a"
set.years = "long"
unset = ["nothing", "start"]

[[blocks]]
name = "q"

[[blocks.edits]]
id = "e"
do = "include"
block = "q"
"""


def test_every_fault_of_a_file_is_named_with_its_line():
    with pytest.raises(ScenarioError) as caught:
        Plan.from_toml(FAULTY, file="plan.toml")
    places = {fault.where for fault in caught.value.faults}
    assert places == {
        "plan.toml:2 nme",
        "plan.toml:8 edits[0].move.start",
        "plan.toml:9 edits[0].move.strt",
        "plan.toml:13 edits[1].do",
        "plan.toml:19 edits[2].wrong",
        "plan.toml:25 edits[3].set.years",
        "plan.toml:26 edits[3].unset",
        "plan.toml:34 blocks[0].edits[0].block",
    }
    assert all(
        has(f"error.{fault.code}.what", language) for fault in caught.value.faults for language in LANGUAGES
    )
    assert caught.value.text("zh")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"edits": [DropMove(id="a", target="b")]}, "plan.unknown_edit"),
        ({"edits": [Include(id="a", block="b")]}, "plan.unknown_block"),
        ({"edits": [{"id": "A b", "do": "drop", "target": "x"}]}, "scenario.bad_code"),
        ({"edits": [{"id": "a", "do": "change", "target": "a"}]}, "plan.changes_nothing"),
        ({"edits": "abc"}, "scenario.wrong_type"),
        ({"blocks": [{"name": "q"}, {"name": "q"}]}, "plan.block_twice"),
        ({"base": {"hash": "xyz"}}, "scenario.bad_code"),
        ({"edits": [first_four().edits[0]] * 2}, "plan.id_twice"),
    ],
)
def test_what_cannot_be_is_refused(fields, code):
    with pytest.raises(ScenarioError) as caught:
        Plan(**fields)
    assert code in {fault.code for fault in caught.value.faults}


def test_an_impossible_scenario_names_the_edit():
    plan = first_four()
    with pytest.raises(ScenarioError) as caught:
        plan.change(plan.ids[0], years=30)
    assert [fault.where for fault in caught.value.faults] == [f"edits[{plan.ids[0]}].years"]


def test_a_change_is_checked_like_a_move():
    for fields in ({"start": 1999}, {"nothing": 1}, {"share": 2.0}, {"destination": None}):
        with pytest.raises(ScenarioError):
            ChangeMove(id="a", target="b", set=fields)


# Scenarios --------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(scenarios)
def test_a_scenario_becomes_a_plan_and_comes_back(scenario):
    plan = Plan.from_scenario(scenario)
    assert plan.scenario() == scenario
    assert len({*plan.ids}) == len(scenario.moves) + len(scenario.assumptions.root)


@settings(max_examples=120, deadline=None)
@given(plans(), scenarios)
def test_any_scenario_can_be_put_into_any_plan(plan, scenario):
    assert plan.with_scenario(scenario).scenario() == scenario
    assert plan.with_scenario(plan.scenario()) == plan


def test_what_a_form_changes_stays_the_same_edit():
    plan = first_four().switch(first_four().ids[0], on=False)
    scenario = plan.scenario()
    later = replace_move(scenario, 0, start=2040)
    done = plan.with_scenario(later)
    assert done.ids == plan.ids
    assert not done.edits[0].on
    assert done.with_scenario(scenario.without(0)).ids == plan.ids[:1]
    assert (
        done.with_scenario(later.with_moves(Move(institution="bfu", destination="130629", start=2030))).ids[
            :2
        ]
        == plan.ids
    )


def replace_move(scenario, place, **fields):
    moved = list(scenario.moves)
    moved[place] = Move(**(dict(moved[place]) | fields))
    return Scenario(
        name=scenario.name, note=scenario.note, assumptions=scenario.assumptions, moves=tuple(moved)
    )


def test_what_a_form_changes_on_a_block_becomes_an_edit_of_its_own():
    block = first_four().cut(first_four().ids, "four")
    plan = Plan().include(block)
    done = plan.with_scenario(replace_move(plan.scenario(), 1, share=0.25))
    assert done.edits[0] == plan.edits[0]
    assert isinstance(done.edits[1], ChangeMove)
    assert done.edits[1].set == (("share", 0.25),)
    gone = plan.with_scenario(plan.scenario().without(0))
    assert isinstance(gone.edits[1], DropMove)


# Differences ------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(plans(), plans())
def test_no_difference_means_equal_and_the_other_way_round(one, two):
    assert diff(one, one) == ()
    assert (diff(one, two) == ()) == (one == two)
    kinds = {"added": "removed", "removed": "added"}
    there, back = diff(one, two), diff(two, one)
    assert {(item.kind, item.key) for item in there if item.kind in kinds} == {
        (kinds[item.kind], item.key) for item in back if item.kind in kinds
    }


def test_differences_edit_by_edit():
    plan = first_four()
    one, two = plan.ids
    other = plan.put(AddMove(id=one, move=Move(institution="bjtu", destination="130632", start=2027)))
    other = other.switch(two, on=False).reorder(two, 0).assume("day_limit", 90).but(name="b")
    found = [(item.kind, item.key) for item in diff(plan, other) if item.kind != "reordered"]
    assert found == [("name", ""), ("switched_off", two), ("changed", one), ("added", other.ids[-1])]
    assert sum(item.kind == "reordered" for item in diff(plan, other)) == 1
    changed = next(item for item in diff(plan, other) if item.kind == "changed")
    assert changed.fields == (("move.destination", "130629", "130632"),)


def test_only_what_moved_in_the_list_is_called_reordered():
    plan = Plan()
    for key in ("bjtu", "ustb", "bfu", "pkuph"):
        plan = plan.add(Move(institution=key, destination="130629", start=2027))
    found = diff(plan, plan.reorder(plan.ids[0], 3))
    assert [(item.kind, item.key) for item in found] == [("reordered", plan.ids[0])]


def test_two_scenarios_compare_by_what_they_move():
    early = Scenario(moves=[Move(institution="bjtu", destination="130629", start=2027)])
    late = Scenario(moves=[Move(institution="bjtu", destination="130629", start=2030)])
    (only,) = diff(Plan.from_scenario(early), Plan.from_scenario(late))
    assert (only.kind, only.fields) == ("changed", (("move.start", 2027, 2030),))


def test_words_name_counties_and_institutions(region):
    plan = first_four()
    other = plan.put(
        AddMove(id=plan.ids[0], move=Move(institution="bjtu", destination="130632", start=2027, years=2))
    )
    (told,) = describe(diff(plan, other), region, "en")
    who, _, changes = told.partition(": ")
    assert who == "Beijing Jiaotong University"
    assert changes == "destination Rongcheng County → Anxin County; years to complete default → 2"
    assert describe(diff(plan, other), region, "zh") == (
        "北京交通大学：迁入地 容城县 → 安新县；所需年数 默认值 → 2",
    )
    assert sentence(plan.edits[1], plan, region, "en") == (
        "University of Science and Technology Beijing moves to Anxin County in 2028; share that moves: 50 %"
    )
    assert sentence(plan.edits[1], plan, region, "zh") == "北京科技大学于2028年迁往安新县；迁移比例：50%"


@settings(max_examples=40, deadline=None)
@given(plans(), plans())
def test_every_difference_has_words(one, two):
    for language in LANGUAGES:
        told = describe(diff(one, two), None, language)
        assert all(told)
        for plan in (one, two):
            assert all(sentence(edit, plan, None, language) for edit in plan.edits)


def test_a_difference_is_a_value():
    (item,) = diff(first_four(), first_four().but(name="x"))
    assert item == replace(item)

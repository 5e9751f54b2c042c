"""Merging two people's work on one plan: laws, and each kind of conflict by name."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo.edits import AddMove, Block, Plan
from geo.errors import ScenarioError
from geo.merge import merge
from geo.scenario import Move
from geo.words import LANGUAGES

PLACES = ("130629", "130632", "130638", "110112", "120115")
NAMES = ("bjtu", "ustb", "bfu", "bit", "buaa", "pkuph", "pumch")
RULES = {"day_limit": (60.0, 90.0), "home_share.university": (0.5, 0.9)}


def move(institution="bjtu", **more):
    return Move(institution=institution, **({"destination": "130629", "start": 2027} | more))


moves = st.builds(
    move,
    st.sampled_from(NAMES),
    destination=st.sampled_from(PLACES),
    start=st.integers(2026, 2032),
    share=st.sampled_from([1.0, 0.5]),
)


def assumed(plan, number):
    rule = sorted(RULES)[number % 2]
    return plan.assume(rule, RULES[rule][number // 2 % 2])


DO = {
    "add": lambda plan, _, new, __: plan.add(new),
    "edit": lambda plan, key, new, _: plan.put(AddMove(id=key, move=new)),
    "change": lambda plan, key, new, _: plan.change(key, start=new.start),
    "drop": lambda plan, key, *_: plan.drop(key),
    "remove": lambda plan, key, *_: plan.without(key),
    "off": lambda plan, key, *_: plan.switch(key, on=not plan.edit(key).on),
    "order": lambda plan, key, _, number: plan.reorder(key, number % len(plan.edits)),
    "assume": lambda plan, _, __, number: assumed(plan, number),
    "block": lambda plan, _, new, number: plan.include(
        Block(name=f"block {number % 2}", edits=Plan().add(new).edits)
    ),
    "name": lambda plan, _, __, number: plan.renamed(f"plan {number}"),
}
steps = st.lists(st.tuples(st.sampled_from(sorted(DO)), moves, st.integers(0, 50)), max_size=5)


def worked(plan, todo):
    """Do to a plan what ``todo`` says, as far as it can be done."""
    for kind, new, number in todo:
        made = [edit.id for edit in plan.edits if isinstance(edit, AddMove)]
        key = made[number % len(made)] if made else None
        plan = DO["add" if key is None else kind](plan, key, new, number)
    return plan


@st.composite
def three(draw):
    base = worked(Plan(name="base"), draw(steps))
    return base, worked(base, draw(steps)), worked(base, draw(steps))


@settings(max_examples=150, deadline=None)
@given(three())
def test_what_only_one_side_did_is_taken(plans):
    base, one, _ = plans
    for merged in (merge(base, one, base), merge(base, base, one), merge(base, one, one)):
        assert merged.conflicts == ()
        assert merged.plan == one


@settings(max_examples=200, deadline=None)
@given(three())
def test_swapping_the_sides_swaps_nothing_but_the_sides(plans):
    base, one, two = plans
    there, back = merge(base, one, two), merge(base, two, one)
    assert {item.id for item in there.conflicts} == {item.id for item in back.conflicts}
    if not there.conflicts:
        assert there.plan == back.plan
        assert there.plan.scenario() == back.plan.scenario()
    for item in there.conflicts:
        other = next(twin for twin in back.conflicts if twin.id == item.id)
        assert (item.side("mine"), item.side("theirs")) == (other.side("theirs"), other.side("mine"))


@settings(max_examples=200, deadline=None)
@given(three(), st.lists(st.sampled_from(["mine", "theirs"]), min_size=40, max_size=40))
def test_choosing_ends_and_gives_a_plan_whatever_is_chosen(plans, sides):
    merged = merge(*plans)
    for side in sides:
        if not merged.conflicts:
            break
        merged = merged.resolve({merged.conflicts[0].id: side})
    assert merged.conflicts == ()
    assert Plan.from_toml(merged.plan.to_toml()) == merged.plan


@settings(max_examples=100, deadline=None)
@given(three())
def test_what_nobody_touched_stays_and_what_one_added_is_there(plans):
    base, one, two = plans
    merged = merge(base, one, two)
    assume(not merged.conflicts)
    kept = {edit.id: edit for edit in merged.plan.edits}
    for edit in base.edits:
        if edit in one.edits and edit in two.edits:
            assert kept[edit.id] == edit
    for side in (one, two):
        assert {edit.id for edit in side.edits} - {edit.id for edit in base.edits} <= set(kept)


def test_disjoint_edits_never_conflict():
    base = Plan(name="x").add(move("bjtu")).add(move("ustb")).add(move("bfu"))
    one, two, three_ = base.ids
    mine = base.put(AddMove(id=one, move=move("bjtu", start=2030))).assume("day_limit", 60).add(move("bit"))
    theirs = base.without(two).switch(three_, on=False).assume("home_share.university", 0.5).add(move("buaa"))
    merged = merge(base, mine, theirs)
    assert merged.conflicts == ()
    assert {item.institution: item.start for item in merged.plan.scenario().moves} == {
        "bjtu": 2030, "bit": 2027, "buaa": 2027,
    }  # fmt: skip
    assert dict(merged.plan.scenario().assumptions.root) == {"day_limit": 60, "home_share.university": 0.5}


def test_fields_of_one_edit_that_do_not_meet_are_put_together():
    base = Plan().add(move("bjtu"))
    (key,) = base.ids
    mine = base.put(AddMove(id=key, move=move("bjtu", start=2030)))
    theirs = base.put(AddMove(id=key, note="checked", move=move("bjtu", share=0.5)))
    merged = merge(base, mine, theirs)
    assert merged.conflicts == ()
    assert merged.plan.edits[0] == AddMove(id=key, note="checked", move=move("bjtu", start=2030, share=0.5))


def only(merged):
    assert len(merged.conflicts) == 1
    return merged.conflicts[0]


def test_the_same_edit_changed_differently(region):
    base = Plan().add(move("bjtu"))
    (key,) = base.ids
    mine = base.put(AddMove(id=key, move=move("bjtu", start=2030)))
    theirs = base.put(AddMove(id=key, move=move("bjtu", start=2035)))
    merged = merge(base, mine, theirs, region)
    conflict = only(merged)
    assert conflict.id == f"changed:{key}"
    assert conflict.side("mine", region) == "Beijing Jiaotong University moves to Rongcheng County in 2030"
    assert conflict.side("theirs", region, "zh") == "北京交通大学于2035年迁往容城县"
    assert "Beijing Jiaotong University" in conflict.text(region)
    assert merged.plan == mine
    assert merged.resolve("mine").plan == mine
    assert merged.resolve({conflict.id: "theirs"}).plan == theirs
    assert merged.resolve("theirs").conflicts == ()


def test_changed_by_one_removed_by_the_other():
    base = Plan().add(move("bjtu")).add(move("ustb"))
    key = base.ids[0]
    mine = base.without(key)
    theirs = base.put(AddMove(id=key, move=move("bjtu", start=2030))).change(key, share=0.5)
    merged = merge(base, mine, theirs)
    conflict = only(merged)
    assert conflict.id == f"removed:{key}"
    assert conflict.side("mine") == "not there"
    assert merged.resolve("mine").plan == mine
    assert merged.resolve("theirs").plan == theirs


def test_built_on_what_the_other_removed():
    base = Plan().add(move("bjtu")).add(move("ustb"))
    key = base.ids[0]
    theirs = base.change(key, start=2030).change(key, share=0.5)
    merged = merge(base, base.without(key), theirs)
    assert only(merged).id == f"removed:{key}"
    assert merged.resolve("mine").plan == base.without(key)
    assert merged.resolve("theirs").plan == theirs


def test_one_assumption_two_values():
    merged = merge(Plan(), Plan().assume("day_limit", 60), Plan().assume("day_limit", 90))
    conflict = only(merged)
    assert conflict.id == "assume:day_limit"
    for side, value in (("mine", 60), ("theirs", 90)):
        assert merged.resolve(side).plan.scenario().assumptions["day_limit"] == value
        assert len(merged.resolve(side).plan.edits) == 1


@pytest.mark.parametrize("shares", [(0.75, 0.5), (1.0, 1.0)])
def test_one_institution_moved_twice_beyond_its_whole(shares):
    base = Plan().add(move("ustb"))
    mine, theirs = (
        base.add(move("bjtu", share=share, destination=place))
        for share, place in zip(shares, PLACES, strict=False)
    )
    merged = merge(base, mine, theirs)
    assert only(merged).id == "moved:bjtu"
    assert merged.resolve("theirs").plan == theirs
    assert merged.resolve("mine").plan == mine


def test_two_parts_of_one_institution_are_no_conflict():
    mine, theirs = (Plan().add(move("bjtu", share=0.5, destination=place)) for place in PLACES[:2])
    assert merge(Plan(), mine, theirs).conflicts == ()


def test_posts_that_exist_are_known_from_the_region(region):
    # Sinochem has 1,000 staff in the list
    mine, theirs = (Plan().add(move("sinochem", posts=600, destination=place)) for place in PLACES[:2])
    assert merge(Plan(), mine, theirs).conflicts == ()
    assert only(merge(Plan(), mine, theirs, region)).id == "moved:sinochem"
    halves = (Plan().add(move("sinochem", share=0.5, posts=900, destination=place)) for place in PLACES[:2])
    assert merge(Plan(), *halves, region).conflicts == ()


def test_two_orders():
    base = Plan().add(move("bjtu")).add(move("ustb")).add(move("bfu"))
    mine, theirs = base.reorder(base.ids[0], 2), base.reorder(base.ids[2], 0).reorder(base.ids[1], 1)
    merged = merge(base, mine, theirs)
    assert only(merged).id == "order:"
    assert merged.resolve("mine").plan == mine
    assert merged.resolve("theirs").plan == theirs


def test_fields_that_are_impossible_together():
    base = Plan().add(move("bjtu"))
    key = base.ids[0]
    mine = base.put(AddMove(id=key, move=move("bjtu", start=2045)))
    theirs = base.put(AddMove(id=key, move=move("bjtu", years=10)))
    merged = merge(base, mine, theirs)
    assert only(merged).kind == "invalid"
    assert merged.resolve("theirs").plan == theirs


def test_names_and_blocks():
    block = Block(name="four", edits=Plan().add(move("bjtu")).edits)
    base = Plan(name="a").include(block)
    mine = base.with_block(Block(name="four", edits=Plan().add(move("ustb")).edits)).renamed("mine")
    theirs = base.with_block(Block(name="four", edits=Plan().add(move("bfu")).edits)).renamed("theirs")
    merged = merge(base, mine, theirs)
    assert {item.id for item in merged.conflicts} == {"head:name", "block:four"}
    assert merged.resolve({"head:name": "mine"}).resolve({"block:four": "theirs"}).plan == theirs.renamed(
        "mine"
    )


def test_an_include_of_a_block_that_the_other_removed():
    block = Block(name="four", edits=Plan().add(move("bjtu")).edits)
    base = Plan().with_block(block)
    theirs = base.include("four")
    merged = merge(base, base.without_block("four"), theirs)
    assert only(merged).kind == "removed"
    assert merged.resolve("theirs").plan == theirs
    assert merged.resolve("mine").plan == Plan()


def test_a_choice_of_nothing_is_refused():
    merged = merge(Plan(), Plan().assume("day_limit", 60), Plan().assume("day_limit", 90))
    for wrong in ({"assume:other": "mine"}, {"assume:day_limit": "yours"}):
        with pytest.raises(ScenarioError) as caught:
            merged.resolve(wrong)
        assert caught.value.text("zh")


@settings(max_examples=80, deadline=None)
@given(three())
def test_every_conflict_has_words(plans):
    for conflict in merge(*plans).conflicts:
        for language in LANGUAGES:
            assert conflict.text(None, language)
            assert conflict.side("mine", None, language)
            assert conflict.side("theirs", None, language)

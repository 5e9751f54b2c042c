"""A scenario: round trips, and every refusal with its rule, record and remedy."""

import json
import re
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.assumptions import ASSUMPTIONS, KINDS, Assumptions, spec_of
from geo.errors import ScenarioError
from geo.presets import PRESETS, preset, preset_skipped
from geo.scenario import MAX_MOVES, Move, Scenario, check, validate
from geo.words import LANGUAGES

COLUMNS = [
    "kind", "county_code", "employees", "students", "beds", "part_of", "group_row", "institution_status",
]  # fmt: skip
PLACES = SimpleNamespace(
    codes=("110101", "110102", "130629"),
    institutions=pd.DataFrame(
        {
            "office": ["state_enterprise", "110101", 1000.0, None, None, None, False, "announced"],
            "college": ["university", "110102", None, 20000.0, None, None, False, "candidate"],
            "clinic": ["hospital", "110102", 500.0, None, 400.0, None, False, "moved"],
            "branch": ["hospital", "110102", 50.0, None, 40.0, "clinic", False, "moved"],
            "lost": ["government", None, 10.0, None, None, None, True, "moved"],
        },
        index=COLUMNS,
    ).T,
)
OFFICE = {"institution": "office", "destination": "130629", "start": 2025}
FREE = {
    "name": "x",
    "kind": "school",
    "origin": "110101",
    "destination": "130629",
    "start": 2030,
    "posts": 10,
}


def _codes(error):
    return {(fault.code.removeprefix("scenario."), fault.where) for fault in error.value.faults}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
codes = st.from_regex(r"[0-9]{6}", fullmatch=True)
maybe = lambda strategy: st.none() | strategy  # noqa: E731


@st.composite
def moves(draw):
    listed = draw(st.booleans())
    start = draw(st.integers(2020, 2050))
    common = {
        "origin": draw(maybe(st.just("110101")) if listed else st.just("110101")),
        "destination": "130629",
        "start": start,
        "years": draw(st.integers(1, 2051 - start)),
        "share": draw(st.floats(0, 1, exclude_min=True)),
        "posts": draw(maybe(st.integers(0, 10**6))),
        "home_share": draw(maybe(st.floats(0, 1))),
        "family_size": draw(maybe(st.floats(1, 8))),
        "pay": draw(maybe(st.floats(0, 1e7))),
        "class_default": draw(st.booleans()),
        "note": draw(texts),
    }
    who = (
        {"institution": "office"}
        if listed
        else {"name": draw(texts) + "x", "kind": draw(st.sampled_from(KINDS))}
    )
    return Move(**common, **who)


overrides = st.fixed_dictionaries(
    {}, optional={spec.id: st.floats(spec.low, spec.high) for spec in ASSUMPTIONS[::7]}
)
scenarios = st.builds(
    Scenario, name=texts, note=texts, assumptions=overrides, moves=st.lists(moves(), max_size=4).map(tuple)
)


@settings(max_examples=60, deadline=None)
@given(scenarios)
def test_round_trips_are_exact(scenario):
    for again in (Scenario.from_toml(scenario.to_toml()), Scenario.from_json(scenario.to_json())):
        assert again == scenario
        assert again.hash == scenario.hash
        assert hash(again) == hash(scenario)


def test_files_round_trip_and_keep_order(tmp_path):
    scenario = Scenario(name="two", moves=[Move(**FREE), Move(**OFFICE)], assumptions={"day_limit": 90})
    for name, text in (("a.toml", scenario.to_toml()), ("a.json", scenario.to_json())):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert Scenario.read(tmp_path / name) == scenario
    assert scenario.to_toml().startswith('name = "two"')
    assert "posts" not in Scenario(moves=[Move(**OFFICE)]).to_toml()


def test_hash_depends_on_content_and_order():
    a, b = Move(**FREE), Move(**OFFICE)
    assert Scenario(moves=[a, b]).hash != Scenario(moves=[b, a]).hash
    assert Scenario(moves=[a]).hash == Scenario(moves=[dict(FREE)]).hash
    assert len(Scenario().hash) == 64


def test_a_change_is_a_new_value():
    empty = Scenario(name="n", note="o", assumptions={"day_limit": 90})
    one = empty.with_moves(Move(**FREE))
    assert one.without(0) == empty
    assert one != empty
    with pytest.raises(Exception, match="frozen"):
        one.name = "other"


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"colour": "red"}, "unknown_key", "moves[0].colour"),
        ({"start": 2019}, "too_small", "moves[0].start"),
        ({"start": 2051}, "too_large", "moves[0].start"),
        ({"start": 2045, "years": 7}, "ends_late", "moves[0].years"),
        ({"years": 0}, "too_small", "moves[0].years"),
        ({"share": 0}, "not_above", "moves[0].share"),
        ({"share": 1.1}, "too_large", "moves[0].share"),
        ({"share": float("nan")}, "wrong_type", "moves[0].share"),
        ({"home_share": -0.1}, "too_small", "moves[0].home_share"),
        ({"home_share": 1.5}, "too_large", "moves[0].home_share"),
        ({"posts": -1}, "too_small", "moves[0].posts"),
        ({"posts": 1.5}, "wrong_type", "moves[0].posts"),
        ({"posts": "many"}, "wrong_type", "moves[0].posts"),
        ({"destination": "Xiongan"}, "bad_code", "moves[0].destination"),
        ({"destination": 130629}, "wrong_type", "moves[0].destination"),
        ({"start": None}, "wrong_type", "moves[0].start"),
        ({"kind": "castle"}, "unknown_kind", "moves[0].kind"),
        ({"origin": "130629"}, "same_place", "moves[0].destination"),
        ({"name": None}, "neither", "moves[0].name"),
        ({"name": "x" * 201}, "too_long", "moves[0].name"),
        ({"institution": "office"}, "kind_of_listed", "moves[0].kind"),
        ({"institution": ""}, "empty", "moves[0].institution"),
    ],
)
def test_every_impossible_move_is_refused(change, code, where):
    with pytest.raises(ScenarioError) as error:
        Scenario(moves=[FREE | change])
    assert (code, where) in _codes(error)


def test_all_faults_at_once_with_lines():
    text = (
        'colour = 1\n[assumptions]\nday_limit = 1\nnone = 2\n\n[[moves]]\ndestination = "1"\nstart = 1990\n'
    )
    with pytest.raises(ScenarioError) as error:
        Scenario.from_toml(text, file="plan.toml")
    assert _codes(error) == {
        ("bad_code", "plan.toml:7 moves[0].destination"),
        ("too_small", "plan.toml:8 moves[0].start"),
        ("out_of_range", "plan.toml:3 assumptions.day_limit"),
        ("unknown_assumption", "plan.toml:4 assumptions.none"),
        ("unknown_key", "plan.toml:1 colour"),
    }
    for language in LANGUAGES:
        assert all(fault.what(language) and fault.remedy(language) for fault in error.value.faults)


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        ("from_toml", 'name = "a\n', "malformed"),
        ("from_toml", "[[moves]]\nstart = \n", "malformed"),
        ("from_toml", 'name = "a"\nname = "b"\n', "malformed"),
        ("from_toml", "moves = 3\n", "wrong_type"),
        ("from_toml", "moves = [3]\n", "wrong_type"),
        ("from_toml", "assumptions = 3\n", "wrong_type"),
        ("from_toml", 'assumptions = "ab"\n', "wrong_type"),
        ("from_json", "[1]", "wrong_type"),
        ("from_json", '{"name": ', "malformed"),
        ("from_json", '{"name": "a", "name": "b"}', "key_twice"),
        ("from_json", "[" * 100_000, "malformed"),
        ("from_json", '{"assumptions": {"day_limit": true}}', "wrong_type"),
        ("from_json", '{"assumptions": {"day_limit": NaN}}', "wrong_type"),
    ],
)
def test_malformed_text_is_refused(read, text, code):
    with pytest.raises(ScenarioError) as error:
        getattr(Scenario, read)(text)
    assert code in {fault.code.removeprefix("scenario.") for fault in error.value.faults}


def test_malformed_text_names_the_line():
    with pytest.raises(ScenarioError, match=r"^plan.toml:3"):
        Scenario.from_toml('name = "a"\n[[moves]]\nstart = \n', file="plan.toml")
    with pytest.raises(ScenarioError, match=r"^plan.json:2"):
        Scenario.from_json('{\n"name" 1}', file="plan.json")


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "a.toml").write_bytes(b'name = "\xff"')
    (tmp_path / "b.toml").write_text("#" * 2_000_001, encoding="utf-8")
    for name, code in (("a.toml", "not_text"), ("b.toml", "too_big"), ("c.toml", "unreadable")):
        with pytest.raises(ScenarioError) as error:
            Scenario.read(tmp_path / name)
        assert error.value.faults[0].code == f"scenario.{code}"


def test_too_many_moves():
    with pytest.raises(ScenarioError) as error:
        Scenario(moves=[FREE] * (MAX_MOVES + 1))
    assert ("too_many_moves", "moves") in _codes(error)


@pytest.mark.parametrize(
    ("entries", "code", "where"),
    [
        ([OFFICE | {"destination": "999999"}], "unknown_place", "moves[0].destination"),
        ([FREE | {"origin": "999999"}], "unknown_place", "moves[0].origin"),
        ([OFFICE | {"institution": "nobody"}], "unknown_institution", "moves[0].institution"),
        ([OFFICE | {"posts": 1001}], "more_than_exist", "moves[0].posts"),
        ([OFFICE | {"institution": "clinic", "beds": 401}], "more_than_exist", "moves[0].beds"),
        (
            [OFFICE | {"institution": "college", "students": 20001, "posts": 1}],
            "more_than_exist",
            "moves[0].students",
        ),
        (
            [OFFICE | {"share": 0.6}, OFFICE | {"share": 0.5, "start": 2030}],
            "more_together",
            "moves (office)",
        ),
        ([OFFICE | {"posts": 600}, OFFICE | {"posts": 500}], "more_together", "moves (office)"),
        ([OFFICE | {"institution": "college"}], "unknown_headcount", "moves[0].posts"),
        ([FREE | {"posts": None}], "unknown_headcount", "moves[0].posts"),
        ([OFFICE | {"institution": "lost"}], "unknown_origin", "moves[0].origin"),
        ([OFFICE | {"destination": "110101"}], "same_place", "moves[0].destination"),
        ([FREE, FREE], "duplicate", "moves[1]"),
    ],
)
def test_what_a_region_refuses(entries, code, where):
    with pytest.raises(ScenarioError) as error:
        validate(Scenario(moves=entries), PLACES)
    assert (code, where) in _codes(error)
    assert error.value.text("zh") != error.value.text("en")


@pytest.mark.parametrize(
    "entries",
    [
        [OFFICE | {"share": 0.6}, OFFICE | {"share": 0.4, "start": 2030}],
        [OFFICE | {"institution": "college", "class_default": True}],
        [OFFICE | {"institution": "college", "posts": 5}],
        [OFFICE | {"institution": "lost", "origin": "110102"}],
        [FREE],
        [],
    ],
)
def test_what_a_region_accepts(entries):
    assert check(Scenario(moves=entries), PLACES)[0] == ()


def test_warnings_tell_what_a_reader_must_know():
    entries = [
        OFFICE | {"institution": "clinic"},
        OFFICE | {"institution": "branch"},
        OFFICE | {"institution": "lost", "origin": "110102"},
        OFFICE | {"institution": "college", "class_default": True},
    ]
    warnings = validate(Scenario(moves=entries), PLACES)
    assert [(fault.code.removeprefix("scenario."), fault.where) for fault in warnings] == [
        ("part_of", "moves[1].institution"),
        ("group_row", "moves[2].institution"),
        ("hypothetical", "moves[3].institution"),
    ]


# Assumptions ----------------------------------------------------------------------------------------


def test_assumptions_hold_overrides_only():
    assumed = Assumptions({"day_limit": 90, "home_share.hospital": 0.5})
    assert assumed["day_limit"] == 90
    assert assumed["home_share.university"] == spec_of("home_share.university").default
    assert assumed.get("beds", "school") is None
    assert dict(assumed.overrides) == {"day_limit": 90.0, "home_share.hospital": 0.5}
    assert Assumptions({"day_limit": 90, "posts.school": 5}) == Assumptions(
        {"posts.school": 5, "day_limit": 90.0}
    )


@pytest.mark.parametrize("spec", ASSUMPTIONS, ids=lambda spec: spec.id)
def test_each_assumption_is_declared_whole(spec):
    assert spec.low <= spec.likely[0] <= spec.default <= spec.likely[1] <= spec.high
    assert spec.source
    assert all(spec.name(language) and spec.help(language) for language in LANGUAGES)


def test_assumptions_are_declared_once():
    assert len({spec.id for spec in ASSUMPTIONS}) == len(ASSUMPTIONS)


def test_defaults_equal_the_facts(region):
    central = region.facts["parameters"].set_index("symbol")["central"]
    for spec in ASSUMPTIONS:
        if spec.symbol:
            named = re.findall(r"-?[0-9]*\.?[0-9]+", str(central[spec.symbol]))
            assert spec.default in [float(number) for number in named]
    table = region.institutions[~region.institutions["group_row"].astype(bool)]
    table = table[table["part_of"].isna()]
    for kind, column, family in (
        ("university", "employees", "posts"),
        ("university", "students", "students"),
        ("hospital", "employees", "posts"),
        ("hospital", "beds", "beds"),
        ("state_enterprise", "employees", "posts"),
    ):
        median = table.loc[table["kind"] == kind, column].astype(float).median()
        assert spec_of(f"{family}.{kind}").default == pytest.approx(median, abs=0.5)
    for kind, column, family, digits in (
        ("university", "students", "posts_per_student", 3),
        ("hospital", "beds", "posts_per_bed", 2),
    ):
        rows = table[table["kind"] == kind]
        rate = (rows["employees"].astype(float) / rows[column].astype(float)).median()
        assert spec_of(f"{family}.{kind}").default == pytest.approx(rate, abs=10**-digits)
    profile = region.facts["county_profile_2020"].set_index("code")
    six = profile.loc[["110101", "110102", "110105", "110106", "110107", "110108"]]
    size = six["population_2020"].sum() / six["households_est"].sum()
    assert spec_of("family_size.university").default == pytest.approx(size, abs=0.05)


# Ready scenarios ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_ready_scenarios_are_possible(region, name, language):
    scenario = preset(name, region, language)
    assert validate(scenario, region) == ()
    assert Scenario.from_toml(scenario.to_toml()) == scenario
    assert all(move.note for move in scenario.moves)


def test_ready_scenarios_take_or_skip_every_row(region):
    table = region.institutions
    for name, statuses in (("moved", {"moved"}), ("announced", {"moved", "under_construction", "announced"})):
        taken = {move.institution for move in preset(name, region).moves}
        skipped = {row.id for row in preset_skipped(region, name)}
        assert taken.isdisjoint(skipped)
        assert taken | skipped == set(table.index[table["institution_status"].isin(statuses)])
        assert all(row.text(language) for row in preset_skipped(region, name) for language in LANGUAGES)
    assert preset("empty", region).moves == ()
    assert {move.institution for move in preset("moved", region).moves} <= {
        move.institution for move in preset("announced", region).moves
    }
    with pytest.raises(KeyError):
        preset("other", region)


@pytest.mark.parametrize(
    ("institution", "reason"),
    [("shougang", "baseline"), ("bjgov2", "no_origin"), ("huadian", "no_destination"), ("zoo", "group"),
     ("railsafe", "part"), ("pku_cp", "no_size")],
)  # fmt: skip
def test_what_is_left_out_and_why(region, institution, reason):
    assert {row.id: row.reason for row in preset_skipped(region)}[institution] == reason


def test_branches_are_not_whole_hospitals(region):
    moves = {move.institution: move for move in preset("announced", region).moves}
    assert moves["xuanwu"].beds == 225  # 0.375 of the 600 beds of phase 1
    assert moves["pkuph"].share == pytest.approx(0.375 * 1000 / 1448, abs=1e-4)
    assert moves["huaneng"].share == 1
    assert not moves["huaneng"].class_default
    assert moves["bit"].start == 2031  # announced 2024, no opening date: seven years of lead


def test_json_of_a_scenario_is_plain(region):
    table = json.loads(preset("moved", region).to_json())
    assert set(table) == {"name", "note", "moves"}

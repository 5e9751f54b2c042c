"""Explanations on the page, run by Streamlit's own test driver, and what the map may ask for."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from geo.comparison import pair, place_of
from geo.measures import MEASURES
from geo.model.explain import explain
from geo.model.simulate import simulate
from geo.panels.compare import _most
from geo.panels.explaining import _branch
from geo.panels.mapview import _event
from geo.panels.questions import of_several
from geo.panels.text import Voice
from geo.presets import preset
from geo.scenario import Move, Scenario
from geo.several import BASELINE, numbers, several

PAGE = Path(__file__).parent.parent / "app.py"
HOSTILE = '<img src=x onerror="alert(1)"> ![a](http://x.y/z)'
ASKED = {
    "seq": 7, "type": "explain", "kind": "county", "id": "130629", "measure": "population", "year": 2035,
    "a": -1, "b": 0,
}  # fmt: skip


def run(**query):
    app = AppTest.from_file(str(PAGE), default_timeout=180)
    for name, value in {"desk": "e" * 22, **query}.items():
        app.query_params[name] = value
    return app.run()


def texts(app):
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.error, *app.code])


@pytest.mark.parametrize(("language", "words"), [("en", "Formula:"), ("zh", "公式：")])
def test_each_sentence_is_explained(language, words):
    app = run(lang=language)
    for number in (1, 2, 3):
        app.button(key=f"explain_effect_{number}").click().run()
        assert not app.exception
        assert not app.error
        which = app.selectbox(key=f"explained_effect_{number}_0_which")
        assert len(which.options) >= 5
        which.set_value(len(which.options) - 1).run()
        assert not app.exception
        assert words in texts(app)


def test_the_table_explains_places_too():
    app = run(lang="en")
    # a browser gives back the text of a choice: of two with one text the first would be taken
    options = app.selectbox(key="explained_county").options
    assert len(set(options)) == len(options) > 199
    app.selectbox(key="explained_county").set_value("xiongan").run()
    assert not app.exception
    assert "Of several counties: their sum" in texts(app)
    app.selectbox(key="explained_county").set_value("region").run()
    assert not app.exception


def test_a_row_of_the_comparison_is_explained():
    app = run(lang="en")
    app.session_state["tabs"] = "Compare"
    app.run()
    app.button(key="explain_rows").click().run()
    assert not app.exception
    assert not app.error
    labels = app.selectbox(key="explained_rows_0_which").options
    assert [label.split(",")[0].split(":")[0] for label in labels[:3]] == ["Difference", "A", "B"]
    assert "Each line is B less A" in texts(app)


def opened(view, name, which=0):
    """Return the page with the explanation of a part of the comparison, its groups and its questions."""
    app = run(lang="en")
    app.session_state["tabs"] = "Compare"
    app.run()
    if view != "two":
        app.session_state["compare_view"] = view
        app.run()
    app.session_state[f"explained_{name}_0_which"] = which  # the driver closes a dialog when it chooses
    app.button(key=f"explain_{name}").click().run()
    assert not app.exception
    assert not app.error
    return app, app.selectbox(key=f"explained_{name}_group")


@pytest.mark.parametrize(
    ("view", "name", "measures", "count"),
    [
        ("two", "places", ["population"], None),
        ("gains", "counties", ["population"], 199),
        ("flows", "traffic", ["in_commuters", "out_commuters", "delay"], 3 * 199),
    ],
)
def test_other_parts_of_the_comparison_are_explained(view, name, measures, count):
    app, group = opened(view, name)
    # several counties share a name; each is offered
    assert count in {None, len(group.options)}
    names = {MEASURES[measure].name("en") for measure in measures}
    assert {option.split(" · ")[0] for option in group.options} == names
    which = app.selectbox(key=f"explained_{name}_0_which")
    assert [label.split(",")[0].split(":")[0] for label in which.options[:3]] == ["Difference", "A", "B"]
    assert "Each line is B less A" in texts(app)


@pytest.mark.parametrize(
    ("view", "name", "term"),
    [
        ("flows", "links", "Minutes that each vehicle loses"),
        ("flows", "pairs", "Staff who keep their old home"),
        ("people", "staff", "Welfare, after / before"),
    ],
)
def test_flows_and_moved_staff_are_explained(view, name, term):
    app, group = opened(view, name, which=2)
    assert len(group.options) == len(set(group.options)) > 5
    which = app.selectbox(key=f"explained_{name}_0_which")
    assert [label.split(",")[0].split(":")[0] for label in which.options] == ["Difference", "A", "B"]
    assert term in str([one.proto.body for one in app.get("html")])


def test_what_one_scenario_alone_moves_opens_on_its_own_number():
    # A moves nothing: of an institution that B moves there is a number in B, and no difference of two
    app, _ = opened("people", "institutions")
    which = app.selectbox(key="explained_institutions_0_which")
    assert [label.split(",")[0].split(":")[0] for label in which.options] == ["B", "Difference", "A"]
    assert "Move: " in str([one.proto.body for one in app.get("html")])


@pytest.mark.parametrize(("name", "first"), [("pay", "Workers"), ("fates", "Change of real pay · below ")])
def test_pay_and_who_gains_are_explained(name, first):
    app, group = opened("people", name)
    assert group.options[0].startswith(first)
    assert app.selectbox(key=f"explained_{name}_0_which").options[0].startswith("Difference")
    assert "Each line is B less A" in texts(app)
    assert "Private" in str([one.proto.body for one in app.get("html")])


def test_what_differs_most_comes_first(region):
    runs = [simulate(region, preset(name, region), model="level0") for name in ("moved", "announced")]
    two = pair(region, *runs, simulate(region, Scenario(name="none"), model="level0"))
    rows = _most(two, Voice("en"), 2050, ["population"])
    assert len({row.place.name for row in rows}) == 199
    sizes = [abs(row.difference) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 0


@pytest.mark.parametrize("reference", [BASELINE, 0, 1])
def test_differences_to_the_reference_are_those_of_the_table(region, reference):
    runs = [simulate(region, preset(name, region), model="level0") for name in ("announced", "moved")]
    found = several(region, runs, simulate(region, Scenario(name="none"), model="level0"))
    (row,) = numbers(found, 2050, ["population"], place_of(region, "xiongan"), reference=reference)
    asked = of_several(Voice("en"), found, row, reference)
    others = [at for at in (0, 1) if at != reference]
    wanted = [*(row.differences[at] for at in others), *row.values]
    assert [next(iter(one.views().values())).value for one in asked] == pytest.approx(wanted)
    assert all(one.label.startswith(found.names[at]) for one, at in zip(asked, others, strict=False))


def test_every_scenario_is_explained_against_the_reference():
    app, _ = opened("all", "several")
    options = app.selectbox(key="explained_several_0_which").options
    differences, alone = options[:3], options[3:]
    assert all("less Baseline" in one for one in differences)
    assert [one.split(" less")[0] for one in differences] == [one.rsplit(",", 1)[0] for one in alone]
    assert "Each line is B less A" in texts(app)


def test_limits_are_explained():
    app = run(lang="en")
    app.session_state["tabs"] = next(label for label in app.session_state["tab_labels"] if "Limits" in label)
    app.run()
    buttons = [one for one in app.button if (one.key or "").startswith("explain_limit_")]
    assert buttons
    buttons[0].click().run()
    assert not app.exception
    assert not app.error
    assert "=" in texts(app)


@pytest.mark.parametrize(
    "change",
    [{}, {"measure": "no_such"}, {"id": "999999"}, {"b": 99}, {"b": -1}, {"a": 99}, {"year": 1999}],
)
def test_the_map_asks_and_what_has_gone_is_said(change, monkeypatch):
    monkeypatch.setattr("geo.panels.page.map_component", lambda *_, **__: _event({**ASKED, **change}))
    app = run(lang="en")
    assert not app.exception
    assert not app.error
    asked = [one for one in app.selectbox if (one.key or "").startswith("explained_map_")]
    if change:
        assert not asked
        assert any("no longer on the page" in toast.value for toast in app.toast)
    else:
        assert asked[0].options[0].endswith(", 2035")


@pytest.mark.parametrize(
    ("change", "there"),
    [
        ({"kind": "road", "id": "110108-110114"}, True),
        ({"kind": "pair", "id": "110108-110114"}, True),
        ({"kind": "pair", "id": "110108-110114", "a": 1}, True),
        ({"kind": "road", "id": "110108"}, False),
        ({"kind": "pair", "id": "110108-999999"}, False),
        ({"kind": "road", "id": "110108-110114", "year": 1999}, False),
    ],
)
def test_the_map_asks_about_links_and_pairs(change, there, monkeypatch):
    monkeypatch.setattr("geo.panels.page.map_component", lambda *_, **__: _event({**ASKED, **change}))
    app = run(lang="en")
    assert not app.exception
    assert not app.error
    asked = [one for one in app.selectbox if (one.key or "").startswith("explained_map_")]
    assert bool(asked) == there
    if there:
        assert "Haidian District" in texts(app)
    else:
        assert any("no longer on the page" in toast.value for toast in app.toast)


def test_names_are_text_in_the_tree(region):
    scenario = Scenario(
        name=HOSTILE,
        moves=(
            Move(
                name=HOSTILE, kind="university", origin="110108", destination="130629", start=2026, posts=90
            ),
        ),
    )  # fmt: skip
    outcome = simulate(region, scenario, model="level0")
    tree = explain(outcome, region, "posts", "130629", 2050)
    markup = str(_branch(tree, "en", 0))
    assert "<img" not in markup
    assert "&lt;img src=x" in markup


@pytest.mark.parametrize(
    "change",
    [
        {"seq": True},
        {"seq": "7"},
        {"year": "2035"},
        {"year": 2035.5},
        {"a": None},
        {"b": True},
        {"measure": 3},
        {"measure": ["population"]},
        {"kind": "site"},
        {"type": "eval"},
        {"id": {"code": "130629"}},
    ],
)
def test_an_odd_event_of_the_map_is_none(change):
    assert _event(ASKED) is not None
    assert _event({**ASKED, **change}) is None


def test_a_move_or_choice_needs_no_more_than_before():
    event = _event({"seq": 1, "type": "move", "institution": "bjtu", "destination": "130629"})
    assert event is not None
    assert (event["measure"], event["year"], event["a"], event["b"]) == ("", 0, -1, 0)


def on_limits(language, **chosen):
    app = run(lang=language)
    words = {"en": "Limits", "zh": "限值"}[language]
    app.session_state["tabs"] = next(label for label in app.session_state["tab_labels"] if words in label)
    for key, value in chosen.items():
        app.session_state[key] = value
    return app.run()


def test_every_limit_is_listed_and_explained_exceeded_or_not():
    app = on_limits("en")
    shown = next(one.value for one in app.dataframe if "Of the limit, %" in one.value)
    assert len(shown) == 21
    assert shown["Of the limit, %"].is_monotonic_decreasing
    app.button(key="explain_limits").click().run()
    assert not app.exception
    assert not app.error
    names = app.selectbox(key="explained_limits_group").options
    assert len(names) == 21
    anxin = "安新全部居民按密度上限所需土地，对照白洋淀恢复后的淀外土地：最多 432.0平方公里 · 2050"
    app = on_limits("zh", explained_limits_group=anxin)
    app.button(key="explain_limits").click().run()
    assert not app.exception
    assert "Xinhua 2019-02-02" in str([one.proto.body for one in app.get("html")])


@pytest.mark.parametrize(
    ("language", "tab", "said"), [("en", "Timeline", "Formula:"), ("zh", "时间", "公式：")]
)
def test_the_counts_of_the_timeline_are_explained(language, tab, said):
    app = run(lang=language)
    app.session_state["tabs"] = next(label for label in app.session_state["tab_labels"] if tab in label)
    app.run()
    app.button(key="explain_counts").click().run()
    assert not app.exception
    assert not app.error
    assert said in texts(app)
    assert len(app.selectbox(key="explained_counts_0_which").options) >= 3
    assert "institutions.csv" in str([one.proto.body for one in app.get("html")])


def test_a_question_about_the_timeline_stops_it():
    app = run(lang="en")
    app.session_state["tabs"] = "Timeline"
    app.run()
    app.session_state["timeline_at"] = 2015
    app.button(key="timeline_play").click().run()
    assert app.session_state["timeline_playing"]
    app.button(key="explain_counts").click().run()
    assert not app.exception
    assert not app.session_state["timeline_playing"]

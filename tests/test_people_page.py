"""The parts of the comparison as a visitor meets them: all scenarios, and workers and staff."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from geo.people_charts import _row_names

PAGE = Path(__file__).parent.parent / "app.py"
COMPARE = {"en": "Compare", "zh": "对比"}


def run(language="en", **state):
    app = AppTest.from_file(str(PAGE), default_timeout=180)
    app.query_params["desk"], app.query_params["lang"] = "m" * 22, language
    app.run()
    app.session_state["tabs"] = COMPARE[language]
    for key, value in state.items():
        app.session_state[key] = value
    return app.run()


def texts(app):
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.error, *app.info])


def table(app, column):
    """Return the first table with such a column."""
    return next(one.value for one in app.dataframe if column in one.value.columns)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("view", ["two", "all", "gains", "people", "flows"])
def test_every_part_is_drawn_in_both_languages(view, language):
    app = run(language, compare_view=view)
    assert not app.exception
    assert not app.error
    assert app.button_group(key="compare_view").value == view


def test_all_scenarios_stand_side_by_side():
    app = run(compare_view="all")
    assert app.multiselect(key="all_chosen").value == app.session_state["session"].shelf.ids
    shown = table(app, "Measure")
    names = ["Announced programme", "Moved by now", "Empty scenario"]
    assert [name for name in shown.columns if name in names] == names
    residents = shown[shown["Measure"] == "Population"].iloc[0]
    assert residents["Empty scenario"] == residents["Baseline"]
    assert residents["Announced programme"] != residents["Empty scenario"]


def test_differences_are_shown_to_any_scenario_and_in_any_order():
    app = run(compare_view="all")
    app.selectbox(key="all_show").select("differences").run()
    app.selectbox(key="all_reference").select(app.session_state["session"].shelf.ids[0]).run()
    app.selectbox(key="all_order").select("rising").run()
    assert not app.exception
    shown = table(app, "Measure")
    names = ["Empty scenario", "Moved by now", "Announced programme"]  # fewest residents first
    assert [name for name in shown.columns if name in names] == names
    residents = shown[shown["Measure"] == "Population"].iloc[0]
    assert residents["Announced programme"] == "0"
    assert residents["Empty scenario"].startswith("\u2212")


def test_no_scenario_chosen_is_an_empty_state():
    app = run(compare_view="all")
    app.multiselect(key="all_chosen").set_value([]).run()
    assert not app.exception
    assert "Choose at least one scenario." in texts(app)


def test_what_is_asked_for_stays_from_part_to_part():
    app = run(compare_view="two", compare_year=2030)
    app.button_group(key="compare_view").set_value("people").run()
    app.button_group(key="compare_view").set_value("all").run()
    app.button_group(key="compare_view").set_value("two").run()
    assert not app.exception
    assert app.select_slider(key="compare_year").value == 2030


def test_workers_are_told_apart_by_what_the_reader_chooses():
    app = run(compare_view="people")
    assert "Change of real pay by pay before, 2050" in "".join(one.value for one in app.markdown).replace(
        "\\", ""
    )
    app.button_group(key="people_by").set_value("group").run()
    assert not app.exception
    said = texts(app).replace("\\", "")
    assert "Change of real pay by class of worker, 2050" in said
    assert "Institutions whose staff travel longest, 2050" in said
    assert "inequality is understated" in said


def test_names_that_begin_alike_keep_rows_of_their_own():
    long = "China Aerospace Science and "
    names = _row_names([f"{long}Technology Corporation", f"{long}Industry Corporation", "Other"])
    assert len(set(names)) == 3
    assert names[2] == "Other"

"""The parts of the comparison as a visitor meets them: all scenarios, and workers and staff."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

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
    assert app.multiselect(key="all_chosen").value == [0, 1, 2]
    shown = table(app, "Measure")
    names = ["Announced programme", "Moved by now", "Empty scenario"]
    assert [name for name in shown.columns if name in names] == names
    residents = shown[shown["Measure"] == "Population"].iloc[0]
    assert residents["Empty scenario"] == residents["Baseline (nothing moves)"]
    assert residents["Announced programme"] != residents["Empty scenario"]

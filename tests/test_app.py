"""The page run by Streamlit's own test driver: what it asks for, and what a scenario becomes."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

PAGE = Path(__file__).parent.parent / "app.py"
NEW, EXISTING = "move_new", "bit"


def run(**query):
    app = AppTest.from_file(str(PAGE), default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def tab(app, name):
    app.session_state["tabs"] = name
    return app.run()


def shelf(app):
    return app.session_state["session"].shelf


def texts(app):
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.error, *app.info])


@pytest.fixture
def app():
    return run(lang="en")


def test_a_first_visit_shows_the_announced_programme_and_its_three_effects(app):
    assert not app.exception
    assert shelf(app).current.name == "Announced programme"
    assert "Three main effects" in texts(app)
    assert texts(app).count("Status:") >= 3


def test_the_language_comes_from_the_link_and_changes_in_one_place():
    app = run(lang="zh")
    assert "三项主要影响" in texts(app)
    app.button_group(key="language").set_value("en").run()
    assert "Three main effects" in texts(app)


def test_an_empty_scenario_has_an_empty_state(app):
    app.selectbox[0].set_value(len(shelf(app).names) - 1).run()
    assert not shelf(app).current.moves
    assert "Nothing moves yet" in texts(app)


def form_move(app):
    app.selectbox(key=f"{NEW}_institution").set_value(EXISTING).run()
    app.selectbox(key=f"{NEW}_destination").set_value("130632").run()
    app.number_input(key=f"{NEW}_start").set_value(2030).run()
    return app.button(key=f"{NEW}_do").click().run()


def empty_on_moves(app):
    app.selectbox[0].set_value(len(shelf(app).names) - 1).run()
    return tab(app, "Moves")


def test_a_move_by_form_is_in_the_scenario_and_undo_takes_it_back(app):
    form_move(empty_on_moves(app))
    assert not app.exception
    (move,) = shelf(app).current.moves
    assert (move.institution, move.destination, move.start) == (EXISTING, "130632", 2030)
    app.button(key="undo").click().run()
    assert shelf(app).current.moves == ()
    app.button(key="redo").click().run()
    assert shelf(app).current.moves == (move,)


def test_a_refused_move_says_why_and_loses_nothing(app):
    app = form_move(empty_on_moves(app))
    before = shelf(app).current
    form_move(app)
    assert shelf(app).current == before
    assert "Nothing was lost" in texts(app)


def test_many_move_by_filter(app):
    app = empty_on_moves(app)
    app.multiselect(key="many_kind").set_value(["hospital"]).run()
    app.button(key="many_do").click().run()
    assert not app.exception
    moves = shelf(app).current.moves
    assert len(moves) > 5
    assert {move.destination for move in moves} == {"130629"}


def test_names_are_shown_as_text_not_as_markdown(app):
    app = tab(app, "Scenarios")
    hostile = "![x](http://127.0.0.1/x.png) **b** <script>1</script>"
    app.text_input[0].set_value(hostile).run()
    app = tab(app, "Moves")
    heading = next(element.value for element in app.markdown if "Moves in" in element.value)
    assert "\\!\\[x\\]\\(http" in heading
    assert "\\*\\*b\\*\\*" in heading


def test_every_tab_draws_in_both_languages():
    for language, names in (
        ("en", ("Effects", "Moves", "Scenarios", "Data & export")),
        ("zh", ("影响", "搬迁", "情景", "数据与导出")),
    ):
        app = run(lang=language)
        for name in names:
            assert not tab(app, name).exception
            assert not app.error

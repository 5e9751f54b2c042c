"""The command line as a user runs it: files written, faults told, never a traceback."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from geo.cli import FAULT, NOT_AS_IT_IS, app
from geo.edits import Plan
from geo.presets import preset
from geo.scenario import Scenario
from geo.shared import Shared, read_file
from geo.words import say

RUN = CliRunner()
PLAN = """
name = "one move"
[[moves]]
institution = "huaneng"
destination = "130629"
start = 2025
"""


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def saved(held, form, folder):
    """Write what the app offers under "Save", or "Share"."""
    texts = {"plan.toml": held.to_toml, "plan.json": held.to_json, "scenario.toml": held.scenario().to_toml}
    path = folder / form
    path.write_text(texts.get(form, Shared(held, "", language="zh").to_json)(), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["plan.toml", "plan.json", "scenario.toml", "one.share.json"])
def test_whatever_the_app_saves_is_read(form, tmp_path, region):
    held = Plan.from_scenario(preset("announced", region, "en"))
    found = read_file(saved(held, form, tmp_path))
    found = getattr(found, "plan", found)
    assert (found.scenario() if isinstance(found, Plan) else found).moves == held.scenario().moves


def test_run_takes_the_file_that_the_app_saves_first(tmp_path):
    path = saved(Plan.from_scenario(Scenario.from_toml(PLAN)), "plan.toml", tmp_path)
    done = RUN.invoke(app, ["run", str(path), "--out", str(tmp_path / "out"), "--level0"])
    assert done.exit_code == 0, done.output
    assert Scenario.read(tmp_path / "out" / "scenario.toml").moves == Scenario.from_toml(PLAN).moves


@pytest.mark.parametrize("language", ["en", "zh"])
def test_run_writes_tables_and_map(plan, tmp_path, language):
    out = tmp_path / "new" / "out"
    done = RUN.invoke(app, ["run", str(plan), "--out", str(out), "--language", language])
    assert done.exit_code == 0, done.stderr
    assert {"scenario.toml", "map.html", "counties.csv", "years.csv", "region.csv", "run.gpkg"} <= {
        path.name for path in out.iterdir()
    }
    assert Scenario.read(out / "scenario.toml").name == "one move"
    rows = list(csv.reader((out / "region.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 32
    assert "[5/5]" in done.stderr
    assert "1,000" in done.stdout


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (PLAN + 'colour = "red"\n', "plan.toml:7 moves[0].colour"),
        (PLAN.replace("2025", "1990"), "plan.toml:6 moves[0].start"),
        (PLAN.replace("130629", "999999"), "plan.toml moves[0].destination"),
        (PLAN + "[[moves\n", "plan.toml:7"),
    ],
)
def test_a_faulty_scenario_is_told_and_nothing_is_written(plan, tmp_path, text, where):
    plan.write_text(text, encoding="utf-8")
    done = RUN.invoke(app, ["run", str(plan), "--out", str(tmp_path / "out")])
    assert done.exit_code == FAULT
    assert where in done.stderr
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made(plan, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = RUN.invoke(app, ["run", str(plan), "--out", str(tmp_path / "file" / "out"), "-l", "zh"])
    assert done.exit_code == FAULT
    assert "无法写入" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["run", "nowhere.toml", "--out", "x"], ["scenarios", "unknown"], ["scenarios", "--language", "fr"]],
)
def test_other_faults(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = RUN.invoke(app, arguments)
    assert done.exit_code == FAULT
    assert done.stderr
    assert isinstance(done.exception, SystemExit)


def test_scenarios_are_listed_and_printed(tmp_path):
    listed = RUN.invoke(app, ["scenarios"])
    assert listed.exit_code == 0
    assert all(name in listed.stdout for name in ("announced", "moved", "empty"))
    printed = RUN.invoke(app, ["scenarios", "announced"])
    assert len(Scenario.from_toml(printed.stdout).moves) > 20
    assert "# left out: shougang" in printed.stdout


def test_layers_are_checked(tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("name,lon,lat\na,116.3,39.9\n", encoding="utf-8")
    bad.write_text("name,lon,lat\na,39.9,116.3\n", encoding="utf-8")
    assert RUN.invoke(app, ["layers", "check", str(good)]).exit_code == 0
    done = RUN.invoke(app, ["layers", "check", str(good), str(bad)])
    assert done.exit_code == NOT_AS_IT_IS
    assert "good.csv" in done.stdout
    assert "bad.csv" in done.stdout


@pytest.mark.parametrize("language", ["en", "zh"])
def test_app_starts_streamlit_on_the_page(monkeypatch, language):
    called = []

    def fake(command, **_):
        called.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("geo.cli.subprocess.run", fake)
    done = RUN.invoke(app, ["app", "--port", "9000", "-l", language])
    assert done.exit_code == 0
    assert called[0][1:4] == ["-m", "streamlit", "run"]
    assert called[0][4].endswith("app.py")
    assert "--server.headless=false" in called[0]
    assert "--server.port=9000" in called[0]
    # Streamlit keeps its own greeting and its card to itself, so the command says where the app is
    assert "--logger.hideWelcomeMessage=true" in called[0]
    assert done.stderr.strip() == say("cli.listening", language, url="http://localhost:9000")


def test_started_without_the_command_streamlit_shows_no_card_of_its_own(monkeypatch):
    from streamlit import config  # noqa: PLC0415 -- as the page finds it, read from this checkout
    from streamlit.web.skills import nudge_suppression_reason  # noqa: PLC0415

    monkeypatch.chdir(Path(__file__).parents[1])
    try:
        config.get_config_options(force_reparse=True, options_from_flags={"server.headless": False})
        assert nudge_suppression_reason(None) == "welcome_hidden"
    finally:
        config.get_config_options(force_reparse=True, options_from_flags={})


def test_the_module_runs():
    done = subprocess.run(
        [sys.executable, "-m", "geo", "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert "scenarios" in done.stdout

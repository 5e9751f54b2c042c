"""The command line: run a scenario, check layers, list ready scenarios, open the app.

A fault is told on standard error with its place and remedy, and the exit code is 2; never a traceback.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from geo.downloads import to_csv, write_run
from geo.edits import Plan
from geo.ensemble import Ensemble, run_ensemble
from geo.errors import ExportError, Fault, GeoError, ScenarioError
from geo.maps.export import export_html
from geo.maps.view import build_view
from geo.measures import MEASURES, summary
from geo.model import calibrate, simulate
from geo.model.baseline import FILE, Baseline, measure, shipped
from geo.presets import PRESETS, preset, preset_skipped
from geo.ranges import Spread, map_ranges, ranges_table
from geo.region import Region, load_region
from geo.report import write_report
from geo.scenario import validate
from geo.shared import Shared, read_file
from geo.userlayers import check_layer
from geo.words import LANGUAGES, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geo.outcome import Outcome
    from geo.scenario import Scenario

__all__ = ["app", "main"]

FAULT, NOT_AS_IT_IS = 2, 1


def _help(key: str) -> str:
    """Return a help text in both languages: it is shown before a language is chosen."""
    return " ".join(say(f"cli.{key}", language) for language in LANGUAGES)


app = typer.Typer(
    help=_help("help"), add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False
)
layers = typer.Typer(help=_help("layers"), no_args_is_help=True)
app.add_typer(layers, name="layers")

Language = Annotated[str, typer.Option("--language", "-l", help=_help("language"))]


@contextmanager
def _told(language: str) -> Iterator[None]:
    """Tell a fault in the reader's language and leave with exit code 2."""
    if language not in LANGUAGES:
        fault = Fault("cli.language", "--language", {"language": language})
        typer.echo(fault.text(), err=True)
        raise typer.Exit(FAULT)
    try:
        yield
    except GeoError as error:
        typer.echo(error.text(language), err=True)
        raise typer.Exit(FAULT) from None


@app.command(help=_help("run"))
def run(
    scenario: Annotated[Path, typer.Argument(help=_help("scenario"))],
    out: Annotated[Path, typer.Option("--out", "-o", help=_help("out"))],
    level0: Annotated[bool, typer.Option("--level0", help=_help("level0"))] = False,  # noqa: FBT002 - a switch
    draws: Annotated[int, typer.Option("--draws", help=_help("draws"), min=0, max=1000)] = 0,
    language: Language = "en",
) -> None:
    """Run a scenario and write tables and map."""
    with _told(language):
        _run(scenario, out, language, "level0" if level0 else "full", draws)


def _run(path: Path, out: Path, language: str, model: Literal["full", "level0"], draws: int) -> None:
    steps = iter(range(1, 6))

    def step(name: str) -> None:
        typer.echo(f"[{next(steps)}/5] {say(f'cli.step.{name}', language)}", err=True)

    step("read")
    region = load_region()
    scenario = _read(path, region, language)
    step("calibrate")
    baseline = calibrate(region)
    step("model")
    outcome = simulate(baseline, scenario, model=model)
    step("tables")
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
        write_run(outcome, region, out, language)
    drawn = _draw(baseline, [scenario], draws if model == "full" else 0, language)
    spread = Spread(region, outcome, drawn[0]) if drawn else None
    if spread is not None:
        with _writing(out):
            (out / "ranges.csv").write_bytes(to_csv(ranges_table(spread, language)))
    step("map")
    with _writing(out):
        _write_map(
            region, outcome, scenario.name or path.stem, out / "map.html", language=language, spread=spread
        )
    for effect in summary(outcome, language):
        typer.echo(f"{effect.text} [{say(f'status.{effect.status}', language)}]")
    typer.echo(say("cli.done", language, folder=out), err=True)


@app.command("calibrate", help=_help("calibrate"))
def write_baseline(
    out: Annotated[Path | None, typer.Option("--out", "-o", help=_help("calibrate_out"))] = None,
    language: Language = "en",
) -> None:
    """Calibrate the region from its layers and write the baseline that ships with them."""
    with _told(language):
        region = load_region()
        path = out or region.folder / FILE
        with _writing(path):
            path.write_bytes(shipped(measure(region)))
        typer.echo(say("cli.done", language, folder=path), err=True)


def _in_file(fault: Fault, path: Path) -> Fault:
    return Fault(fault.code, f"{path.name} {fault.where}".strip(), fault.values)


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportError(Fault("cli.unwritable", str(out), {"reason": reason})) from None


def _write_map(
    region: Region, outcome: Outcome, name: str, path: Path, *, language: str, spread: Spread | None
) -> None:
    measures = [measure for measure in MEASURES.values() if measure.id in outcome.values]
    date = datetime.now(tz=UTC).date().isoformat()
    ranges = [] if spread is None else [map_ranges(spread)]
    view = build_view(
        region, [(name, outcome)], measures=measures, language=language, date=date, ranges=ranges
    )
    export_html(view, path)


@app.command("report", help=_help("report"))
def report(  # noqa: PLR0917 - Typer takes options as arguments
    scenario: Annotated[Path, typer.Argument(help=_help("scenario"))],
    out: Annotated[Path, typer.Option("--out", "-o", help=_help("report_out"))],
    other: Annotated[Path | None, typer.Option("--compare", "-c", help=_help("report_compare"))] = None,
    year: Annotated[int | None, typer.Option("--year", "-y", help=_help("report_year"))] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help=_help("report_pdf"))] = False,  # noqa: FBT002 - a switch
    draws: Annotated[int, typer.Option("--draws", help=_help("draws"), min=0, max=1000)] = 0,
    language: Language = "en",
) -> None:
    """Write the bilingual report of a scenario, or of two compared."""
    with _told(language):
        region = load_region()
        baseline = calibrate(region)
        outcomes = [
            simulate(baseline, _read(path, region, language))
            for path in (scenario, other)
            if path is not None
        ]
        with _writing(out.parent):
            out.parent.mkdir(parents=True, exist_ok=True)
        second = outcomes[1] if other is not None else None
        drawn = _draw(baseline, [one.scenario for one in outcomes], draws, language)
        for made in write_report(region, outcomes[0], out, second, year=year, pdf=pdf, drawn=drawn):
            typer.echo(say("cli.done", language, folder=made), err=True)


def _draw(baseline: Baseline, listed: list[Scenario], draws: int, language: str) -> list[Ensemble]:
    """Return the draws of scenarios, as many as asked for of each; none gives no ensemble."""
    made = []
    for scenario in listed if draws else ():
        typer.echo(say("cli.drawing", language, name=scenario.name or "–", draws=draws), err=True)
        measures = tuple(MEASURES)
        made.append(run_ensemble(baseline, scenario, size=draws, measures=measures))
    return made


def _read(path: Path, region: Region, language: str) -> Scenario:
    """Return the scenario of a file that the region can hold; tell what must be known about it."""
    held = read_file(path)
    plan = held.plan if isinstance(held, Shared) else held
    scenario = plan.scenario() if isinstance(plan, Plan) else plan
    try:
        warnings = validate(scenario, region)
    except ScenarioError as error:
        raise ScenarioError([_in_file(fault, path) for fault in error.faults]) from None
    for warning in warnings:
        typer.echo(f"{say('cli.warning', language)}: {warning.text(language)}", err=True)
    return scenario


@layers.command("check", help=_help("check"))
def check(
    files: Annotated[list[Path], typer.Argument(help=_help("files"))], language: Language = "en"
) -> None:
    """Check files as layers and print every finding."""
    with _told(language):
        reports = [check_layer(file) for file in files]
        typer.echo("\n\n".join(report.text(language) for report in reports))
        if not all(report.ok for report in reports):
            raise typer.Exit(NOT_AS_IT_IS)


@app.command(help=_help("scenarios"))
def scenarios(
    name: Annotated[str | None, typer.Argument(help=_help("name"))] = None, language: Language = "en"
) -> None:
    """List the ready scenarios, or print one."""
    with _told(language):
        if name is not None and name not in PRESETS:
            values = {"name": name, "names": ", ".join(PRESETS)}
            raise ScenarioError(Fault("cli.no_preset", "", values))
        region = load_region()
        if name is None:
            for key in PRESETS:
                made = preset(key, region, language)
                typer.echo(f"{key}  {made.name} ({len(made.moves)})\n    {made.note}")
            return
        typer.echo(preset(name, region, language).to_toml(), nl=False)
        for skipped in preset_skipped(region, name):
            typer.echo(f"# {say('cli.skipped', language)}: {skipped.id}: {skipped.text(language)}")


@app.command("app", help=_help("app"))
def open_app(
    port: Annotated[int, typer.Option("--port", help=_help("port"), min=1, max=65535)] = 8501,
    language: Language = "en",
) -> None:
    """Start Streamlit on the page."""
    with _told(language):
        page = _page()
        command = [sys.executable, "-m", "streamlit", "run", str(page), "--server.headless=false"]
        # a first start would wait for an e-mail address before it opens
        quiet = ["--browser.gatherUsageStats=false", "--server.showEmailPrompt=false"]
        # nor show Streamlit's own card over the page; its greeting, with the address, goes with that
        options = [f"--server.port={port}", *quiet, "--logger.hideWelcomeMessage=true"]
        typer.echo(say("cli.listening", language, url=f"http://localhost:{port}"), err=True)
        # small matrices are solved faster by one thread each
        environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ}
        try:
            done = subprocess.run([*command, *options], check=False, env=environment)  # noqa: S603  ours
            raise typer.Exit(done.returncode)
        except KeyboardInterrupt:
            raise typer.Exit(0) from None


def _page() -> Path:
    """Return the page: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    for page in (package / "_app.py", package.parent / "app.py"):
        if page.is_file():
            return page
    raise GeoError(Fault("cli.no_app", str(package)))


def main() -> None:
    """Run the command line."""
    app()

"""The parts of a report that say what it rests on: moves, method, assumptions, measures, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo.assumptions import ASSUMPTIONS
from geo.downloads import moves_table
from geo.measures import MEASURES
from geo.report.markup import Markup, columns, join, pair, tag
from geo.report.paper import Paper, bilingual, named, num, section, table, words
from geo.words import LANGUAGES, has

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from geo.assumptions import AssumptionSpec

__all__ = ["assumptions", "head", "measures", "method", "moves", "scenario_text", "sources"]

_METHOD = {"level0": 4, "full": 5}  # paragraphs at report.method.<model><number>
_DIGITS = 4  # of an assumption


def head(paper: Paper) -> Markup:
    """Return title, scenarios, date, model and hashes."""
    pairs: list[tuple[Markup, object]] = []
    for index, outcome in enumerate(paper.outcomes):
        letter = f" {paper.letter(index)}".rstrip()
        pairs.append((join([pair("report.scenario"), letter]), tag("bdi", outcome.scenario.name or "–")))
        if outcome.scenario.note:
            pairs.append((pair("report.note"), tag("bdi", outcome.scenario.note)))
        pairs.append((join([pair("report.scenario_hash"), letter]), tag("code", outcome.scenario.hash)))
    models = dict.fromkeys(outcome.model for outcome in paper.outcomes)
    pairs += [
        (pair("report.model"), join((_model(model) for model in models), " · ")),
        (pair("report.model_version"), str(paper.outcomes[0].version)),
        (pair("report.year"), str(paper.year)),
        (pair("report.date"), paper.date),
        (pair("report.data_hash"), tag("code", paper.region.content_hash)),
    ]
    listed = [item for name, value in pairs for item in (tag("dt", name), tag("dd", value))]
    note = tag("div", columns("report.schematic_note"), class_="note")
    return tag("header", tag("h1", pair("report.title")), tag("dl", *listed), note)


def _model(model: str) -> Markup:
    key = f"report.models.{model}"
    return pair(key) if has(key) else tag("span", model)


# Moves ----------------------------------------------------------------------------------------------


def moves(paper: Paper) -> Markup:
    """Return who moves, where from, where to, when and how many, with the source of each number."""
    made: list[Markup] = []
    for index, outcome in enumerate(paper.outcomes):
        told = [moves_table(paper.region, outcome, language) for language in LANGUAGES]
        names = [field.id for field in told[0].fields]
        both = [[dict(zip(names, row, strict=True)) for row in one.rows] for one in told]
        rows = [_move(english, chinese) for english, chinese in zip(*both, strict=True)]
        caption = join([pair("report.caption.moves"), f" {paper.letter(index)}".rstrip()])
        heads = ["mover", "from", "to", "years", "share", "posts", "students", "beds", "source"]
        made.append(table(caption, heads, rows) if rows else columns("report.nothing_moves"))
    return section("moves", *made)


def _move(english: dict[str, Any], chinese: dict[str, Any]) -> list[object]:
    def said(key: str) -> Markup:
        return words(english[key], chinese[key])

    who = [words(english["name_en"], english["name_zh"]), tag("div", said("kind"), class_="status")]
    if english["institution_status"]:
        who.append(tag("div", said("institution_status"), class_="status"))
    sizes = [_size(english, chinese, key) for key in ("posts", "students", "beds")]
    years = tag("td", f"{english['start']}–{english['end']}", class_="num")
    share = num(100 * float(english["share"]), 0)
    source = join(
        [english["source"] or "–", tag("div", tag("bdi", english["note"])) if english["note"] else ""]
    )
    return [join(who), said("origin_name"), said("destination_name"), years, share, *sizes, source]


def _size(english: dict[str, Any], chinese: dict[str, Any], key: str) -> Markup:
    value, origin = float(english[key]), f"{key}_from"
    if not value:
        return tag("td", "–", class_="num")
    cell = num(value, 0)
    note = tag("span", words(english[origin], chinese[origin]), class_="status")
    return Markup(cell.removesuffix("</td>") + note + "</td>")


# Grounds --------------------------------------------------------------------------------------------


def method(paper: Paper) -> Markup:
    """Return how the numbers came about, by the model that made them."""
    models = dict.fromkeys(outcome.model for outcome in paper.outcomes)
    keys = [
        f"report.method.{model}_{place}" for model in models for place in range(1, _METHOD.get(model, 0) + 1)
    ]
    return section("method", columns(*keys, "report.method.statuses"))


def _used(paper: Paper) -> Iterator[AssumptionSpec]:
    """Yield the assumptions that a model here reads: level 0 knows only moves and their pace."""
    full = any(outcome.model != "level0" for outcome in paper.outcomes)
    for spec in ASSUMPTIONS:
        stated = any(spec.id in outcome.scenario.assumptions.overrides for outcome in paper.outcomes)
        if full or stated or spec.group == "moves" or spec.id == "ramp_steepness":
            yield spec


def assumptions(paper: Paper) -> Markup:
    """Return every assumption with its default, what is used, its range, status and source."""
    rows = [
        [
            words(spec.name("en"), spec.name("zh")),
            _plain(spec.default),
            *(_value(paper, index, spec) for index in range(len(paper.outcomes))),
            _plain(*spec.likely),
            bilingual(f"unit.{spec.unit}"),
            bilingual(f"status.{spec.status}"),
            spec.source,
        ]
        for spec in _used(paper)
    ]
    used: list[object] = ["used"] if not paper.compared else [_used_head(paper, i) for i in range(2)]
    heads = ["assumption", "default", *used, "likely", "unit", "status", "source"]
    return section(
        "assumptions",
        columns("report.assumptions_text"),
        table(pair("report.caption.assumptions"), heads, rows),
    )


def _used_head(paper: Paper, index: int) -> Markup:
    return join([pair("report.column.used"), f" {paper.letter(index)}"])


def _figures(value: float) -> str:
    return f"{value:,.{_DIGITS}f}".rstrip("0").rstrip(".")


def _plain(*values: float) -> Markup:
    return tag("td", "–".join(_figures(value) for value in values), class_="num")


def _value(paper: Paper, index: int, spec: AssumptionSpec) -> Markup:
    assumed = paper.outcomes[index].scenario.assumptions
    text = _figures(assumed[spec.id])
    return tag("td", tag("strong", text) if spec.id in assumed.overrides else text, class_="num")


def measures(paper: Paper) -> Markup:
    """Return what each number is: formula, status and source."""
    held = {key for outcome in paper.outcomes for key in (*outcome.values, *outcome.regional)}
    rows = [
        [
            named(measure),
            measure.formula,
            bilingual(f"status.{measure.status}"),
            measure.source,
        ]
        for key, measure in MEASURES.items()
        if key in held
    ]
    heads: Sequence[object] = ["measure", "formula", "status", "source"]
    return section("measures", table(pair("report.caption.measures"), heads, rows))


def sources(paper: Paper) -> Markup:
    """Return the layers' and facts' origin, terms and date."""
    rows = [
        [
            words(entry["title_en"], entry["title_zh"]),
            entry["source"],
            entry["terms"],
            str(entry["date"]),
            num(float(entry["rows"])),
            tag("code", str(entry["sha256"])[:12]),
        ]
        for entry in paper.region.catalog.get("layers", {}).values()
    ]
    heads = ["layer", "source", "terms", "date", "rows", "sha256"]
    return section(
        "sources", columns("report.sources_text"), table(pair("report.caption.sources"), heads, rows)
    )


def scenario_text(paper: Paper) -> Markup:
    """Return each scenario as its own text, from which the report can be made again."""
    made: list[Markup] = []
    for index, outcome in enumerate(paper.outcomes):
        if paper.compared:
            made.append(tag("h3", paper.letter(index)))
        made.append(tag("pre", tag("bdi", outcome.scenario.to_toml()), tabindex=0))
    return section("scenario", columns("report.scenario_text"), *made)

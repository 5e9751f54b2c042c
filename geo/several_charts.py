"""Years of any number of scenarios as lines, told apart by colour and by dash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geo.charts import COLOURS, Chart, _note, _short, _span, _spec, _tips, _value_axis, _year_axis
from geo.measures import MEASURES
from geo.several import BASELINE, distinct, table_of_years, years_of
from geo.words import say

if TYPE_CHECKING:
    from geo.comparison import Place
    from geo.measures import Measure
    from geo.model.solve import Array
    from geo.several import Several

    # Values by year, colour, dash.
    _Look = tuple[Array, str, tuple[int, ...]]

__all__ = ["DASHES", "LINES", "PALETTE", "several_lines"]

#: Apart from each other and from the baseline's grey for readers with any of the three colour-vision
#: deficiencies, and 3 to 1 against white.
PALETTE: Final = (
    "#2166ac", "#d6604d", "#000000", "#b8860b", "#882255", "#1b9ad6", "#8c510a", "#332288",
)  # fmt: skip
#: A dash for each colour, so that colour alone carries nothing.
DASHES: Final = ((1, 0), (8, 4), (2, 2), (10, 3, 2, 3), (5, 2), (14, 4), (6, 2, 2, 2, 2, 2), (3, 5))
#: More lines than this cannot be told apart in one chart.
LINES: Final = len(PALETTE)


def several_lines(found: Several, measure: str, place: Place, language: str = "en") -> Chart:
    """Return a measure in a place by year as a line for the baseline and for each of the first scenarios.

    At most ``LINES`` scenarios are drawn; the note says how many are not, the table holds all.
    """
    shown, start = MEASURES[measure], found.name(BASELINE, language)
    base, lines = years_of(found, measure, place)
    # shortened names may be alike though the names are not
    names = distinct([start, *(_short(name) for name in found.names)])[1:]
    drawn = zip(names, lines, PALETTE, DASHES, strict=False)
    looks: dict[str, _Look] = {start: (base, COLOURS["baseline"], (2, 3))}
    looks |= {name: (line, colour, dash) for name, line, colour, dash in drawn}
    looks = {name: look for name, look in looks.items() if np.isfinite(look[0]).any()}
    years = [int(year) for year in found.baseline.years]
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": _span(shown, {name: look[0] for name, look in looks.items()}), "nice": True},
        "axis": _value_axis(shown.unit_name(language), language),
    }
    encoding = {
        "x": _year_axis(years),
        "y": y,
        **_told_apart(looks),
        "tooltip": _tips(language, "side", "year", "text"),
    }
    mark = {"type": "line", "strokeWidth": 2.2, "point": {"opacity": 0, "size": 60}}
    spec = _spec(
        _rows(looks, years, shown, language), mark=mark, encoding=encoding, height=260 + 18 * len(looks)
    )
    table = table_of_years(found, measure, place, language)
    return Chart(
        "years_all", table.title, _alt(found, measure, place, language), _noted(found, measure, language),
        spec, table,
    )  # fmt: skip


def _rows(looks: dict[str, _Look], years: list[int], measure: Measure, language: str) -> list[dict[str, Any]]:
    return [
        {
            "year": year,
            "value": round(float(value), measure.digits),
            "side": name,
            "text": measure.text(float(value), language),
        }
        for name, (line, *_) in looks.items()
        for year, value in zip(years, line, strict=True)
        if np.isfinite(value)
    ]


def _told_apart(looks: dict[str, _Look]) -> dict[str, Any]:
    """Return colour and dash of every line, and one legend for both."""
    side = {"field": "side", "type": "nominal"}
    colours = {"domain": list(looks), "range": [colour for _, colour, _ in looks.values()]}
    dashes = {"domain": list(looks), "range": [list(dash) for *_, dash in looks.values()]}
    legend = {"symbolType": "stroke", "symbolSize": 500}
    return {"color": side | {"scale": colours, "legend": legend}, "strokeDash": side | {"scale": dashes}}


def _noted(found: Several, measure: str, language: str) -> str:
    note = _note(MEASURES[measure], language)
    left = len(found.names) - LINES
    if left <= 0:
        return note
    more = say("several.not_drawn", language, count=left, most=LINES)
    return (" " if language == "en" else "").join([note, more])


def _alt(found: Several, measure: str, place: Place, language: str) -> str:
    """Return the chart in a sentence: what every line ends at."""
    shown = MEASURES[measure]
    base, lines = years_of(found, measure, place)
    ends = [
        say("compare.who", language, name=name, value=shown.text(float(line[-1]), language))
        for name, line in ((found.name(BASELINE, language), base), *zip(found.names, lines, strict=True))
    ]
    between = ", " if language == "en" else "、"
    return say(
        "several.alt",
        language,
        measure=shown.name(language),
        year=int(found.baseline.years[-1]),
        ends=between.join(ends),
    )

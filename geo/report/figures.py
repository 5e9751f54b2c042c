"""Figures as SVG without a script: the region coloured by county, and lines by year."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, cos, floor, log10, radians
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.classes import MISSING, diverging_classes, sequential_classes
from geo.measures import MEASURES, XIONGAN, Measure
from geo.report.markup import Markup, join, tag
from geo.words import LANGUAGES, number, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geo.classes import Classes
    from geo.region import Region

__all__ = ["Line", "line_chart_svg", "static_map_svg"]

Array = NDArray[np.float64]

_INK, _LAND, _SEA, _EDGE, _BORDER, _FLAG = "#16232f", "#ece9e2", "#dce8ee", "#ffffff", "#4d5963", "#8a2252"
_WIDTH, _LEGEND = 400.0, 134.0
_TOLERANCE = 0.008  # degrees, under a printed third of a millimetre
_MARGIN = 0.25  # degrees around the region
_PARALLEL = 39.3  # of the region's middle: one degree of longitude is its cosine times one of latitude
_ROW, _SECOND = 14.0, 9.5  # heights of a row of the legend and of its second line
_FINE = 10  # steps of a path in one unit of the drawing
_COLOURS: Final = ("#1f566f", "#9b4314")
_DASHES: Final = (None, "5 3")


# Map ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ground:
    """Paths of a region in the units of the drawing."""

    height: float
    counties: tuple[str, ...]
    land: tuple[str, ...]
    sea: tuple[str, ...]
    cities: str
    xiongan: str
    labels: tuple[tuple[float, float, str, str], ...]


class _Frame:
    """Equirectangular: degrees to units of the drawing, y downwards."""

    def __init__(self, bounds: Array) -> None:
        west, south, east, north = map(float, bounds)
        self.west, self.north = west - _MARGIN, north + _MARGIN
        self.across = (_WIDTH - _LEGEND) / (east - west + 2 * _MARGIN)
        self.down = self.across / cos(radians(_PARALLEL))
        self.height = self.down * (north - south + 2 * _MARGIN)

    def xy(self, lonlat: Any) -> Array:
        """Return points, shape (K, 2), in tenths of a unit."""
        places = np.atleast_2d(np.asarray(lonlat, dtype=np.float64))[:, :2]
        units = np.column_stack(
            [(places[:, 0] - self.west) * self.across, (self.north - places[:, 1]) * self.down]
        )
        return np.round(units, 1)

    def path(self, geometry: Any, *, closed: bool = True) -> str:
        """Return the path of polygons or lines."""
        parts = shapely.get_parts(np.atleast_1d(np.asarray(geometry, dtype=object)))
        rings = [ring for part in parts for ring in (_rings(part) if closed else [part])]
        return "".join(self._ring(shapely.get_coordinates(ring), "Z" if closed else "") for ring in rings)

    def _ring(self, lonlat: Array, end: str) -> str:
        """Return a ring in whole tenths, each corner relative to the one before: a third of the letters."""
        places = np.rint(self.xy(lonlat) * _FINE).astype(int)
        kept = places[np.concatenate([[True], (np.diff(places, axis=0) != 0).any(axis=1)])]
        steps = "".join(f"l{x} {y}" if y >= 0 else f"l{x}{y}" for x, y in np.diff(kept, axis=0))
        return f"M{kept[0, 0]} {kept[0, 1]}{steps}{end}"


def _rings(polygon: Any) -> list[Any]:
    return [polygon.exterior, *polygon.interiors] if polygon.geom_type == "Polygon" else []


@lru_cache(maxsize=2)
def _ground(region: Region) -> _Ground:
    counties = region.counties
    shapes = shapely.coverage_simplify(counties.geometry.to_numpy(), _TOLERANCE)
    frame = _Frame(shapely.total_bounds(shapes))
    around = region.neighbours
    simple = shapely.simplify(around.geometry.to_numpy(), 2 * _TOLERANCE)
    sea = (around["kind"] == "sea").to_numpy()
    codes = counties["city_code"].to_numpy()
    cities = [
        shapely.boundary(shapely.coverage_union_all(shapes[codes == code])) for code in np.unique(codes)
    ]
    flagged = shapely.coverage_union_all(shapes[np.isin(region.codes, XIONGAN)])
    spots = frame.xy(region.cities[["lon", "lat"]].to_numpy())
    names = zip(region.cities["name_en"], region.cities["name_zh"], strict=True)
    return _Ground(
        round(frame.height, 1),
        tuple(frame.path(shape) for shape in shapes),
        tuple(frame.path(shape) for shape in simple[~sea]),
        tuple(frame.path(shape) for shape in simple[sea]),
        frame.path(cities, closed=False),
        frame.path(flagged),
        tuple((float(x), float(y), en, zh) for (x, y), (en, zh) in zip(spots, names, strict=True)),
    )


def _words(key: str, **values: Any) -> str:
    return " ".join(say(key, language, **values) for language in LANGUAGES)


def _class_texts(classes: Classes, place: int) -> list[str]:
    """Return the text of a class in both languages, once where they agree."""
    if place == classes.none:
        return [_words("report.no_change")]
    sign, said = classes.kind == "diverging", []
    for language in LANGUAGES:
        low, high = (
            number(bound, language, digits=0 if abs(bound) >= 1000 else classes.digits, sign=sign)
            for bound in classes.bounds[place : place + 2]
        )
        said.append(f"{low} … {high}")
    return list(dict.fromkeys(said))


def _legend(measure: Measure, classes: Classes, values: Array, height: float) -> list[Markup]:
    left = _WIDTH - _LEGEND + 8
    counts, missing = classes.counts(values)
    rows = [(classes.colours[i], _class_texts(classes, i), counts[i]) for i in reversed(range(len(counts)))]
    if missing:
        rows.append((MISSING, [_words("report.missing")], missing))
    y = max(height - sum(_ROW + _SECOND * (len(texts) - 1) for _, texts, _ in rows) - 14, 60.0)
    units = list(dict.fromkeys(measure.unit_name(language) for language in LANGUAGES))[::-1]
    heads = ((text, round(y - 6 - 11 * line, 1)) for line, text in enumerate(units))
    parts = [tag("text", text, x=left, y=at, font_size=9.5, font_weight=600) for text, at in heads]
    for colour, texts, count in rows:
        swatch = {"fill": colour, "stroke": _BORDER, "stroke_width": 0.4}
        parts.append(tag("rect", x=left, y=round(y, 1), width=14, height=10, **swatch))
        for line, text in enumerate(texts):
            at = round(y + 8.5 + line * _SECOND, 1)
            parts.append(tag("text", text, x=left + 19, y=at, font_size=8.5))
        end = {"x": _WIDTH - 2, "text_anchor": "end"}
        parts.append(tag("text", str(count), y=round(y + 8.5, 1), font_size=8.5, **end))
        y += _ROW + _SECOND * (len(texts) - 1)
    note = _words("report.counties_in_class")
    parts.append(tag("text", note, x=left, y=round(y + 8, 1), font_size=7.5))
    return parts


def _labels(ground: _Ground) -> Iterable[Markup]:
    halo: dict[str, Any] = {"text_anchor": "middle", "paint_order": "stroke", "stroke": "#ffffff"}
    for x, y, english, chinese in ground.labels:
        yield tag("text", chinese, x=x, y=y, font_size=8.5, font_weight=600, stroke_width=2, **halo)
        yield tag("text", english, x=x, y=round(y + 7, 1), font_size=6.5, stroke_width=1.6, **halo)


def static_map_svg(
    region: Region,
    values: Array,
    measure: Measure | str,
    diverging: bool,  # noqa: FBT001 - the order of the map's own code: what, of which measure, on which scale
    *,
    title: str = "",
    over: Iterable[Array] | None = None,
) -> str:
    """Return the region with counties coloured by value, as one SVG that needs nothing else.

    Parameters
    ----------
    region
        Its counties are in the order of ``values``.
    values
        Shape (N,); NaN is drawn as missing.
    measure
        A measure or its id: unit and decimals of the legend.
    diverging
        Whether zero is the middle: changes and differences.
    title
        Name for readers who do not see the figure.
    over
        All values that the classes must hold, for maps that shall be comparable; by default ``values``.

    Raises
    ------
    ValueError
        If ``values`` has not one entry for each county.
    """
    if np.shape(values) != (len(region.codes),):
        raise ValueError(np.shape(values))
    shown = MEASURES[measure] if isinstance(measure, str) else measure
    make = diverging_classes if diverging else sequential_classes
    classes = make([values] if over is None else list(over), shown.digits)
    ground = _ground(region)
    colours = classes.colour(values)
    inside = _WIDTH - _LEGEND
    drawn = [
        *(tag("path", d=path, fill=_LAND, stroke="#b9b4a8", stroke_width=4) for path in ground.land),
        *(tag("path", d=path, fill=_SEA) for path in ground.sea),
        *(
            tag("path", d=path, fill=colour, stroke=_EDGE, stroke_width=3, data_code=code)
            for code, path, colour in zip(region.codes, ground.counties, colours, strict=True)
        ),
    ]
    lines = [
        tag("path", d=ground.cities, fill="none", stroke=_BORDER, stroke_width=6),
        tag("path", d=ground.xiongan, fill="none", stroke=_FLAG, stroke_width=12),
    ]
    # a nested drawing cuts off what lies outside it
    fine = tag("g", *drawn, *lines, transform=f"scale({1 / _FINE:g})")
    ground_colour = tag("rect", width=inside, height=ground.height, fill=_LAND)
    picture = tag("svg", ground_colour, fine, *_labels(ground), width=inside, height=ground.height)
    mark = tag("text", _words("report.schematic"), x=inside + 8, y=12, font_size=10, font_weight=600)
    key = join(
        [
            tag("path", d=f"M{inside + 8:g} 26h14", stroke=_FLAG, stroke_width=1.6),
            tag("text", _words("report.xiongan"), x=inside + 27, y=29, font_size=8.5),
        ]
    )
    legend = _legend(shown, classes, np.asarray(values), ground.height)
    return tag(
        "svg", tag("title", title or shown.name()), picture, mark, key, *legend,
        viewBox=f"0 0 {_WIDTH:g} {ground.height:g}", role="img", xmlns="http://www.w3.org/2000/svg",
    )  # fmt: skip


# Lines by year --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Line:
    """A name and one value a year, shape (T,)."""

    name: str
    values: Array


_CHART = (300.0, 150.0)
_BOX = (46.0, 12.0, 292.0, 126.0)  # left, top, right, bottom of the plot


def _ticks(low: float, high: float) -> list[float]:
    """Return three to six round values that span from low to high."""
    if high <= low:
        high = low + (abs(low) * 0.1 or 1.0)
    raw = (high - low) / 4
    power = 10.0 ** floor(log10(raw))
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= raw * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [place * step for place in range(first, last + 1)]


def _tick_digits(ticks: Sequence[float]) -> int:
    return max(0, -floor(log10(ticks[1] - ticks[0]) + 1e-9)) + (
        1 if str(ticks[1] - ticks[0])[:3] == "2.5" else 0
    )


def line_chart_svg(years: Sequence[int], lines: Sequence[Line], title: str) -> str:
    """Return lines by year with their names below.

    Parameters
    ----------
    years
        Ascending, T of them.
    lines
        One or two; the second is dashed, so that colour alone carries nothing.
    title
        Name for readers who do not see the figure.
    """
    left, top, right, bottom = _BOX
    held = np.concatenate([line.values[np.isfinite(line.values)] for line in lines])
    ticks = _ticks(float(held.min()), float(held.max())) if len(held) else [0.0, 1.0]
    span, years = ticks[-1] - ticks[0], list(years)
    xs = [left + (right - left) * (year - years[0]) / max(years[-1] - years[0], 1) for year in years]
    digits = _tick_digits(ticks)
    parts: list[Markup] = [tag("title", title)]
    for tick in ticks:
        y = round(bottom - (bottom - top) * (tick - ticks[0]) / span, 1)
        parts.append(tag("path", d=f"M{left:g} {y:g}H{right:g}", stroke="#d5dad8", stroke_width=0.6))
        text = number(tick, "en", digits=digits)
        parts.append(tag("text", text, x=left - 4, y=y + 3, font_size=8, text_anchor="end"))
    for x, year in zip(xs, years, strict=True):
        if year % 10 == 0:
            at = {"x": round(x, 1), "y": bottom + 11, "text_anchor": "end" if x > right - 1 else "middle"}
            parts.append(tag("text", str(year), font_size=8, **at))
    for place, line in enumerate(lines):
        ys = bottom - (bottom - top) * (line.values - ticks[0]) / span
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True) if np.isfinite(y))
        stroke = {"stroke": _COLOURS[place], "stroke_width": 1.8, "stroke_dasharray": _DASHES[place]}
        parts.append(tag("polyline", points=points, fill="none", **stroke))
        x = left + place * (right - left) / 2
        parts.append(tag("path", d=f"M{x:g} {_CHART[1] - 5:g}h16", fill="none", **stroke))
        parts.append(tag("text", line.name[:28], x=x + 20, y=_CHART[1] - 2, font_size=8))
    width, height = _CHART
    return tag(
        "svg", *parts, viewBox=f"0 0 {width:g} {height:g}", role="img", xmlns="http://www.w3.org/2000/svg"
    )

"""A ``folium.Map`` of any view, to add one's own plugins to, and its one-file export without network.

folium escapes nothing: tooltips and popups go into JavaScript template literals, where a backtick or
``${}`` runs; layer names go into ``innerHTML``; and what an element has rendered is compiled once more as a
Jinja template, so that ``{{ }}`` in a name runs in Python. What is drawn here is put into the page as JSON
with all signs escaped that mean something to any of these, and shown by ``textContent``, also for a user's
own layer: :class:`TextLayer`.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import TYPE_CHECKING, Any, Final, cast

import folium
import numpy as np
import shapely
from branca.element import Element, MacroElement
from folium.map import CustomPane, Layer
from folium.template import Template
from numpy.typing import NDArray

from geo.errors import Fault, ModelError
from geo.maps.inlined import save_inlined
from geo.maps.page import escaped_json
from geo.maps.view import build_view
from geo.measures import MEASURES
from geo.words import number, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import geopandas as gpd
    import pandas as pd

    from geo.outcome import Outcome
    from geo.region import Region

__all__ = ["MODES", "Layers", "Legend", "TextLayer", "folium_map", "inert_json", "save_inlined", "text_layer"]

Array = NDArray[np.float64]

MODES: Final = ("before", "after", "change", "difference")
# The hues of page_colour.js: both scales are ordered by lightness alone.
_TEALS: Final = ("#edf5f3", "#d3e8e3", "#aed7d0", "#7fbfba", "#4fa1a4", "#2f7f8c", "#1f566f")
_BROWNS: Final = ("#9b4314", "#d67b45", "#f1bd95")  # much less ... a little less
_BLUES: Final = ("#b0d5dc", "#5da2b8", "#215f7e")  # a little more ... much more
_NEUTRAL, _MISSING = "#f6f3ed", "#cbcbc5"
_SHARES: Final = (0.55, 0.88)  # of the changed counties, where the next stronger class begins
_SECTORS: Final = {
    "integrated_circuits": "#0068b3", "network_security": "#7a3e9d", "power_equipment": "#e39b00",
    "biopharmaceuticals": "#d0538f", "new_energy_vehicles": "#008763",
    "intelligent_connected_vehicles": "#8a2252", "biomedicine": "#d95b6b", "hydrogen_energy": "#3aa6dd",
    "robotics": "#3b2f8f", "artificial_intelligence": "#d55a00", "life_sciences": "#6d8b1c",
    "aerospace": "#47689a",
}  # fmt: skip
_STATES: Final = {
    "moved": "#1f566f",
    "under_construction": "#4fa1a4",
    "announced": "#e39b00",
    "candidate": "#8a8a84",
}
_SEA, _LAND, _INK = "#dbe7ec", "#ecebe5", "#16232f"
_DIGITS: Final = 4  # of a degree: 10 m
# Panes from below to above; a layer that is hidden and shown again comes back into its own.
_PANES: Final = {"ground": 310, "counties": 320, "lines": 330, "points": 340, "labels": 350}
_CENTRE, _ZOOM = (39.2, 116.6), 7

_LAYER: Final = Template("""
{% macro script(this, kwargs) %}
var {{ this.get_name() }} = L.geoJSON({{ this.json(this.data) }}, {
    pane: {{ this.json(this.pane) }},
    style: (feature) => feature.properties.style,
    pointToLayer: (feature, place) =>
        L.circleMarker(place, {...feature.properties.style, pane: {{ this.json(this.pane) }}}),
    onEachFeature: (feature, layer) => layer.bindTooltip(() => {
        const box = document.createElement("div");
        for (const line of feature.properties.lines) {
            const row = document.createElement("div");
            row.textContent = line;
            box.append(row);
        }
        return box;
    }, {{ this.json(this.tooltip) }}),
});
{% endmacro %}
""")

# Names may repeat, and be such as ``__proto__``: no object is keyed by them. What is added to the map after
# the control has no variable yet when the control is made.
_CONTROL: Final = Template("""
{% macro script(this, kwargs) %}
var {{ this.get_name() }} = L.control.layers(null, null, {{ this.json(this.options) }});
{{ this.get_name() }}.addTo({{ this._parent.get_name() }});
setTimeout(() => {
    {% for one in this.listed %}
    {{ this.get_name() }}.{{ one.adds }}({{ one.variable }}, {{ this.json(one.name) }});
    {% endfor %}
}, 0);
{% endmacro %}
""")

_LEGEND: Final = Template("""
{% macro script(this, kwargs) %}
var {{ this.get_name() }} = L.control({position: "bottomleft"});
{{ this.get_name() }}.onAdd = () => {
    const said = {{ this.json(this.said) }};
    const box = L.DomUtil.create("div");
    box.style.cssText = "background:#fffd;padding:8px 10px;font:12px/1.5 system-ui,sans-serif;color:#16232f;"
        + "max-width:260px;border-radius:4px";
    const line = (text, weight) => {
        const row = document.createElement("div");
        row.textContent = text;
        row.style.fontWeight = weight;
        box.append(row);
        return row;
    };
    line(said.title, "600");
    for (const [colour, text] of said.classes) {
        const key = document.createElement("span");
        key.style.cssText = "display:inline-block;width:14px;height:10px;margin-right:6px;";
        key.style.border = "1px solid #0002";
        key.style.background = colour;
        line(text, "400").prepend(key);
    }
    for (const note of said.notes) line(note, "400").style.color = "#5a6670";
    return box;
};
{{ this.get_name() }}.addTo({{ this._parent.get_name() }});
{{ this._parent.get_name() }}.attributionControl.setPrefix("Leaflet");
{% endmacro %}
""")


_TEMPLATE: Final = re.compile(r"\{(?=[{%#])")


def inert_json(data: Any) -> str:
    """Return JSON for a script inside a template: no ``<``, ``>``, ``&``, and no ``{{``, ``{%`` or ``{#``.

    JSON itself never has a brace before one of these three; where one stands, it is inside a string.
    """
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return _TEMPLATE.sub(r"\\u007b", escaped_json(text))


def _inert_html(text: str) -> str:
    """Return text as HTML that means nothing to a template either."""
    return escape(text).replace("{", "&#123;")


class TextLayer(Layer):
    """A layer of features whose tooltips are text, whatever stands in them.

    Parameters
    ----------
    features
        GeoJSON features whose properties are ``lines`` (the tooltip, a list of texts) and ``style`` (Leaflet
        path options).
    name
        Name in the layer control, as text.
    pane
        Leaflet pane.
    labels
        Keep the tooltips open, as labels.
    show
        Whether the layer is shown at first.
    """

    _template = _LAYER
    json = staticmethod(inert_json)

    def __init__(
        self,
        features: Sequence[Mapping[str, Any]],
        name: str,
        *,
        pane: str = "overlayPane",
        labels: bool = False,
        show: bool = True,
    ) -> None:
        # Leaflet writes a layer's name as HTML
        super().__init__(name=_inert_html(name), overlay=True, control=True, show=show)
        self._name = "text_layer"
        self.data = {"type": "FeatureCollection", "features": list(features)}
        self.pane = pane
        self.tooltip: dict[str, Any] = {"sticky": True}
        if labels:
            self.tooltip = {"permanent": True, "direction": "center", "className": "jjj-label", "pane": pane}


class Layers(folium.LayerControl):
    """The layer control, complete also when layers are added to the map after it; names are text."""

    _template = _CONTROL
    json = staticmethod(inert_json)

    def render(self, **kwargs: Any) -> str:
        """Gather the layers of the map, whenever they were added, and render into the figure."""
        parent: Any = self._parent
        listed = [one for one in parent._children.values() if isinstance(one, Layer) and one.control]  # noqa: SLF001
        self.listed = [
            {
                "variable": one.get_name(),
                "name": one.layer_name if isinstance(one, TextLayer) else _inert_html(str(one.layer_name)),
                "adds": "addOverlay" if one.overlay else "addBaseLayer",
            }
            for one in listed
        ]
        MacroElement.render(self, **kwargs)  # type: ignore[no-untyped-call]
        return ""


class Legend(MacroElement):
    """Classes of the map and notes below them, as text.

    Parameters
    ----------
    title
        What is shown.
    classes
        Pairs of colour and text.
    notes
        Lines below.
    """

    _template = _LEGEND
    json = staticmethod(inert_json)

    def __init__(self, title: str, classes: Iterable[tuple[str, str]], notes: Iterable[str] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "legend"
        self.said = {"title": title, "classes": [list(one) for one in classes], "notes": list(notes)}


# What is shown --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Shown:
    """Values (N,) of one measure, and what is said of them."""

    title: str
    unit: str
    digits: int
    signed: bool
    numbers: Array
    notes: tuple[str, ...]

    def text(self, value: float, language: str) -> str:
        if not np.isfinite(value):
            return say("folium.no_value", language)
        return f"{number(value, language, digits=self.digits, sign=self.signed)} {self.unit}".rstrip()


@dataclass(frozen=True, eq=False)
class _How:
    """Which state is shown, and against which outcome."""

    mode: str
    against: Outcome | None


def _base(region: Region, measure: str, language: str) -> _Shown:
    """Return a measure that needs no scenario."""
    wanted = f"base.{measure.removeprefix('base.')}"
    found = next((one for one in build_view(cast("Any", region)).fixed.measures if one["id"] == wanted), None)
    if found is None:
        raise ModelError(Fault("model.no_measure", measure, {"measure": measure}))
    values = np.array([np.nan if one is None else one for one in found["before"]], dtype=float)
    notes = (say(f"status.{found['status']}", language), str(found["source"][language]))
    return _Shown(
        found["name"][language],
        found["unit"][language],
        found["digits"],
        signed=False,
        numbers=values,
        notes=notes,
    )


def _of(outcome: Outcome, measure: str, year: int, language: str, how: _How) -> _Shown:
    """Return a measure of an outcome in one year."""
    known, changed = MEASURES[measure], how.mode in {"change", "difference"}
    if how.mode == "before":
        values = np.asarray(outcome.before[measure], dtype=float)
    elif how.mode == "change":
        values = outcome.change(measure, year)
    else:
        values = outcome.at(measure, year) - (how.against.at(measure, year) if how.against else 0.0)
    title = known.name(language)
    if changed:
        title = say(f"download.{how.mode}", language, name=title)
    return _Shown(
        title=title if how.mode == "before" else f"{title}, {year}",
        unit=known.unit_name(language),
        digits=known.digits,
        signed=changed or known.scale == "diverging",
        numbers=values,
        notes=(say(f"status.{known.status}", language), known.source),
    )


def _nice(value: float) -> float:
    """Return ``value`` rounded to two significant figures."""
    return 0.0 if value == 0 else round(value, 1 - floor(log10(abs(value))))


def _bounds(shown: _Shown) -> tuple[list[float], list[str]]:
    """Return inner class bounds, ascending, and one colour more than there are bounds.

    Levels are cut at quantiles; changes symmetrically about zero, with a class for what rounds to none.
    """
    finite = shown.numbers[np.isfinite(shown.numbers)]
    if not shown.signed:
        cuts: Any = np.quantile(finite, np.linspace(0, 1, len(_TEALS) + 1)[1:-1]) if len(finite) else []
        bounds = sorted({_nice(float(cut)) for cut in cuts})
        places = np.linspace(0, len(_TEALS) - 1, len(bounds) + 1).round().astype(int)
        return bounds, [_TEALS[place] for place in places]
    none = 0.5 * 10.0**-shown.digits
    sizes = np.abs(finite[np.abs(finite) >= none])
    inner = [_nice(float(cut)) for cut in np.quantile(sizes, _SHARES)] if len(sizes) else []
    steps = sorted({none, *(cut for cut in inner if cut > none)})
    less, more = _BROWNS[len(_BROWNS) - len(steps) :], _BLUES[: len(steps)]
    return [-step for step in reversed(steps)] + steps, [*less, _NEUTRAL, *more]


def _classes(shown: _Shown, bounds: list[float], colours: list[str], language: str) -> list[tuple[str, str]]:
    """Return colours and texts of the legend, the largest values first."""

    def write(value: float) -> str:
        smallest = shown.signed and abs(value) < 10.0**-shown.digits  # where "no change" ends
        return number(value, language, digits=shown.digits + smallest, sign=shown.signed)

    texts = [f"< {write(bounds[0])}" if bounds else "–"]
    texts += [f"{write(low)} – {write(high)}" for low, high in itertools.pairwise(bounds)]
    texts += [f"≥ {write(bounds[-1])}"] if bounds else []
    if shown.signed:
        texts[len(texts) // 2] = say("folium.no_change", language)
    listed = list(zip(colours, texts, strict=True))[::-1]
    if not np.isfinite(shown.numbers).all():
        listed.append((_MISSING, say("folium.no_value", language)))
    return listed


# Layers ---------------------------------------------------------------------------------------------


def _rounded(shape: Any) -> Any:
    return shapely.geometry.mapping(shapely.transform(shape, lambda xy: xy.round(_DIGITS)))


def _features(
    shapes: Iterable[Any], lines: Iterable[Sequence[Any]], styles: Iterable[Mapping[str, Any]]
) -> list[Any]:
    """Return GeoJSON features with a tooltip and a style each; those without a place are left out."""
    return [
        {
            "type": "Feature",
            "geometry": _rounded(shape),
            "properties": {"lines": [one for one in said if _said(one)], "style": dict(style)},
        }
        for shape, said, style in zip(shapes, lines, styles, strict=True)
        if shape is not None and not shape.is_empty
    ]


def _said(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _title(region: Region, layer: str, language: str) -> str:
    return str(region.catalog["layers"][layer][f"title_{language}"])


def _both(frame: pd.DataFrame, language: str) -> list[str]:
    """Return every row's name, the reader's language first."""
    first, second = ("name_zh", "name_en") if language == "zh" else ("name_en", "name_zh")
    return [f"{one} {other}" for one, other in zip(frame[first], frame[second], strict=True)]


def _ground(region: Region, language: str) -> TextLayer:
    frame = region.neighbours
    styles = [
        {"color": "#b9c4c9", "weight": 0.6, "fillColor": _SEA if kind == "sea" else _LAND, "fillOpacity": 1}
        for kind in frame["kind"]
    ]
    lines = [[name] for name in frame[f"name_{language}"]]
    return TextLayer(
        _features(frame.geometry, lines, styles), say("folium.neighbours", language), pane="ground"
    )


def _counties(region: Region, shown: _Shown, language: str) -> tuple[TextLayer, Legend]:
    frame = region.counties
    bounds, colours = _bounds(shown)
    fills = [
        colours[int(np.searchsorted(bounds, value, side="right"))] if np.isfinite(value) else _MISSING
        for value in shown.numbers
    ]
    styles = [{"color": "#b5bcb8", "weight": 0.6, "fillColor": fill, "fillOpacity": 0.95} for fill in fills]
    texts = [shown.text(float(value), language) for value in shown.numbers]
    lines = [
        [name, f"{shown.title}: {text}", shown.notes[0]]
        for name, text in zip(_both(frame, language), texts, strict=True)
    ]
    review = str(region.catalog.get("map", {}).get("review_number", ""))
    status, source = shown.notes
    notes = [
        say("folium.status", language, status=status),
        say("folium.from", language, source=source),
        say("folium.source", language),
        say("folium.schematic", language),
        *filter(None, [review]),
    ]
    title = f"{shown.title} ({shown.unit})" if shown.unit else shown.title
    legend = Legend(title, _classes(shown, bounds, colours, language), notes)
    return TextLayer(_features(frame.geometry, lines, styles), title, pane="counties"), legend


def _dot(colour: str, radius: float = 5) -> dict[str, Any]:
    return {"color": "#ffffff", "weight": 1, "fillColor": colour, "fillOpacity": 0.95, "radius": radius}


def _sectors(region: Region, wanted: Iterable[str], language: str) -> Iterator[TextLayer]:
    """Yield one layer a sector."""
    for sector in wanted:
        frame = region.sites[region.sites["sector"] == sector]
        name = say(f"sector.{sector}", language)
        lines = [
            [title, name, firms, say(f"status.{status}", language)]
            for title, firms, status in zip(
                _both(frame, language), frame["anchor_firms"], frame["status"], strict=True
            )
        ]
        styles = [_dot(_SECTORS[sector])] * len(frame)
        yield TextLayer(_features(frame.geometry, lines, styles), f"{name} ({len(frame)})", pane="points")


def _institutions(region: Region, language: str) -> Iterator[TextLayer]:
    """Yield one layer a state; candidates are called hypothetical wherever they show."""
    head = _title(region, "institutions", language)
    for state, colour in _STATES.items():
        frame = region.institutions[region.institutions["institution_status"] == state]
        said = say(f"institution_status.{state}", language)
        lines = [
            [title, say(f"kind.{kind}", language), said, place]
            for title, kind, place in zip(
                _both(frame, language), frame["kind"], frame["destination"], strict=True
            )
        ]
        styles = [_dot(colour, 4)] * len(frame)
        features = _features(frame.geometry, lines, styles)
        yield TextLayer(features, f"{head}: {said} ({len(features)})", pane="points", show=False)


def _lines(region: Region, language: str) -> Iterator[TextLayer]:
    """Yield corridors, railways and stations."""
    frame = region.corridors
    style = {"color": "#8a2252", "weight": 3, "dashArray": "6 5", "fill": False}
    lines = [[name, note] for name, note in zip(_both(frame, language), frame["note"], strict=True)]
    features = _features(frame.geometry, lines, [style] * len(frame))
    yield TextLayer(features, _title(region, "corridors", language), pane="lines", show=False)
    links, stations = region.rail_links, region.stations
    style = {"color": "#555f66", "weight": 1.5, "fill": False}
    lines = [
        [line, f"{minutes:g} {say('unit.minutes', language)}"]
        for line, minutes in zip(links[f"line_{language}"], links["minutes"], strict=True)
    ]
    features = _features(links.geometry, lines, [style] * len(links))
    features += _features(
        stations.geometry,
        [[name] for name in _both(stations, language)],
        [_dot("#555f66", 3)] * len(stations),
    )
    yield TextLayer(features, _title(region, "rail", language), pane="lines", show=False)


def _labels(region: Region, language: str) -> TextLayer:
    frame = region.cities
    points = shapely.points(frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float))
    lines = [[name] for name in frame[f"name_{language}"]]
    hidden = {"radius": 0, "stroke": False, "fill": False, "interactive": False}
    features = _features(points, lines, [hidden] * len(frame))
    return TextLayer(features, _title(region, "cities", language), pane="labels", labels=True)


_LOOK: Final = f"""<style>
.folium-map.leaflet-container {{ background: {_LAND}; }}
.leaflet-tooltip.jjj-label {{ background: none; border: 0; box-shadow: none; padding: 0; color: {_INK};
  font-size: 13px; font-weight: 600; pointer-events: none; text-shadow: 0 0 3px #fff, 0 0 3px #fff; }}
</style>"""


def folium_map(
    region: Region,
    outcome: Outcome | None = None,
    measure: str = "population",
    year: int | None = None,
    *,
    mode: str = "after",
    against: Outcome | None = None,
    sectors: Iterable[str] = tuple(_SECTORS),
    language: str = "en",
) -> folium.Map:
    """Return a folium map of a view: ground, counties in colour, sectors, institutions, lines and labels.

    Parameters
    ----------
    region
        The region.
    outcome
        What to show; without one, a measure that needs none (``population``, ``density``, ``gdp_per_head``,
        ``pm25``).
    measure
        Id of a measure.
    year
        By default the last of the outcome.
    mode
        One of :data:`MODES`: the state before or after, the change between them, or ``outcome`` less
        ``against``.
    against
        The outcome to compare with; only for ``mode="difference"``.
    sectors
        Sectors to show, a layer each.
    language
        ``"en"`` or ``"zh"``.

    Returns
    -------
    folium.Map
        A new one at every call, with no tiles and no network but folium's own scripts; a cached one stays
        blank in a second session. :func:`save_inlined` writes it without network.

    Raises
    ------
    ModelError
        If there is no such measure or year.
    ValueError
        If ``mode`` is none of the four, or only one of ``mode="difference"`` and ``against`` is given.
    """
    if mode not in MODES or (mode == "difference") != (against is not None):
        raise ValueError(mode)
    if outcome is None or measure not in outcome.measures:
        shown = _base(region, measure, language)
    else:
        year = int(outcome.years[-1]) if year is None else year
        shown = _of(outcome, measure, year, language, _How(mode, against))
    made = folium.Map(location=_CENTRE, zoom_start=_ZOOM, tiles=None, control_scale=True)
    root: Any = made.get_root()
    root.header.add_child(Element(_LOOK), name="jjj-look")
    for pane, height in _PANES.items():
        CustomPane(pane, z_index=height, pointer_events=pane != "labels").add_to(made)
    counties, legend = _counties(region, shown, language)
    layers = [
        _ground(region, language),
        counties,
        *_lines(region, language),
        *_sectors(region, sectors, language),
    ]
    for layer in (*layers, *_institutions(region, language), _labels(region, language)):
        layer.add_to(made)
    legend.add_to(made)
    Layers(collapsed=True).add_to(made)
    return made


def text_layer(frame: gpd.GeoDataFrame, name: str, *, colour: str = "#d55a00", fields: int = 8) -> TextLayer:
    """Return a user's own layer for :func:`folium_map`; its names and values are text, whatever they hold.

    Parameters
    ----------
    frame
        In WGS84, as in :attr:`geo.userlayers.LayerReport.frame`.
    name
        Name in the layer control.
    colour
        A colour as Leaflet takes it.
    fields
        How many properties the tooltip shows.
    """
    columns = [one for one in frame.columns if one != frame.geometry.name][:fields]
    lines = [
        [f"{key}: {value}" for key, value in zip(columns, row, strict=True)]
        for row in frame[columns].itertuples(index=False)
    ]
    style = {"color": colour, "weight": 2, "fillColor": colour, "fillOpacity": 0.3, "radius": 5}
    return TextLayer(_features(frame.geometry, lines, [style] * len(frame)), name)

"""The page that draws a map: our script and style, and Leaflet's from its own package."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from xstatic.pkg import leaflet

from geo.maps.lean import lean_script, lean_style

__all__ = ["Piece", "escaped_json", "leaflet_script", "leaflet_style", "page", "page_script", "page_style"]

# in this order: later parts use what earlier ones define
_SCRIPTS = (
    "core",
    "data",
    "ranges",
    "colour",
    "map",
    "marks",
    "own",
    "compare",
    "flows",
    "beside",
    "panels",
    "time",
    "facts",
    "layers",
    "explain",
    "info",
    "search",
    "table",
    "charts",
    "picture",
    "start",
)

Piece = str


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def page_script() -> str:
    """Return our script: its parts in order, in one closed scope."""
    parts = lean_script("\n".join(_text(f"page_{name}.js") for name in _SCRIPTS))
    return f'(function () {{\n"use strict";\n{parts}}})();\n'


@cache
def page_style() -> str:
    """Return our style."""
    return lean_style(_text("page.css"))


@cache
def leaflet_script() -> str:
    """Return Leaflet's script without the pointer to its source map, which a browser would ask for."""
    text = (Path(leaflet.BASE_DIR) / "leaflet.js").read_text(encoding="utf-8")
    return re.sub(r"(?m)^//# sourceMappingURL=.*$", "", text)


@cache
def leaflet_style() -> str:
    """Return Leaflet's style without its pictures: the map draws its own marks and buttons."""
    text = (Path(leaflet.BASE_DIR) / "leaflet.css").read_text(encoding="utf-8")
    return re.sub(r"url\([^)]*\)", "none", text)


def escaped_json(text: str) -> str:
    """Return JSON ``text`` that may stand in a script element: no ``<``, no line separators."""
    swaps = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    return "".join(swaps.get(character, character) for character in text)


def page(
    *, title: str, language: str, styles: Piece, scripts: Piece, policy: Piece = "", data: Piece = ""
) -> str:
    """Return the page; ``title`` and ``language`` are escaped here, the pieces are markup of ours."""
    return Template(_text("page.html")).substitute(
        title=escape(title),
        language=escape({"zh": "zh-Hans"}.get(language, language)),
        policy=policy,
        styles=styles,
        scripts=scripts,
        data=data,
    )

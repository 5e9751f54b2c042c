"""Elements of HTML and SVG as escaped text: whatever is not made here is text from data and stays text."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, Final

from geo.words import LANGUAGES, say

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TAGS", "Markup", "columns", "join", "pair", "raw_style", "tag"]

# Language tags of BCP 47.
TAGS: Final = {"en": "en", "zh": "zh-Hans"}
_VOID: Final = frozenset({"br", "col", "meta"})
# Control characters that HTML forbids, lone surrogates, and marks that turn the direction of writing.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


class Markup(str):
    """Text that is markup already; only :func:`tag` and :func:`join` make it."""

    __slots__ = ()


def _text(value: object) -> str:
    return value if isinstance(value, Markup) else escape(_FORBIDDEN.sub("\ufffd", str(value)), quote=True)


def join(parts: Iterable[object], between: str = "") -> Markup:
    """Return parts side by side; those that are not markup are escaped."""
    return Markup(between.join(_text(part) for part in parts))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element.

    Parameters
    ----------
    children
        Markup, or anything else, which is escaped.
    attributes
        ``class_`` is written ``class`` and ``stroke_width`` is written ``stroke-width``; None is left out.
    """
    pairs = (
        (key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None
    )
    head = "".join(f' {key}="{_text(value)}"' for key, value in pairs)
    return Markup(f"<{name}{head}>" if name in _VOID else f"<{name}{head}>{join(children)}</{name}>")


def raw_style(text: str) -> Markup:
    """Return a style element around our own style sheet, whose letters must reach the policy unchanged."""
    return Markup(f"<style>{text}</style>")


def _said(key: str, language: str, values: dict[str, Any]) -> str:
    """Return a text whose values may differ by language: a mapping, or one value for both."""
    chosen = {name: one[language] if isinstance(one, dict) else one for name, one in values.items()}
    return say(key, language, **chosen)


def pair(key: str, /, **values: Any) -> Markup:
    """Return a text in both languages, one after the other."""
    return join(tag("span", _said(key, one, values), lang=TAGS[one], class_="word") for one in LANGUAGES)


def columns(*keys: str, **values: Any) -> Markup:
    """Return paragraphs in two columns, English and Chinese side by side."""
    sides = (
        tag("div", *(tag("p", _said(key, one, values)) for key in keys), lang=TAGS[one]) for one in LANGUAGES
    )
    return tag("div", *sides, class_="two")

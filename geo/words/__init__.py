"""Every text a person reads, in English and Chinese, and how numbers are written in each.

Texts live beside this file in ``en*.toml`` and ``zh*.toml``; a key is the path of tables to the text,
``"map.legend.no_change"``. Placeholders are named: ``"{posts} posts"``.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any

__all__ = ["LANGUAGES", "both", "has", "keys", "number", "say", "section"]

LANGUAGES = ("en", "zh")
_SHORTENED_FROM = 1e5


def _flatten(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in table.items():
        flat |= _flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


@cache
def _texts(language: str) -> dict[str, str]:
    if language not in LANGUAGES:
        raise KeyError(language)
    texts: dict[str, str] = {}
    for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith(f"{language}.") and entry.name.endswith(".toml"):
            texts |= _flatten(tomllib.loads(entry.read_text(encoding="utf-8")))
    return texts


def keys(language: str = "en") -> frozenset[str]:
    """Return every key that has a text in ``language``."""
    return frozenset(_texts(language))


def has(key: str, language: str = "en") -> bool:
    """Return whether ``key`` has a text in ``language``."""
    return key in _texts(language)


def say(key: str, language: str = "en", /, **values: Any) -> str:
    """Return the text of ``key`` in ``language`` with its placeholders filled.

    Raises
    ------
    KeyError
        If the key, or a placeholder's value, is missing: a programming error, never the user's.
    """
    text = _texts(language)[key]
    return text.format(**values) if values else text


def both(key: str, /, **values: Any) -> dict[str, str]:
    """Return the text of ``key`` in every language, keyed by language."""
    return {language: say(key, language, **values) for language in LANGUAGES}


def section(prefix: str, language: str = "en") -> dict[str, str]:
    """Return all texts below ``prefix``, keyed by the rest of their keys."""
    head = f"{prefix}."
    return {key[len(head) :]: text for key, text in _texts(language).items() if key.startswith(head)}


def number(value: float | None, language: str = "en", *, digits: int = 0, sign: bool = False) -> str:
    """Write a number as readers of ``language`` write it.

    English groups by thousands (``1,234,567``); Chinese shortens by 万 (1e4) and 亿 (1e8) from 1e5 on
    (``123.5万``). A missing value is an en dash. A value that rounds to zero carries no sign.

    Parameters
    ----------
    digits
        Decimals for values that are not shortened.
    sign
        Write ``+`` before positive values.
    """
    if value is None or not isfinite(value):
        return "–"
    magnitude, suffix = abs(value), ""
    if language == "zh" and magnitude >= _SHORTENED_FROM:
        power, suffix = (1e8, "亿") if magnitude >= 1e8 else (1e4, "万")
        magnitude /= power
        digits = 2 if magnitude < 10 else 1 if magnitude < 1000 else 0
    body = f"{magnitude:,.{digits}f}"
    zero = not any(figure in body for figure in "123456789")
    lead = "" if zero else "\u2212" if value < 0 else "+" if sign else ""
    return f"{lead}{body}{suffix}"

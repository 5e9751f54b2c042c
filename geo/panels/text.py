"""Words for the page, and text from data made safe for it."""

from __future__ import annotations

import re
from typing import Any

from geo.words import number, say

__all__ = ["Voice", "plain"]

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")
_LINE_BREAKS = re.compile(r"[\r\n\u2028\u2029]+")


def plain(text: object) -> str:
    """Return text from data so that Markdown shows it letter by letter.

    A name may hold an image link, which a browser would fetch, or a heading; neither may take effect.
    """
    return _MARKDOWN.sub(r"\\\1", _LINE_BREAKS.sub(" ", str(text)))


class Voice:
    """Speaks one language: ``voice("app.title")``, ``voice.number(1.5)``.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``.
    """

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return the text of ``key``; values from data are made plain."""
        made = {name: plain(value) if isinstance(value, str) else value for name, value in values.items()}
        return say(key, self.language, **made)

    def number(self, value: float | None, *, digits: int = 0, sign: bool = False) -> str:
        """Write a number as readers of this language write it."""
        return number(value, self.language, digits=digits, sign=sign)

    def pick(self, english: str, chinese: str) -> str:
        """Return the one of two texts that this language reads, or the other where it is missing."""
        return (chinese or english) if self.language == "zh" else (english or chinese)

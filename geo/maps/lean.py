"""Our script and style without what only their writers need: an exported file carries both.

Only comments and blanks go; names, strings and line breaks stay, so that the text in a file can still be read
and means what it meant.
"""

from __future__ import annotations

import re

__all__ = ["lean_script", "lean_style"]

_LINES = re.compile(r"(?m)^\s*(//.*|/\*.*\*/)?\n|^[ \t]+")
_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+|//[^\n]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<word>[\w$]+)
    |(?P<sign>.|\n)""",
    re.VERBOSE,
)
_PATTERN = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
# after these a slash begins a pattern, after anything else it divides
_BEFORE_PATTERN = re.compile(r"(?:^|[(,=:\[!&|?{};+\n]|\breturn)$")
_WORDS = re.compile(r"[\w$]{2}|\+\+|--")


def _template_end(text: str, at: int) -> int:
    """Return where the template that begins at ``at`` ends; what stands in it may hold templates."""
    at, depth = at + 1, 0
    while depth or text[at] != "`":
        if text[at] == "\\":
            at += 1
        elif text.startswith("${", at):
            depth, at = depth + 1, at + 1
        elif depth and text[at] in "{}":
            depth += 1 if text[at] == "{" else -1
        elif depth and text[at] in "`\"'":
            at = _template_end(text, at) - 1 if text[at] == "`" else text.index(text[at], at + 1)
        at += 1
    return at + 1


def _next(text: str, at: int, done: str) -> tuple[str, bool]:
    """Return the token at ``at``, and whether it is only blank."""
    if text[at] == "`":
        return text[at : _template_end(text, at)], False
    pattern = _PATTERN.match(text, at)
    if pattern and not text.startswith("//", at) and _BEFORE_PATTERN.search(done):
        return pattern[0], False
    found = _TOKEN.match(text, at)
    return (found[0], found.lastgroup == "blank") if found else (text[at], False)


def lean_script(text: str) -> str:
    """Return a script without comments, indentation, and blanks that part no words."""
    text = _LINES.sub("", text)
    parts, at, apart, last = [], 0, False, ""
    while at < len(text):
        token, blank = _next(text, at, last)
        at += len(token)
        if blank:
            apart = True
            continue
        if apart and _WORDS.fullmatch(last[-1:] + token[0]):
            parts.append(" ")
        parts.append(token)
        last, apart = token, False
    return "".join(parts)


def lean_style(text: str) -> str:
    """Return a style without comments, indentation and line breaks; one declaration a line is expected."""
    text = re.sub(r"(?m) /\*.*\*/$", "", _LINES.sub("", text))
    text = re.sub(r"(?m)^([\w-]+): ", r"\1:", text)
    return re.sub(r"([;,}])\n", r"\1", re.sub(r" ?\{\n", "{", text))  # within a line text may be quoted

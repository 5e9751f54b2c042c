"""Plans as text: TOML that reads and compares well, JSON, and where in a file a fault lies."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from geo.errors import Fault, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["MAX_BYTES", "lines", "located", "parse_json", "parse_toml", "text_of", "to_toml"]

MAX_BYTES = 4_000_000
T = TypeVar("T")


def to_toml(table: Mapping[str, Any]) -> str:
    """Write a plan's table: head, base, blocks, edits; one key a line, a blank line between edits."""
    parts = [[f"{key} = {value_of(table[key])}" for key in ("name", "note") if key in table]]
    if "base" in table:
        parts.append(["[base]", *_keys(table["base"])])
    for block in table.get("blocks", ()):
        parts.append(["[[blocks]]", *_keys({key: block[key] for key in block if key != "edits"})])
        parts += [["[[blocks.edits]]", *_keys(edit)] for edit in block["edits"]]
    parts += [["[[edits]]", *_keys(edit)] for edit in table.get("edits", ())]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _keys(table: Mapping[str, Any], head: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{head}{key}.")
            if not value:
                yield f"{head}{key} = {{}}"
        else:
            yield f"{head}{key} = {value_of(value)}"


def value_of(value: Any) -> str:
    """Write one value as TOML."""
    if isinstance(value, str):
        # a JSON string is a TOML basic string, but for DEL, which TOML wants escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(value_of(item) for item in value)}]"
    return repr(value)


def _malformed(where: str, reason: object) -> ScenarioError:
    return ScenarioError(Fault("scenario.malformed", where, {"reason": str(reason)}))


def parse_toml(text: str, file: str = "") -> Any:
    """Return what a TOML text holds.

    Raises
    ------
    ScenarioError
        If it is malformed, with its line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        # tomllib says "at end of document" instead of a line
        number = line.group(1) if line else text.count("\n") + 1
        raise _malformed(f"{file or 'TOML'}:{number}", error) from None
    except (RecursionError, ValueError) as error:
        raise _malformed(file or "TOML", error) from None


def parse_json(text: str, file: str = "") -> Any:
    """Return what a JSON text holds; a key that stands there twice is refused.

    Raises
    ------
    ScenarioError
        If it is malformed, with its line.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise _malformed(f"{file or 'JSON'}:{error.lineno}", error.msg) from None
    except (RecursionError, ValueError) as error:
        raise _malformed(file or "JSON", error) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if twice:
        raise ScenarioError(Fault("scenario.key_twice", twice[0], {"key": twice[0]}))
    return dict(pairs)


def text_of(path: Path | str) -> tuple[str, str]:
    """Return a file's name and text.

    Raises
    ------
    ScenarioError
        If it cannot be read, is no text, or is larger than any plan.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ScenarioError(Fault("scenario.too_big", path.name, {"limit": MAX_BYTES // 1_000_000}))
        return path.name, path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError(Fault("scenario.not_text", path.name)) from None
    except OSError as error:
        fault = Fault("scenario.unreadable", path.name, {"reason": error.strerror or str(error)})
        raise ScenarioError(fault) from None


def lines(text: str) -> dict[str, int]:
    """Return the line of every key written the usual way: ``edits[1].move.start`` -> 14."""
    place = {"blocks": -1, "blocks.edits": -1, "edits": -1}
    found: dict[str, int] = {}
    head = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[\[?)\s*([\w.]+)\s*\]", line):
            name = header.group(2)
            if header.group(1) == "[[" and name in place:
                place[name] += 1
                place["blocks.edits"] = -1 if name == "blocks" else place["blocks.edits"]
            head = _indexed(name, place)
            found.setdefault(head, number)
        elif key := re.match(r"""\s*["']?([\w.]+)["']?\s*=""", line):
            found.setdefault(f"{head}.{key.group(1)}" if head else key.group(1), number)
    return found


def _indexed(name: str, place: Mapping[str, int]) -> str:
    """Write the header ``blocks.edits.move`` as ``blocks[0].edits[2].move``."""
    done = walked = ""
    for part in name.split("."):
        walked = f"{walked}.{part}".strip(".")
        done = f"{done}.{part}".strip(".") + (f"[{place[walked]}]" if walked in place else "")
    return done


def located(build: Callable[[], T], file: str, where: Mapping[str, int]) -> T:
    """Build from a file; give every fault its line."""
    try:
        return build()
    except ScenarioError as error:
        raise ScenarioError([_located(fault, file, where) for fault in error.faults]) from None


def _located(fault: Fault, file: str, where: Mapping[str, int]) -> Fault:
    path, line = fault.where, None
    while path and line is None:
        line = where.get(path)
        path = path.rpartition(".")[0]
    if line is None:
        return replace(fault, where=f"{file} {fault.where}".strip())
    return replace(fault, where=f"{f'{file}:' if file else 'line '}{line} {fault.where}".strip())

"""Files in the exchange format of *Transportation Networks for Research* (TNTP), as plain tables.

A net file has one link a line (start, end, capacity, length, free-flow time, b, power, speed, toll, type),
a trips file ``Origin n`` and then ``destination : trips;``, a flow file start, end, volume, cost. Nodes
count from 1. Lines that begin with ``~`` are remarks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from geo.errors import Fault, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geo.model._trees import Floats

__all__ = ["read_flows", "read_net", "read_trips"]

NET_FIELDS = 7
FLOW_FIELDS = 3
TAG = re.compile(r"<([^>]+)>\s*(\S*)")
TRIP = re.compile(r"(\d+)\s*:\s*([^;:\s]+)\s*;?")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of every line that is neither empty nor a remark."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise ModelError(Fault("assignment.unreadable", str(path), {"reason": error.strerror})) from error
    for number, line in enumerate(text.splitlines(), start=1):
        if (kept := line.strip()) and not kept.startswith("~"):
            yield number, kept


def _numbers(path: Path, number: int, words: list[str]) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError as error:
        values = {"text": " ".join(words)}
        raise ModelError(Fault("assignment.numbers", f"{path.name}:{number}", values)) from error


def read_net(path: Path) -> tuple[dict[str, str], Floats]:
    """Return the metadata (upper-case tags) and the links, one a row, first ten fields; short rows get 0.

    Raises
    ------
    ModelError
        If the file cannot be read, a line does not hold numbers, or there are no links.
    """
    tags: dict[str, str] = {}
    rows: list[list[float]] = []
    for number, line in _lines(path):
        if match := TAG.match(line):
            tags[match[1].strip().upper()] = match[2]
            continue
        row = _numbers(path, number, line.replace(";", " ").split())
        if len(row) < NET_FIELDS:
            values = {"text": line}
            raise ModelError(Fault("assignment.numbers", f"{path.name}:{number}", values))
        rows.append((row + [0.0] * 3)[:10])
    if not rows:
        raise ModelError(Fault("assignment.no_links", str(path)))
    return tags, np.array(rows)


def read_trips(path: Path, zones: int) -> Floats:
    """Return trips (Z, Z) from row to column, with Z at least ``zones``.

    Raises
    ------
    ModelError
        If the file cannot be read or a line does not hold numbers.
    """
    origin, found = 0, []
    for number, line in _lines(path):
        if TAG.match(line):
            continue
        if line.lower().startswith("origin"):
            origin = int(_numbers(path, number, line.split()[1:2])[0])
            continue
        for destination, trips in TRIP.findall(line):
            found.append((origin, int(destination), _numbers(path, number, [trips])[0]))
    size = max([zones, *(max(a, b) for a, b, _ in found)])
    matrix = np.zeros((size, size))
    for a, b, trips in found:
        if a < 1 or b < 1:
            raise ModelError(Fault("assignment.node", path.name, {"nodes": size}))
        matrix[a - 1, b - 1] += trips
    return matrix


def read_flows(path: Path) -> Floats:
    """Return published link flows: start, end (from 1), volume, one a row.

    Raises
    ------
    ModelError
        If the file cannot be read.
    """
    rows = []
    for _, line in _lines(path):
        words = line.replace(";", " ").replace(":", " ").split()
        if len(words) >= FLOW_FIELDS and words[0].isdigit() and words[1].isdigit():
            rows.append([float(word) for word in words[:FLOW_FIELDS]])
    return np.array(rows).reshape(-1, FLOW_FIELDS)

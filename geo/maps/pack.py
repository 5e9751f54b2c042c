"""Small, exact-enough bytes for a map: what a browser reads back with ``DecompressionStream``.

Values travel as integers: a series is divided by a step, rounded, differenced along the years, written
as zigzag variable-length bytes and compressed. A starting value is off by at most half of its last shown
digit and never by more than 1e-4 of its measure's range; a change by at most 2e-4 of the largest change.
No change stays exactly no change.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geo.maps.view import RegionPart, ScenarioView

__all__ = [
    "block",
    "differences",
    "digest",
    "entry",
    "pack_json",
    "pack_scenario",
    "pack_static",
    "to_base64",
    "unblock",
    "unpack_json",
    "unpack_scenario",
    "unvarint",
    "varint",
    "whole",
]

_RELATIVE_STEP = 2e-4  # rounding errs by half a step: 1e-4 of the range
_CHANGE_STEP = 4e-4  # likewise: 2e-4 of the largest change, a hundredth of a class on the map
_NOISE = 1e-9  # of the largest value: what a solver leaves behind is not a change
_DIGEST_LENGTH = 16  # hexadecimal figures in a file name: 64 bits tell a session's files apart
_SIGNIFICANT = 7  # figures kept of a region-wide total
_BYTE = 7  # payload bits of one variable-length byte


def digest(content: bytes) -> str:
    """Return the name of ``content``: the head of its SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()[:_DIGEST_LENGTH]


def to_base64(content: bytes) -> str:
    """Return ``content`` as base64 text."""
    return base64.b64encode(content).decode("ascii")


def pack_json(value: Any) -> bytes:
    """Return ``value`` as compressed canonical JSON; equal values give equal bytes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return gzip.compress(text.encode("utf-8"), mtime=0)


def unpack_json(content: bytes) -> Any:
    """Return what :func:`pack_json` packed."""
    return json.loads(gzip.decompress(content))


def pack_static(part: RegionPart) -> bytes:
    """Return what no scenario changes: region, measures, words."""
    return pack_json(part.static())


def varint(numbers: NDArray[np.int64]) -> bytes:
    """Write signed integers as zigzag base-128 numbers, the lowest seven bits first."""
    rest = ((numbers << 1) ^ (numbers >> 63)).astype(np.uint64)
    columns, more = [], np.ones(len(rest), dtype=bool)
    while more.any():
        low = (rest & np.uint64(127)).astype(np.int16)
        rest >>= np.uint64(_BYTE)
        follows = rest > 0
        columns.append(np.where(more, low | (follows.astype(np.int16) << _BYTE), -1))
        more = follows & more
    table = np.stack(columns, axis=1).ravel() if columns else np.empty(0, dtype=np.int16)
    return table[table >= 0].astype(np.uint8).tobytes()


def unvarint(content: bytes) -> NDArray[np.int64]:
    """Read back what :func:`varint` wrote."""
    stream = np.frombuffer(content, dtype=np.uint8)
    if not len(stream):
        return np.empty(0, dtype=np.int64)
    ends = np.flatnonzero(stream < 1 << _BYTE)
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(len(stream)) - np.repeat(starts, ends - starts + 1)
    parts = (stream & 127).astype(np.uint64) << (place * _BYTE).astype(np.uint64)
    zigzag = np.add.reduceat(parts, starts)
    return (zigzag >> np.uint64(1)).astype(np.int64) ^ -(zigzag & np.uint64(1)).astype(np.int64)


def _steps(before: NDArray[np.float64], change: NDArray[np.float64], digits: int) -> tuple[float, float]:
    """Return the rounding steps of starting values and of changes; 0 where there is nothing to write."""
    finite = before[np.isfinite(before)]
    spread = float(np.ptp(finite)) if finite.size else 0.0
    size = float(np.abs(finite).max()) if finite.size else 0.0
    first = min(10.0**-digits, _RELATIVE_STEP * spread) if spread else 10.0**-digits
    largest = float(np.nanmax(np.abs(change), initial=0.0)) if change.size else 0.0
    return max(first, _NOISE * size), _CHANGE_STEP * largest if largest > _NOISE * size else 0.0


def whole(values: NDArray[np.float64], step: float) -> NDArray[np.int64]:
    """Return values as whole numbers of steps; what is missing, or without a step, is 0."""
    if not step:
        return np.zeros(values.shape, dtype=np.int64)
    return np.rint(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0) / step).astype(np.int64)


def differences(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Second differences along the years, county by county: smooth paths become small numbers."""
    padded = np.concatenate([np.zeros((2, counts.shape[1]), dtype=np.int64), counts])
    return np.diff(padded, n=2, axis=0).T.ravel()


def block(head: Mapping[str, Any], bodies: list[bytes]) -> bytes:
    """Return compressed bytes: length of the header, header (JSON), numbers."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")
    return gzip.compress(len(text).to_bytes(4, "little") + text + b"".join(bodies), mtime=0)


def entry(name: str, step: float, body: bytes, missing: NDArray[np.bool_]) -> dict[str, Any]:
    """Return what the header of a block says of a measure."""
    return {"id": name, "step": step, "bytes": len(body), "missing": np.flatnonzero(missing).tolist()}


def pack_start(scenario: ScenarioView) -> bytes:
    """Return the starting values of a scenario; scenarios of one region mostly share them."""
    entries, bodies = [], []
    for name, before in scenario.before.items():
        step, _ = _steps(before, np.empty(0), scenario.digits.get(name, 0))
        bodies.append(varint(np.diff(whole(before, step), prepend=0)))
        entries.append(entry(name, step, bodies[-1], ~np.isfinite(before)))
    return block({"measures": entries, "counties": scenario.counties}, bodies)


def pack_scenario(scenario: ScenarioView) -> bytes:
    """Return what a scenario changes, by year, with its text, hash and moves."""
    entries, bodies = [], []
    for name, before in scenario.before.items():
        change = scenario.after[name] - before
        _, step = _steps(before, change, scenario.digits.get(name, 0))
        bodies.append(varint(differences(whole(change, step))) if step else b"")
        entries.append(entry(name, step, bodies[-1], ~np.isfinite(change.sum(axis=0))))
    regional = {
        name: [float(f"{x:.{_SIGNIFICANT}g}") if np.isfinite(x) else None for x in series]
        for name, series in scenario.regional.items()
    }
    return block({**scenario.facts(), "measures": entries, "regional": regional}, bodies)


def unblock(content: bytes) -> tuple[dict[str, Any], list[tuple[dict[str, Any], NDArray[np.int64]]]]:
    """Return the header of a block, and each measure's entry with its numbers."""
    raw = gzip.decompress(content)
    start = 4 + int.from_bytes(raw[:4], "little")
    head: dict[str, Any] = json.loads(raw[4:start])
    parts = []
    for entry in head["measures"]:
        parts.append((entry, unvarint(raw[start : start + entry["bytes"]])))
        start += entry["bytes"]
    return head, parts


def unpack_scenario(start: bytes, content: bytes) -> dict[str, Any]:
    """Return a scenario's header with ``before`` (N,) and ``after`` (T, N) by measure.

    The page script reads the same bytes the same way; this twin lets tests measure the rounding.
    """
    _, starts = unblock(start)
    head, changes = unblock(content)
    years = len(head["years"])
    head["before"], head["after"] = {}, {}
    for (first, numbers), (second, twice) in zip(starts, changes, strict=True):
        before = np.cumsum(numbers) * first["step"]
        before[first["missing"]] = np.nan
        after = np.tile(before, (years, 1))
        if second["step"]:
            counts = np.cumsum(np.cumsum(twice.reshape(-1, years).T, axis=0), axis=0)
            after += counts * second["step"]
        after[:, second["missing"]] = np.nan
        head["before"][first["id"]], head["after"][first["id"]] = before, after
    return head

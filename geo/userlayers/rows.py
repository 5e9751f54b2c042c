"""What every reader returns: one geometry and one record a row, whatever the format was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = ["LARGEST", "RESERVED", "Objects", "Rows", "named_datum"]

Objects = NDArray[np.object_]

LARGEST: Final = 1e8  # metres; the largest easting in use, with its zone number, is below 5e7
RESERVED: Final = "geometry"  # the column a frame keeps for itself

_NAMED: Final = (
    ("BD-09", re.compile(r"bd[\W_]?0?9|baidu|百度|bdl(?:ng|on|at)\b|\bbd_(?:lng|lon|lat)", re.IGNORECASE)),
    (
        "GCJ-02",
        re.compile(r"gcj|mars[\W_]?(?:02|coord)|火星|国测局|amap|gaode|高德|tencent|腾讯", re.IGNORECASE),
    ),
    ("WGS84", re.compile(r"wgs[\W_]?(?:19)?84|crs84|epsg\W+4326\b|\bgps", re.IGNORECASE)),
)


def named_datum(text: str) -> str | None:
    """Return the datum that ``text`` (a header, a CRS name, a file name) speaks of, if it names just one."""
    found = [datum for datum, pattern in _NAMED if pattern.search(text)]
    return found[0] if len(found) == 1 else None


@dataclass
class Rows:
    """Features as read, before any judgement on where they lie.

    Attributes
    ----------
    kind
        Format by content.
    numbers
        How a person counts each row: features from 1; in a CSV the spreadsheet's line, its header being 1.
    geometry
        Shapely geometries, None where a row has none or a broken one.
    records, fields
        Properties of each row, and their names in order of first appearance.
    ids
        The feature's own id, None where it has none.
    declared
        What the file says of its coordinates: ``"WGS84"``, ``"GCJ-02"``, ``"BD-09"``, ``"EPSG:n"`` or a WKT.
    broken
        Rows whose geometry was refused; they are missing from `geometry` but not without a place.
    """

    kind: str
    numbers: list[int] = field(default_factory=list)
    geometry: list[BaseGeometry | None] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    ids: list[Any] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    declared: str | None = None
    broken: set[int] = field(default_factory=set)

    def add(self, number: int, shape: BaseGeometry | None, record: dict[str, Any], own: Any = None) -> None:
        """Append one row."""
        self.numbers.append(number)
        self.geometry.append(shape)
        self.records.append(record)
        self.ids.append(own)

    def shapes(self) -> Objects:
        """Return the geometries as an array (rows,) of objects."""
        shapes: Objects = np.empty(len(self.geometry), dtype=object)
        shapes[:] = self.geometry
        return shapes

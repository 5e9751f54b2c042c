"""How large a file of a user's may be. Beyond these a browser cannot draw it anyway."""

from __future__ import annotations

from typing import Final

__all__ = [
    "MAX_BYTES",
    "MAX_COLUMNS",
    "MAX_DEPTH",
    "MAX_FEATURES",
    "MAX_MEMBERS",
    "MAX_UNZIPPED",
    "MAX_VERTICES",
]

MAX_BYTES: Final = 64 * 2**20  # of the file itself
MAX_UNZIPPED: Final = 256 * 2**20  # of everything in a zip, together
MAX_MEMBERS: Final = 100  # files in a zip
MAX_FEATURES: Final = 100_000
MAX_VERTICES: Final = 2_000_000
MAX_COLUMNS: Final = 200
MAX_DEPTH: Final = 16  # of values nested in a GeoJSON property

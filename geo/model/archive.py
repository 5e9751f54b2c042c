"""Named arrays and a header in one file whose bytes depend on nothing but what is in it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["pack", "unpack"]

_HEADER = "header"
# The earliest moment that a ZIP entry can carry: no clock in the file.
_NO_CLOCK = (1980, 1, 1, 0, 0, 0)


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a NumPy ``.npz`` archive of ``arrays`` with a JSON ``header``; equal contents, equal bytes."""
    text = json.dumps(header, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    parts = {_HEADER: np.frombuffer(text.encode(), dtype=np.uint8), **arrays}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(parts):
            body = io.BytesIO()
            npy.write_array(body, np.ascontiguousarray(parts[name]), version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _NO_CLOCK), body.getvalue())
    return out.getvalue()


def unpack(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return header and arrays of what :func:`pack` wrote.

    Raises
    ------
    ValueError, OSError
        If it is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return json.loads(arrays.pop(_HEADER).tobytes()), arrays
    except (KeyError, zipfile.BadZipFile, EOFError) as problem:
        raise ValueError(str(path)) from problem

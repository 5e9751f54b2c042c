"""GeoPackage and zipped Shapefile: checked as containers, then read by GDAL from a folder of ours."""

from __future__ import annotations

import stat
import struct
import warnings
import zipfile
import zlib
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyogrio
import pyogrio.errors
import shapely
from shapely.errors import ShapelyError

from geo.userlayers.limits import MAX_COLUMNS, MAX_FEATURES, MAX_MEMBERS, MAX_UNZIPPED, MAX_VERTICES
from geo.userlayers.rows import LARGEST, Rows

if TYPE_CHECKING:
    from geo.userlayers.report import Findings

__all__ = ["read_geopackage", "read_shapefile"]

_PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_NEEDED: Final = (".shp", ".shx", ".dbf")
_ENCRYPTED: Final = 0x1
_SQLITE_HEADER: Final = 100
# What GDAL, its drivers and their Python side raise on files that are not what they claim.
_UNREADABLE: Final = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FieldError,
    pyogrio.errors.GeometryError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.CRSError,
    ShapelyError,
    ValueError,
    OverflowError,
    OSError,
    MemoryError,
)
_BAD_ZIP: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    EOFError,
    RuntimeError,
    OSError,
    ValueError,
)


def _safe_member(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in name


def _check_members(members: list[zipfile.ZipInfo], find: Findings) -> None:
    """Note what makes a zip unsafe to open, before a byte of it is unpacked."""
    if len(members) > MAX_MEMBERS:
        find.fault("zip_members", None, "", count=len(members), limit=MAX_MEMBERS)
    size = sum(member.file_size for member in members)
    if size > MAX_UNZIPPED:
        find.fault("zip_too_large", None, "", size=size // 2**20, limit=MAX_UNZIPPED // 2**20)
    for member in members:
        if not _safe_member(member.filename) or stat.S_ISLNK(member.external_attr >> 16):
            find.fault("zip_path", None, member.filename)
        if member.flag_bits & _ENCRYPTED:
            find.fault("zip_encrypted", None, member.filename)


def _shapefile_parts(members: list[zipfile.ZipInfo], find: Findings) -> dict[str, zipfile.ZipInfo]:
    """Return the members of the one shapefile, by extension."""
    visible = [one for one in members if "__MACOSX" not in one.filename]
    shapes = [one.filename for one in visible if one.filename.lower().endswith(".shp")]
    if len(shapes) != 1:
        code = "zip_several" if shapes else "zip_no_shapefile"
        find.fault(code, None, "", names=", ".join(shapes or [one.filename for one in visible]))
        return {}
    stem = shapes[0][:-4].lower()
    parts = {
        one.filename[-4:].lower(): one
        for one in visible
        if one.filename[:-4].lower() == stem and one.filename[-4:].lower() in _PARTS
    }
    missing = [part for part in _NEEDED if part not in parts]
    if missing:
        find.fault("zip_missing", None, shapes[0], parts=", ".join(missing))
    return parts


def _unpack(content: bytes, folder: Path, find: Findings) -> bool:
    """Unpack the one shapefile under a name of ours; return whether it is complete."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check_members(members, find)
            parts = {} if find.any_fault else _shapefile_parts(members, find)
            if find.any_fault:
                return False
            for suffix, member in parts.items():
                (folder / f"layer{suffix}").write_bytes(archive.read(member))
    except _BAD_ZIP:
        find.fault("truncated")
        return False
    return _complete(folder / "layer.shp", find)


def _complete(path: Path, find: Findings) -> bool:
    """Compare the length in the header of a .shp (big-endian 16-bit words at byte 24) with the file."""
    content = path.read_bytes()
    if len(content) < _SQLITE_HEADER or struct.unpack(">i", content[24:28])[0] * 2 > len(content):
        find.fault("truncated", None, "shp")
        return False
    return True


def _encoding(folder: Path) -> str | None:
    """Return the encoding of a .dbf without .cpg: UTF-8 when it decodes as such, else GB 18030."""
    if (folder / "layer.cpg").exists():
        return None
    try:
        (folder / "layer.dbf").read_bytes()[32:].decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def _plain(value: Any) -> Any:
    """Return a field's value as a plain Python one; dates as ISO text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124


def _geometry(blob: bytes | None, row: int, rows: Rows, find: Findings) -> Any:
    if blob is None:
        return None
    try:
        shape = shapely.force_2d(shapely.from_wkb(blob))
    except ShapelyError:
        find.fault("bad_wkb", row, "geometry")
        rows.broken.add(len(rows.numbers))
        return None
    if shape.is_empty:
        return None
    if not (np.abs(shapely.get_coordinates(shape)) <= LARGEST).all():
        find.fault("not_finite", row, "geometry")
        rows.broken.add(len(rows.numbers))
        return None
    return shape


def _limits(info: dict[str, Any], find: Findings) -> None:
    if info["features"] > MAX_FEATURES:
        find.fault("too_many_features", None, "", count=int(info["features"]), limit=MAX_FEATURES)
    if len(info["fields"]) > MAX_COLUMNS:
        find.fault("too_many_columns", None, "", count=len(info["fields"]), limit=MAX_COLUMNS)


def _fill(rows: Rows, path: Path, layer: str | None, encoding: str | None, find: Findings) -> None:
    """Read one layer of ``path`` into ``rows``."""
    _limits(pyogrio.read_info(path, layer=layer, encoding=encoding, force_feature_count=True), find)
    if find.any_fault:
        return
    meta, ids, blobs, columns = pyogrio.raw.read(
        path, layer=layer, encoding=encoding, max_features=MAX_FEATURES, return_fids=True
    )
    rows.declared = meta["crs"]
    rows.fields = [str(name) for name in meta["fields"]]
    blobs = [None] * len(ids) if blobs is None else blobs
    vertices = 0
    for index, blob in enumerate(blobs):
        shape = _geometry(blob, index + 1, rows, find)
        vertices += 0 if shape is None else int(shapely.get_num_coordinates(shape))
        if vertices > MAX_VERTICES:
            find.fault("too_many_vertices", index + 1, "", limit=MAX_VERTICES)
            return
        record = {name: _plain(column[index]) for name, column in zip(rows.fields, columns, strict=True)}
        rows.add(index + 1, shape, record)


def _read(rows: Rows, path: Path, layer: str | None, encoding: str | None, find: Findings) -> Rows:
    """Run GDAL on ``path``; its complaints become one fault, its warnings are silent."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _fill(rows, path, layer, encoding, find)
    except _UNREADABLE as bad:
        find.fault("unreadable", None, "", reason=type(bad).__name__)
    return rows


def read_shapefile(content: bytes, find: Findings) -> Rows:
    """Read a zipped Shapefile; whatever is wrong goes to ``find``, and the rest is returned."""
    rows = Rows("shapefile")
    with TemporaryDirectory() as name:
        folder = Path(name)
        if not _unpack(content, folder, find):
            return rows
        return _read(rows, folder / "layer.shp", None, _encoding(folder), find)


def _pages(content: bytes) -> bool:
    """Whether the file is as long as its SQLite header says (page size at 16, page count at 28).

    The count holds only if the change counter at 24 equals the one at 92 (SQLite file format, section 1.3).
    """
    if len(content) < _SQLITE_HEADER:
        return False
    if content[24:28] != content[92:96]:
        return True
    size, count = struct.unpack(">H", content[16:18])[0], struct.unpack(">I", content[28:32])[0]
    return bool(len(content) >= (65536 if size == 1 else size) * count)


def _pick(path: Path, layer: str | None, find: Findings) -> str | None:
    """Return the layer to read: the one asked for, or the only one with geometry."""
    found = [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    names = [name for name, kind in found if kind is not None]
    if layer is not None and layer in names:
        return layer
    if layer is not None or len(names) > 1:
        find.fault("several_layers", None, "", layers=", ".join(names))
    elif not names:
        find.fault("no_layer")
    return names[0] if names else None


def read_geopackage(content: bytes, find: Findings, layer: str | None = None) -> Rows:
    """Read one layer of a GeoPackage; whatever is wrong goes to ``find``, and the rest is returned."""
    rows = Rows("geopackage")
    if not _pages(content):
        find.fault("truncated")
        return rows
    with TemporaryDirectory() as name:
        path = Path(name) / "layer.gpkg"
        path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                picked = _pick(path, layer, find)
        except _UNREADABLE as bad:
            find.fault("unreadable", None, "", reason=type(bad).__name__)
            return rows
        return rows if find.any_fault else _read(rows, path, picked, None, find)

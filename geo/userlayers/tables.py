"""Points from a table: CSV with a column of longitudes and one of latitudes, in English or Chinese."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any, Final

import shapely

from geo.userlayers.limits import MAX_COLUMNS, MAX_FEATURES
from geo.userlayers.rows import LARGEST, Rows, named_datum

if TYPE_CHECKING:
    from geo.userlayers.report import Findings

__all__ = ["LATITUDES", "LONGITUDES", "decode", "read_csv"]

LONGITUDES: Final = frozenset(
    {"lon", "lng", "long", "longitude", "lond", "x", "xcoord", "pointx", "经度", "经", "东经", "经度坐标"}
)
LATITUDES: Final = frozenset(
    {"lat", "latitude", "latd", "y", "ycoord", "pointy", "纬度", "纬", "北纬", "纬度坐标"}
)
_SYSTEM_FIELDS: Final = frozenset({"datum", "crs", "coordsys", "coordtype", "坐标系", "坐标系统", "坐标类型"})
_DELIMITERS: Final = ",;\t|"
_DATUM_WORDS: Final = re.compile(r"wgs(?:19)?84|gcj0?2?|bd0?9?|amap|gaode|baidu|gps|百度|高德|腾讯|火星|原始")
_LEFT_OUT: Final = re.compile(r"\(.*?\)|（.*?）|\[.*?\]|[\s_\-°.:/]")
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_BYTE_ORDER_MARKS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_COMMA: Final = re.compile(r"^[+-]?\d{1,3},\d+$")  # a decimal comma


def decode(content: bytes) -> str | None:
    """Return ``content`` as text in the first encoding that fits: UTF-16 by its mark, UTF-8, GB 18030."""
    marked = [name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)]
    for encoding in (*marked, *_ENCODINGS):
        try:
            return content.decode(encoding)
        except UnicodeError:
            continue
    return None


def _plain(header: str) -> str:
    return _DATUM_WORDS.sub("", _LEFT_OUT.sub("", header.strip().lower()))


def _axis(headers: list[str], names: frozenset[str]) -> list[int]:
    return [index for index, header in enumerate(headers) if _plain(header) in names]


def _pair(headers: list[str], rows: Rows, find: Findings) -> tuple[int, int] | None:
    """Return the columns of longitude and latitude; of several pairs the one that says WGS84."""
    longitudes, latitudes = _axis(headers, LONGITUDES), _axis(headers, LATITUDES)
    if not longitudes or not latitudes:
        find.fault("no_coordinates", 1, "", headers=" | ".join(headers))
        return None
    pairs = [
        (x, y) for x in longitudes for y in latitudes if named_datum(headers[x]) == named_datum(headers[y])
    ]
    pairs = sorted(pairs, key=lambda pair: named_datum(headers[pair[0]]) != "WGS84")
    if not pairs or len(longitudes) != len(latitudes):
        find.fault("coordinates_unclear", 1, "", headers=" | ".join(headers))
        return None
    first = pairs[0]
    if len(longitudes) > 1:
        if named_datum(headers[first[0]]) is None:
            find.fault("coordinates_unclear", 1, "", headers=" | ".join(headers))
            return None
        find.warn("several_pairs", 1, "", taken=f"{headers[first[0]]}, {headers[first[1]]}")
    rows.declared = named_datum(headers[first[0]])
    return first


def _number(text: str, row: int, header: str, find: Findings) -> float | None:
    try:
        value = float(text) if "_" not in text else float("x")
    except ValueError:
        code = "decimal_comma" if _COMMA.match(text) else "not_number"
        find.fault(code, row, header, value=text)
        return None
    if not abs(value) <= LARGEST:
        find.fault("not_finite", row, header)
        return None
    return value


def _lines(text: str) -> tuple[list[list[str]], str]:
    """Return the cells of every line, and the delimiter: the one the header has most of."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=head.count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)), delimiter


def _headers(headers: list[str], find: Findings) -> bool:
    """Note faults of the header; return whether it can be used."""
    if len(headers) > MAX_COLUMNS:
        find.fault("too_many_columns", 1, "", count=len(headers), limit=MAX_COLUMNS)
        return False
    for header in sorted({one for one in headers if headers.count(one) > 1}):
        find.fault("same_header", 1, header, header=header)
    return True


def _point(cells: list[str], pair: tuple[int, int], headers: list[str], row: int, find: Findings) -> Any:
    """Return the point of one line, None when it has none or a broken one, and whether it is broken."""
    texts = [cells[column].strip() for column in pair]
    if not any(texts):
        return None, False
    numbers = [_number(text, row, headers[column], find) for text, column in zip(texts, pair, strict=True)]
    lon, lat = numbers
    if lon is None or lat is None:
        return None, True
    return shapely.Point(lon, lat), False


def _system_of(rows: Rows) -> str | None:
    """Return the datum that a column of the table names for all its rows alike."""
    for header in rows.fields:
        if _plain(header) in _SYSTEM_FIELDS:
            named = {named_datum(str(record.get(header, ""))) for record in rows.records}
            if len(named) == 1:
                return named.pop()
    return None


def read_csv(text: str, find: Findings) -> Rows:
    """Read a table; whatever is wrong goes to ``find``, and the rest is returned."""
    rows = Rows("csv")
    try:
        lines, _ = _lines(text)
    except csv.Error:
        find.fault("bad_csv")
        return rows
    first = next((index for index, cells in enumerate(lines) if any(map(str.strip, cells))), len(lines))
    if first == len(lines):
        find.fault("empty")
        return rows
    headers = [header.strip() for header in lines[first]]
    body = [
        (row, cells) for row, cells in enumerate(lines[first + 1 :], first + 2) if any(map(str.strip, cells))
    ]
    pair = _pair(headers, rows, find) if _headers(headers, find) else None
    if len(body) > MAX_FEATURES:
        find.fault("too_many_features", None, "", count=len(body), limit=MAX_FEATURES)
        return rows
    if pair is None:
        return rows
    rows.fields = headers
    for row, cells in body:
        if len(cells) != len(headers):
            cut = row == body[-1][0] and len(cells) < len(headers) and not text.endswith(("\n", "\r"))
            find.fault(
                "truncated_row" if cut else "row_width", row, "", cells=len(cells), columns=len(headers)
            )
            continue
        shape, broken = _point(cells, pair, headers, row, find)
        if broken:
            rows.broken.add(len(rows.numbers))
        rows.add(row, shape, dict(zip(headers, cells, strict=True)))
    rows.declared = rows.declared or _system_of(rows)
    return rows

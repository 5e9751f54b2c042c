"""Which county a row says it belongs to, and whether there is one of that code or name."""

from __future__ import annotations

import re
from collections import defaultdict
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.userlayers.reference import Reference
    from geo.userlayers.report import Findings
    from geo.userlayers.rows import Rows

__all__ = ["stated_counties", "unknown_counties"]

_CODE_FIELDS: Final = frozenset(
    {
        "countycode", "adcode", "admcode", "xzqdm", "区县代码", "县区代码", "行政区划代码", "行政代码",
        "区划代码", "区划码", "行政区代码",
    }
)  # fmt: skip
_NAME_FIELDS: Final = frozenset(
    {
        "county", "countyname", "district", "区县", "县区", "区县名称", "县区名称", "所在区县", "所属区县",
        "区", "县", "xzqmc", "行政区",
    }
)  # fmt: skip
_SIX: Final = re.compile(r"^\d{6}$")
_NOTHING: Final[frozenset[int]] = frozenset()


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]", "", name.lower())


def _code(value: Any) -> str:
    """Return a code as text; a whole number read as a float loses its ``.0``, for comparison only."""
    if value is None or isinstance(value, bool | list | dict):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _code_field(rows: Rows) -> str | None:
    plain = {_plain(name): name for name in reversed(rows.fields)}
    sure = [name for key, name in plain.items() if key in _CODE_FIELDS]
    if sure:
        return sure[-1]
    for key in ("code", "代码", "编码"):
        values = [_code(record.get(plain.get(key, ""))) for record in rows.records]
        six = sum(bool(_SIX.match(value)) for value in values)
        if key in plain and 2 * six > sum(map(bool, values)):
            return plain[key]
    return None


def _name_field(rows: Rows) -> str | None:
    return next((name for name in rows.fields if _plain(name) in _NAME_FIELDS), None)


def _above(code: str, codes: tuple[str, ...]) -> bool:
    """Whether ``code`` is a province or a city of the region."""
    stem = code.removesuffix("00").removesuffix("00")
    return bool(_SIX.match(code)) and code.endswith("00") and any(one.startswith(stem) for one in codes)


def _lookup(value: str, known: Mapping[str, frozenset[int]]) -> frozenset[int]:
    return known.get(value.strip().lower(), _NOTHING)


def stated_counties(rows: Rows, reference: Reference) -> list[frozenset[int]]:
    """Return the positions of the counties that each row may mean; empty where it says none that exists.

    A name alone may fit several counties (three are called Qiaoxi District).
    """
    code_field, name_field = _code_field(rows), _name_field(rows)
    stated = []
    for record in rows.records:
        by_code = _lookup(_code(record.get(code_field)), reference.by_name) if code_field else _NOTHING
        by_name = _lookup(str(record.get(name_field)), reference.by_name) if name_field else _NOTHING
        stated.append(by_code or by_name)
    return stated


def unknown_counties(rows: Rows, reference: Reference, cities: frozenset[str], find: Findings) -> None:
    """Note codes that are no county here (a fault) and names that are none (a warning), and the nearest."""
    field, name_field = _code_field(rows), _name_field(rows)
    near: dict[str, str] = defaultdict(str)
    for row, record in zip(rows.numbers, rows.records, strict=True):
        code = _code(record.get(field)) if field else ""
        if field and code and not _lookup(code, reference.by_name) and not _above(code, reference.codes):
            near[code] = near[code] or _nearest(code, reference.codes)
            find.fault("unknown_code", row, field, value=code, near=near[code])
        name = str(record.get(name_field) or "").strip() if name_field else ""
        if name_field and name and not _lookup(name, reference.by_name) and name not in cities:
            near[name] = near[name] or _nearest(name.lower(), tuple(reference.by_name))
            find.warn("unknown_name", row, name_field, value=name, near=near[name])


def _nearest(value: str, known: tuple[str, ...]) -> str:
    return next(iter(get_close_matches(value[:40], known, n=1, cutoff=0.4)), "–")

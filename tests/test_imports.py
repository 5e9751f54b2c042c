"""Imports run one way, and Streamlit stays in its panels."""

import ast
import importlib
from pathlib import Path

import pytest

import geo

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "geo"
# What comes later may import what comes earlier, never the other way round; inside one part anything goes.
ORDER = (
    ("words",),
    ("errors",),
    ("assumptions", "contract"),
    ("scenario",),
    ("region",),
    ("edits",),
    ("merge",),
    ("model", "userlayers", "presets"),
    ("outcome", "model_measures", "edition"),
    ("measures",),
    ("ensemble",),
    ("sampling", "search", "store", "downloads", "classes", "shared"),
    ("comparison", "timeline", "limits"),
    ("maps", "people", "several", "explaining"),
    ("ranges",),
    ("charts",),
    ("flows", "people_charts", "people_explained", "several_charts"),
    ("report",),
    ("panels", "cli"),
    ("__main__", "app"),
)
RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}
FILES = sorted(PACKAGE.rglob("*.py"))
APP = ROOT / "app.py"


def _part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path):
    package = ".".join(("geo", *path.relative_to(PACKAGE).parts[:-1])) if PACKAGE in path.parents else ""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            )
            name = ".".join(part for part in (base, node.module) if part)
            yield from ([f"geo.{alias.name}" for alias in node.names] if name == "geo" else [name])


def _wrong(path, part):
    used = {name.split(".")[1] for name in _imports(path) if name.startswith("geo.")}
    return sorted(other for other in used if other != part and RANK[other] >= RANK[part])


@pytest.mark.parametrize(
    "path", [path for path in FILES if path != PACKAGE / "__init__.py"], ids=lambda path: str(path.name)
)
def test_imports_run_one_way(path):
    assert _wrong(path, _part(path)) == []


def test_the_rule_sees_a_breach(tmp_path, monkeypatch):
    bad = tmp_path / "region.py"
    bad.write_text("from geo.panels import page\nfrom geo import cli\nimport geo.words\n", encoding="utf-8")
    assert _wrong(bad, "region") == ["cli", "panels"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_streamlit_stays_in_the_panels(path):
    uses = any(name.split(".")[0] == "streamlit" for name in _imports(path))
    assert not uses or _part(path) == "panels"


def test_the_model_has_no_circle():
    inside = {path.stem: path for path in (PACKAGE / "model").glob("*.py") if path.stem != "__init__"}
    uses = {
        name: {other.split(".")[2] for other in _imports(path) if other.startswith("geo.model.")}
        for name, path in inside.items()
    }
    left = dict(uses)
    while left:
        free = [name for name, needs in left.items() if not needs & set(left) - {name}]
        assert free, f"a circle in {sorted(left)}"
        for name in free:
            del left[name]


def test_public_words_exist_and_are_sorted():
    assert all(getattr(geo, name) is not None for name in geo.__all__)
    with pytest.raises(AttributeError):
        geo.nothing  # noqa: B018


@pytest.mark.parametrize(
    "module",
    ["assumptions", "scenario", "outcome", "measures", "presets", "cli", "model.gravity", "model.travel"],
)
def test_all_names_exist(module):
    loaded = importlib.import_module(f"geo.{module}")
    assert [name for name in loaded.__all__ if not hasattr(loaded, name)] == []

"""The folder that a browser loads the live map from: one page, and data files named by their content."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from geo.maps.pack import digest
from geo.maps.page import leaflet_script, leaflet_style, page, page_script, page_style
from geo.maps.rangeview import pair_key
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.maps.view import MapView

__all__ = ["arguments", "folder", "publish"]

_KEPT = 256  # data files; far more than the sessions of one process show at a time
_lock = Lock()


def _named(directory: Path, stem: str, suffix: str, text: str) -> str:
    """Write ``text`` under a name that holds its hash, so that a browser may keep it for ever."""
    content = text.encode("utf-8")
    name = f"{stem}-{digest(content)}.{suffix}"
    (directory / name).write_bytes(content)
    return name


@cache
def folder() -> Path:
    """Return this process's folder with the page in it; it goes when the process ends."""
    directory = Path(tempfile.mkdtemp(prefix="jjj-map-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    styles = [
        _named(directory, "leaflet", "css", leaflet_style()),
        _named(directory, "page", "css", page_style()),
    ]
    scripts = [
        _named(directory, "leaflet", "js", leaflet_script()),
        _named(directory, "page", "js", page_script()),
    ]
    text = page(
        title=say("map.title", "en"),
        language="en",
        styles="\n".join(f'<link rel="stylesheet" href="{name}">' for name in styles),
        scripts="\n".join(f'<script src="{name}"></script>' for name in scripts),
    )
    (directory / "index.html").write_text(text, encoding="utf-8")
    return directory


def _prune(directory: Path) -> None:
    """Remove the data files that were asked for longest ago."""
    stamped = sorted((file.stat().st_mtime_ns, file) for file in directory.glob("*.bin"))
    for _, file in stamped[:-_KEPT]:
        file.unlink(missing_ok=True)


def publish(content: bytes, stem: str) -> str:
    """Write ``content`` into the folder once and return its name there."""
    name = f"{stem}-{digest(content)}.bin"
    target = folder() / name
    with _lock:
        if target.exists():
            target.touch()
            return name
        # a browser may ask at any moment: the file appears whole or not at all
        part = target.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(target)
        _prune(folder())
    return name


def arguments(view: MapView, state: Mapping[str, Any], *, storage: str, height: int) -> dict[str, Any]:
    """Return what the frame is told: names of files and small settings, never values.

    Parameters
    ----------
    view
        The map; parts not yet in the folder are written there.
    state
        What Python wants shown; only what differs from the last call is applied in the browser.
    storage
        Name under which the browser keeps its own state across a reload.
    height
        Height of the frame, CSS pixels.
    """
    return {
        "static": publish(view.fixed.packed, "region"),
        "scenarios": [
            [publish(scenario.packed_start, "start"), publish(scenario.packed, "values")]
            for scenario in view.scenarios
        ],
        "own": [publish(layer.packed, "own") for layer in view.own],
        "ranges": [publish(one.packed, "ranges") if one else None for one in view.ranges],
        "apart": {
            pair_key(pair): publish(one.packed, "ranges") if one else None for pair, one in view.apart.items()
        },
        "flows": "" if view.flows is None else publish(view.flows.packed, "flows"),
        "ids": list(view.ids),
        "settings": view.settings(),
        "state": dict(state),
        "storage": storage,
        "height": height,
    }

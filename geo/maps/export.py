"""The map as one file that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.errors import ExportError, Fault
from geo.maps.pack import digest, to_base64
from geo.maps.page import escaped_json, leaflet_script, leaflet_style, page, page_script, page_style
from geo.maps.rangeview import pair_key
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.maps.view import MapView

__all__ = ["export_html"]


def _hash(text: str) -> str:
    """Return a content-security source for an inline element with this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _policy(scripts: list[str], styles: list[str]) -> str:
    """Return the policy: these very scripts and styles run, and nothing is fetched."""
    rules = {
        "default-src": ["'none'"],
        "script-src": [_hash(text) for text in scripts],
        "style-src": [_hash(text) for text in styles],
        "img-src": ["blob:"],  # the page's own drawing, on its way to a picture of pixels
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    content = "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">'


def _data(view: MapView, state: Mapping[str, Any] | None) -> str:
    packed = [scenario.packed for scenario in view.scenarios]
    starts = list(dict.fromkeys(scenario.packed_start for scenario in view.scenarios))
    own = [layer.packed for layer in view.own]
    ranges = [one.packed if one else b"" for one in view.ranges]
    apart = {pair_key(pair): one.packed for pair, one in view.apart.items() if one}
    flows = b"" if view.flows is None else view.flows.packed
    block = {
        "name": digest(
            b"".join([view.fixed.packed, *starts, *packed, *own, *ranges, *apart.values(), flows])
        ),
        "settings": view.settings(),
        "state": dict(state or {}),
        "static": to_base64(view.fixed.packed),
        "starts": [to_base64(content) for content in starts],
        "scenarios": [
            [starts.index(scenario.packed_start), to_base64(content)]
            for scenario, content in zip(view.scenarios, packed, strict=True)
        ],
        "own": [to_base64(content) for content in own],
        "ranges": [to_base64(content) for content in ranges],
        "apart": {key: to_base64(content) for key, content in apart.items()},
        "flows": to_base64(flows),
    }
    text = json.dumps(block, ensure_ascii=False, separators=(",", ":"))
    return f'<script type="application/json" id="jjj-data">{escaped_json(text)}</script>'


def export_html(
    view: MapView, path: Path | str | None = None, *, state: Mapping[str, Any] | None = None
) -> str:
    """Return a map as one HTML page and write it if a path is given.

    Parameters
    ----------
    view
        The map.
    path
        Where to write; nothing is written if not given.
    state
        How it opens: any of ``mode``, ``measure``, ``a``, ``b``, ``year``, ``hidden``, ``swipe`` and
        ``selected``.

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    styles = [leaflet_style(), page_style()]
    scripts = [leaflet_script(), page_script()]
    text = page(
        title=say("map.title", view.language),
        language=view.language,
        policy=_policy(scripts, styles),
        styles="\n".join(f"<style>{style}</style>" for style in styles),
        data=_data(view, state),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )
    if path is not None:
        _write(Path(path), text)
    return text


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        values = {"reason": error.strerror or str(error)}
        raise ExportError(Fault("map.not_written", where=str(path), values=values)) from error

"""A folium map as one HTML file that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
import inspect
import os
import re
from contextlib import contextmanager
from functools import cache
from html import escape
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, Final

import folium
from branca.element import CssLink, JavascriptLink
from xstatic.pkg import leaflet

from geo.errors import ExportError, Fault
from geo.maps.page import leaflet_script
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["save_inlined"]

# A popup of folium's needs of jQuery only that it makes an element from HTML.
_POPUP_SHIM: Final = """window.$ = window.$ || function (html) {
  const made = document.createElement("template");
  made.innerHTML = html.trim();
  return [made.content.firstElementChild];
};
"""
# Files that folium links to in every map, by a part of their address, and the classes that really use them.
_ICONS: Final = (folium.Icon,)
_UNUSED_WITHOUT: Final = {
    "bootstrap": (),
    "awesome-markers": _ICONS,
    "awesome.rotate": _ICONS,
    "fontawesome": _ICONS,
}
_SAFE_JQUERY: Final = (folium.Popup,)
_REMOTE: Final = re.compile(r"^(?:https?:)?//", re.IGNORECASE)


@cache
def _picture(name: str) -> str:
    """Return one of Leaflet's pictures as a data address."""
    content = (Path(leaflet.BASE_DIR) / "images" / name).read_bytes()
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"


@cache
def _leaflet_css() -> str:
    """Return Leaflet's style with its pictures inside."""
    text = (Path(leaflet.BASE_DIR) / "leaflet.css").read_text(encoding="utf-8")
    return re.sub(r"url\(images/([\w-]+\.png)\)", lambda found: f"url({_picture(found[1])})", text)


@cache
def _leaflet_js() -> str:
    """Return Leaflet's script; its default marker takes its pictures from the page."""
    pictures = {
        "iconUrl": "marker-icon.png",
        "iconRetinaUrl": "marker-icon-2x.png",
        "shadowUrl": "marker-shadow.png",
    }
    options = ", ".join(f'{key}: "{_picture(name)}"' for key, name in pictures.items())
    return (
        f'{leaflet_script()}\nL.Icon.Default.imagePath = "";\nL.Icon.Default.mergeOptions({{{options}}});\n'
    )


def _elements(element: Any) -> Iterator[Any]:
    """Yield an element and all below it."""
    yield element
    for child in list(element._children.values()):  # noqa: SLF001 - folium offers no other way
        yield from _elements(child)


def _uses_jquery(element: Any) -> bool:
    """Whether the class of ``element`` calls jQuery in its template."""
    if isinstance(element, _SAFE_JQUERY) or type(element).__module__.startswith(("branca.", "geo.")):
        return False
    try:
        source = inspect.getsource(type(element))
    except (OSError, TypeError):  # typed into a console: unknown, so assume it does
        return True
    if isinstance(element, folium.Map):
        return bool(element.objects_to_stay_in_front)
    return bool(re.search(r"\$\(|\$\.|jQuery", source))


def _network(elements: Iterable[Any]) -> list[Fault]:
    """Return what would ask the network when the map is open."""
    faults = []
    for element in elements:
        address = next(
            (
                value
                for key in ("tiles", "url", "embed_link")
                if isinstance(value := getattr(element, key, None), str) and _REMOTE.match(value)
            ),
            None,
        )
        if address and not isinstance(element, JavascriptLink | CssLink):
            values = {"layer": type(element).__name__, "address": address[:200]}
            faults.append(Fault("download.asks_network", type(element).__name__, values))
    return faults


def _needed(address: str, elements: Sequence[Any]) -> bool:
    """Whether something in the map uses the file at ``address``."""
    if "jquery" in address.lower():
        return any(map(_uses_jquery, elements))
    for part, users in _UNUSED_WITHOUT.items():
        if part in address.lower():
            return any(isinstance(element, users) for element in elements)
    return True


_ESCAPED: Final = r"<\\/\1"
_END: Final = re.compile(r"</(script|style)", re.IGNORECASE)


def _element(name: str, text: str) -> str:
    """Return a script or style element around ``text``.

    Only its closing tag ends such an element. In a JavaScript string, template or regular expression, and in
    a CSS string, the backslash changes nothing.
    """
    return f"<{name}>{_END.sub(_ESCAPED, text)}</{name}>"


def _inline(link: Any, assets: Mapping[str, str], elements: Sequence[Any]) -> str | None:
    """Return the element that replaces ``link``: its text, nothing if unused, None if it is missing."""
    address, script = str(link.url), isinstance(link, JavascriptLink)
    text = assets.get(address)
    if text is None and address.endswith(("/leaflet.js", "/leaflet.css")):
        text = _leaflet_js() if script else _leaflet_css()
    if text is None:
        if not _needed(address, elements):
            return _element("script", _POPUP_SHIM) if "jquery" in address.lower() else ""
        return None
    return _element("script" if script else "style", text)


def _policy(scripts: Iterable[str]) -> str:
    """Return the policy: these very scripts run, and nothing is fetched."""
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    content = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">'


@contextmanager
def _unchanged(root: Any) -> Iterator[None]:
    """Put back what rendering adds to a map: folium adds a layer to it once more at every call."""
    tops = (root, root.header, root.html, root.script)
    held = [(one, one._children.copy()) for top in tops for one in _elements(top)]  # noqa: SLF001
    try:
        yield
    finally:
        for one, children in held:
            one._children = children  # noqa: SLF001


def _page(made: folium.Map, assets: Mapping[str, str], title: str) -> str:
    """Return the page of a map with every link replaced by what it links to."""
    root: Any = made.get_root()
    with _unchanged(root):
        root.render()  # plugins add their links while they render
        return _rendered(root, made, assets, title)


def _rendered(root: Any, made: folium.Map, assets: Mapping[str, str], title: str) -> str:
    """Put the page together from what was rendered."""
    elements = list(_elements(made))
    links = [one for one in root.header._children.values() if isinstance(one, JavascriptLink | CssLink)]  # noqa: SLF001
    head, missing = root.header.render(), []
    for link in links:
        text = _inline(link, assets, elements)
        if text is None:
            missing.append(str(link.url))
        head = head.replace(link.render(), text or "")
    faults = _network(elements)
    if missing:
        faults.append(Fault("download.not_inlined", "", {"addresses": ", ".join(missing)}))
    if faults:
        raise ExportError(faults)
    head = head.replace("\r\n", "\n")  # a browser hashes what it has read, and it reads line ends so
    last = _END.sub(_ESCAPED, root.script.render()).replace("\r\n", "\n")
    scripts = [*re.findall(r"<script>(.*?)</script>", head, flags=re.DOTALL), last]
    parts = (
        "<!DOCTYPE html>\n<html>\n<head>",
        '<meta charset="utf-8">',
        _policy(scripts),
        f"<title>{escape(title)}</title>",
        f"{head}\n</head>\n<body>",
        root.html.render(),
        f"<script>{last}</script>\n</body>\n</html>\n",
    )
    return "\n".join(parts)


def save_inlined(
    made: folium.Map,
    path: Path | str | None = None,
    *,
    assets: Mapping[str, str] | None = None,
    title: str = "",
) -> str:
    """Return a folium map as one HTML page that asks nothing of any network; write it if a path is given.

    Leaflet comes from its own package. jQuery, Bootstrap and icon fonts, which folium links to in every map,
    are left out where nothing uses them. A content-security policy lets only the page's own scripts run, by
    their hashes, and nothing be fetched.

    Parameters
    ----------
    made
        Any folium map, also with plugins. Text of unknown origin belongs into a ``TextLayer``: folium's own
        tooltips, popups and GeoJson run what they hold, in the browser and, between double braces, in Python.
    path
        Where to write; nothing is written if not given.
    assets
        Text of further scripts and styles by the address that the map links to.
    title
        Title of the page.

    Raises
    ------
    ExportError
        If a plugin needs files that are neither known nor in ``assets`` (all addresses are named), a layer
        asks the network while the map is open, or the file cannot be written.
    """
    text = _page(made, assets or {}, title or say("folium.title", "en"))
    if path is not None:
        _write(Path(path), text.encode())
    return text


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    beside = None
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            beside = Path(file.name)
            file.write(content)
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        if beside is not None:
            beside.unlink(missing_ok=True)
        values = {"reason": error.strerror or type(error).__name__}
        raise ExportError(Fault("download.not_written", os.fspath(path), values)) from error

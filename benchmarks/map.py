"""The living map against streamlit-folium rebuilt at every toggle, in one run.

``python benchmarks/map.py`` starts both apps, drives them in Chromium, and prints medians and ratios:
a toggle in the browser, a toggle through Python, bytes per toggle, first load, the exported file.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright
from xstatic.pkg import leaflet

from geo.maps.export import export_html
from geo.maps.view import build_view
from geo.measures import MEASURES
from geo.model.simulate import simulate
from geo.presets import PRESETS, preset
from geo.region import load_region
from geo.report import find_browser

HERE = Path(__file__).parent
LEAFLET = Path(leaflet.BASE_DIR)
TOGGLES = 24
SECTORS = ("robotics", "aerospace", "integrated_circuits", "hydrogen_energy")
ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

OURS = """
import streamlit as st
from geo.maps.view import build_view
from geo.measures import MEASURES
from geo.model.level0 import simulate_level0
from geo.panels.mapview import map_component
from geo.presets import preset
from geo.region import load_region

@st.cache_resource
def view():
    region = load_region()
    outcome = simulate_level0(region, preset("announced", region))
    return build_view(region, [("announced", outcome)], measures=MEASURES.values())

hidden = [f"sector:{s}" for s in SECTORS if not st.checkbox(s, True, key=s)]
map_component(view(), key="map", language="en", state={"hidden": hidden}, height=700)
"""

PEER = """
import folium, streamlit as st
from geo.region import load_region
from streamlit_folium import st_folium

@st.cache_resource
def region():
    return load_region()

here = region()
chosen = [s for s in SECTORS if st.checkbox(s, True, key=s)]
page = folium.Map([39.3, 116.5], zoom_start=7, tiles=None)
counties = here.counties[["code", "name_en", "name_zh", "population", "geometry"]]
folium.GeoJson(counties.to_json(), style_function=lambda _: {"weight": 0.5},
               tooltip=folium.GeoJsonTooltip(["name_en", "name_zh", "population"])).add_to(page)
others = ~here.sites["sector"].isin(SECTORS)
for site in here.sites[here.sites["sector"].isin(chosen) | others].itertuples():
    folium.CircleMarker([site.geometry.y, site.geometry.x], radius=4, tooltip=site.name_en).add_to(page)
st_folium(page, key="map", height=700, width=900, returned_objects=[])
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(source: str):
    """Serve a page from the given source and yield its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.py"
        page.write_text(f"SECTORS = {SECTORS!r}\n{source}", encoding="utf-8")
        options = ["--server.headless=true", f"--server.port={port}", "--browser.gatherUsageStats=false"]
        command = [sys.executable, "-m", "streamlit", "run", str(page), *options]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, cwd=HERE.parent, **quiet) as run:
            try:
                wait_for(port)
                yield f"http://127.0.0.1:{port}"
            finally:
                run.terminate()


def wait_for(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(port)


class Wire:
    """Counts the bytes that arrive: frames of the socket and bodies of requests."""

    def __init__(self, page) -> None:
        self.bytes = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.webSocketFrameReceived", self._frame)
        session.on("Network.loadingFinished", self._body)

    def _frame(self, event) -> None:
        self.bytes += len(event["response"]["payloadData"]) * 3 // 4  # binary frames come as base64

    def _body(self, event) -> None:
        self.bytes += int(event["encodedDataLength"])


# How many site marks a frame shows; both frames come from the page's own origin.
SHOWN = {
    "ours": "(frame) => frame.jjj && frame.jjj.shown ? frame.jjj.shown('site') : 0",
    "peer": "(frame) => frame.document.querySelectorAll('path.leaflet-interactive').length",
}
# Clicks a box of the page and returns the ms until the map shows another number of marks, all of them drawn.
TOGGLE = """async ([label, source]) => {
    const shown = eval(source);
    const frame = () => document.querySelector("iframe").contentWindow;
    const now = () => { try { return shown(frame()); } catch { return 0; } };
    const box = [...document.querySelectorAll("label")].find((one) => one.textContent.trim() === label);
    const before = now();
    const start = performance.now();
    box.querySelector("input").click();
    const waiting = () => (now() === before || now() < 50) && performance.now() - start < 2e4;
    while (waiting()) await new Promise((next) => setTimeout(next, 1));
    return performance.now() - start;
}"""


def map_frame(page, kind: str):
    """Return the frame that holds the map, once it shows its marks."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        for frame in page.frames[1:]:
            if frame.evaluate(f"({SHOWN[kind]})(window)") > 0:
                return frame
        page.wait_for_timeout(20)
    raise TimeoutError(kind)


def instead_of_network(route) -> None:
    """Answer what the peer asks of CDNs at once: Leaflet from this machine, all else empty."""
    name = route.request.url.rsplit("/", 1)[-1]
    if (LEAFLET / name).exists():
        route.fulfill(path=LEAFLET / name)
    else:
        route.fulfill(body="", content_type="text/css" if name.endswith("css") else "text/javascript")


def through_python(browser, address: str, kind: str):
    """Return first load in s, and for each toggle its ms and bytes."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.route(lambda url: "127.0.0.1" not in url, instead_of_network)
    wire = Wire(page)
    start = time.perf_counter()
    page.goto(address)
    map_frame(page, kind)
    load = time.perf_counter() - start
    page.wait_for_timeout(1500)
    times, sizes = [], []
    for place in range(TOGGLES):
        before = wire.bytes
        times.append(page.evaluate(TOGGLE, [SECTORS[place % len(SECTORS)], SHOWN[kind]]))
        page.wait_for_timeout(400)
        sizes.append(wire.bytes - before)
    page.close()
    return load, times, sizes


def in_browser(browser, address: str) -> list[float]:
    """Return ms of toggles that never leave the browser, the drawn frame included."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    frame = map_frame(page, "ours")
    page.wait_for_timeout(1500)
    script = """async ([sectors, count]) => {
        const times = [];
        for (let i = 0; i < count; i += 1) {
            await new Promise(requestAnimationFrame);
            times.push(window.jjj.toggle(sectors[i % sectors.length]));
        }
        return times;
    }"""
    times = frame.evaluate(script, [list(SECTORS), TOGGLES])
    page.close()
    return times


def exported() -> tuple[int, int]:
    """Return bytes of the exported file with three scenarios, and how many measures it holds."""
    region = load_region()
    runs = [(name, simulate(region, preset(name, region))) for name in PRESETS]
    view = build_view(region, runs, measures=MEASURES.values())
    return len(export_html(view).encode()), len(view.scenarios[0].after)


def region_load() -> float:
    """Return the median seconds of reading and checking a fresh copy of every layer and table."""
    times = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:  # another folder: nothing is remembered
            copy = Path(shutil.copytree(HERE.parent / "layers", Path(folder) / "layers"))
            start = time.perf_counter()
            load_region(copy)
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with sync_playwright() as play, served(OURS) as ours, served(PEER) as peer:
        browser = play.chromium.launch(executable_path=find_browser(), args=ARGS)
        load, times, sizes = through_python(browser, ours, "ours")
        peer_load, peer_times, peer_sizes = through_python(browser, peer, "peer")
        inside = in_browser(browser, ours)
        browser.close()
    median = statistics.median
    rows = [
        ("toggle in the browser", "ms", median(inside), None, "< 20"),
        ("toggle through Python", "ms", median(times), median(peer_times), "< 100"),
        ("bytes per toggle", "B", median(sizes), median(peer_sizes), "< 25000"),
        ("first load, page to marks", "s", load, peer_load, ""),
    ]
    print(f"{'':28}{'ours':>10}{'peer':>12}{'peer/ours':>11}   target (peer: streamlit-folium, rebuilt)")
    for name, unit, mine, other, target in rows:
        theirs = f"{other:12.1f}{other / mine:11.1f}" if other is not None else " " * 23
        print(f"{name + ', ' + unit:28}{mine:10.1f}{theirs}   {target}")
    size, measures = exported()
    print(f"exported file, 3 scenarios   {size:8d} bytes, {measures} measures   target < 720000")
    print(f"region load and check        {region_load():8.2f} s    target < 1")


if __name__ == "__main__":
    main()

"""Many sessions at once: how fast a toggle and a click through Python are, and what a session costs.

``python benchmarks/sessions.py --sessions 30`` starts the app on the loopback interface with a store of its
own, opens one browser context for each session, and lets all of them act in turn, at most ``--seconds`` long.
A toggle on the map stays in the browser; a change of tab goes through Python. Memory is the growth of the
server's resident set (Linux: ``/proc``) between the first open session and the last, by session.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from geo.report import find_browser

ROOT = Path(__file__).parents[1]
MOST_SESSIONS, MOST_SECONDS = 60, 900
WAIT = 120_000
ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
SECTORS = ("robotics", "aerospace", "integrated_circuits", "hydrogen_energy")
# From the click to the frame after the one that shows it.
TOGGLE = """(sector) => new Promise((done) => {
  const box = document.querySelector(`input[data-key="sector:${sector}"]`);
  const start = performance.now();
  box.click();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""
STILL = "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"


@contextmanager
def served():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), *options]
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {"JINGJINJI_STORE": f"sqlite:///{data}/work.sqlite"}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, cwd=ROOT, env=environment, **quiet) as server:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield server, f"http://127.0.0.1:{port}"
            server.terminate()


def resident_mb(process: int) -> float:
    """Return the resident set of a process in MB; NaN where /proc is missing."""
    status = Path(f"/proc/{process}/status")
    if not status.is_file():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def opened(browser, address):
    """Return the page and the map's frame of one new session."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(WAIT)
    page.goto(f"{address}/?lang=en")
    page.frame_locator("iframe[title*='jingjinji']").locator("#jjj[data-ready]").wait_for()
    page.get_by_role("tab").first.wait_for()
    page.wait_for_function(STILL)
    return page, next(frame for frame in page.frames if "jingjinji_map" in frame.url)


def through_python(page, count: int) -> float:
    """Return ms from a click on another tab until the tab is selected and the script is done."""
    tab = page.get_by_role("tab").nth(count % page.get_by_role("tab").count())
    start = time.perf_counter()
    tab.click()
    page.wait_for_timeout(30)  # until Streamlit has told that it runs
    page.wait_for_function(STILL)
    return 1000 * (time.perf_counter() - start)


def p95(times: list[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1) + 0.499))]


def told(name: str, times: list[float]) -> None:
    if times:
        middle, late = statistics.median(times), p95(times)
        print(f"{name:<24} n {len(times):>5}  median {middle:8.1f} ms  p95 {late:8.1f} ms")


def measure(count: int, rounds: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    with served() as (server, address), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=ARGS)
        pages = [opened(browser, address)]
        first, loads = resident_mb(server.pid), []
        while len(pages) < count and time.monotonic() < end:
            start = time.perf_counter()
            pages.append(opened(browser, address))
            loads.append(1000 * (time.perf_counter() - start))
        last = resident_mb(server.pid)
        toggles, clicks = [], []
        for turn in range(rounds):
            for page, frame in pages:
                if time.monotonic() > end:
                    break
                toggles.append(frame.evaluate(TOGGLE, SECTORS[turn % len(SECTORS)]))
                clicks.append(through_python(page, turn + 1))
        grown = resident_mb(server.pid)
        print(f"sessions {len(pages)} of {count}, rounds {rounds}")
        told("open a session", loads)
        told("toggle in the browser", toggles)
        told("change of tab", clicks)
        others = max(len(pages) - 1, 1)
        print(
            f"server memory            first {first:.0f} MB, all open {last:.0f} MB, after use {grown:.0f} MB"
        )
        each = [(size - first) / others for size in (last, grown)]
        print(f"memory per session       opened {each[0]:.1f} MB, used {each[1]:.1f} MB")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=30, help=f"at most {MOST_SESSIONS}")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=600, help=f"at most {MOST_SECONDS}")
    asked = parser.parse_args()
    measure(
        min(max(asked.sessions, 1), MOST_SESSIONS), max(asked.rounds, 1), min(asked.seconds, MOST_SECONDS)
    )


if __name__ == "__main__":
    main()

"""The app served for tests, and the steps that every visit is made of."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
WAIT = 120_000  # milliseconds; a cold start on a busy machine


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A Streamlit script on a port of its own, that can be killed and started again."""

    def __init__(self, *options, script=ROOT / "app.py", folder=ROOT, **environment):
        self.port, self.script, self.folder = free_port(), script, folder
        self.options, self.environment = options, environment
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        options = ["--server.headless=true", f"--server.port={self.port}", "--server.fileWatcherType=none"]
        options += ["--server.address=127.0.0.1", "--browser.gatherUsageStats=false", *self.options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(self.script), *options],
            cwd=self.folder,
            env=os.environ | {key: str(value) for key, value in self.environment.items()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + WAIT / 1000
        while time.monotonic() < end:
            assert self.process.poll() is None, "the server ended as it started"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_stcore/health", timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"nothing answers on {self.port}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def serving(*options, **where):
    """Serve while the block runs."""
    server = Server(*options, **where)
    try:
        yield server
    finally:
        server.kill()


# Steps of a visit ------------------------------------------------------------------------------------


def map_frame(page):
    """Return the map's frame once it is drawn."""
    page.frame_locator("iframe[title*='jingjinji']").locator("#jjj[data-ready]").wait_for(timeout=WAIT)
    return next(frame for frame in page.frames if "jingjinji_map" in frame.url)


def settle(page):
    """Wait until Streamlit has nothing left to do."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'", timeout=WAIT
    )


def ready(page):
    """Wait for the map and until nothing more comes; return the map's frame."""
    frame = map_frame(page)
    settle(page)
    return frame


def tab(page, name, **how):
    page.get_by_role("tab", name=name, **how).click(timeout=WAIT)
    settle(page)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click(timeout=WAIT)
    settle(page)


def open_list(page, label):
    """Open a list of choices; one that is shut, because the page was drawn anew, is opened again."""
    from playwright.sync_api import TimeoutError as NotYet  # noqa: PLC0415 -- only where a browser is

    for _ in range(10):
        settle(page)
        page.get_by_role("combobox", name=label).click(timeout=WAIT)
        try:
            page.get_by_role("option").first.wait_for(timeout=5_000)
        except NotYet:
            page.keyboard.press("Escape")
        else:
            return
    raise AssertionError(label)


def choose(page, label, name):
    open_list(page, label)
    page.get_by_role("option", name=name, exact=True).click(timeout=WAIT)


def switches(page):
    return page.get_by_test_id("stCheckbox")


def code(page, mark):
    """Return a block of code, once it holds a mark."""
    block = page.get_by_test_id("stCode").filter(has_text=mark)
    block.wait_for(timeout=WAIT)
    return block.inner_text().strip()


def name_of(page):
    # while a page is drawn anew, the field of before may stand behind it for a moment
    return page.get_by_label("Name", exact=True).first


def current_moves(frame):
    return frame.evaluate("jjj.app.scenarios[jjj.state().b].moves.map((m) => [m.institution, m.destination])")


def no_sideways(page):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")

"""A real browser, a guard that lets nothing out, and maps to open in it."""

import hashlib
import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # the made-up outcomes of tests/

import synthetic_maps as made
from served import ROOT, ready, serving

from geo.maps.export import export_html
from geo.maps.view import build_view
from geo.report import find_browser

QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# all that stays on this machine; planning.localhost is this machine as a visitor from elsewhere sees it
INSIDE = "file:|data:|blob:|about:|(http|ws)://(localhost|127[.]0[.]0[.]1|planning[.]localhost)[:/]"
OUTSIDE = re.compile(f"^(?!{INSIDE})")
NAMES = (
    {"en": "Announced programme", "zh": "已宣布的方案"},
    {"en": "Moved by now", "zh": "目前已迁"},
    "Empty",
)


@pytest.fixture(scope="session")
def browser():
    """A Chromium or Chrome; without one the test is skipped, in CI it fails."""
    executable = find_browser()
    if executable is None:
        reason = "no Chromium or Chrome on the PATH"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- only where a browser is

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=executable, args=QUIET)
        yield opened
        opened.close()


class Guard:
    """What a page tried and what went wrong in it."""

    def __init__(self):
        self.outside, self.errors, self.dialogs = [], [], []

    def clean(self):
        assert self.outside == []
        assert self.errors == []
        assert self.dialogs == []


@pytest.fixture
def open_page(browser):
    """Open an address at a size; every request to the outside is refused and recorded, then asserted none."""
    opened = []

    def open_at(address, size=(1280, 800), *, wait=True, **options):
        # without motion, unless a test is about it: each frame of it is drawn without a graphics card here
        options.setdefault("reduced_motion", "reduce")
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        guard = Guard()

        def refuse(route):
            guard.outside.append(route.request.url)
            route.abort()

        # the browser asks this process about these alone: a page of the app makes hundreds of requests
        context.route(OUTSIDE, refuse)
        page = context.new_page()
        page.on("pageerror", lambda error: guard.errors.append(str(error)))
        page.on(
            "console", lambda message: guard.errors.append(message.text) if message.type == "error" else None
        )
        page.on("dialog", lambda dialog: (guard.dialogs.append(dialog.message), dialog.dismiss()))
        page.guard = guard
        page.goto(address)
        if wait:
            page.wait_for_selector("#jjj[data-ready]")
        opened.append((context, guard))
        return page

    yield open_at
    for context, guard in opened:
        context.close()
        guard.clean()


def runs_for(region, listed):
    moves = (
        [made.move(posts=2852.0), made.move("kouqiang", "110108", "130632", 2027)],
        [made.move(start=2023)],
        [],
    )
    return [(name, made.outcome(region, listed, seed=i, moves=moves[i])) for i, name in enumerate(NAMES)]


@pytest.fixture(scope="session")
def exported(region, tmp_path_factory):
    """A map with three scenarios as one file, as an address."""
    listed = made.measures(5)
    view = build_view(
        region, runs_for(region, listed), measures=listed, base={"jobs": range(199)}, date="2026-03-01"
    )
    path = tmp_path_factory.mktemp("map") / "map.html"
    export_html(view, path)
    return path.as_uri()


@pytest.fixture(scope="session")
def live():
    """The address of a page with the live map, served by Streamlit."""
    script = Path(__file__).with_name("live_page.py")
    with serving(script=script, PYTHONPATH=ROOT) as server:
        yield server.address


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    """The app on a store of its own, for all tests that do not kill it."""
    with serving(JINGJINJI_STORE=tmp_path_factory.mktemp("app") / "store.sqlite") as server:
        yield server


@pytest.fixture
def visit(open_page, app, request):
    """Open the app at a desk that only this test has, or one of its visitors."""

    def visit_at(query="", *, language="en", size=(1280, 1000), visitor=""):
        desk = hashlib.sha256(f"{request.node.nodeid} {visitor}".encode()).hexdigest()[:32]
        page = open_page(f"{app.address}/?lang={language}&desk={desk}&{query}", size, wait=False)
        return page, ready(page)

    return visit_at

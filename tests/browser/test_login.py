"""Login at a real OpenID Connect provider: one's own desk anywhere, nothing of the person in the store."""

import importlib.util
import json
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
import zlib
from contextlib import suppress

import pytest
from served import WAIT, Server, free_port, name_of, open_list, press, ready, tab

from geo.words import say

pytestmark = pytest.mark.browser

HOST = "planning.localhost"  # this machine under a name that the app takes for that of a server elsewhere
ANN = {"sub": "subject-7341", "name": "Ann Example-Li", "email": "ann@people.example"}
BO = {"sub": "subject-9002", "name": "Bo Sample-Wang", "email": "bo@people.example"}


@pytest.fixture(scope="module", autouse=True)
def packages():
    for name in ("oidc_provider_mock", "authlib"):
        if importlib.util.find_spec(name) is None:
            reason = f"the package {name} is not installed"
            pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def wait_for(port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"nothing listens on {port}")


@pytest.fixture(scope="module")
def provider():
    """A provider that knows two people, as an address."""
    port = free_port()
    people = [option for person in (ANN, BO) for option in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *people]
    own = {"AUTHLIB_INSECURE_TRANSPORT": "1"}
    process = subprocess.Popen(
        command, env=os.environ | own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(port)
    yield f"http://localhost:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def served(provider, tmp_path_factory):
    """The app as it is set up for a team: secrets in its folder, visitors from elsewhere."""
    folder = tmp_path_factory.mktemp("team")
    store = folder / "store.sqlite"
    server = Server(f"--browser.serverAddress={HOST}", folder=folder, JINGJINJI_STORE=store)
    server.kill()  # its port goes into the secrets
    settings = {
        "redirect_uri": f"http://{HOST}:{server.port}/oauth2callback",
        "cookie_secret": secrets.token_hex(),
        "client_id": "jingjinji",
        "client_secret": secrets.token_hex(),
        "server_metadata_url": f"{provider}/.well-known/openid-configuration",
    }
    lines = ["[auth]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text("\n".join(lines), encoding="utf-8")
    server.start()
    yield server, store
    server.kill()


@pytest.fixture
def visit(open_page, served):
    pages = []

    def visit_at():
        pages.append(_visit(open_page, served))
        return pages[-1]

    yield visit_at
    for page in pages:
        # the provider's own pages want a style from elsewhere, which is refused; ours want nothing
        style = [url for url in page.guard.outside if url.endswith("pico.min.css")]
        page.guard.outside[:] = [url for url in page.guard.outside if url not in style]
        page.guard.errors[:] = [error for error in page.guard.errors if "ERR_FAILED" not in error]


def _visit(open_page, served):
    page = open_page(f"http://{HOST}:{served[0].port}/?lang=en", (1280, 1000), wait=False)
    ready(page)
    return page


def log_in(page, person):
    tab(page, say("app.tabs.scenarios", "en"))
    page.get_by_role("button", name=say("app.desk.login", "en")).click()
    page.get_by_role("button", name=person["sub"], exact=True).click(timeout=WAIT)
    page.wait_for_url(f"http://{HOST}:*/**", timeout=WAIT)
    ready(page)
    tab(page, say("app.tabs.scenarios", "en"))
    page.get_by_text(say("app.desk.user", "en", name=person["name"])).wait_for(timeout=WAIT)


def log_out(page):
    page.get_by_role("button", name=say("app.desk.logout", "en")).click()
    # the provider asks, too
    page.get_by_role("button", name="End session").click(timeout=WAIT)
    page.wait_for_url(f"http://{HOST}:*/**", timeout=WAIT)
    ready(page)


def offered(page):
    """Return the names of the scenarios on the desk."""
    open_list(page, say("app.scenario.active", "en"))
    names = page.get_by_role("option").all_inner_texts()
    page.keyboard.press("Escape")
    return names


def named(page, name):
    """Give the open scenario a name and wait until it has it."""
    name_of(page).fill(name)
    name_of(page).press("Enter")
    which = page.get_by_role("combobox", name=say("app.scenario.active", "en"))
    end = time.monotonic() + WAIT / 1000
    while which.input_value() != name and time.monotonic() < end:
        page.wait_for_timeout(100)
    assert which.input_value() == name


def everything(path):
    """Return all that a store holds as text, unpacked."""
    found = []
    with sqlite3.connect(path) as database:
        tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for row in database.execute(f'select * from "{table}"'):  # noqa: S608 -- its own names
                for cell in row:
                    text = cell
                    if isinstance(cell, bytes):
                        with suppress(zlib.error):
                            text = zlib.decompress(cell)
                        text = text.decode(errors="replace")
                    found.append(str(text))
    return "\n".join(found)


def test_two_people_each_have_their_desk_and_share_by_publishing(visit, served):
    ann = visit()
    assert "desk=" in ann.url
    log_in(ann, ANN)
    assert "desk=" not in ann.url
    named(ann, "The first person's plan")
    ann.reload()
    ready(ann)
    assert "The first person's plan" in offered(ann)
    tab(ann, say("app.tabs.sharing", "en"))
    press(ann, say("app.share.publish", "en"))

    bo = visit()
    log_in(bo, BO)
    assert "The first person's plan" not in offered(bo)
    tab(bo, say("app.tabs.sharing", "en"))
    shown = bo.get_by_text("The first person's plan").first
    shown.wait_for(timeout=WAIT)
    text = bo.locator("body").inner_text()
    assert "user-" in text
    for secret in ANN.values():
        assert secret not in text

    # who logs out has a desk of a private link again, without what was theirs
    tab(ann, say("app.tabs.scenarios", "en"))
    log_out(ann)
    assert "desk=" in ann.url
    assert "The first person's plan" not in offered(ann)
    # and finds it after the next login, on another computer
    elsewhere = visit()
    log_in(elsewhere, ANN)
    assert "The first person's plan" in offered(elsewhere)

    held = everything(served[1])
    assert "The first person's plan" in held
    for person in (ANN, BO):
        for secret in person.values():
            assert secret not in held


def test_who_declines_stays_a_visitor(visit):
    page = visit()
    desk = page.url.partition("desk=")[2]
    tab(page, say("app.tabs.scenarios", "en"))
    page.get_by_role("button", name=say("app.desk.login", "en")).click()
    page.get_by_role("button", name="Deny").click(timeout=WAIT)
    page.wait_for_url(f"http://{HOST}:*/**", timeout=WAIT)
    ready(page)
    tab(page, say("app.tabs.scenarios", "en"))
    page.get_by_role("button", name=say("app.desk.login", "en")).wait_for(timeout=WAIT)
    assert desk

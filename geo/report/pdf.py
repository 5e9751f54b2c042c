"""A report as PDF, printed by the Chromium or Chrome that is on the machine.

Pure Python libraries were left aside: those that set Chinese well need Pango or a font to ship along. Where
no browser is found the reader is told to print the HTML file, which is made for that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from geo.errors import ExportError, Fault

__all__ = ["find_browser", "report_pdf"]

# the shell first: it is made to run without a window, and a page costs it about half the work
_NAMES: Final = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
    "chrome", "msedge", "microsoft-edge",
)  # fmt: skip
_PLACES: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
_OPTIONS: Final = (
    "--headless", "--disable-gpu", "--no-pdf-header-footer", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-extensions",
)  # fmt: skip
_SECONDS = 120
_printing = threading.Lock()  # one browser at a time, however many people ask


def find_browser() -> str | None:
    """Return a Chromium, Chrome or Edge of this machine, or None."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return found or next((path for path in _PLACES if Path(path).is_file()), None)


def _options(folder: Path) -> list[str]:
    # the superuser's browser starts only without its sandbox; the page has no script and no address
    alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [*_OPTIONS, *alone, f"--user-data-dir={folder / 'profile'}"]


def report_pdf(html: str) -> bytes:
    """Return a report as PDF.

    Parameters
    ----------
    html
        The text of :func:`geo.report.report_html`.

    Raises
    ------
    ExportError
        If there is no browser, or it does not print; the remedy is to print from the browser.
    """
    browser = find_browser()
    if browser is None:
        raise ExportError(Fault("report.no_browser"))
    with _printing, TemporaryDirectory(prefix="report-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        page, made = folder / "report.html", folder / "report.pdf"
        page.write_text(html, encoding="utf-8", newline="\n")
        command = [browser, *_options(folder), f"--print-to-pdf={made}", page.as_uri()]
        try:
            subprocess.run(command, check=False, capture_output=True, timeout=_SECONDS)  # noqa: S603 - ours
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ExportError(Fault("report.not_printed", "", {"reason": type(error).__name__})) from None
        content = made.read_bytes() if made.is_file() else b""
    if not content.startswith(b"%PDF-"):
        raise ExportError(Fault("report.not_printed", "", {"reason": Path(browser).name}))
    return content

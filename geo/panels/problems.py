"""The error state: what is wrong, where, what to do, and that nothing was lost."""

from __future__ import annotations

import logging
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.scriptrunner import StopException
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException

from geo.errors import GeoError
from geo.panels.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geo.panels.text import Voice

__all__ = ["show_error", "shown"]

_SHOWN = 20
_log = logging.getLogger("jingjinji")


def show_error(voice: Voice, error: GeoError) -> None:
    """Draw an error of ours; a long list of faults is cut, and says so."""
    lines = [f"- {plain(fault.text(voice.language))}" for fault in error.faults[:_SHOWN]]
    if len(error.faults) > _SHOWN:
        lines.append(f"- … (+{len(error.faults) - _SHOWN})")
    faults = "\n".join(lines)
    st.error(f"**{voice('app.error.heading')}**\n\n{faults}\n\n{voice('app.error.kept')}")


@contextmanager
def shown(voice: Voice) -> Iterator[None]:
    """Draw whatever goes wrong inside, so that the rest of the page still stands."""
    try:
        yield
    except (StopException, RerunException):
        raise
    except GeoError as error:
        show_error(voice, error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person sees words, the log the trace
        _log.exception("unexpected")
        frame = traceback.extract_tb(error.__traceback__)[-1]
        line = f"{type(error).__name__} {frame.name}:{frame.lineno}"
        st.error(voice("app.error.unexpected", line=line))

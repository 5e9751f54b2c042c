"""A process that draws, asked over its standard input.

Not :mod:`multiprocessing`: its new processes run the main module again, which under Streamlit is the page.
When whoever asks is gone, the input ends, and so does the process.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import geo
from geo.ensemble import Draw, Drawn, run_draw

if TYPE_CHECKING:
    from geo.errors import GeoError
    from geo.model.baseline import Baseline

__all__ = ["Worker", "main"]

_POLITE = 10  # added to its niceness


class Worker:
    """A process that holds the baseline and answers draws.

    Parameters
    ----------
    baseline
        The calibrated region.
    """

    def __init__(self, baseline: Baseline) -> None:
        path = os.pathsep.join(
            filter(None, (str(Path(geo.__file__).parents[1]), os.environ.get("PYTHONPATH")))
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from geo.sampling.worker import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
        )
        self._send(baseline)

    def ask(self, one: Draw) -> Drawn | GeoError:
        """Return a draw, or the error that it ended with.

        Raises
        ------
        OSError, EOFError, pickle.UnpicklingError
            If the process has died, perhaps while it answered.
        """
        self._send(one)
        answer: Drawn | GeoError = pickle.load(_of(self._process.stdout))  # noqa: S301 - our own process
        return answer

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                _of(pipe).close()
        self._process.wait()

    def _send(self, value: Baseline | Draw) -> None:
        pipe = _of(self._process.stdin)
        pickle.dump(value, pipe)
        pipe.flush()


def _of(pipe: object) -> BinaryIO:
    return pipe  # type: ignore[return-value]  # both were asked for, so neither is None


def main() -> None:
    """Answer draws until the input ends."""
    if hasattr(os, "nice"):
        os.nice(_POLITE)
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not fall between the answers
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        baseline: Baseline = pickle.load(asked)  # noqa: S301 - from the process that started this one
        while True:
            pickle.dump(run_draw(baseline, pickle.load(asked)), answers)  # noqa: S301 - the same
            answers.flush()

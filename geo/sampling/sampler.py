"""Draws made in the background and handed out as far as they are."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from math import inf
from pickle import UnpicklingError
from threading import Condition, Thread, current_thread
from typing import TYPE_CHECKING, NamedTuple

from geo.ensemble import PATIENCE, Draw, Drawn, Ensemble, gathered, stable_draws
from geo.errors import Fault, GeoError, ModelError
from geo.measures import MEASURES
from geo.sampling.disk import content_key, default_folder, keep, kept
from geo.sampling.worker import Worker
from geo.scenario import LAST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geo.model.baseline import Baseline
    from geo.scenario import Scenario

__all__ = ["FIRST", "SIZE", "Sample", "Sampler"]

# Draws of a scenario, and how many there must be before a range is shown.
SIZE, FIRST = 40, 20
# Another measure says the same.
_LEFT_OUT = frozenset({"density", "residents"})
_LEASE = 6.0  # seconds that a wish lives without being asked for again
_IDLE = 120.0  # seconds without work after which a process is let go
_WISHES = 8  # scenarios remembered that nobody asks for now: up to some 40 MB each while they are drawn
_READ = 48  # such scenarios whose draws lie in files: they take little memory
_DEATHS = 3  # of processes in a row, before a scenario is given up


class Sample(NamedTuple):
    """What is known of a scenario's draws.

    Attributes
    ----------
    done, size
        Draws made, and to be made.
    ensemble
        The draws; None until there are ``FIRST`` of them.
    trouble
        Why there will be no more; None if there is no reason.
    complete
        Whether ``ensemble`` holds all draws.
    """

    done: int
    size: int
    ensemble: Ensemble | None = None
    trouble: GeoError | None = None
    complete: bool = False

    @property
    def pending(self) -> bool:
        """Whether there is more to come."""
        return not self.complete and self.trouble is None


@dataclass
class _Wish:
    """A scenario that somebody looks at, and its draws so far."""

    key: str
    pattern: Draw
    asked: float  # when somebody last did, by the clock that only rises
    refused: dict[str, int]
    numbers: Iterator[int]
    found: dict[int, Drawn] = field(default_factory=dict)
    waiting: int = 0  # draws that a process works on
    deaths: int = 0  # of processes, in a row
    ensemble: Ensemble | None = None
    complete: bool = False
    trouble: GeoError | None = None


def _alive(wish: _Wish) -> bool:
    """Return whether somebody asked for it lately."""
    return time.monotonic() - wish.asked < _LEASE


class Sampler:
    """Draws scenarios in the background.

    Parameters
    ----------
    baseline
        The calibrated region.
    folder
        Where complete draws are kept; by default :func:`default_folder`.
    size, first
        Draws of a scenario, and how many there must be before they are handed out.
    workers
        Processes; 0 draws nothing, and hands out only what is kept.
    """

    def __init__(
        self,
        baseline: Baseline,
        folder: Path | None = None,
        *,
        size: int = SIZE,
        first: int = FIRST,
        workers: int = 1,
    ) -> None:
        self.baseline, self.size, self.first = baseline, size, first
        self.folder = default_folder() if folder is None else folder
        self._workers = workers
        self._wishes: dict[str, _Wish] = {}
        self._change = Condition()
        self._threads: list[Thread] = []
        self._workers_of: dict[Thread, Worker] = {}
        self._closed = False

    def look(self, scenario: Scenario, *, wish_for: bool = True) -> Sample:
        """Return what is known of a scenario, and wish for the rest.

        Parameters
        ----------
        wish_for
            Whether the rest shall be drawn.
        """
        key = content_key(self.baseline, scenario)
        # read without holding up the others
        found = None if key in self._wishes else kept(self.folder, key, scenario)
        with self._change:
            wish = self._wishes.get(key)
            # what failed is tried again once nobody has looked at it for a while
            if wish is None or (wish.trouble is not None and not _alive(wish)):
                wish = self._new(key, scenario, found)
            if wish_for:
                wish.asked = time.monotonic()
            done = self.size if wish.complete else len(wish.found)
            sample = Sample(done, self.size, wish.ensemble, wish.trouble, wish.complete)
            if sample.pending and wish_for:
                self._start()
                self._change.notify_all()
        return sample

    def close(self) -> None:
        """End everything that works."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for worker in list(self._workers_of.values()):
            worker.close()  # a thread that waits for it then ends
        for thread in self._threads:
            thread.join()

    def _new(self, key: str, scenario: Scenario, found: Ensemble | None) -> _Wish:
        """Return a wish, with the draws that were kept, if there are. The oldest give way."""
        refused = {"unstable": 0, "no_equilibrium": 0}
        numbers = stable_draws(self.baseline, scenario, 0, refused)
        pattern = Draw(scenario, measures=tuple(key for key in MEASURES if key not in _LEFT_OUT))
        wish = self._wishes[key] = _Wish(key, pattern, -inf, refused, numbers)
        wish.ensemble, wish.complete = found, found is not None
        left = [old for old in self._wishes.values() if not (_alive(old) or old.waiting or old is wish)]
        left.sort(key=lambda one: one.asked)
        for most, light in ((_WISHES, False), (_READ, True)):
            for old in [one for one in left if one.complete is light][:-most]:
                del self._wishes[old.key]
        return wish

    def _start(self) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        while len(self._threads) < self._workers:
            self._threads.append(Thread(target=self._work, name="draws", daemon=True))
            self._threads[-1].start()

    def _next(self) -> _Wish | None:
        """Return the oldest wish that is still asked for and lacks draws; None if there is none."""
        lacking = (
            wish
            for wish in self._wishes.values()
            if _alive(wish)
            and wish.trouble is None
            and not wish.complete
            and len(wish.found) + wish.waiting < self.size
        )
        return next(lacking, None)

    def _work(self) -> None:
        """Draw what is wished for, with one process, until nothing has been for a while."""
        try:
            self._work_on()
        finally:
            self._let_go()

    def _work_on(self) -> None:
        idle = time.monotonic()
        while not self._closed and time.monotonic() - idle < _IDLE:
            with self._change:
                task = self._task()
                if task is None:
                    self._change.wait(1.0)
                    continue
            wish, one = task
            result = self._draw(one)
            idle = time.monotonic()
            with self._change:
                wish.waiting -= 1
                self._take(wish, one.number, result)
                found = dict(wish.found)
            if one.number in found and len(found) in {self.first, self.size}:
                try:
                    self._hand_out(wish, found)
                except MemoryError:
                    wish.trouble = ModelError(Fault("sampling.died", "worker", {"count": 1}))

    def _task(self) -> tuple[_Wish, Draw] | None:
        """Return the next draw; None if there is none to make."""
        wish = self._next()
        if wish is None:
            return None
        try:
            number = next(wish.numbers)
        except ModelError as error:
            wish.trouble = error
            return None
        wish.waiting += 1
        return wish, replace(wish.pattern, number=number)

    def _draw(self, one: Draw) -> Drawn | GeoError | None:
        """Return a draw; None if its process has died."""
        here = current_thread()
        try:
            worker = self._workers_of.get(here)
            if worker is None:
                worker = self._workers_of[here] = Worker(self.baseline)
            return worker.ask(one)
        except (OSError, EOFError, ValueError, UnpicklingError):
            self._let_go()
            return None

    def _let_go(self) -> None:
        worker = self._workers_of.pop(current_thread(), None)
        if worker is not None:
            worker.close()

    def _take(self, wish: _Wish, number: int, result: Drawn | GeoError | None) -> None:
        """Add a draw to its wish."""
        if result is None:
            wish.deaths += 1
            wish.numbers = chain([number], wish.numbers)  # the draw is not to blame
            if wish.deaths >= _DEATHS:
                wish.trouble = ModelError(Fault("sampling.died", "worker", {"count": wish.deaths}))
            return
        wish.deaths = 0
        if isinstance(result, GeoError):
            wish.refused["no_equilibrium"] += 1
            if wish.refused["no_equilibrium"] > PATIENCE * self.size:
                wish.trouble = result
            return
        wish.found[number] = result

    def _hand_out(self, wish: _Wish, found: dict[int, Drawn]) -> None:
        """Make an ensemble of the draws; keep it when it is complete."""
        made = gathered(self.baseline.codes, wish.pattern, found, wish.refused, LAST_YEAR)
        # worked out here, so that no page waits for it
        made = replace(made, kept_ends={key: made.ends(key) for key in made.changes})
        complete = len(found) == self.size
        if complete:
            with suppress(OSError):  # what cannot be kept is drawn again another day
                keep(self.folder, wish.key, made)
                # a file takes less memory than what was drawn
                made = kept(self.folder, wish.key, wish.pattern.scenario) or made
        with self._change:
            if wish.complete:  # another process was faster with the rest
                return
            wish.ensemble, wish.complete = made, complete
            if complete:
                wish.found.clear()

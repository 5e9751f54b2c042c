"""A shelf of scenarios: several, in order, each with undo and redo."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geo.scenario import Scenario

__all__ = ["Shelf", "renamed"]


def renamed(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario under another name."""
    made = type(scenario)
    return made(name=name, note=scenario.note, assumptions=scenario.assumptions, moves=scenario.moves)


@dataclass
class Shelf:
    """Scenarios in order, each with its undo and redo.

    Every change goes through :meth:`put`, so that nothing is ever overwritten without a way back.
    """

    scenarios: list[Scenario]
    active: int = 0
    _undo: dict[int, list[Scenario]] = field(default_factory=dict)
    _redo: dict[int, list[Scenario]] = field(default_factory=dict)

    @property
    def current(self) -> Scenario:
        """The scenario that is edited and shown."""
        return self.scenarios[self.active]

    @property
    def names(self) -> list[str]:
        """Names in order; unique."""
        return [scenario.name for scenario in self.scenarios]

    def put(self, scenario: Scenario) -> None:
        """Replace the current scenario; :meth:`undo` brings the one before back."""
        if scenario == self.current:
            return
        self._undo.setdefault(self.active, []).append(self.current)
        self._redo.pop(self.active, None)
        self.scenarios[self.active] = scenario

    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._undo.get(self.active))

    def can_redo(self) -> bool:
        """Whether a change was taken back."""
        return bool(self._redo.get(self.active))

    def undo(self) -> None:
        """Take the last change of the current scenario back."""
        self._step(self._undo, self._redo)

    def redo(self) -> None:
        """Make the change again that :meth:`undo` took back."""
        self._step(self._redo, self._undo)

    def _step(self, source: dict[int, list[Scenario]], target: dict[int, list[Scenario]]) -> None:
        if source.get(self.active):
            target.setdefault(self.active, []).append(self.current)
            self.scenarios[self.active] = source[self.active].pop()

    def free_name(self, wish: str) -> str:
        """Return ``wish``, numbered where it is taken."""
        name, number = wish, 2
        while name in self.names:
            name, number = f"{wish} {number}", number + 1
        return name

    def add(self, scenario: Scenario) -> None:
        """Put a scenario at the end under a free name and show it."""
        self.scenarios.append(renamed(scenario, self.free_name(scenario.name)))
        self.active = len(self.scenarios) - 1

    def delete(self) -> None:
        """Remove the current scenario; the last one stays."""
        if len(self.scenarios) == 1:
            return
        gone = self.active
        del self.scenarios[gone]
        for stack in (self._undo, self._redo):
            kept = {i - (i > gone): steps for i, steps in stack.items() if i != gone}
            stack.clear()
            stack.update(kept)
        self.active = max(0, gone - 1)

"""What a page works on: the plans of one person, one of them shown, perhaps another beside it.

Every change is kept before the call returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo.edits import Plan
from geo.store.records import StoreConflictError
from geo.store.workspace import free_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geo.scenario import Scenario
    from geo.store.records import Saved
    from geo.store.workspace import Workspace

__all__ = ["Desk"]


class Desk:
    """Plans in order, each with undo and redo that survive everything.

    Parameters
    ----------
    workspace
        Where they are kept.
    first
        What a first visit finds; at least one.
    baseline
        Hash of the data and model that new plans are made for.
    """

    def __init__(
        self, workspace: Workspace, first: Sequence[Scenario | Plan], baseline: str = ""
    ) -> None:  # fmt: skip
        self.workspace, self.baseline = workspace, baseline
        if not workspace.list():
            for one in first:
                workspace.create(_plan(one), baseline=baseline)
        self.saved: list[Saved] = []
        self._active: str | None = None
        self._compare: str | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read everything again, with what other windows did."""
        active, compare = (
            self.workspace.remembered() if self._active is None else (self._active, self._compare)
        )
        self.saved = [self.workspace.open(entry.id) for entry in self.workspace.list()]
        keys = [one.id for one in self.saved]
        self._active = active if active in keys else keys[0]
        self._compare = compare if compare in keys and compare != self._active else None

    # What is shown -----------------------------------------------------------------------------------

    @property
    def scenarios(self) -> list[Scenario]:
        """The scenarios that the plans come to, in order."""
        return [one.plan.scenario() for one in self.saved]

    @property
    def names(self) -> list[str]:
        """Names in order."""
        return [one.name for one in self.saved]

    @property
    def active(self) -> int:
        """Place of the plan that is edited and shown as A."""
        return self._place(self._active) or 0

    @active.setter
    def active(self, place: int) -> None:
        self._show(self.saved[place].id, self._compare)

    @property
    def compare(self) -> int | None:
        """Place of the plan shown beside it, or None."""
        return self._place(self._compare)

    @compare.setter
    def compare(self, place: int | None) -> None:
        self._show(self._active, None if place is None else self.saved[place].id)

    @property
    def opened(self) -> Saved:
        """The plan that is edited, as it was read."""
        return self.saved[self.active]

    @property
    def plan(self) -> Plan:
        """The plan that is edited."""
        return self.opened.plan

    @property
    def current(self) -> Scenario:
        """The scenario that is edited and shown as A."""
        return self.plan.scenario()

    def _place(self, key: str | None) -> int | None:
        return next((place for place, one in enumerate(self.saved) if one.id == key), None)

    def _show(self, active: str | None, compare: str | None) -> None:
        if (active, compare) != (self._active, self._compare):
            self._active, self._compare = active, compare
            self.workspace.remember(active, compare)

    # Changes -----------------------------------------------------------------------------------------

    def put(self, changed: Scenario | Plan, *, kind: str = "edit") -> None:
        """Change the current plan; of a scenario the edits are found that lead to it.

        Raises
        ------
        StoreConflictError
            If another window changed the plan in between; what it made is then the current one.
        """
        plan = changed if isinstance(changed, Plan) else self.plan.with_scenario(changed)
        self._replace(lambda: self.workspace.save(self.opened, plan, kind=kind))

    def rename(self, key: str, name: str) -> None:
        """Give one plan another name, be it shown or not; one that is gone stays gone.

        Parameters
        ----------
        key
            Id of the plan.
        name
            Its new name.

        Raises
        ------
        ScenarioError
            If that cannot be a name.
        StoreConflictError
            If another window changed the plan in between.
        """
        place = self._place(key)
        if place is not None:
            one = self.saved[place]
            self._replace(lambda: self.workspace.save(one, one.plan.renamed(name)), place)

    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self.opened.can_undo

    def can_redo(self) -> bool:
        """Whether a change was taken back."""
        return self.opened.can_redo

    def undo(self) -> None:
        """Take the last change of the current plan back."""
        self._replace(lambda: self.workspace.undo(self.opened))

    def redo(self) -> None:
        """Make the change again that :meth:`undo` took back."""
        self._replace(lambda: self.workspace.redo(self.opened))

    def _replace(self, change: Callable[[], Saved], place: int | None = None) -> None:
        place = self.active if place is None else place
        try:
            self.saved[place] = change()
        except StoreConflictError as conflict:
            self.saved[place] = conflict.current
            raise

    def free_name(self, wish: str) -> str:
        """Return ``wish``, numbered where it is taken."""
        return free_name(wish, self.names)

    def add(self, new: Scenario | Plan) -> None:
        """Put a plan at the end under a free name and show it."""
        saved = self.workspace.create(_plan(new), baseline=self.baseline)
        self.saved.append(saved)
        self._show(saved.id, self._compare)

    def fork(self, publication: str) -> None:
        """Make a plan of one's own out of a publication and show it."""
        saved = self.workspace.fork(publication)
        self.saved.append(saved)
        self._show(saved.id, self._compare)

    def delete(self) -> None:
        """Put the current plan away; the last one stays."""
        if len(self.saved) == 1:
            return
        place = self.active
        self.workspace.delete(self.saved.pop(place).id)
        active = self.saved[max(0, place - 1)].id
        self._show(active, None if self._compare == active else self._compare)

    def restore(self, key: str) -> None:
        """Bring a deleted plan back and show it."""
        self.workspace.restore(key)
        compare = self._compare
        self.refresh()
        self._show(key, compare)


def _plan(new: Scenario | Plan) -> Plan:
    return new if isinstance(new, Plan) else Plan.from_scenario(new)

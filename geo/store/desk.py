"""What a page works on: the plans of one person, one of them shown, two of them compared.

Every change is kept before the call returns.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from geo.edits import Plan
from geo.errors import StoreError
from geo.store.records import StoreConflictError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from geo.scenario import Scenario
    from geo.store.records import Entry, Publication, Saved
    from geo.store.workspace import Workspace

__all__ = ["Desk"]


class Desk:
    """Plans in order, each with undo and redo that survive everything.

    Parameters
    ----------
    workspace
        Where they are kept.
    first
        What a first visit finds, and whoever deleted everything in two windows; at least one.
    baseline
        Hash of the data and model that new plans are made for.

    Attributes
    ----------
    saved
        The plans in order.
    unread
        Plans that cannot be read, each with the reason; they stay as they are.
    lost
        Name of the plan that was open and is not there any more; empty if there is none.
    """

    def __init__(
        self, workspace: Workspace, first: Sequence[Scenario | Plan], baseline: str = ""
    ) -> None:  # fmt: skip
        self.workspace, self.baseline, self._first = workspace, baseline, tuple(first)
        self.saved: list[Saved] = []
        self.unread: tuple[tuple[Entry, UnreadableError], ...] = ()
        self.lost = ""
        self._active, first_compared, second_compared = workspace.remembered()
        self._compared = (first_compared, second_compared)
        self.refresh()

    def refresh(self) -> None:
        """Read everything again, with what other windows did."""
        was = next((one for one in self.saved if one.id == self._active), None)
        self._read()
        if not self.saved:
            for one in self._first:
                self.workspace.create(_plan(one), baseline=self.baseline)
            self._read()
        if self._place(self._active) is None:
            self._active = self.saved[0].id
            self.lost = was.name if was is not None else ""

    def _read(self) -> None:
        saved: list[Saved] = []
        unread = []
        for entry in self.workspace.list():
            try:
                saved.append(self.workspace.open(entry.id))
            except UnreadableError as error:
                unread.append((entry, error))
            except StoreError as error:
                # deleted since it was listed
                if error.faults[0].code != "store.no_plan":
                    raise
        self.saved, self.unread = saved, tuple(unread)

    @contextmanager
    def reading_again(self) -> Iterator[None]:
        """Read everything again if what is done inside fails: another window may have been there first."""
        try:
            yield
        except StoreConflictError:
            raise  # brings what is there now
        except StoreError:
            with suppress(StoreError):
                self.refresh()
            raise

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
    def ids(self) -> list[str]:
        """Ids in order."""
        return [one.id for one in self.saved]

    @property
    def active(self) -> int:
        """Place of the plan that is edited."""
        return self._place(self._active) or 0

    @active.setter
    def active(self, place: int) -> None:
        self._show(self.saved[place].id)

    @property
    def compared(self) -> tuple[str | None, str | None]:
        """Ids of the plans chosen to be compared, as A and as B; None where none was, or it went."""
        first, second = (key if self._place(key) is not None else None for key in self._compared)
        return first, second

    @compared.setter
    def compared(self, keys: tuple[str | None, str | None]) -> None:
        if keys != self._compared:
            self.workspace.remember(self._active, *keys)
            self._compared = keys

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
        """The scenario that is edited."""
        return self.plan.scenario()

    def known(self, key: str) -> Saved | None:
        """Return a plan by id, or None if it is not there any more."""
        place = self._place(key)
        return None if place is None else self.saved[place]

    def _place(self, key: str | None) -> int | None:
        return next((place for place, one in enumerate(self.saved) if one.id == key), None)

    def _show(self, active: str) -> None:
        if active != self._active:
            self._active = active
            self.workspace.remember(active, *self._compared)

    # Changes -----------------------------------------------------------------------------------------

    def put(self, changed: Scenario | Plan, *, kind: str = "edit", key: str | None = None) -> None:
        """Change a plan; of a scenario the edits are found that lead to it.

        Parameters
        ----------
        changed
            What it becomes.
        kind
            ``edit`` or ``merge``.
        key
            Id of the plan, shown or not; by default the one that is edited. One that is gone stays gone.

        Raises
        ------
        StoreConflictError
            If another window changed the plan in between; what it made is then the current one.
        StoreError
            If another window deleted it; everything is then read again.
        """
        place = self.active if key is None else self._place(key)
        if place is None:
            return
        one = self.saved[place]
        plan = changed if isinstance(changed, Plan) else one.plan.with_scenario(changed)
        self._replace(lambda: self.workspace.save(one, plan, kind=kind), place)

    def rename(self, key: str, name: str) -> None:
        """Give one plan another name, as :meth:`put`; a name that cannot be is a ScenarioError."""
        one = self.known(key)
        if one is not None:
            self.put(one.plan.renamed(name), key=key)

    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self.opened.can_undo

    def can_redo(self) -> bool:
        """Whether a change was taken back."""
        return self.opened.can_redo

    def undo(self) -> None:
        """Take the last change of the current plan back; one that was changed elsewhere is read again."""
        self._replace(lambda: self.workspace.undo(self.opened))

    def redo(self) -> None:
        """Make the change again that :meth:`undo` took back; as it does."""
        self._replace(lambda: self.workspace.redo(self.opened))

    def lock_to(self, baseline: str) -> None:
        """Lock the current plan to other data, when its owner says so."""
        self._replace(lambda: self.workspace.relock(self.opened, baseline))

    def _replace(self, change: Callable[[], Saved], place: int | None = None) -> None:
        place = self.active if place is None else place
        try:
            with self.reading_again():
                self.saved[place] = change()
        except StoreConflictError as conflict:
            self.saved[place] = conflict.current
            raise

    def publish(self, *, note: str = "", back: bool = False) -> Publication:
        """Show the current plan as it is now to everyone; see :meth:`Workspace.publish`."""
        with self.reading_again():
            return self.workspace.publish(self.opened, note=note, back=back)

    # The list ----------------------------------------------------------------------------------------

    def add(self, new: Scenario | Plan) -> None:
        """Put a plan at the end under a free name and show it."""
        self._append(self.workspace.create(_plan(new), baseline=self.baseline))

    def fork(self, publication: str) -> None:
        """Make a plan of one's own out of a publication and show it."""
        self._append(self.workspace.fork(publication))

    def _append(self, saved: Saved) -> None:
        self.saved.append(saved)
        self._show(saved.id)

    def shift(self, places: int) -> None:
        """Move the current plan down the list, up by a negative number; it stays the current one."""
        here = self.active
        there = min(max(here + places, 0), len(self.saved) - 1)
        moved = [*self.saved]
        moved.insert(there, moved.pop(here))
        with self.reading_again():
            self.workspace.arrange([one.id for one in moved])
        self.saved = moved

    def delete(self) -> None:
        """Put the current plan away; the last one stays."""
        if len(self.saved) == 1:
            return
        place = self.active
        with self.reading_again():
            self.workspace.delete(self.opened.id)
        self.saved.pop(place)
        self._show(self.saved[max(0, place - 1)].id)

    def delete_unread(self, key: str) -> None:
        """Put a plan away that cannot be read; its text stays in the store."""
        with self.reading_again():
            self.workspace.delete(key)
        self.refresh()

    def restore(self, key: str) -> None:
        """Bring a deleted plan back and show it."""
        with self.reading_again():
            self.workspace.restore(key)
        self.refresh()
        self._show(key)


def _plan(new: Scenario | Plan) -> Plan:
    return new if isinstance(new, Plan) else Plan.from_scenario(new)

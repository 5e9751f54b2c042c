"""One person's plans: every edit is kept, undo has no limit, others see only what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from geo.errors import Fault, StoreError
from geo.merge import Merged, merge
from geo.store.records import Entry, Publication, Saved, Step, StoreConflictError, now, pack, unpack
from geo.store.tables import bodies, people, plans, publications, steps, views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.edits import Plan
    from geo.region import Region
    from geo.store import Store

__all__ = ["Workspace"]

_NAME = 200
KEPT = "kept"


class Workspace:
    """The plans of one owner. Every call that changes something returns after it is on the disk.

    Parameters
    ----------
    store
        Where they are.
    owner
        Opaque id of a person, 1 to 255 characters.

    Raises
    ------
    StoreError
        If ``owner`` is no such id.
    """

    def __init__(self, store: Store, owner: str) -> None:
        if not 0 < len(owner) <= 255 or "\x00" in owner:
            raise StoreError(Fault("store.bad_owner", "owner"))
        self.store, self.owner = store, owner
        with store.write() as database:
            _insert_once(database, people, id=owner, created=now())

    # Reading -----------------------------------------------------------------------------------------

    def list(self) -> tuple[Entry, ...]:
        """Return the plans that are not deleted, in the order that their owner gave them."""
        return self._entries(plans.c.deleted.is_(None), plans.c.rank)

    def deleted(self) -> tuple[Entry, ...]:
        """Return the deleted plans, the last one first."""
        return self._entries(plans.c.deleted.is_not(None), plans.c.deleted.desc())

    def _entries(self, which: sa.ColumnElement[bool], order: Any) -> tuple[Entry, ...]:
        columns = (plans.c.id, plans.c.name, plans.c.changed, plans.c.deleted)
        query = sa.select(*columns).where(plans.c.owner == self.owner, which).order_by(order, plans.c.id)
        with self.store.read() as database:
            return tuple(Entry(*row) for row in database.execute(query))

    def open(self, key: str) -> Saved:
        """Return a plan as it is now.

        Raises
        ------
        UnreadableError
            If the plan is damaged, or this version cannot read it.
        StoreError
            If this owner has no such plan, or it is deleted.
        """
        with self.store.read() as database:
            return self._saved(database, self._row(database, key))

    def history(self, key: str) -> tuple[Step, ...]:
        """Return every version that a plan ever had, in the order in which they were made."""
        columns = (steps.c.number, steps.c.parent, steps.c.kind, steps.c.body, steps.c.made)
        query = sa.select(*columns).where(steps.c.plan == key).order_by(steps.c.number)
        with self.store.read() as database:
            self._row(database, key)
            return tuple(Step(*row) for row in database.execute(query))

    def at(self, key: str, number: int) -> Plan:
        """Return a plan as it was at a step of its history.

        Raises
        ------
        StoreError
            If there is no such plan or step.
        """
        with self.store.read() as database:
            self._row(database, key)
            return self._plan_at(database, key, number)

    def remembered(self) -> tuple[str | None, str | None, str | None]:
        """Return the ids of the plan that was worked on last and of those compared last, as A and as B."""
        columns = (people.c.shown, people.c.beside, people.c.against)
        with self.store.read() as database:
            shown, first, second = database.execute(
                sa.select(*columns).where(people.c.id == self.owner)
            ).one()
            return shown, first, second

    # Writing -----------------------------------------------------------------------------------------

    def remember(self, shown: str | None, first: str | None, second: str | None) -> None:
        """Keep which plan is worked on and which are compared, for the next visit."""
        values = {"shown": shown, "beside": first, "against": second}
        with self.store.write() as database:
            database.execute(people.update().where(people.c.id == self.owner).values(values))

    def arrange(self, keys: Sequence[str]) -> None:
        """Put plans into an order; those that are not named come behind, in the order they have."""
        columns = (plans.c.id, plans.c.rank)
        mine = sa.and_(plans.c.owner == self.owner, plans.c.deleted.is_(None))
        with self.store.write() as database:
            self._take_turns(database)
            rows = database.execute(sa.select(*columns).where(mine).order_by(plans.c.rank, plans.c.id)).all()
            ranks = {row.id: row.rank for row in rows}
            named = [key for key in dict.fromkeys(keys) if key in ranks]
            order = [*named, *(key for key in ranks if key not in named)]
            # the same ranks again, so that deleted plans keep their place among them
            for key, rank in zip(order, ranks.values(), strict=True):
                self._set(database, key, rank=rank)

    def create(self, plan: Plan, *, baseline: str = "") -> Saved:
        """Keep a new plan, under a free name.

        Parameters
        ----------
        baseline
            Hash of the data and model that it is made for, at most 64 characters.
        """
        with self.store.write() as database:
            return self._create(database, plan, baseline, "create", None)

    def save(self, saved: Saved, plan: Plan, *, kind: str = "edit") -> Saved:
        """Keep a change as a step of the history; the same plan again is no step.

        Parameters
        ----------
        saved
            What was open when the change was made.
        kind
            ``edit`` or ``merge``.

        Raises
        ------
        StoreConflictError
            If the plan was changed in between. Nothing is lost: mine is put aside as a step of its own.
        """
        with self.store.write() as database:
            row = self._row(database, saved.id, lock=True)
            current = self._saved(database, row)
            if current.plan == plan:
                return current
            fits = current.revision == saved.revision
            number = self._step(database, saved.id, saved.position, kind if fits else KEPT, plan)
            if fits:
                self._go(database, row, number, plan.name)
                return self._saved(database, self._row(database, saved.id))
        raise StoreConflictError(saved.plan, plan, current, number)

    def undo(self, saved: Saved) -> Saved:
        """Go one step back; at the first one nothing happens.

        Raises
        ------
        StoreError
            If the plan was changed in between.
        """
        with self.store.write() as database:
            row = self._fresh(database, saved)
            parent = database.execute(
                sa.select(steps.c.parent).where(steps.c.plan == saved.id, steps.c.number == row.position)
            ).scalar_one()
            return self._walk(database, row, parent)

    def redo(self, saved: Saved) -> Saved:
        """Make the step again that :meth:`undo` took back; raises as it does."""
        with self.store.write() as database:
            row = self._fresh(database, saved)
            return self._walk(database, row, _next(database, row))

    def relock(self, saved: Saved, baseline: str) -> Saved:
        """Lock a plan to other data or another model, when its owner says so; raises as :meth:`undo`."""
        with self.store.write() as database:
            row = self._fresh(database, saved)
            self._set(database, row.id, baseline=baseline, revision=row.revision + 1)
            return self._saved(database, self._row(database, row.id))

    def delete(self, key: str) -> None:
        """Put a plan away; :meth:`restore` brings it back with all of its history.

        What is published of it is withdrawn, and stays so.
        """
        with self.store.write() as database:
            row = self._row(database, key, lock=True)
            self._set(database, key, deleted=now(), revision=row.revision + 1)
            self._withdraw(database, publications.c.plan == key)

    def restore(self, key: str) -> Saved:
        """Bring a deleted plan back."""
        with self.store.write() as database:
            row = self._row(database, key, lock=True, deleted=True)
            self._set(database, key, deleted=None, revision=row.revision + 1)
            return self._saved(database, self._row(database, key))

    # Sharing -----------------------------------------------------------------------------------------

    def publish(self, saved: Saved, *, note: str = "", back: bool = False) -> Publication:
        """Show the version that is open to everyone; later edits stay private.

        Parameters
        ----------
        note
            What to say about it.
        back
            Hand it to the owner of the publication that this plan was forked from.

        Raises
        ------
        StoreError
            If the plan was changed in between, or ``back`` is asked for a plan that is no fork.
        """
        with self.store.write() as database:
            row = self._fresh(database, saved)
            if back and row.origin is None:
                raise StoreError(Fault("store.no_origin", saved.name, {"name": saved.name}))
            count = sa.select(sa.func.count()).where(publications.c.plan == row.id)
            body = _text_of(database, row.id, row.position)
            key = uuid4().hex
            values = {
                "id": key,
                "plan": row.id,
                "owner": self.owner,
                "number": database.execute(count).scalar_one() + 1,
                "name": row.name,
                "note": _plain(note),
                "body": body,
                "baseline": row.baseline,
                "answers": row.origin if back else None,
                "made": now(),
            }
            database.execute(publications.insert().values(values))
            return _publications(database, publications.c.id == key)[0]

    def withdraw(self, key: str) -> None:
        """Stop showing a publication of one's own; forks that were made stay.

        Raises
        ------
        StoreError
            If it is not one's own.
        """
        mine = sa.and_(publications.c.id == key, publications.c.owner == self.owner)
        with self.store.write() as database:
            if not _publications(database, mine):
                raise StoreError(Fault("store.no_publication", key, {"id": key}))
            self._withdraw(database, publications.c.id == key)

    def withdraw_all(self, key: str) -> int:
        """Stop showing every version of one of one's own plans; return how many were shown."""
        with self.store.write() as database:
            self._row(database, key)
            return self._withdraw(database, publications.c.plan == key)

    def published(self) -> tuple[Publication, ...]:
        """Return what anybody shows, the last one first, without what was withdrawn."""
        with self.store.read() as database:
            return _publications(database, publications.c.withdrawn.is_(None))

    def present(self, key: str, look: str) -> None:
        """Show everyone who follows a plan of one's own how it is looked at.

        Raises
        ------
        StoreError
            If this owner has no such plan.
        """
        with self.store.write() as database:
            self._row(database, key, lock=True)
            database.execute(views.delete().where(views.c.plan == key))
            database.execute(views.insert().values(plan=key, look=look, made=now()))

    def presented(self, key: str) -> str:
        """Return how the presenter of a plan looks at it; empty if nobody ever presented it."""
        with self.store.read() as database:
            return database.execute(sa.select(views.c.look).where(views.c.plan == key)).scalar() or ""

    def view(self, key: str) -> Plan:
        """Return the plan of a publication.

        Raises
        ------
        StoreError
            If nobody shows it.
        """
        with self.store.read() as database:
            return _body(database, self._visible(database, key).hash)

    def fork(self, key: str) -> Saved:
        """Make a plan of one's own out of a publication; raises as :meth:`view`."""
        with self.store.write() as database:
            seen = self._visible(database, key)
            plan = _body(database, seen.hash)
            return self._create(database, plan.branch(plan.name), seen.baseline, "fork", key)

    def answers(self, key: str) -> tuple[Publication, ...]:
        """Return what others hand back to a plan of one's own."""
        with self.store.read() as database:
            self._row(database, key)
            shown = sa.select(publications.c.id).where(publications.c.plan == key)
            found = sa.and_(publications.c.answers.in_(shown), publications.c.withdrawn.is_(None))
            return _publications(database, found)

    def merge_answer(self, saved: Saved, answer: str, region: Region | None = None) -> Merged:
        """Merge what somebody handed back into a plan of one's own; save the result with ``kind="merge"``.

        The version that was forked is the base. Name and note stay one's own.

        Raises
        ------
        StoreError
            If ``answer`` is not among :meth:`answers`.
        """
        given = next((one for one in self.answers(saved.id) if one.id == answer), None)
        if given is None or given.answers is None:
            raise StoreError(Fault("store.no_publication", answer, {"id": answer}))
        with self.store.read() as database:
            (root,) = _publications(database, publications.c.id == given.answers)
            base, theirs = _body(database, root.hash), _body(database, given.hash)
        return merge(base, saved.plan, theirs.but(name=base.name, note=base.note, base=base.base), region)

    # Inside ------------------------------------------------------------------------------------------

    def _row(self, database: sa.Connection, key: str, *, lock: bool = False, deleted: bool = False) -> Any:
        state = plans.c.deleted.is_not(None) if deleted else plans.c.deleted.is_(None)
        query = sa.select(plans).where(plans.c.id == key, plans.c.owner == self.owner, state)
        row = database.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise StoreError(Fault("store.no_plan", key, {"id": key}))
        return row

    def _fresh(self, database: sa.Connection, saved: Saved) -> Any:
        row = self._row(database, saved.id, lock=True)
        if row.revision != saved.revision:
            raise StoreError(Fault("store.changed", saved.name, {"name": saved.name}))
        return row

    def _saved(self, database: sa.Connection, row: Any) -> Saved:
        parent, body = database.execute(
            sa.select(steps.c.parent, steps.c.body).where(
                steps.c.plan == row.id, steps.c.number == row.position
            )
        ).one()
        return Saved(
            id=row.id,
            plan=_body(database, body),
            revision=row.revision,
            position=row.position,
            can_undo=parent is not None,
            can_redo=_next(database, row) is not None,
            baseline=row.baseline,
            origin=row.origin,
            changed=row.changed,
        )

    def _plan_at(self, database: sa.Connection, key: str, number: int) -> Plan:
        body = _text_of(database, key, number)
        if body is None:
            raise StoreError(Fault("store.no_step", f"{key}[{number}]", {"step": number}))
        return _body(database, body)

    def _create(
        self, database: sa.Connection, plan: Plan, baseline: str, kind: str, origin: str | None
    ) -> Saved:  # fmt: skip
        self._take_turns(database)
        mine = sa.select(plans.c.name, plans.c.rank, plans.c.deleted).where(plans.c.owner == self.owner)
        rows = database.execute(mine).all()
        plan = plan.renamed(free_name(plan.name, [row.name for row in rows if row.deleted is None]))
        key, time = uuid4().hex, now()
        values = {
            "id": key,
            "owner": self.owner,
            "name": _plain(plan.name),
            "rank": max((row.rank for row in rows), default=0) + 1,
            "revision": 1,
            "position": 1,
            "baseline": baseline,
            "origin": origin,
            "created": time,
            "changed": time,
        }
        database.execute(plans.insert().values(values))
        self._step(database, key, None, kind, plan)
        return self._saved(database, self._row(database, key))

    def _take_turns(self, database: sa.Connection) -> None:
        """Let one person's windows wait for each other, or two would give the same name or rank."""
        database.execute(sa.select(people.c.id).where(people.c.id == self.owner).with_for_update())

    def _withdraw(self, database: sa.Connection, which: sa.ColumnElement[bool]) -> int:
        shown = sa.and_(which, publications.c.owner == self.owner, publications.c.withdrawn.is_(None))
        return database.execute(publications.update().where(shown).values(withdrawn=now())).rowcount

    def _step(self, database: sa.Connection, key: str, parent: int | None, kind: str, plan: Plan) -> int:
        """Add a version to the history; the plan's row is locked, so numbers are not given twice."""
        last = database.execute(
            sa.select(sa.func.max(steps.c.number)).where(steps.c.plan == key)
        ).scalar_one()
        body, packed = pack(plan)
        _insert_once(database, bodies, hash=body, packed=packed)
        number = (last or 0) + 1
        database.execute(
            steps.insert().values(plan=key, number=number, parent=parent, kind=kind, body=body, made=now())
        )
        return number

    def _walk(self, database: sa.Connection, row: Any, number: int | None) -> Saved:
        if number is not None:
            name = self._plan_at(database, row.id, number).name
            self._go(database, row, number, name)
        return self._saved(database, self._row(database, row.id))

    def _go(self, database: sa.Connection, row: Any, number: int, name: str) -> None:
        self._set(
            database,
            row.id,
            position=number,
            name=_plain(name),
            revision=row.revision + 1,
            changed=now(),
        )

    def _set(self, database: sa.Connection, key: str, **values: Any) -> None:
        database.execute(plans.update().where(plans.c.id == key).values(values))

    def _visible(self, database: sa.Connection, key: str) -> Publication:
        found = _publications(database, publications.c.id == key)
        if not found or found[0].withdrawn is not None:
            raise StoreError(Fault("store.no_publication", key, {"id": key}))
        return found[0]


def free_name(wish: str, taken: list[str]) -> str:
    """Return ``wish``, numbered where it is taken."""
    name, number = wish, 2
    while name in taken:
        tail = f" {number}"
        name, number = wish[: _NAME - len(tail)] + tail, number + 1
    return name


def _plain(text: str) -> str:
    # PostgreSQL's text cannot hold NUL; the plan itself, which can, is kept packed
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _next(database: sa.Connection, row: Any) -> int | None:
    """Return the step that redo goes to: the newest one made from here, but for those put aside."""
    query = sa.select(sa.func.max(steps.c.number)).where(
        steps.c.plan == row.id, steps.c.parent == row.position, steps.c.kind != KEPT
    )
    number: int | None = database.execute(query).scalar_one()
    return number


def _text_of(database: sa.Connection, key: str, number: int) -> str | None:
    query = sa.select(steps.c.body).where(steps.c.plan == key, steps.c.number == number)
    return database.execute(query).scalar_one_or_none()


def _body(database: sa.Connection, key: str) -> Plan:
    packed = database.execute(sa.select(bodies.c.packed).where(bodies.c.hash == key)).scalar_one_or_none()
    return unpack(key, packed or b"")


def _publications(database: sa.Connection, which: sa.ColumnElement[bool]) -> tuple[Publication, ...]:
    query = sa.select(publications).where(which).order_by(publications.c.made.desc(), publications.c.id)
    found = []
    for row in database.execute(query).mappings():
        fields = {("hash" if key == "body" else key): value for key, value in row.items()}
        found.append(Publication(**fields))
    return tuple(found)


def _insert_once(database: sa.Connection, table: sa.Table, **values: Any) -> None:
    """Insert a row unless its key is there; both databases know this form."""
    if database.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415  one of two, chosen here
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # noqa: PLC0415
    database.execute(insert(table).values(values).on_conflict_do_nothing())

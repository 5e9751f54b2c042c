"""The store: nothing acknowledged is lost, nobody overwrites anybody, and what is not a store stays as it is.

Every test runs on SQLite and on a PostgreSQL server of its own, which needs Debian's ``postgresql``.
"""

import multiprocessing
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest
import sqlalchemy as sa
import store_worker
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from geo.edits import Base, Plan
from geo.errors import Fault, StoreError
from geo.scenario import Move, Scenario
from geo.store import Desk, StoreConflictError, default_path, open_store, opening
from geo.store.tables import VERSION_TABLE, metadata

HASH = "b" * 64
NEWER = "UPDATE jjj_version SET version_num = '9999'"
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["store_worker"])


def _without(what):
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is not installed")


def _as_postgres(*command):
    """Run a server program as its own user: none of them runs as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*user, *map(str, command)], check=True, capture_output=True, cwd="/tmp")  # noqa: S108


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server on a socket that only this test sees; its folder."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    programs = found[-1].parent if found else None
    if programs is None and shutil.which("initdb"):
        programs = Path(shutil.which("initdb")).parent
    if programs is None:
        _without("PostgreSQL (Debian package postgresql)")
    if find_spec("psycopg") is None:
        _without("psycopg (extra postgres)")
    folder = Path(tempfile.mkdtemp(prefix="jjj-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    try:
        _as_postgres(
            programs / "initdb",
            "-D",
            folder / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
        _as_postgres(
            programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start"
        )
        try:
            yield folder
        finally:
            _as_postgres(programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(server):
    """The URL of an empty PostgreSQL database."""
    name = f"t{uuid4().hex}"
    admin = sa.create_engine(
        f"postgresql+psycopg://postgres@/postgres?host={server}", isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield f"postgresql://postgres@/{name}?host={server}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a new store can be: a file or a database."""
    return (
        request.getfixturevalue("database") if request.param == "postgresql" else str(tmp_path / "s.sqlite")
    )


@pytest.fixture
def store(place):
    with open_store(place) as store:
        yield store


@pytest.fixture
def mine(store):
    return store.workspace("me")


@pytest.fixture
def processes(monkeypatch):
    """Where other processes are forked from, with what they import loaded once.

    A test of a page leaves its script as ``__main__``, which every child would run; Python 3.11 preloads
    from the path of the environment alone.
    """
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return PROCESSES


def plan_of(*names, name="plan"):
    plan = Plan(name=name)
    for key in names:
        plan = plan.add(Move(institution=key, destination="130629", start=2027))
    return plan


# History --------------------------------------------------------------------------------------------


def test_every_edit_is_a_step_and_undo_has_no_limit(mine):
    saved = mine.create(Plan(name="a"), baseline=HASH)
    states = [saved.plan]
    for year in range(2026, 2050):
        saved = mine.save(
            saved, saved.plan.add(Move(institution="bjtu", destination="130629", start=year, share=0.01))
        )
        states.append(saved.plan)
    for state in reversed(states[:-1]):
        saved = mine.undo(saved)
        assert saved.plan == state
    assert not saved.can_undo
    assert mine.undo(saved).plan == states[0]
    for state in states[1:]:
        saved = mine.redo(saved)
        assert saved.plan == state
    assert not saved.can_redo
    assert [step.kind for step in mine.history(saved.id)] == ["create", *["edit"] * 24]


def test_a_new_edit_after_undo_ends_redo_but_loses_nothing(mine):
    saved = mine.create(plan_of("bjtu"))
    first = mine.save(saved, plan_of("bjtu", "ustb"))
    back = mine.undo(first)
    other = mine.save(back, plan_of("bjtu", "bfu"))
    assert not other.can_redo
    assert mine.redo(mine.undo(other)).plan == plan_of("bjtu", "bfu")
    assert mine.at(saved.id, first.position) == first.plan
    assert [step.parent for step in mine.history(saved.id)] == [None, 1, 1]


def test_saving_the_same_is_no_step(mine):
    saved = mine.create(plan_of("bjtu"))
    assert mine.save(saved, saved.plan) == saved


def test_everything_is_there_after_closing(place):
    with open_store(place) as store:
        mine = store.workspace("me")
        saved = mine.save(mine.create(Plan(name="a"), baseline=HASH), plan_of("bjtu", name="b"))
        saved = mine.undo(saved)
        mine.remember(saved.id, None, saved.id)
    with open_store(place) as store:
        again = store.workspace("me")
        assert again.open(saved.id) == saved
        assert again.redo(again.open(saved.id)).plan == plan_of("bjtu", name="b")
        assert again.remembered() == (saved.id, None, saved.id)


def test_a_name_follows_undo_and_new_names_are_free(mine):
    saved = mine.create(Plan(name="a"))
    assert mine.create(Plan(name="a")).name == "a 2"
    saved = mine.save(saved, saved.plan.renamed("b"))
    assert [entry.name for entry in mine.list()] == ["b", "a 2"]
    mine.undo(saved)
    assert [entry.name for entry in mine.list()] == ["a", "a 2"]


def test_a_deleted_plan_comes_back_with_its_history(mine):
    saved = mine.save(mine.create(plan_of("bjtu")), plan_of("bjtu", "ustb"))
    mine.delete(saved.id)
    assert mine.list() == ()
    assert [entry.id for entry in mine.deleted()] == [saved.id]
    with pytest.raises(StoreError):
        mine.open(saved.id)
    back = mine.restore(saved.id)
    assert back.plan == saved.plan
    assert mine.undo(back).plan == plan_of("bjtu")


def test_a_baseline_stays_locked_until_its_owner_says_otherwise(mine):
    saved = mine.create(Plan(name="a"), baseline=HASH)
    saved = mine.save(saved, plan_of("bjtu"))
    assert saved.baseline == HASH
    assert mine.relock(saved, "c" * 64).baseline == "c" * 64


@pytest.mark.parametrize("text", ["a\x00b", "'; DROP TABLE jjj_plan; --", "名称 😀", "x" * 200])
def test_any_text_is_kept_as_it_is(mine, text):
    plan = Plan(name=text, note=text).add(
        Move(name=text, kind="school", origin="110101", destination="130629", start=2030)
    )
    saved = mine.create(plan)
    assert mine.open(saved.id).plan == plan
    assert mine.publish(saved, note=text).note == text.replace("\x00", "\ufffd")


# Two at once ----------------------------------------------------------------------------------------


def test_the_later_of_two_gets_a_conflict_and_both_versions_are_kept(mine):
    saved = mine.create(plan_of("bjtu"))
    here = mine.save(saved, saved.plan.add(Move(institution="ustb", destination="130629", start=2027)))
    later = saved.plan.add(Move(institution="bfu", destination="130629", start=2027))
    with pytest.raises(StoreConflictError) as caught:
        mine.save(saved, later)
    conflict = caught.value
    assert (conflict.base, conflict.mine, conflict.theirs) == (saved.plan, later, here.plan)
    assert mine.open(saved.id) == here
    assert mine.at(saved.id, conflict.step) == later
    # it says what it was made from, which is not what is there now
    aside = mine.history(saved.id)[-1]
    assert (aside.number, aside.kind, aside.parent) == (conflict.step, "kept", saved.position)
    assert saved.position != here.position
    merged = conflict.merged()
    assert merged.conflicts == ()
    done = mine.save(conflict.current, merged.plan, kind="merge")
    assert [move.institution for move in done.plan.scenario().moves[:1]] == ["bjtu"]
    assert {move.institution for move in done.plan.scenario().moves} == {"bjtu", "ustb", "bfu"}
    assert conflict.text("zh")


def test_locking_to_other_data_is_a_change_that_an_older_view_must_not_undo(mine):
    saved = mine.create(plan_of("bjtu"), baseline="a" * 64)
    locked = mine.relock(saved, HASH)
    assert (locked.baseline, locked.plan) == (HASH, saved.plan)
    assert locked.revision > saved.revision
    with pytest.raises(StoreError, match="changed"):
        mine.relock(saved, "c" * 64)
    assert mine.open(saved.id).baseline == HASH


def test_what_was_put_aside_is_never_redone(mine):
    saved = mine.create(plan_of("bjtu"))
    here = mine.save(saved, plan_of("bjtu", "ustb"))
    with pytest.raises(StoreConflictError):
        mine.save(saved, plan_of("bjtu", "bfu"))
    assert mine.redo(mine.undo(here)).plan == here.plan


def test_the_same_change_twice_is_no_conflict(mine):
    saved = mine.create(plan_of("bjtu"))
    here = mine.save(saved, plan_of("bjtu", "ustb"))
    assert mine.save(saved, plan_of("bjtu", "ustb")) == here


@pytest.mark.parametrize("step", ["undo", "redo"])
def test_undo_and_redo_say_when_the_plan_changed(mine, step):
    saved = mine.undo(mine.save(mine.create(plan_of("bjtu")), plan_of("ustb")))
    mine.save(saved, plan_of("bfu"))
    with pytest.raises(StoreError) as caught:
        getattr(mine, step)(saved)
    assert caught.value.faults[0].code == "store.changed"


def _start(processes, target, *args):
    here, there = processes.Pipe(duplex=False)
    process = processes.Process(target=target, args=(*args, there), daemon=True)
    process.start()
    there.close()
    return process, here


def _all_of(pipe):
    """Return what came through a pipe until its other end is gone."""
    said = []
    while True:
        try:
            said.append(pipe.recv())
        except EOFError:
            return said


def test_no_acknowledged_edit_is_lost_by_killing(place, processes):
    """1,000 random edits, undos among them, by processes that are killed (SIGKILL) again and again."""
    rng = random.Random(20260301)  # noqa: S311  no secret
    with open_store(place) as store:
        mine = store.workspace("me")
        key = mine.create(Plan(name="start")).id
        kept, last, kills = {}, (1, 1, mine.open(key).plan.hash), 0
        while len(kept) < 1000:
            process, acks = _start(processes, store_worker.edit_until_killed, place, key, rng.random())
            said = [acks.recv() for _ in range(rng.randint(40, 120))]
            process.kill()
            process.join()
            said += _all_of(acks)
            kills += 1
            now = mine.open(key)
            last = said[-1]
            # all that was acknowledged, and at most the one step that was under way
            assert now.revision - last[0] in {0, 1}
            if now.revision == last[0]:
                assert (now.position, now.plan.hash) == last[1:]
            kept |= {position: digest for _, position, digest in said}
        history = {step.number: step.hash for step in mine.history(key)}
        assert {position: history[position] for position in kept} == kept
        assert sorted(history) == list(range(1, len(history) + 1))
        assert len(history) <= len(kept) + kills + 1
        assert all(
            mine.at(key, position).hash == digest for position, digest in rng.sample(sorted(kept.items()), 25)
        )
    assert kills >= 8


def test_two_processes_on_one_plan_lose_nothing(place, processes):
    with open_store(place) as store:
        mine = store.workspace("me")
        key = mine.create(Plan(name="shared")).id
        barrier = processes.Barrier(2)
        workers = [_start(processes, store_worker.add_with_others, place, key, who, barrier) for who in "ab"]
        said = [one for _, pipe in workers for one in _all_of(pipe)]
        for process, _ in workers:
            process.join()
        assert said.count(None) == 2
        names = {move.name for move in mine.open(key).plan.scenario().moves}
        assert names == {f"{who} {number}" for who in "ab" for number in range(25)}
        history = {step.number: (step.kind, step.hash) for step in mine.history(key)}
        for step, digest in (one for one in said if one is not None):
            assert history[step] == ("kept", digest)


def test_a_new_place_may_be_opened_by_many_at_once(place, processes):
    barrier = processes.Barrier(4)
    people = [f"person {number}" for number in range(4)]
    workers = [_start(processes, store_worker.create_one, place, who, barrier) for who in people]
    assert sorted(one for _, pipe in workers for one in _all_of(pipe)) == people
    for process, _ in workers:
        process.join()


def test_threads_share_a_store(store):
    def work(who):
        mine = store.workspace(who)
        saved = mine.create(Plan(name=who))
        for number in range(10):
            saved = mine.save(saved, saved.plan.renamed(f"{who} {number}"))

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        assert [entry.name for entry in store.workspace(f"t{number}").list()] == [f"t{number} 9"]


# People ---------------------------------------------------------------------------------------------


def test_the_presenters_view_is_the_last_one_and_the_owners_to_give(store):
    ann, bob = store.workspace("ann"), store.workspace("bob")
    saved = ann.create(plan_of("bjtu", name="first"), baseline=HASH)
    assert bob.presented(saved.id) == ""
    for look in ("first", "last"):
        ann.present(saved.id, look)
    assert bob.presented(saved.id) == "last"
    with pytest.raises(StoreError):
        bob.present(saved.id, "theirs")
    assert bob.presented(saved.id) == "last"


def test_others_see_only_what_is_published_as_it_was_then(store):
    ann, bob = store.workspace("ann"), store.workspace("bob")
    saved = ann.create(plan_of("bjtu", name="first"), baseline=HASH)
    assert bob.list() == bob.published() == ()
    for attempt in (bob.open, bob.history, bob.delete, bob.restore, bob.answers):
        with pytest.raises(StoreError) as caught:
            attempt(saved.id)
        assert caught.value.faults[0].code == "store.no_plan"
    shown = ann.publish(saved, note="for the meeting")
    ann.save(saved, plan_of("bjtu", "ustb", name="secret"))
    (seen,) = bob.published()
    assert (seen.id, seen.owner, seen.number, seen.name, seen.note) == (
        shown.id,
        "ann",
        1,
        "first",
        "for the meeting",
    )
    assert bob.view(seen.id) == saved.plan


def test_a_fork_is_isolated_and_can_be_handed_back(store, region):
    ann, bob = store.workspace("ann"), store.workspace("bob")
    root = ann.create(plan_of("bjtu", name="ours"), baseline=HASH)
    shown = ann.publish(root)
    fork = bob.fork(shown.id)
    assert (fork.origin, fork.baseline, fork.plan.base) == (
        shown.id,
        HASH,
        Base(name="ours", hash=root.plan.hash),
    )
    fork = bob.save(fork, fork.plan.add(Move(institution="ustb", destination="130632", start=2028)))
    assert ann.open(root.id).plan == root.plan
    answer = bob.publish(fork, back=True)
    assert [one.id for one in ann.answers(root.id)] == [answer.id]
    root = ann.save(root, root.plan.add(Move(institution="bfu", destination="130629", start=2029)))
    merged = ann.merge_answer(root, answer.id, region)
    assert merged.conflicts == ()
    done = ann.save(root, merged.plan, kind="merge")
    assert {move.institution for move in done.plan.scenario().moves} == {"bjtu", "ustb", "bfu"}
    assert (done.name, done.plan.base) == ("ours", None)
    assert bob.open(fork.id).plan == fork.plan


def test_what_is_withdrawn_is_gone_for_others_but_not_its_forks(store):
    ann, bob = store.workspace("ann"), store.workspace("bob")
    shown = ann.publish(ann.create(plan_of("bjtu")))
    fork = bob.fork(shown.id)
    with pytest.raises(StoreError):
        bob.withdraw(shown.id)
    ann.withdraw(shown.id)
    assert bob.published() == ()
    with pytest.raises(StoreError):
        bob.view(shown.id)
    assert bob.open(fork.id).plan == fork.plan
    assert bob.publish(fork, back=True).answers == shown.id


def test_only_a_fork_can_be_handed_back(mine):
    saved = mine.create(plan_of("bjtu"))
    with pytest.raises(StoreError) as caught:
        mine.publish(saved, back=True)
    assert caught.value.faults[0].code == "store.no_origin"
    with pytest.raises(StoreError):
        mine.merge_answer(saved, "nothing")


@pytest.mark.parametrize("owner", ["", "x" * 256, "a\x00"])
def test_an_owner_is_a_short_text(store, owner):
    with pytest.raises(StoreError):
        store.workspace(owner)


# The page's desk --------------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path):
    first = [Scenario(name=name) for name in "abc"]
    with open_store(tmp_path / "desk.sqlite") as store:
        desk = Desk(store.workspace("me"), first, HASH)
        desk.active = 0
        yield desk


def test_a_desk_changes_names_adds_and_deletes(shelf):
    shelf.put(shelf.current.with_moves(Move(institution="bjtu", destination="130629", start=2027)))
    shelf.undo()
    assert shelf.current == Scenario(name="a")
    assert (shelf.can_undo(), shelf.can_redo()) == (False, True)
    shelf.redo()
    assert len(shelf.current.moves) == 1
    shelf.undo()
    shelf.put(shelf.plan.renamed("d"))
    assert (shelf.can_undo(), shelf.can_redo()) == (True, False)
    shelf.put(Scenario(name="d"))
    assert (shelf.names, shelf.active) == (["d", "b", "c"], 0)
    shelf.add(Scenario(name="b"))
    assert (shelf.names, shelf.active) == (["d", "b", "c", "b 2"], 3)
    shelf.active = 1
    shelf.delete()
    assert (shelf.names, shelf.active) == (["d", "c", "b 2"], 0)
    shelf.undo()
    assert [scenario.name for scenario in shelf.scenarios] == ["a", "c", "b 2"]
    for _ in range(3):
        shelf.delete()
    assert len(shelf.names) == 1


def test_what_is_compared_is_the_same_plan_after_others_went(shelf):
    a, b, c = shelf.ids
    shelf.compared = (b, c)
    shelf.delete()
    assert shelf.ids == [b, c]
    assert shelf.compared == (b, c)
    shelf.delete()
    assert shelf.compared == (None, c)
    assert Desk(shelf.workspace, [], HASH).compared == (None, c)
    assert a not in shelf.ids


def test_plans_are_put_into_an_order_that_stays(place):
    with open_store(place) as store:
        desk = Desk(store.workspace("me"), [Scenario(name=name) for name in "abcd"], HASH)
        desk.active = 3
        other = Desk(store.workspace("me"), [], HASH)
        desk.shift(-1)
        desk.shift(-1)
        assert (desk.names, desk.active) == (["a", "d", "b", "c"], 1)
        desk.shift(-9)
        desk.shift(-1)
        assert (desk.names, desk.active) == (["d", "a", "b", "c"], 0)
        # nothing else of a plan changed: another window goes on
        other.put(other.plan.assume("day_limit", 90))
        desk.active = 1
        desk.delete()
        desk.restore(desk.workspace.deleted()[0].id)
        desk.add(Scenario(name="e"))
        assert desk.names == ["d", "a", "b", "c", "e"]
    with open_store(place) as store:
        assert Desk(store.workspace("me"), [], HASH).names == ["d", "a", "b", "c", "e"]


def test_only_ones_own_plans_are_put_into_order(store):
    ann, bob = store.workspace("ann"), store.workspace("bob")
    theirs = [bob.create(Plan(name=name)).id for name in "ab"]
    mine = [ann.create(Plan(name=name)).id for name in "ab"]
    ann.arrange([theirs[1], mine[1], theirs[0]])
    assert [entry.id for entry in ann.list()] == mine[::-1]
    assert [entry.id for entry in bob.list()] == theirs


def two_windows(store, names="ab"):
    return [Desk(store.workspace("me"), [Scenario(name=name) for name in names], HASH) for _ in range(2)]


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.put(desk.plan.assume("day_limit", 90)),
        lambda desk: desk.rename(desk.opened.id, "other"),
        lambda desk: desk.undo(),
        lambda desk: desk.lock_to("c" * 64),
        lambda desk: desk.publish(),
        lambda desk: desk.delete(),
    ],
)
def test_a_plan_that_another_window_deleted_does_not_hold_this_one_up(tmp_path, act):
    with open_store(tmp_path / "s.sqlite") as store:
        one, two = two_windows(store, "abc")
        one.delete()
        with pytest.raises(StoreError):
            act(two)
        assert two.names == ["b", "c"]
        assert two.lost == "a"
        two.put(two.plan.assume("day_limit", 90))


@pytest.mark.parametrize("act", [lambda desk: desk.lock_to("c" * 64), lambda desk: desk.publish()])
def test_a_plan_that_another_window_changed_is_read_again(tmp_path, act):
    with open_store(tmp_path / "s.sqlite") as store:
        one, two = two_windows(store)
        one.put(one.plan.assume("day_limit", 90))
        with pytest.raises(StoreError):
            act(two)
        assert two.plan == one.plan
        assert not two.lost
        act(two)


def test_two_windows_that_delete_the_last_two_plans_find_the_first_ones_again(tmp_path):
    with open_store(tmp_path / "s.sqlite") as store:
        one, two = two_windows(store)
        two.active = 1
        one.delete()
        two.delete()
        with pytest.raises(StoreError):
            one.put(one.plan.assume("day_limit", 90))
        assert one.names == ["a", "b"]
        assert one.plan == Plan(name="a")


def test_a_deletion_that_the_store_refuses_deletes_nothing(shelf, monkeypatch):
    def refuse(*_):
        raise StoreError(Fault("store.busy", "", {"reason": "locked"}))

    monkeypatch.setattr(shelf.workspace, "delete", refuse)
    with pytest.raises(StoreError):
        shelf.delete()
    assert shelf.names == ["a", "b", "c"]


def test_plans_that_cannot_be_read_are_left_out_by_name(tmp_path):
    path = tmp_path / "s.sqlite"
    with open_store(path) as store:
        desk = Desk(store.workspace("me"), [plan_of("bjtu", name="a"), Scenario(name="b")], HASH)
        damaged = desk.saved[0]
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE jjj_body SET packed = ? WHERE hash = ?", (b"junk", damaged.plan.hash))
        file.commit()
    with open_store(path) as store:
        desk = Desk(store.workspace("me"), [Scenario(name="first")], HASH)
        assert desk.names == ["b"]
        ((entry, reason),) = desk.unread
        assert (entry.name, reason.faults[0].code) == ("a", "store.corrupt_plan")
        # nothing but it: a first visit's scenarios
        desk.workspace.delete(desk.opened.id)
        desk.refresh()
        assert desk.names == ["first"]
        desk.delete_unread(entry.id)
        assert desk.unread == ()
        with pytest.raises(StoreError):
            desk.restore(entry.id)
        assert desk.names == ["first"]


def test_everything_that_is_shown_of_a_plan_is_withdrawn_at_once(store):
    ann, bob = store.workspace("ann"), store.workspace("bob")
    saved, other = ann.create(plan_of("bjtu")), ann.create(plan_of("bit"))
    for _ in range(3):
        ann.publish(saved)
    kept = ann.publish(other)
    with pytest.raises(StoreError):
        bob.withdraw_all(saved.id)
    assert ann.withdraw_all(saved.id) == 3
    assert [one.id for one in bob.published()] == [kept.id]
    ann.delete(other.id)
    assert bob.published() == ()
    ann.restore(other.id)
    assert bob.published() == ()


def test_a_store_of_the_first_version_is_brought_up_to_date(place):
    with open_store(place) as store:
        mine = store.workspace("me")
        saved, gone = mine.create(plan_of("bjtu", name="a")), mine.create(plan_of("bit", name="b"))
        shown, stranded = mine.publish(saved), mine.publish(gone)
        mine.remember(saved.id, saved.id, None)
        mine.delete(gone.id)
        with store.write() as database:
            database.exec_driver_sql("DROP TABLE jjj_view")
            database.exec_driver_sql("ALTER TABLE jjj_person DROP COLUMN against")
            database.exec_driver_sql("UPDATE jjj_publication SET withdrawn = NULL")
            database.exec_driver_sql("UPDATE jjj_version SET version_num = '0001'")
    with open_store(place) as store:
        mine = store.workspace("me")
        assert mine.open(saved.id) == saved
        assert mine.remembered() == (saved.id, saved.id, None)
        assert [one.id for one in mine.published()] == [shown.id] != [stranded.id]


def test_a_desk_finds_everything_again(place):
    with open_store(place) as store:
        desk = Desk(store.workspace("me"), [Scenario(name="a"), Scenario(name="b")], HASH)
        desk.active, desk.compared = 1, (desk.ids[0], None)
        desk.put(desk.current.with_moves(Move(institution="bjtu", destination="130629", start=2027)))
    with open_store(place) as store:
        again = Desk(store.workspace("me"), [Scenario(name="never")], HASH)
        assert (again.names, again.active) == (["a", "b"], 1)
        assert again.compared == (again.ids[0], None)
        assert again.opened.baseline == HASH
        again.undo()
        assert again.current == Scenario(name="b")
        again.active = 0
        again.delete()
        again.restore(again.workspace.deleted()[0].id)
        assert again.names == ["a", "b"]


def test_two_windows_on_one_plan(place):
    with open_store(place) as store:
        one, two = (Desk(store.workspace("me"), [Scenario(name="a")], HASH) for _ in range(2))
        one.put(one.plan.assume("day_limit", 90))
        with pytest.raises(StoreConflictError) as caught:
            two.put(two.plan.assume("home_share.university", 0.5))
        assert two.plan == one.plan
        two.put(caught.value.merged().plan, kind="merge")
        assert dict(two.current.assumptions.root) == {"day_limit": 90, "home_share.university": 0.5}
        one.refresh()
        assert one.plan == two.plan


# What is no store -------------------------------------------------------------------------------------


def refused(path):
    """Open what must be refused; return the code. Nothing there may change."""
    before = {
        one.name: one.read_bytes() for one in path.parent.iterdir() if one.is_file() and one.name == path.name
    }
    with pytest.raises(StoreError) as caught:
        open_store(path)
    (fault,) = caught.value.faults
    assert str(path) in fault.where
    assert fault.what("zh") != fault.what("en")
    assert {name: (path.parent / name).read_bytes() for name in before} == before
    return fault.code


def filled(path):
    with open_store(path) as store:
        mine = store.workspace("me")
        saved = mine.create(Plan(name="a"))
        for number in range(60):
            saved = mine.save(saved, saved.plan.assume("day_limit", 60 + number))
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return saved


def test_a_file_of_something_else_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary", encoding="utf-8")
    assert refused(path) == "store.not_a_store"


def test_a_database_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE bookmarks (url)")
        file.commit()
    assert refused(path) == "store.not_a_store"


@pytest.mark.parametrize("damage", ["noise", "cut"])
def test_a_damaged_store_is_left_alone(tmp_path, damage):
    path = tmp_path / "s.sqlite"
    filled(path)
    data = bytearray(path.read_bytes())
    if damage == "noise":
        data[4096 * 2 : -4096] = bytes(range(256)) * ((len(data) - 4096 * 3) // 256)
    else:
        del data[len(data) // 2 :]
    path.write_bytes(data)
    assert refused(path) == "store.corrupt"


def test_a_damaged_plan_is_named_and_the_others_can_be_read(tmp_path):
    path = tmp_path / "s.sqlite"
    saved = filled(path)
    with open_store(path) as store:
        other = store.workspace("me").create(Plan(name="fine"))
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE jjj_body SET packed = ? WHERE hash = ?", (b"junk", saved.plan.hash))
        file.commit()
    with open_store(path) as store:
        mine = store.workspace("me")
        with pytest.raises(StoreError) as caught:
            mine.open(saved.id)
        assert caught.value.faults[0].code == "store.corrupt_plan"
        assert mine.open(other.id).plan == Plan(name="fine")


def test_a_newer_store_is_left_alone(tmp_path):
    path = tmp_path / "s.sqlite"
    filled(path)
    with closing(sqlite3.connect(path)) as file:
        file.execute(NEWER)
        file.commit()
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert refused(path) == "store.newer"


def test_a_newer_database_is_left_alone(database):
    with open_store(database) as store, store.write() as connection:
        connection.exec_driver_sql(NEWER)
    with pytest.raises(StoreError) as caught:
        open_store(database)
    assert caught.value.faults[0].code == "store.newer"


def test_a_full_disk_is_named_and_what_was_saved_stays(tmp_path):
    path = tmp_path / "s.sqlite"
    saved = filled(path)
    with open_store(path) as store:
        with store.read() as connection:  # the same connection serves the next call
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        mine = store.workspace("me")
        noise = random.Random(1)  # noqa: S311  no secret
        note = "".join(chr(noise.randrange(0x4E00, 0x9FA5)) for _ in range(4000))
        with pytest.raises(StoreError) as caught:
            mine.create(Plan(name="large", note=note))
        assert caught.value.faults[0].code == "store.full"
    with open_store(path) as store:
        assert store.workspace("me").open(saved.id).plan == saved.plan


def test_a_store_that_stays_in_use_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.1)
    path = tmp_path / "s.sqlite"
    saved = filled(path)
    with open_store(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        mine = store.workspace("me")
        other.execute("BEGIN IMMEDIATE")
        assert mine.open(saved.id) == saved  # a writer does not keep readers out
        with pytest.raises(StoreError) as caught:
            mine.save(saved, plan_of("bjtu"))
        assert caught.value.faults[0].code == "store.busy"
        other.execute("ROLLBACK")
        assert mine.save(saved, plan_of("bjtu")).plan == plan_of("bjtu")


def test_a_folder_is_no_store(tmp_path):
    assert refused(tmp_path) == "store.no_access"


def test_a_server_that_is_not_there_is_named_without_the_password():
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError) as caught:
        open_store("postgresql://ann:secret@/x?host=/nonexistent")
    assert caught.value.faults[0].code == "store.unreachable"
    assert "secret" not in caught.value.text("en")


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "what://"])
def test_other_places_are_refused(url):
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert caught.value.faults[0].code == "store.bad_url"


# Where it is and what it holds ------------------------------------------------------------------------


def test_the_place_is_what_is_said_then_the_environment_then_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(opening.VARIABLE, str(tmp_path / "env.sqlite"))
    with open_store() as store:
        assert store.place == str(tmp_path / "env.sqlite")
    with open_store(f"sqlite:///{tmp_path}/given.sqlite") as store:
        assert store.place == str(tmp_path / "given.sqlite")
    monkeypatch.delenv(opening.VARIABLE)
    assert opening.shown(opening.place_of()) == str(default_path())
    assert default_path().name == "store.sqlite"


def test_migrations_make_the_tables_that_are_used(store):
    def ours(item, name, kind, *_):
        return not (kind == "table" and name == VERSION_TABLE)

    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_commit_is_on_the_disk(store):
    with store.read() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
        else:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"


def test_a_server_that_does_not_wait_for_the_disk_is_made_to(database):
    admin = sa.create_engine(opening.place_of(database), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {admin.url.database} SET synchronous_commit = off")
    admin.dispose()
    with open_store(database) as store, store.read() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"

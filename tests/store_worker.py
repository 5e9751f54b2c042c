"""What other processes do in test_store.py; imports little, so that it starts fast."""

from __future__ import annotations

import random

from geo.edits import Plan
from geo.scenario import Move
from geo.store import StoreConflictError, open_store

PLACES = ("130629", "130632", "130638", "110112", "120115")


def random_edit(plan, rng):
    """Return a plan that differs from ``plan`` by one edit."""
    kind = rng.choice(["add", "assume", "remove", "switch", "reorder", "rename"])
    if kind == "add" or not plan.edits or (kind == "remove" and len(plan.edits) < 3):
        move = Move(
            name=f"m{rng.random()}",
            kind="school",
            origin="110101",
            destination=rng.choice(PLACES),
            start=2030,
        )
        return plan.add(move)
    key = rng.choice(plan.ids)
    if kind == "remove" or len(plan.edits) > 15:
        return plan.without(key)
    if kind == "assume":
        return plan.assume("day_limit", round(rng.uniform(30, 240), 6))
    if kind == "switch":
        return plan.switch(key, on=not plan.edit(key).on)
    if kind == "reorder":
        return plan.reorder(key, rng.randrange(len(plan.edits))).renamed(f"plan {rng.random()}")
    return plan.renamed(f"plan {rng.random()}")


def edit_until_killed(place, key, seed, acks):
    """Edit, undo and redo at random; say of each step that it is kept, once it is."""
    rng = random.Random(seed)  # noqa: S311  no secret
    workspace = open_store(place).workspace("me")
    saved = workspace.open(key)
    while True:
        choice = rng.random()
        if choice < 0.1 and saved.can_undo:
            saved = workspace.undo(saved)
        elif choice < 0.15 and saved.can_redo:
            saved = workspace.redo(saved)
        else:
            saved = workspace.save(saved, random_edit(saved.plan, rng))
        acks.send((saved.revision, saved.position, saved.plan.hash))


def add_with_others(place, key, who, barrier, kept):
    """Add 25 moves of one's own to a plan that others edit too, merging where they were first."""
    workspace = open_store(place).workspace("me")
    saved = workspace.open(key)
    barrier.wait()
    for number in range(25):
        move = Move(name=f"{who} {number}", kind="school", origin="110101", destination="130629", start=2030)
        plan = saved.plan.add(move)
        while True:
            try:
                saved = workspace.save(saved, plan)
                break
            except StoreConflictError as conflict:
                kept.send((conflict.step, plan.hash))
                merged = conflict.merged()
                assert not merged.conflicts
                saved, plan = conflict.current, merged.plan
    kept.send(None)


def create_one(place, who, barrier, done):
    """Open a place that others open for the first time at the same moment, and keep a plan there."""
    barrier.wait()
    with open_store(place) as store:
        done.send(store.workspace(who).create(Plan(name=who)).name)

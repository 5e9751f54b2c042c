"""Whose desk a page works on, where it is kept, and what the page does when it cannot be kept.

Everybody has one desk per owner: the person that Streamlit's OIDC names; on the machine itself the owner
``local``; any other visitor the holder of a random key in the link. The store only ever sees a digest of a
person or key, because the owner of a publication can be read by others.
"""

from __future__ import annotations

import atexit
import secrets
import tempfile
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import streamlit as st

from geo.errors import StoreError
from geo.region import load_region
from geo.store import Desk, Store, StoreConflictError, open_store
from geo.store.opening import place_of, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geo.edits import Plan
    from geo.scenario import Scenario
    from geo.store import Workspace

__all__ = ["Owner", "PageDesk", "close_stores", "open_desk", "owner_of"]

LOCAL = "local"
_KEY_LETTERS = 22  # of a key made here: 128 bits
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")
_opened: dict[str, Store] = {}
_lock = Lock()


@dataclass(frozen=True)
class Owner:
    """Who works here.

    Parameters
    ----------
    id
        Opaque id that the store keeps and others may see.
    kind
        ``user`` (logged in), ``local`` (on this machine) or ``link`` (holds a private key).
    name
        What the identity provider calls a user; else empty.
    key
        The private key of a ``link``; else empty.
    """

    id: str
    kind: str
    name: str = ""
    key: str = ""


def _digest(kind: str, text: str) -> str:
    return f"{kind}-{sha256(text.encode()).hexdigest()[:32]}"


def owner_of(user: Mapping[str, Any], key: str, *, local: bool) -> Owner:
    """Return who works on a page.

    Parameters
    ----------
    user
        Claims of the identity provider; empty where none is configured.
    key
        Private key in the link; empty, or too short to be one, if there is none.
    local
        Whether the visitor sits at this machine.
    """
    if user.get("is_logged_in"):
        claims = [str(user.get(name) or "") for name in ("iss", "sub", "email")]
        # "sub" is unique within "iss"; a provider without it is told apart by address
        whom = claims[:2] if claims[1] else claims
        return Owner(
            _digest("user", "\n".join(whom)), "user", str(user.get("name") or user.get("email") or "")
        )
    sound = len(key) >= _KEY_LETTERS and key.isascii()
    if not sound and local:
        return Owner(LOCAL, "local")
    key = key if sound else secrets.token_urlsafe(16)
    return Owner(_digest("link", key), "link", key=key)


def _is_local() -> bool:
    """Return whether the visitor sits at this machine, and not behind a proxy on it."""
    headers = st.context.headers
    host = urlsplit(f"//{headers.get('Host') or ''}").hostname or ""
    return st.context.ip_address is None and host in _HERE and not any(name in headers for name in _FORWARDED)


def _visitor() -> Owner:
    owner = owner_of(st.user.to_dict(), st.query_params.get("desk", ""), local=_is_local())
    if owner.key:
        st.query_params["desk"] = owner.key
    return owner


class PageDesk(Desk):
    """A desk that merges what another window did in between, and says when it cannot.

    Attributes
    ----------
    owner
        Who works on it.
    trouble
        Why the store cannot be used; the desk is then kept for this session only. None if all is well.
    """

    owner: Owner
    trouble: StoreError | None = None

    def __init__(self, workspace: Workspace, first: Sequence[Scenario | Plan], baseline: str = "") -> None:
        self._met: list[StoreConflictError] = []
        super().__init__(workspace, first, baseline)

    @property
    def conflict(self) -> StoreConflictError | None:
        """The oldest change of the open plan that met another one and waits to be merged by the person."""
        here = self.opened.id
        return next((one for one in self._met if one.current.id == here), None)

    def put(self, changed: Scenario | Plan, *, kind: str = "edit", key: str | None = None) -> None:
        """Change a plan; a change of another window in between is merged where they agree.

        Raises
        ------
        StoreConflictError
            If both changes cannot stand together; both are kept until :meth:`settle`.
        """
        key = key or self.opened.id
        try:
            super().put(changed, kind=kind, key=key)
        except StoreConflictError as conflict:
            merged = conflict.merged(load_region())
            if merged.conflicts:
                self._met.append(conflict)
                raise
            super().put(merged.plan, kind="merge", key=key)

    def settle(self, met: StoreConflictError, plan: Plan) -> None:
        """Take over a merge of a change that met another one, into the plan that both are of."""
        here = len(self._met)
        try:
            self.put(plan, kind="merge", key=met.current.id)
        except StoreConflictError:
            # the one before still waits, and holds what was to be merged
            del self._met[here:]
            raise
        self.drop(met)

    def drop(self, met: StoreConflictError) -> None:
        """Go on with what the other window made; mine stays in the history."""
        self._met = [one for one in self._met if one is not met]


def _store() -> Store:
    """Return this process's store; one that could not be opened is tried again at the next visit."""
    place = shown(place_of())
    with _lock:
        if place not in _opened:
            _opened[place] = open_store()
        return _opened[place]


@cache
def _spare() -> Store:
    """Return a store that goes with the process, for when the real one cannot be used."""
    folder = tempfile.TemporaryDirectory(prefix="jjj-spare-", ignore_cleanup_errors=True)
    store = Store(Path(folder.name) / "spare.sqlite")
    atexit.register(folder.cleanup)
    atexit.register(store.close)
    return store


def close_stores() -> None:
    """Let go of every store that pages opened."""
    with _lock:
        for store in _opened.values():
            store.close()
        _opened.clear()
    if _spare.cache_info().currsize:
        _spare().close()


def open_desk(first: Sequence[Scenario], baseline: str) -> PageDesk:
    """Return the desk of whoever visits the page.

    Parameters
    ----------
    first
        What a first visit finds.
    baseline
        Hash of the data that new plans are made for.
    """
    owner = _visitor()
    try:
        desk = PageDesk(_store().workspace(owner.id), first, baseline)
    except StoreError as error:
        desk = PageDesk(_spare().workspace(secrets.token_hex(16)), first, baseline)
        desk.trouble = error
    desk.owner = owner
    return desk

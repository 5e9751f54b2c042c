"""What several test files share."""

from __future__ import annotations

import os
import sys
from itertools import count

import pytest

from geo.region import Region, load_region

# no test draws in the background unless it says so, nor do the servers that tests start
os.environ["JINGJINJI_DRAWS"] = "0"


@pytest.fixture(scope="session")
def stores(tmp_path_factory):
    """A folder for the stores of the tests, and numbers for their names."""
    return tmp_path_factory.mktemp("stores"), count()


@pytest.fixture(autouse=True)
def own_store(stores, monkeypatch):
    """No test touches the store of the person who runs it."""
    folder, numbers = stores
    place = folder / f"{next(numbers)}.sqlite"
    monkeypatch.setenv("JINGJINJI_STORE", str(place))
    yield place
    if "geo.panels.desk" in sys.modules:
        sys.modules["geo.panels.desk"].close_stores()


@pytest.fixture(scope="session")
def region() -> Region:
    """The region as it ships; tests must not write to its frames."""
    return load_region()

"""What several test files share."""

from __future__ import annotations

import pytest

from geo.region import Region, load_region


@pytest.fixture(scope="session")
def region() -> Region:
    """The region as it ships; tests must not write to its frames."""
    return load_region()

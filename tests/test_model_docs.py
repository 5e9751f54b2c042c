"""The tables of docs/model.md say what the model says."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "model.md"
NAMES = ("moments", "effects", "back_casts", "assumptions", "measures")


@pytest.fixture(scope="module")
def computed():
    spec = spec_from_file_location("make_model_tables", PAGE.parent / "make_model_tables.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.tables()


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.strip().splitlines()]


def number(cell):
    found = re.fullmatch(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?( %)?", cell)
    return float(cell.removesuffix(" %").replace(",", "")) if found else None


def block(name):
    return re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_not_stale(computed, name):
    written, fresh = cells(block(name)), cells(computed[name])
    assert len(written) == len(fresh)
    for old, new in zip(written, fresh, strict=True):
        for one, two in zip(old, new, strict=True):
            if number(one) is None:
                assert one == two
            else:
                # other linear algebra may round the last figure otherwise
                assert number(two) == pytest.approx(number(one), rel=2e-3, abs=0.11)


@pytest.mark.parametrize("name", ["multiplier", "intervals", "county_intervals"])
def test_intervals_are_ordered(name):
    rows = [[number(cell) for cell in line] for line in cells(block(name)) if line[0] and len(line) > 3]
    spans = [row[-3:] for row in rows if None not in row[-3:]]
    assert spans
    assert all(low <= middle <= high for low, middle, high in spans)


def test_every_target_that_was_fitted_is_near(computed):
    rows = [line for line in cells(computed["moments"]) if "fitted" in line]
    # over_25_km is fitted with a weight of 30 % only: counties are too coarse for it
    near = [line for line in rows if "25 km" not in line[1]]
    assert len(near) >= 10
    assert all(abs(number(line[5])) <= 2.0 for line in near)

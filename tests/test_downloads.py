"""Tables to take away: right numbers, harmless text, equal bytes, whole files or none."""

import csv
import io
import json
import zipfile
from dataclasses import replace

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest

from geo import downloads
from geo.downloads import Field, Table, download, harmless, to_csv, write_run
from geo.errors import ExportError, ModelError
from geo.model.level0 import simulate_level0
from geo.outcome import compare
from geo.scenario import Move, Scenario

YEAR = 2035
HOSTILE = [
    "=1+1",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1",
    "＋1",
    "－1",
    "＠A",
    " =1",
    "\ufeff=1",
    "\u200b=1",
    "　=1",
]
NAME = '=HYPERLINK("http://x","<script>")\x00\x1b'


@pytest.fixture(scope="module")
def outcome(region):
    listed = region.institutions.index[region.institutions["institution_status"] == "announced"][0]
    moves = (
        Move(
            institution=listed,
            destination="130629",
            start=2026,
            posts=900,
            students=100,
            beds=0,
            origin="110108",
        ),
        Move(
            name=NAME,
            kind="hospital",
            origin="110101",
            destination="130638",
            start=2027,
            posts=500,
            beds=80,
            students=0,
        ),
    )
    return simulate_level0(region, Scenario(name="@cmd", note="-1", moves=moves))


@pytest.fixture(scope="module")
def made(region, outcome):
    """Downloads by format and language, each made once, when first asked for."""

    class Made(dict):
        def __missing__(self, key):
            self[key] = download(region, outcome, key[0], YEAR, key[1])
            return self[key]

    return Made()


def read_csv(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def book(content):
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_formula_becomes_text(text):
    assert harmless(text)[0] == "'"


@pytest.mark.parametrize("text", ["Beijing", "雄安新区", "a=b", "1-2", "", "  ", "–", "− 5", "'=1"])
def test_other_text_stays_as_it_is(text):
    assert harmless(text) == text


def test_numbers_stay_numbers_also_negative_ones():
    table = Table(
        "t", "t", (Field("a", "A"),), ((-5,), (-0.25,), (np.float64(-3),), (float("nan"),), (None,), ("-5",))
    )
    assert [row[0] if row else "" for row in read_csv(to_csv(table))[1:]] == [
        "-5",
        "-0.25",
        "-3",
        "",
        "",
        "'-5",
    ]


def test_the_csv_shows_what_the_outcome_holds_in_the_readers_language(region, outcome, made):
    for language, head in (("en", "County code"), ("zh", "区县代码")):
        rows = read_csv(made["csv", language])
        assert made["csv", language].startswith("\ufeff".encode())
        assert rows[0][0] == head
        assert len(rows) == len(region.codes) + 1
        place = [one.id for one in downloads.counties_table(region, outcome, YEAR).fields].index("posts")
        values = [float(row[place]) for row in rows[1:]]
        assert values == pytest.approx(outcome.at("posts", YEAR), abs=1e-6)
        assert sum(values) == pytest.approx(0)
        assert min(values) <= -500


def test_every_measure_has_unit_status_and_source(region, outcome):
    for field in downloads.counties_table(region, outcome, YEAR).fields[9:]:
        assert field.unit
        assert field.status
        assert field.source


def test_the_workbook_has_its_sheets_and_no_formula(region, outcome, made):
    sheets = book(made["xlsx", "en"])
    assert sheets.sheetnames == ["Summary", "Counties", "By year", "Region", "Moves", "Measures", "Sources"]
    assert book(download(region, None, "xlsx", language="zh")).sheetnames[0] == "摘要"
    told = {row[0].value: row[1].value for row in sheets["Summary"].iter_rows(min_row=2)}
    assert told["Version of the model"] == outcome.version
    assert told["Hash of the layers"] == region.content_hash
    kinds = {cell.data_type for sheet in sheets for row in sheet.iter_rows() for cell in row}
    assert kinds <= {"s", "n", "inlineStr"}  # none is a formula, none an error
    assert sheets["By year"].max_row == len(outcome.years) * len(region.codes) + 1
    moves = [row[1].value for row in sheets["Moves"].iter_rows(min_row=2)]
    assert moves[1].startswith("'=HYPERLINK")
    assert "\x00" not in moves[1]
    assert isinstance(sheets["Region"]["A2"].value, int)
    assert next(sheets["Counties"].iter_rows(min_row=2))[0].value == "110101"


def test_the_geopackage_opens_with_its_layers(region, outcome, made, tmp_path):
    path = tmp_path / "run.gpkg"
    path.write_bytes(made["gpkg", "en"])
    assert [name for name, _ in pyogrio.list_layers(path)] == [
        "counties",
        "moves",
        "institutions",
        "measures",
        "sources",
    ]
    counties = gpd.read_file(path, layer="counties")
    assert counties["posts"].to_numpy() == pytest.approx(outcome.at("posts", YEAR), abs=1e-6)
    assert counties.crs.to_epsg() == 4326
    assert counties.total_bounds == pytest.approx(region.counties.total_bounds)
    ends = gpd.read_file(path, layer="moves").geometry.iloc[1].coords[-1]
    assert ends == pytest.approx(tuple(region.counties.loc["130638", ["lon", "lat"]]))
    states = (
        gpd.read_file(path, layer="institutions")
        .groupby("institution_status")["institution_status_text"]
        .first()
    )
    assert "hypothetical" in states["candidate"]


def test_the_geojson_is_plain_and_says_what_its_fields_are(region, outcome, made):
    document = json.loads(made["geojson", "zh"])
    assert [one["id"] for one in document["features"]] == list(region.codes)
    assert document["scenario"]["hash"] == outcome.scenario.hash
    assert {one["id"] for one in document["fields"]} == document["features"][0]["properties"].keys()
    assert gpd.read_file(io.BytesIO(made["geojson", "zh"])).geometry.is_valid.all()


@pytest.mark.parametrize("form", downloads.FORMATS)
def test_the_same_outcome_gives_the_same_bytes(region, outcome, made, form):
    assert download(region, outcome, form, YEAR, "en") == made[form, "en"]


@pytest.mark.parametrize("form", downloads.FORMATS)
def test_without_an_outcome_there_is_the_census(region, form):
    content = download(region, None, form)
    assert len(content) > 10_000
    if form == "csv":
        assert sum(int(row[-1]) for row in read_csv(content)[1:]) == int(region.counties["population"].sum())


def test_a_comparison_is_the_second_less_the_first(region, outcome):
    other = simulate_level0(region, Scenario())
    table = downloads.comparison_table(region, compare(other, outcome), YEAR)
    place = [field.id for field in table.fields].index("posts_difference")
    assert [row[place] for row in table.rows] == pytest.approx(outcome.at("posts", YEAR))


def test_a_run_is_written_whole(region, outcome, tmp_path):
    paths = write_run(outcome, region, tmp_path / "new" / "run", "zh")
    assert {path.name for path in paths} == {
        "counties.csv", "years.csv", "region.csv", "moves.csv", "measures.csv", "sources.csv", "run.gpkg",
    }  # fmt: skip
    assert sorted(paths) == sorted((tmp_path / "new" / "run").iterdir())
    assert all(
        "=HYPERLINK" not in row[:1]
        for path in paths
        if path.suffix == ".csv"
        for row in read_csv(path.read_bytes())
    )
    first = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_run(outcome, region, tmp_path / "new" / "run", "zh")] == first


def test_a_folder_that_cannot_be_written_is_named(region, outcome, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="file"):
        write_run(outcome, region, tmp_path / "file")


def test_a_write_that_fails_leaves_nothing_behind(region, outcome, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        write_run(outcome, region, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_year_that_is_not_there_is_refused(region, outcome):
    with pytest.raises(ModelError):
        download(region, outcome, "csv", 1999)


def test_values_that_are_missing_are_empty_cells(region, outcome):
    values = {**outcome.values, "posts": np.full_like(outcome.values["posts"], np.nan)}
    holed = replace(outcome, values=values)
    place = [one.id for one in downloads.counties_table(region, holed, YEAR).fields].index("posts")
    assert {row[place] for row in read_csv(download(region, holed, "csv", YEAR))[1:]} == {""}
    assert json.loads(download(region, holed, "geojson", YEAR))["features"][0]["properties"]["posts"] is None


def test_a_workbook_holds_no_time_of_writing(made):
    with zipfile.ZipFile(io.BytesIO(made["xlsx", "en"])) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
        assert b"1980-01-01T00:00:00Z</dcterms:modified>" in archive.read("docProps/core.xml")

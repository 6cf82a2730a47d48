"""Pictures are read by a new process each, which says what that took."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.images.pictures import FORMATS, Reading, size_of
from pekit_agents.errors import InvalidInput
from pekit_agents.images.loading import raster_formats


def rows(*arguments):
    result = CliRunner().invoke(app, ["pictures", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert "cores" in report["machine"]
    return report["rows"]


@pytest.mark.parametrize(
    ("megapixels", "size_wh"),
    [(0.000012, (4, 3)), (12, (4000, 3000)), (50, (8164, 6123)), (108, (12000, 9000))],
)
def test_a_photo_is_four_to_three_and_no_larger_than_asked(megapixels, size_wh):
    assert size_of(megapixels) == size_wh


def test_ram_is_told_by_the_pixels_as_they_were_sent():
    one = Reading("PNG", (2000, 1000), 0.1, (1000, 500), peak_mb=10.0, seconds=0.1)
    assert one.bytes_a_pixel == 5.0
    unknown = Reading("PNG", (2000, 1000), 0.1, (1000, 500), peak_mb=None, seconds=0.1)
    assert unknown.bytes_a_pixel is None


def test_every_format_is_one_that_the_door_reads():
    assert {kind.split()[0].strip(",").upper() for kind in FORMATS} <= set(raster_formats())


def test_each_format_and_size_is_read_and_what_it_took_is_told(tmp_path):
    kinds = ("JPEG", "AVIF")
    found = rows(
        *(word for kind in kinds for word in ("--format", kind)),
        *("--megapixels", "0.03", "--megapixels", "3", "--folder", str(tmp_path)),
    )
    assert [(row["kind"], row["size_wh"]) for row in found] == [
        (kind, size) for kind in kinds for size in ([200, 150], [2000, 1500])
    ]
    for row in found:
        assert row["read_wh"] == row["size_wh"]
        assert row["file_mb"] > 0
        assert row["seconds"] > 0
    large = [row for row in found if row["size_wh"] == [2000, 1500]]
    if large[0]["peak_mb"] is not None:  # what is read has four bytes a pixel in RAM
        assert all(row["bytes_a_pixel"] > 4 for row in large)
    assert list(tmp_path.iterdir()) == []


def test_the_table_says_what_was_read():
    arguments = ["pictures", "--format", "PNG", "--megapixels", "0.03"]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "PNG" in result.output
    assert "200 x 150" in result.output


def test_a_format_that_is_none_is_named():
    result = CliRunner().invoke(app, ["pictures", "--format", "BMP"])
    assert isinstance(result.exception, InvalidInput)
    assert str(result.exception).startswith("expected a format of JPEG; JPEG, progressive; PNG;")

"""The page that a run writes: people's words stay, failures and gaps are told, nothing breaks a table."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from bench.report import tables
from bench.report.page import BEGIN, END, NoMarks, filled, write
from bench.report.picture import draw

from .conftest import sample

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
TEXT = f"# Title\n\nwords before\n\n{BEGIN}\nold figures\n{END}\n\nwords after\n"


def rows(text):
    return [
        [cell.strip() for cell in line.strip("|").replace("\\|", "/").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def test_words_stay_and_figures_are_written_anew(results, tmp_path):
    page = tmp_path / "performance.md"
    page.write_text(TEXT)
    write(page, results)
    once = page.read_text()
    assert once.startswith("# Title\n\nwords before\n\n")
    assert once.endswith("\n\nwords after\n")
    assert "old figures" not in once
    write(page, results)
    assert page.read_text() == once


def test_a_page_without_marks_is_left_as_it_is(results, tmp_path):
    page = tmp_path / "performance.md"
    page.write_text("# Title\n")
    with pytest.raises(NoMarks, match="begin"):
        write(page, results)
    assert page.read_text() == "# Title\n"


def test_before_the_first_run_the_goals_stand_there_without_figures():
    text = filled(TEXT, None)
    assert "Not measured yet." in text
    goals = rows(text)[2:]
    assert {row[2] for row in goals} == {"not measured yet"}
    assert {row[4] for row in goals} == {""}


def test_the_page_says_on_what_and_how_it_was_measured(results):
    text = " ".join(filled(TEXT, results).split())
    for said in ("abc123def456", "2026-01-02 03:04", "3 rounds of 3 s", "2 cores of a processor",
                 "100,000 products (real products)", "345 answers", "pyramid 2.1"):  # fmt: skip
        assert said in text
    assert "not committed" not in text
    results.about = {**results.about, "changed": True}
    assert "with changes that were not committed" in filled(TEXT, results)


def test_the_quickest_peer_stands_first_and_one_that_failed_is_there_without_figures(results):
    head, _, *found = rows(tables.flow(results, "search"))
    assert [row[0] for row in found] == [
        "Talatat on granian", "FastAPI, async SQLAlchemy", "Django REST framework",
    ]  # fmt: skip
    ours = dict(zip(head, found[0], strict=True))
    assert (ours["requests/s"], ours["times FastAPI async"], ours["spread"]) == (
        "1,000",
        "2.86",
        "40 %",
    )
    assert dict(zip(head, found[1], strict=True))["errors"] == "2"
    assert found[2][1:3] == ["failed, see below", ""]


def test_why_a_peer_failed_stands_on_one_line_and_breaks_no_table(results):
    assert rows(tables.failures(results))[2:] == [
        ["Django REST framework", "agreement", "search Cable of HP: / is not /"]
    ]


def test_goals_show_what_was_measured_and_whether_that_is_enough(results):
    results.samples("closed", "search", "django").append(sample(0, 250.0))
    by_title = {row[0]: row[1:] for row in rows(tables.goals(results))[2:]}
    assert by_title["search, requests a second: times FastAPI async's (must)"] == [
        "at least 2.5", "**2.86**", "2.50 to 3.71", "reached",
    ]  # fmt: skip
    assert by_title["search, requests a second: times Django REST framework's"][1:] == [
        "**4.00**", "", "not reached",
    ]  # fmt: skip
    assert by_title["get one, statements"][1:] == ["not measured yet", "", ""]


def test_the_open_loop_is_in_the_order_of_p99_and_tells_requests_that_were_not_answered(results):
    results.rates["search"] = 245.0
    results.samples("opened", "search", "fastapi_async").append(
        sample(0, 240.0, p99_ms=300.0, errors={"unanswered": 9})
    )
    results.samples("opened", "search", "talatat").append(sample(0, 245.0, p99_ms=20.0))
    found = rows(tables.opened(results, "search"))[2:]
    assert [row[0] for row in found[:2]] == ["Talatat on granian", "FastAPI, async SQLAlchemy"]
    assert found[1][-1] == "9"
    assert "open loop at 245 requests a second" in filled(TEXT, results)


def test_growth_has_a_row_for_each_number_of_addons(results):
    assert "### Growth" not in filled(TEXT, results)
    results.growth["start"] = [
        {"addons": 3, "cpu_seconds": 1.13}, {"addons": 500, "cpu_seconds": 7.5, "KiB_an_addon": 280.5},
    ]  # fmt: skip
    assert rows(tables.grown(results)) == [
        ["start: addons", "cpu_seconds", "KiB_an_addon"], ["---"] * 3, ["3", "1.13", ""], ["500", "7.50", "280"],
    ]  # fmt: skip
    assert "### Growth" in filled(TEXT, results)


def test_the_picture_is_well_formed_and_has_a_bar_for_each_peer_that_was_measured(results):
    results.titles["talatat"] = "Talatat & <granian>"
    drawn = ET.fromstring(draw(results))
    bars = [
        one for one in drawn.iter("{http://www.w3.org/2000/svg}rect") if one.get("height") == "16"
    ]
    assert len(bars) == 4
    widths = [float(bar.get("width")) for bar in bars[:2]]
    assert widths[0] / widths[1] == pytest.approx(1000 / 350, rel=0.01)


def test_the_page_in_docs_has_its_marks():
    filled(PAGE.read_text(), None)

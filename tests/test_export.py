"""What is taken away as CSV runs nothing in a spreadsheet, and what is taken away as a report runs nothing anywhere."""

import csv
import io

import pytest

from avrec.export import csv_text

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "=cmd|' /C calc'!A0",
    "＝1+1",
    '=HYPERLINK("http://x")',
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_are_text_in_cells_and_in_names_of_columns(formula):
    rows = list(csv.reader(io.StringIO(csv_text([{"title": formula, formula: "a"}]), newline="")))
    assert rows == [["title", f"'{formula}"], [f"'{formula}", "a"]]


def test_numbers_stay_numbers_and_other_text_stays_itself():
    rows = [{"score": -0.5, "places": 3, "title": "a = b", "note": None}]
    assert csv_text(rows) == "score,places,title,note\r\n-0.5,3,a = b,\r\n"


def test_no_column_or_quote_is_broken_out_of():
    said = 'a","=1+1"\n"b'
    rows = list(csv.reader(io.StringIO(csv_text([{"title": said, "next": "x"}]), newline="")))
    assert rows[1] == [said, "x"]


def test_a_report_holds_markup_as_text():
    from avrec.evaluate.report import table

    html = table([{"<b>name</b>": "<img src=x onerror=alert(1)>", "value": 0.5}])
    assert "<img" not in html
    assert "<b>" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html

"""The figures: every pair of moments can be clicked, ranks are where they belong, no theme leaks in."""

from avrec.schemas import SegmentPair
from avrec.ui import charts


def pairs(rows: int, columns: int) -> list[SegmentPair]:
    return [
        SegmentPair("visual", "w", 3.0 * r, 3.0 * r + 3, "c", 2.0 * c, 2.0 * c + 2, (r + c) / (rows + columns), 0.01)
        for r in range(rows) for c in range(columns)
    ]  # fmt: skip


def test_the_grid_sorts_moments_and_knows_each_pair():
    made = pairs(2, 3)
    rows, columns, cells = charts.grid_of(made[::-1])
    assert rows == [(0.0, 3.0), (3.0, 6.0)]
    assert columns == [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0)]
    assert cells[(1, 2)] == made[-1]


def test_every_cell_can_be_clicked_and_carries_its_place():
    figure = charts.moment_grid(pairs(4, 5), "light", (1, 2))
    markers = figure.data[0]
    assert markers.type == "scatter"
    assert [tuple(c) for c in markers.customdata] == [(r, c) for r in range(4) for c in range(5)]
    assert len(figure.layout.shapes) == 20
    assert sum(shape.line.width > 0 for shape in figure.layout.shapes) == 1


def test_the_rank_chart_draws_one_line_a_clip_and_marks_the_explained_one():
    figure = charts.bump([("Pinned", ["a", "b", "c"]), ("No speech", ["b", "c", "a"])], {"a": "A <b>"}, "a", "dark")
    lines = {trace.hovertemplate.split(":")[0]: list(trace.y) for trace in figure.data}
    assert lines["A &lt;b&gt;"] == [1, 3]
    assert lines["b"] == [2, 1]
    assert max(figure.data, key=lambda trace: trace.line.width).y[-1] == 3
    assert tuple(figure.layout.yaxis.range) == (11.5, 0.5)


def test_the_explained_clip_stays_in_the_rank_chart_when_it_falls_out_of_the_first_ten():
    before = [f"c{i}" for i in range(12)]
    after = [*before[1:], "c0"]
    figure = charts.bump([("Start", before), ("Now", after)], {}, "c0", "light")
    mine = max(figure.data, key=lambda trace: trace.line.width)
    assert list(mine.y) == [1, 11]
    assert any("#12 c0" in note.text for note in figure.layout.annotations)
    other = next(trace for trace in figure.data if trace.hovertemplate.startswith("c10:"))
    assert list(other.y) == [None, 10]


def test_a_clip_that_leaves_the_list_leaves_a_gap_not_a_zero():
    figure = charts.bump([("Pinned", ["a", "b"]), ("Hidden #1", ["b"])], {}, "b", "light")
    gone = next(trace for trace in figure.data if trace.hovertemplate.startswith("a"))
    assert list(gone.y) == [1, None]


def test_figures_are_transparent_and_fixed():
    figure = charts.base_figure(100, "light")
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.dragmode is False

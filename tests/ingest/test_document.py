import numpy as np

from avrec.ingest.document import assign_lines, compose_document
from avrec.schemas import Segment

SEGMENTS = (Segment(0, 4), Segment(4, 10), Segment(10, 12))


def test_a_line_belongs_whole_to_the_segment_it_overlaps_most():
    owners = assign_lines([(0, 3), (3, 6), (9, 13), (3.5, 4.5), (20, 21)], SEGMENTS)
    assert owners.tolist() == [0, 1, 2, 0, 2]


def test_no_lines_no_owners():
    assert assign_lines([], SEGMENTS).dtype == np.int64


def test_documents_join_what_is_there():
    text = compose_document(" Title ", "", ["a", "b"], ["a dog", "a dog", "a cat"], ["hello", "there"])
    assert text == "Title\na, b\na dog a cat\nhello there"
    assert compose_document("T", "", [], [], []) == "T"

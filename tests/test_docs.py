"""What the documents say about tests is so."""

import ast
import re

import pytest
from hostile_corpus import CASES

from avrec.config import REPOSITORY

PAGE = (REPOSITORY / "docs" / "hostile.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED}))
def test_every_test_that_is_named_exists(path):
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert {name for file, name in NAMED if file == path} <= there


def test_every_hostile_file_is_in_the_table_and_the_other_way_round():
    named = set(re.findall(r"`([^`/:\s]+\.(?:mp4|mp3|mkv|avi|mov|ts|wav|ogg|txt))`", PAGE))
    made = {case.name for case in CASES}
    assert named <= made
    assert {name for name in made - named if not name.startswith("flipped.")} == set()

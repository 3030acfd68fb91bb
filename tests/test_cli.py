"""The command line: shapes, exit codes, one line on stderr."""

import json
import os
import subprocess
import sys

import pytest

from avrec.config import REPOSITORY


@pytest.fixture(scope="module")
def environment(real_engine):
    """Of a process on the six real demo clips."""
    return os.environ | {
        "AVREC_DATA": str(real_engine.settings.data),
        "AVREC_WEIGHTS": str(real_engine.settings.weights_dir),
        "AVREC_DEMO": "0",
        "HF_HUB_OFFLINE": "1",
    }


@pytest.fixture(scope="module")
def run(environment):
    """Run a command there."""

    def call(*arguments, data=None, expect=0):
        env = environment | ({"AVREC_DATA": str(data)} if data else {})
        done = subprocess.run(
            [sys.executable, "-m", "avrec", *map(str, arguments)],
            capture_output=True, text=True, cwd=REPOSITORY, env=env, check=False,
        )  # fmt: skip
        assert done.returncode == expect, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call


def document(done):
    return json.loads(done.stdout)


pytestmark = pytest.mark.models


def test_clips_clip_and_every_annotation_names_its_model(run):
    rows = document(run("clips", "--json"))
    assert len(rows) == 6
    assert {"clip_id", "title", "duration", "category", "language", "modalities"} <= rows[0].keys()
    rocket = next(row for row in rows if row["title"] == "Falcon nine on the launch pad")
    found = document(run("clip", rocket["clip_id"], "--json"))
    assert {"segments", "transcript", "annotations", "models", "width", "height", "status"} <= found.keys()
    assert "oxygen" in " ".join(line["text"] for line in found["transcript"]).lower()
    assert all(a["model"] for a in found["annotations"])
    assert all(0 <= a["score"] <= 1 for a in found["annotations"])


def test_recommend_adds_up_and_weights_leave_the_unnamed_at_zero(run):
    answer = document(run("recommend", "u-001", "-k", 5, "--json"))
    assert answer["user_id"] == "u-001"

    def leaves(node):
        return sum(map(leaves, node["children"])) if "children" in node else node["value"]

    for place in answer["recommendations"]:
        assert leaves(place["ledger"]) == pytest.approx(place["score"], abs=1e-6)
        assert place["ledger"]["exact"] is True
    only = document(run("recommend", "u-001", "--weights", "visual=1", "--diversity", "0", "--json"))
    kinds = {child["key"] for place in only["recommendations"] for child in place["ledger"].get("children", ())}
    assert kinds <= {"visual"}


def test_similar_audience_algorithms_search(run):
    clips = {row["title"]: row["clip_id"] for row in document(run("clips", "--json"))}
    near = document(run("similar", clips["Rocket launch countdown"], "-k", 2, "--json"))
    assert near["clip_id"] == clips["Rocket launch countdown"]
    assert near["recommendations"][0]["title"] == "Falcon nine on the launch pad"
    people = document(run("audience", clips["Rocket launch countdown"], "--json"))["people"]
    assert people
    assert {"user_id", "rank", "score", "reason"} <= people[0].keys()
    names = {row["name"]: row["ledger"] for row in document(run("algorithms", "--json"))}
    assert names["hybrid"] == "exact"
    found = document(run("search", "a rocket on its launch pad", "-k", 2, "--json"))
    assert found["moments"][0]["end"] > found["moments"][0]["start"]
    assert found["left_out"] == []


def test_a_stage_runs_again_and_finds_the_same(run, real_engine):
    clip_id = next(clip.clip_id for clip in real_engine.clips() if clip.info.has_sound)
    before = real_engine._clips.corpus().vectors["audio"].matrix
    report = document(run("rerun", "audio", clip_id, "--json"))
    assert (report["status"], report["found"], report["stale"]) == ("done", "1 clip renewed", {})
    after = real_engine._clips.corpus().vectors["audio"].matrix
    assert ((before * after).sum(axis=1) > 0.9999).all()


def test_record_import_and_bad_rows(run, tmp_path):
    data = tmp_path / "new"
    assert "no clip" in run("record", "ann", "0" * 16, "like", data=data, expect=1).stderr
    clip_id = document(run("clips", "--json"))[0]["clip_id"]
    made = document(run("record", "cli-person", clip_id, "rating", "4", "--json"))
    assert (made["event"], made["value"]) == ("rating", 4.0)
    sheet = tmp_path / "events.csv"
    sheet.write_text(f"user_id,clip_id,event\ncli-person,{clip_id},like\ncli-person,none,like\n")
    report = document(run("import", sheet, "--json"))
    assert report["kept"] == 1
    assert report["rejected"] == [{"line": 3, "reason": "unknown clip_id 'none'"}]


def test_a_new_person_from_a_sentence_and_what_was_searched(run):
    made = document(run("new-person", "loves rocket launches", "--json"))
    answer = document(run("recommend", made["user_id"], "-k", 3, "--json"))
    assert "Falcon nine on the launch pad" in [row["title"] for row in answer["recommendations"]]
    event = document(run("record", made["user_id"], "-", "search", "--text", "rockets", "--json"))
    assert (event["clip_id"], event["event"], event["text"]) == ("", "search", "rockets")


BAD = [
    (("clip", "feedfacefeedface"), "no clip"),
    (("recommend", "nobody"), "no person"),
    (("recommend", "u-001", "--weights", "smell=1"), "smell"),
    (("recommend", "u-001", "--weights", "visual=x"), "not a number"),
    (("recommend", "u-001", "--algorithm", "magic"), "no model named"),
    (("audience", "xx"), "no clip"),
    (("search",), "one of them"),
    (("new-person", "x", "--like", "feedface"), "no clip"),
    (("record", "ann", "-", "search"), "empty"),
    (("import", "missing.csv"), "no such file"),
    (("weights", "fetch", "gpt-9"), "no model named"),
    (("rerun", "decode"), "speech, audio, pictures, text"),
    (("rerun", "text", "feedface"), "no clip"),
]
# Each as if it were a process of its own, without the second or two that starting one takes.
EACH = """
import contextlib, io, json, logging, sys
from avrec.__main__ import main
for line in sys.stdin:
    logging.root.handlers.clear()
    sys.argv = ["avrec", *json.loads(line), "--json"]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


@pytest.fixture(scope="module")
def refusals(environment):
    """Arguments -> (exit status, stdout, stderr) of every bad command."""
    lines = "\n".join(json.dumps(arguments) for arguments, _ in BAD)
    done = subprocess.run(
        [sys.executable, "-c", EACH], input=lines, capture_output=True, text=True, cwd=REPOSITORY, env=environment,
        check=True,
    )  # fmt: skip
    return dict(zip((arguments for arguments, _ in BAD), map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_is_one_line_on_stderr_and_exit_one(refusals, arguments, words):
    code, out, err = refusals[arguments]
    assert (code, out) == (1, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_ingest_reports_each_file_and_fails_only_if_all_failed(run, tmp_path, starter_dir):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"")
    known = starter_dir / "talk_cat.mp4"
    rows = document(run("ingest", bad, known, "--json"))
    assert [row["status"] for row in rows] == ["failed", "duplicate"]
    assert "empty" in rows[0]["reason"]
    assert document(run("ingest", bad, tmp_path / "none.mp4", "--json", expect=1))[1]["status"] == "failed"


def test_weights_list_verify_and_doctor(run):
    rows = document(run("weights", "list", "--json"))
    assert {"name", "task", "model", "source", "sha256", "licence", "bytes", "present"} <= rows[0].keys()
    checks = document(run("doctor", "--json"))
    assert all(row["ok"] for row in checks)


def test_an_unusable_data_directory_is_one_line(run, tmp_path):
    (tmp_path / "file").write_text("")
    done = run("clips", data=tmp_path / "file" / "x", expect=1)
    assert len(done.stderr.strip().splitlines()) == 1

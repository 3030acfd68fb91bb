"""What is to be evaluated: dataset, split, metric, list length, models. The URL holds it, so a link repeats it."""

from dataclasses import dataclass

import streamlit as st

from avrec.errors import AvrecError
from avrec.evaluate.evaluation import Spec
from avrec.evaluate.protocols import K_FOLD, LEAVE_ONE_OUT, PROTOCOLS, RANDOM, TEMPORAL, Protocol
from avrec.schemas import Job
from avrec.ui import algorithms, workspace
from avrec.ui import format as fmt
from avrec.ui.resources import engine, plain_error
from avrec.ui.uploads import content, drop
from avrec.ui.workspace import bound

CORE = (
    "hybrid", "content", "visual", "words", "cease", "edlae", "item-knn", "user-knn", "pure-svd", "als", "bpr",
    "popularity", "random",
)  # fmt: skip
ALWAYS = ("popularity", "random")
DATASETS = {"demo": "This library", "ml-100k": "MovieLens 100k", "ml-latest-small": "MovieLens latest-small"}
SPLITS = {RANDOM: "Random 80/20", TEMPORAL: "Temporal 80/20", LEAVE_ONE_OUT: "Leave one out", K_FOLD: "5 folds"}
METRICS = {
    "ndcg": "nDCG", "recall": "Recall", "precision": "Precision", "mrr": "MRR", "map": "MAP", "hit": "Hit rate",
    "auc": "AUC", "rmse": "RMSE", "mae": "MAE",
}  # fmt: skip
LENGTHS = (5, 10, 20)
TURN = "av-evaluate-file"
OWN_FILE_BYTES = 50_000_000


@dataclass(frozen=True)
class Choice:
    """A validated copy of the page's part of the URL."""

    dataset: str
    protocol: str
    metric: str
    k: int
    models: tuple[str, ...]
    auto: bool

    @property
    def spec(self) -> Spec:
        return Spec(Protocol(self.protocol), self.models, self.k, auto=self.auto and self.protocol != K_FOLD)


def uploads() -> dict[str, str]:
    """What own files are called as datasets -> their names, the newest first."""
    return {dataset: fmt.cut(name, 24) for dataset, name in engine().own_files().items()}


def current() -> Choice:
    """Read and validate the URL; what does not fit falls back to the default."""
    known = list(algorithms.entries())
    usual = [name for name in CORE if name in known]
    models = known if workspace.param("models") == "all" else workspace.several("models", known, usual, len(known))
    k = int(workspace.number("at", 10, 1, 100))
    return Choice(
        workspace.choice("dataset", [*DATASETS, *uploads()], "demo"),
        workspace.choice("split", list(PROTOCOLS), RANDOM),
        workspace.choice("metric", list(METRICS), "ndcg"),
        k if k in LENGTHS else 10,
        tuple(dict.fromkeys([*models, *(name for name in ALWAYS if name in known)])),
        workspace.param("auto") == "1",
    )


def controls(choice: Choice, disabled: bool, again: bool) -> None:
    """One row: the choices, and the button that runs. Selects, not segments: at 1440 one row holds them all.

    Args:
        disabled: Nothing can be run, or it is running.
        again: A result is shown already.
    """
    names = DATASETS | uploads()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for label, options, name, value, width in (
            ("Dataset", names, "dataset", choice.dataset, 210),
            ("Split", SPLITS, "split", choice.protocol, 160),
            ("Metric", METRICS, "metric", choice.metric, 120),
            ("At", {k: str(k) for k in LENGTHS}, "at", choice.k, 76),
        ):
            st.selectbox(label, list(options), format_func=options.get, width=width,
                         **bound(name, value, f"ev-{name}"))  # fmt: skip
        _models(choice)
        _own_file()
        st.button(
            "Run again" if again else "Run", type="primary", icon=":material/play_arrow:", key="ev-run",
            disabled=disabled, on_click=run, args=(choice, again),
        )  # fmt: skip


def _models(choice: Choice) -> None:
    known = algorithms.entries()
    with st.popover(f"{len(choice.models)} of {len(known)} models", icon=":material/account_tree:", key="ev-models"):
        st.session_state["ev-chosen"] = list(choice.models)
        st.multiselect(
            "Models", list(known), format_func=lambda name: known[name].title, key="ev-chosen", on_change=_picked,
            help="Popularity and random are always among them.",
        )  # fmt: skip
        with st.container(horizontal=True):
            st.toggle(
                "Auto weights", help="Tune the hybrid's weights on the training side first; not with folds.",
                disabled=choice.protocol == K_FOLD, **bound("auto", choice.auto, "ev-auto"),
            )  # fmt: skip
            st.button("All", on_click=workspace.put, kwargs={"models": "all"}, key="ev-all")
            st.button("The usual", on_click=workspace.put, kwargs={"models": ""}, key="ev-usual")


def _picked() -> None:
    workspace.put(models=",".join(st.session_state["ev-chosen"]))


def _own_file() -> None:
    with st.popover("Own file", icon=":material/upload_file:", key="ev-file"):
        st.caption(
            "Evaluate on a file of events or ratings: user_id, item_id, and event, value (or rating), datetime where "
            "there are such. Nothing is added to the library."
        )
        given = st.file_uploader(
            "Events or ratings", type=["csv"], key=f"ev-upload-{st.session_state.get(TURN, 0)}",
            max_upload_size=OWN_FILE_BYTES // 1_000_000,
        )  # fmt: skip
        if given is not None:
            try:
                workspace.put(dataset=engine().keep_interactions(given.name, content(given, OWN_FILE_BYTES)))
            except AvrecError as error:
                st.session_state["ev-error"] = plain_error(error)
            drop([given])
            st.session_state[TURN] = st.session_state.get(TURN, 0) + 1  # a new uploader: the file is on disk
            st.rerun()


def run(choice: Choice, again: bool) -> None:
    """Callback of the button."""
    try:
        engine().evaluate(choice.dataset, choice.spec, wait=False, again=again)
        st.session_state.pop("ev-error", None)
    except AvrecError as error:
        st.session_state["ev-error"] = plain_error(error)


def job_of(found_hash: str) -> Job | None:
    """The latest job of an evaluation, or None."""
    return next((job for job in engine().evaluation_jobs() if job.key == found_hash), None)

"""What a clip is, in numbers and words: the strip, the caption, the labels with their probabilities."""

from collections.abc import Sequence

from avrec.schemas import CONTENT_MODALITIES, Annotation, Clip, Segment
from avrec.ui import format as fmt
from avrec.ui.cards import ABSENT_WORDS
from avrec.ui.chrome import Cell
from avrec.ui.format import escape

LABEL_KINDS = {"scene": "visual", "object": "visual", "text": "visual", "face": "visual", "emotion": "visual",
               "tag": "caption"}  # fmt: skip
MOST_LABELS = 8
UNSURE_LANGUAGE = 0.6


def cells(clip: Clip, segments: Sequence[Segment], annotations: Sequence[Annotation], events: int) -> list[Cell]:
    """The metric strip. `events`: how many views, likes and other events there are with the clip."""
    spoken = sum(a.end - a.start for a in annotations if a.kind == "speech")
    scene = max((a for a in annotations if a.kind == "scene"), key=lambda a: a.score, default=None)
    size = f"{clip.info.width} × {clip.info.height}" if clip.info.width else "sound only"
    missing = [ABSENT_WORDS[name] for name in CONTENT_MODALITIES if name not in clip.modalities]
    rows = [
        Cell("Length", fmt.duration(clip.duration), size),
        Cell("Segments", str(len(segments)), "along shots" if clip.info.kind == "video" else "along pauses"),
        Cell("Speech", fmt.duration(spoken) if spoken else "none", _language(clip) if spoken else ""),
        Cell("Scene", fmt.cut(scene.label, 24), fmt.probability(scene.score), scene.model)
        if scene
        else Cell("Scene", "–", "no picture" if clip.info.kind == "audio" else ""),
        Cell(
            "Modalities",
            f"{len(CONTENT_MODALITIES) - len(missing)} of {len(CONTENT_MODALITIES)}",
            ", ".join(dict.fromkeys(missing)) or "all present",
            "The weights of those present are renormalised" if missing else "",
        ),
        Cell("Events", str(events), "", "Views, likes and other events with this clip"),
    ]
    if clip.status == "partial":
        rows.insert(1, Cell("Partial", "damaged", fmt.cut(" ".join(clip.info.notes), 50), " ".join(clip.info.notes)))
    return rows


def _language(clip: Clip) -> str:
    if not clip.language:
        return ""
    sure = clip.language_probability
    if sure is None:
        return fmt.language(clip.language)
    return f"{fmt.language(clip.language)} {fmt.probability(sure)}" + (", uncertain" if sure < UNSURE_LANGUAGE else "")


def best_labels(annotations: Sequence[Annotation], most: int = MOST_LABELS) -> list[Annotation]:
    """The surest annotation of each label among scenes, objects, texts, faces and tags; the surest first."""
    best: dict[str, Annotation] = {}
    for a in annotations:
        if a.kind in LABEL_KINDS and (a.label not in best or a.score > best[a.label].score):
            best[a.label] = a
    return sorted(best.values(), key=lambda a: -a.score)[:most]


def facts(clip: Clip, caption: tuple[str, str], annotations: Sequence[Annotation]) -> str:
    """HTML beside the player: caption with its model's name, description, tags, labels with probabilities."""
    sentence, model = caption
    parts = []
    if sentence:
        parts.append(
            f'<p class="av-h3">What it shows</p><p class="av-p">{escape(sentence)} '
            f'<span class="av-mut">{escape(_maker(model))}</span></p>'
        )
    elif clip.info.kind == "audio":
        parts.append(
            '<p class="av-h3">What it shows</p><p class="av-p av-mut">No picture, so nothing is captioned.</p>'
        )
    if clip.description:
        parts.append(f'<p class="av-p">{escape(fmt.cut(clip.description, 300))}</p>')
    if clip.tags:
        chips = "".join(f'<span class="av-chip">{escape(fmt.cut(tag, 30))}</span>' for tag in clip.tags)
        parts.append(f'<p class="av-p">{chips}</p>')
    labels = best_labels(annotations)
    if labels:
        parts.append('<p class="av-h3">Labels<span>probability 0 to 1</span></p>')
        parts += [_label(a) for a in labels]
    return "".join(parts)


def _maker(model: str) -> str:
    return "Composed from scene and objects." if model == "composed" else f"By {model}."


def _label(a: Annotation) -> str:
    modality = LABEL_KINDS[a.kind]
    unsure = ", uncertain" if a.kind == "tag" else ""
    return (
        f'<div class="av-wf av-label" title="{escape(a.kind)} by {escape(a.model)}{unsure}"><span>'
        f'<i class="av-dot av-m-{modality}"></i>{escape(a.label)}</span><span class="av-lane av-track">'
        f'<i class="av-part av-m-{modality}" style="left:0;width:{100 * min(a.score, 1):.0f}%"></i></span>'
        f'<b class="av-num">{fmt.probability(a.score)}</b></div>'
    )

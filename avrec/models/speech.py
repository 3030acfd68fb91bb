"""Speech to text: Whisper behind a voice detector and guards, in two backends.

faster-whisper (CTranslate2, int8) is the quick one on a CPU; openai-whisper takes over on a GPU or with OpenAI's own
weights. Decoding is at temperature 0 only: the usual fallback to higher temperatures is random, and a library must
not depend on chance.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from avrec.errors import WeightsMismatchError
from avrec.models.base import LOADING, LazyModel
from avrec.models.speech_guards import is_plausible
from avrec.models.torchvision_fix import prepare_torchvision
from avrec.models.weights import Weights
from avrec.schemas import ModelCard, SpokenLine, Transcript, Word

RATE = 16_000
PIECE_SECONDS = 600.0  # longer audio is taken in pieces, so that memory stays bounded
VOICE_THRESHOLD, GUARD_THRESHOLD = 0.5, 0.7


def speech_stretches(
    audio: np.ndarray, threshold: float, pad_ms: int = 400, gap_ms: int = 2000
) -> list[tuple[float, float]]:
    """Silero voice activity: (start, end) in seconds of the stretches with speech."""
    with LOADING:
        from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(threshold=threshold, speech_pad_ms=pad_ms, min_silence_duration_ms=gap_ms)
    return [(s["start"] / RATE, s["end"] / RATE) for s in get_speech_timestamps(audio, options)]


class _GuardedTranscriber(LazyModel):
    """Cuts long audio at pauses, asks the backend, and keeps what is plausible."""

    def transcribe(self, audio: np.ndarray, language: str | None = None) -> Transcript:
        """Transcribe float32 mono at 16 kHz in [-1, 1]; no lines when nobody speaks."""
        audio = np.ascontiguousarray(audio, dtype=np.float32)
        lines: list[SpokenLine] = []
        probability: float | None = None
        for offset, piece in _pieces(audio):
            heard = self._surviving(lambda s=piece: speech_stretches(s, GUARD_THRESHOLD, pad_ms=100, gap_ms=200))
            if not heard:  # no line could pass the guards
                continue
            with self.predict_lock:
                found, spoken, sure = self._surviving(lambda s=piece, wish=language: self._recognise(s, wish))
            if language is None and found:
                language, probability = spoken, sure
            kept = [line for line in found if is_plausible(line.text, line.start, line.end, line.avg_logprob, heard)]
            lines += [_shift(line, offset, len(audio) / RATE) for line in kept]
        if not lines:
            return Transcript((), None, None, self.card.name)
        return Transcript(tuple(lines), language, probability, self.card.name)

    def _recognise(self, audio: np.ndarray, language: str | None) -> tuple[list[SpokenLine], str, float]:
        raise TypeError(f"{type(self).__name__} has no _recognise")


def _pieces(audio: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Cut long audio into pieces of about ten minutes, each at the quietest tenth of a second of its last 30 s."""
    size, step = int(PIECE_SECONDS * RATE), RATE // 10
    pieces, start = [], 0
    while len(audio) - start > size + 60 * RATE:
        tail = audio[start + size - 30 * RATE : start + size]
        quietest = int(np.argmin(np.square(tail).reshape(-1, step).sum(axis=1))) * step
        end = start + size - 30 * RATE + quietest
        pieces.append((start / RATE, audio[start:end]))
        start = end
    return [*pieces, (start / RATE, audio[start:])]


def _shift(line: SpokenLine, offset: float, duration: float) -> SpokenLine:
    def at(time: float) -> float:
        return round(min(max(time + offset, 0.0), duration), 3)

    words = tuple(Word(at(w.start), at(w.end), w.text, w.probability) for w in line.words)
    return SpokenLine(at(line.start), at(line.end), line.text, line.avg_logprob, words)


class Last:
    """A function of one array that is not called again for the array that it was last called for."""

    def __init__(self, function: Callable[[np.ndarray], Any]):
        self._function = function
        self._argument: np.ndarray | None = None
        self._result: Any = None

    def __call__(self, argument: np.ndarray) -> Any:
        if self._argument is None or not np.array_equal(self._argument, argument):
            self._argument, self._result = argument.copy(), self._function(argument)
        return self._result


class FasterWhisperTranscriber(_GuardedTranscriber):
    """Whisper base, multilingual, int8 on the CPU through CTranslate2."""

    def __init__(self, weights: Weights, threads: int = 1):
        super().__init__()
        self._weights, self._threads = weights, threads
        self.card = ModelCard(
            task="transcriber",
            name="Whisper base (faster-whisper, int8)",
            version="whisper-base-d01c3014-ct2-int8",
            source="package carrier",
            licence="MIT",
            dtype="int8",
            memory_bytes=150_000_000,
        )

    def _load(self) -> Any:
        from faster_whisper import WhisperModel

        for name in ("whisper-base-config", "whisper-base-tokenizer", "whisper-base-vocabulary"):
            self._weights.path(name)
        folder = self._weights.path("whisper-base").parent
        model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=self._threads)
        # Detecting the language encodes the first 30 s, and recognition encodes them again.
        model.encode = Last(model.encode)
        return model

    def _recognise(self, audio: np.ndarray, language: str | None) -> tuple[list[SpokenLine], str, float]:
        segments, info = self.handle.transcribe(
            audio,
            language=language,
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=True,
        )
        lines = [
            SpokenLine(
                s.start,
                s.end,
                s.text.strip(),
                s.avg_logprob,
                tuple(Word(w.start, w.end, w.word.strip(), w.probability) for w in s.words or ()),
            )
            for s in segments
        ]
        return lines, info.language, info.language_probability


class WhisperTorchTranscriber(_GuardedTranscriber):
    """Whisper through openai-whisper: on a GPU in fp16, or with OpenAI's own weights.

    Args:
        load: Makes the `whisper.model.Whisper`; see `load_converted` and `load_openai`.
    """

    def __init__(self, load: Callable[[], Any], card: ModelCard):
        super().__init__()
        self._load_model, self.card = load, card

    def _load(self) -> Any:
        model = self._load_model().eval().to(self.card.device)
        return model.half() if self.card.device == "cuda" else model.float()

    def _recognise(self, audio: np.ndarray, language: str | None) -> tuple[list[SpokenLine], str, float]:
        import whisper

        model = self.handle
        if language is None:
            mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(audio), model.dims.n_mels).to(model.device)
            _, odds = model.detect_language(mel.half() if self.card.device == "cuda" else mel)
            language = max(odds, key=odds.get)
            sure = float(odds[language])
        else:
            sure = 1.0
        clips = [time for stretch in speech_stretches(audio, VOICE_THRESHOLD) for time in stretch]
        result = whisper.transcribe(
            model,
            audio,  # an array: a path would make it run ffmpeg
            language=language,
            temperature=0.0,
            beam_size=5,
            condition_on_previous_text=False,
            word_timestamps=True,
            clip_timestamps=clips,
            fp16=self.card.device == "cuda",
        )
        lines = [
            SpokenLine(
                s["start"],
                s["end"],
                s["text"].strip(),
                s["avg_logprob"],
                tuple(Word(w["start"], w["end"], w["word"].strip(), w["probability"]) for w in s.get("words", ())),
            )
            for s in result["segments"]
        ]
        return lines, language, sure


def load_converted(weights: Weights) -> Any:
    """Whisper base in openai-whisper from the converted CTranslate2 weights."""
    prepare_torchvision()
    from safetensors.torch import load_file
    from whisper import _ALIGNMENT_HEADS
    from whisper.model import ModelDimensions, Whisper

    model = Whisper(ModelDimensions(80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6))
    state = load_file(weights.derived("whisper-base-torch.safetensors", "whisper-base"))
    model.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=True)
    model.set_alignment_heads(_ALIGNMENT_HEADS["base"])
    return model


def load_openai(path: Path) -> Any:
    """A Whisper checkpoint as OpenAI published it; its sha256 must be one of theirs.

    Raises:
        WeightsMismatchError: It is another file.
    """
    prepare_torchvision()
    import torch
    from whisper import _ALIGNMENT_HEADS, _MODELS
    from whisper.model import ModelDimensions, Whisper

    from avrec.store.files import hash_file

    found = hash_file(path)
    published = {url.split("/")[-2]: name for name, url in _MODELS.items()}
    if found not in published:
        raise WeightsMismatchError(path.name, next(iter(published)), found)
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model = Whisper(ModelDimensions(**checkpoint["dims"]))
    model.load_state_dict(checkpoint["model_state_dict"])
    model.set_alignment_heads(_ALIGNMENT_HEADS[published[found]])
    return model

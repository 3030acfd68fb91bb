"""Plain statistics of the sound per segment: level, spectral centroid, flatness, onset rate.

Peeters (2004), "A large set of audio features for sound description", for centroid and flatness; onset rate counts
peaks of the spectral flux (Bello et al. 2005).
"""

from collections.abc import Sequence

import numpy as np

from avrec.schemas import Annotation, Segment

RATE = 16_000
FRAME, HOP = 1024, 512
MODEL = "spectral statistics"


def spectrogram(audio: np.ndarray) -> np.ndarray:
    """Magnitudes of Hann-windowed frames, (frames, 513)."""
    if len(audio) < FRAME:
        audio = np.pad(audio, (0, FRAME - len(audio)))
    frames = np.lib.stride_tricks.sliding_window_view(audio, FRAME)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)).astype(np.float32)


def level_db(audio: np.ndarray) -> float:
    """RMS level in dBFS, at least -96."""
    return max(-96.0, 10 * float(np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-12)))


def centroid_hz(magnitudes: np.ndarray) -> float:
    """Magnitude-weighted mean frequency in Hz."""
    total = magnitudes.sum()
    return float((magnitudes * np.fft.rfftfreq(FRAME, 1 / RATE)).sum() / total) if total > 0 else 0.0


def flatness(magnitudes: np.ndarray) -> float:
    """Geometric over arithmetic mean of the mean power spectrum, in [0, 1]: 1 for white noise, 0 for a tone."""
    power = np.square(magnitudes, dtype=np.float64).mean(axis=0)[1:-1] + 1e-20
    return float(np.exp(np.log(power).mean()) / power.mean())


def onset_rate(magnitudes: np.ndarray) -> float:
    """Onsets per minute: peaks of the half-wave rectified spectral flux above its mean plus one deviation."""
    if len(magnitudes) < 3:
        return 0.0
    flux = np.maximum(np.diff(np.log1p(100 * magnitudes), axis=0), 0).sum(axis=1)
    inner = flux[1:-1]
    peaks = (inner > flux[:-2]) & (inner >= flux[2:]) & (inner > flux.mean() + flux.std())
    return float(peaks.sum() / (len(magnitudes) * HOP / RATE) * 60)


def describe_sound(audio: np.ndarray, segments: Sequence[Segment]) -> list[Annotation]:
    """Four statistics for each segment; scores are scaled to [0, 1], the raw value and its unit are in `details`."""
    found = []
    for segment in segments:
        part = np.asarray(audio[int(segment.start * RATE) : int(segment.end * RATE)], dtype=np.float32)
        if not len(part):
            continue
        magnitudes = spectrogram(part)
        level, onsets = level_db(part), onset_rate(magnitudes)
        rows = [("level", level, "dBFS", (level + 96) / 96)]
        if level > -60:
            centroid, flat = centroid_hz(magnitudes), flatness(magnitudes)
            rows.append(("centroid", centroid, "Hz", centroid / (RATE / 2)))
            rows.append(("flatness", flat, "", flat))
            rows.append(("onsets", onsets, "per minute", onsets / 600))
        found += [
            Annotation(
                segment.start, segment.end, "audio", label, float(np.clip(scaled, 0, 1)), MODEL,
                {"value": round(value, 4), "unit": unit},
            )
            for label, value, unit, scaled in rows
        ]  # fmt: skip
    return found

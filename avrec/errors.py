"""The one tree of domain errors.

    AvrecError
    ├── MediaError
    │   ├── UnsupportedMediaError     not audio or video we read
    │   ├── CorruptMediaError         damaged, or it crashed the decoder
    │   └── MediaTooLargeError        over a byte, pixel or time limit
    ├── ModelError
    │   ├── UnknownModelError         no model of that name
    │   ├── WeightsUnavailableError   weights are not on this machine
    │   ├── WeightsMismatchError      a file's sha256 is not the pinned one
    │   ├── NotEnoughMemoryError      a model does not fit
    │   └── ModelOutputError          a model gave numbers that are none
    ├── NotFittedError                a recommender was asked before `fit`
    ├── UnknownClipError
    ├── UnknownUserError
    ├── StoreError                    data directory unwritable, disk full, database damaged
    ├── InvalidInputError             a value, option or table that cannot be used
    └── JobCancelledError

Each error builds its sentence from its attributes, and the sentence says what to do. The sentence is
shown to users as it is, so it never holds a path of the server or a traceback.
"""


class AvrecError(Exception):
    """Base of every error avrec raises on purpose."""


class MediaError(AvrecError):
    """A file cannot be used. `name` is the display name, `reason` a clause without a full stop."""

    advice = "Convert it with a media tool and add it again."

    def __init__(self, name: str, reason: str, advice: str | None = None):
        self.name, self.reason = name, reason
        if advice:
            self.advice = advice
        super().__init__(name, reason)

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}. {self.advice}"


class UnsupportedMediaError(MediaError):
    """The content is not audio or video that avrec reads."""

    advice = "Add an mp4, mov, webm, mkv, avi, mp3, wav, flac, ogg or m4a file."


class CorruptMediaError(MediaError):
    """The content is damaged beyond what can be decoded."""

    advice = "Export or download the file again, then retry."


class MediaTooLargeError(MediaError):
    """The file is over a limit in bytes, pixels or decoding time."""

    advice = "Cut or scale it down, then add it again."


class ModelError(AvrecError):
    """A model cannot be used."""


class UnknownModelError(ModelError):
    def __init__(self, name: str, known: list[str]):
        self.name, self.known = name, known
        super().__init__(name, known)

    def __str__(self) -> str:
        return f"There is no model named {self.name!r}; choose one of: {', '.join(self.known)}."


class WeightsUnavailableError(ModelError):
    def __init__(self, name: str, advice: str = "Run `python -m avrec weights fetch` with a network once."):
        self.name, self.advice = name, advice
        super().__init__(name, advice)

    def __str__(self) -> str:
        return f"The weights of {self.name} are not on this machine. {self.advice}"


class WeightsMismatchError(ModelError):
    def __init__(self, name: str, expected: str, found: str):
        self.name, self.expected, self.found = name, expected, found
        super().__init__(name, expected, found)

    def __str__(self) -> str:
        return (
            f"The file for {self.name} has sha256 {self.found[:12]}…, expected {self.expected[:12]}…; "
            "it was refused. Remove it and run `python -m avrec weights fetch`."
        )


class ModelOutputError(ModelError):
    def __init__(self, name: str):
        self.name = name
        super().__init__(name)

    def __str__(self) -> str:
        return f"{self.name} gave numbers that are not finite. Run `python -m avrec weights verify`, then retry."


class NotEnoughMemoryError(ModelError):
    def __init__(self, name: str):
        self.name = name
        super().__init__(name)

    def __str__(self) -> str:
        return f"There is not enough memory for {self.name}. Close other programs, then retry."


class NotFittedError(AvrecError):
    def __init__(self, name: str):
        self.name = name
        super().__init__(name)

    def __str__(self) -> str:
        return f"{self.name} has not been fitted; call fit(dataset) first."


class UnknownClipError(AvrecError):
    def __init__(self, clip_id: str):
        self.clip_id = clip_id
        super().__init__(clip_id)

    def __str__(self) -> str:
        return f"There is no clip {self.clip_id!r} in this library; `python -m avrec clips` lists the ids."


class UnknownUserError(AvrecError):
    def __init__(self, user_id: str):
        self.user_id = user_id
        super().__init__(user_id)

    def __str__(self) -> str:
        return f"There is no person {self.user_id!r}; record an event for them first, or pick another person."


class StoreError(AvrecError):
    def __init__(self, reason: str, advice: str = "Check the data directory (AVREC_DATA) and its free space."):
        self.reason, self.advice = reason, advice
        super().__init__(reason, advice)

    def __str__(self) -> str:
        return f"{self.reason}. {self.advice}"


class InvalidInputError(AvrecError):
    def __init__(self, what: str, reason: str):
        self.what, self.reason = what, reason
        super().__init__(what, reason)

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}."


class JobCancelledError(AvrecError):
    def __str__(self) -> str:
        return "The job was cancelled; retry it to go on."

"""What is asked of an evaluation, and how it waits in a queue as plain values.

The hash covers the dataset, the protocol, the algorithms, the seeds and the code, so equal hashes mean equal results.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from avrec.errors import InvalidInputError
from avrec.evaluate.evaluation import Spec

OTHER_VERSION = "the running app is of another version than what asked for it; restart the app and run it again"


@dataclass(frozen=True)
class Request:
    """An evaluation that is asked for.

    Attributes:
        dataset: "demo", a public set's name, or the path of a CSV file.
        source: Hash of the dataset's content.
    """

    dataset: str
    spec: Spec
    source: str

    @property
    def hash(self) -> str:
        """Hash of everything that decides the result."""
        return self.spec.hash(self.source)

    @property
    def tuning_hash(self) -> str:
        """Hash of what decides the tuned weights: the split and the places that count."""
        return replace(self.spec, algorithms=(), parts=(), hybrid=None, auto=False).hash(self.source)

    def fields(self) -> dict[str, Any]:
        """The request as values that JSON has."""
        spec = json.loads(json.dumps(asdict(self.spec)))
        return {"dataset": self.dataset, "source": self.source, "spec": spec, "hash": self.hash}

    @staticmethod
    def from_fields(fields: dict[str, Any]) -> "Request":
        """Read what `fields` wrote.

        Raises:
            InvalidInputError: It was written by another version.
        """
        from pydantic import TypeAdapter, ValidationError

        try:
            spec = TypeAdapter(Spec).validate_python(fields["spec"])
            asked = Request(str(fields["dataset"]), spec.checked(), str(fields["source"]))
            known = asked.hash == fields["hash"]
        except (ValidationError, KeyError) as error:
            raise InvalidInputError("Evaluation", OTHER_VERSION) from error
        if not known:
            raise InvalidInputError("Evaluation", OTHER_VERSION)
        return asked

"""Check every weight of the embedded profile, and what was made from them."""

from collections.abc import Callable

from avrec.errors import AvrecError
from avrec.models.fetch import DERIVED
from avrec.models.manifest import profile_weights
from avrec.models.weights import Weights
from avrec.store.files import read_json


def verify(weights: Weights, again: bool = False) -> list[tuple[str, str]]:
    """Check all of them.

    Args:
        again: Hash every byte, even of files that were verified before and did not change since.

    Returns:
        (name, what is wrong or "") of each.
    """
    rows = []
    for entry in profile_weights():
        path = weights.find(entry)
        rows.append((entry.name, _reason(lambda e=entry, p=path: weights.check(e, p, again)) if path else "missing"))
    for item in DERIVED:
        reason = _reason(lambda i=item: weights.derived(i.name, i.made_from))
        if not reason and again:
            path = weights.folder / "derived" / item.name
            made = read_json(path.with_name(f"{item.name}.made.json"))["made"]
            reason = _reason(lambda p=path, m=made: weights.check_derived(p, m, again=True))
        rows.append((f"derived {item.name}", reason))
    return rows


def _reason(check: Callable[[], object]) -> str:
    try:
        check()
    except AvrecError as error:
        return str(error)
    return ""

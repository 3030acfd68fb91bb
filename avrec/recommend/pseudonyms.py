"""Names that tell nobody who a person is.

An id such as an e-mail address or a name is shown as "person 7f3a9c12": a keyed hash, so that it is stable in one data
directory, differs in another, and cannot be undone by hashing guesses without the key. Ids that say nothing already,
such as u-001 or 4711, stay.
"""

import hashlib
import hmac
import re

DIGITS = 8
PSEUDONYMOUS = re.compile(r"(?:(?:u|p|user|person|viewer)[-_ ]?)?\d{1,7}|p-[0-9a-f]{6}")
SHOWN = re.compile(r"person [0-9a-f]{8}")


def pseudonym(user_id: str, secret: bytes) -> str:
    """What a person is called where others can read it."""
    if PSEUDONYMOUS.fullmatch(user_id):
        return user_id
    return f"person {keyed_hash(user_id, secret)[:DIGITS]}"


def keyed_hash(user_id: str, secret: bytes) -> str:
    """HMAC-SHA256 of an id, in hex."""
    return hmac.new(secret, user_id.encode(), hashlib.sha256).hexdigest()

"""What people are called on pages and in addresses: pseudonyms, unless the reader asks for real ids in this session.

An address never carries a real id that says who somebody is: links are sent around.
"""

import streamlit as st

from avrec.recommend.pseudonyms import PSEUDONYMOUS, SHOWN
from avrec.ui.resources import engine

REAL = "av-real-ids"
PARAMS = ("user", "other")  # parameters of an address that hold a person


def shown(user_id: str) -> str:
    """A person's name on this page."""
    return user_id if st.session_state.get(REAL) else address(user_id)


def address(user_id: str) -> str:
    """A person's name in an address."""
    return user_id if PSEUDONYMOUS.fullmatch(user_id) or SHOWN.fullmatch(user_id) else engine().pseudonym(user_id)


def real_id(name: str | None) -> str | None:
    """The id behind a pseudonym; anything else stays as it is."""
    if name is None or not SHOWN.fullmatch(name):
        return name
    return next((p.user_id for p in engine().people() if engine().pseudonym(p.user_id) == name), name)

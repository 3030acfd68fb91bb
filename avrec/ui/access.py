"""How this server is exposed, for pages: the login before them, or the banner that there is none."""

import sys

import streamlit as st

from avrec.config import FAULTS, Settings, fault
from avrec.errors import AvrecError
from avrec.exposure import OPEN_WARNING, Exposure, expose, read_auth

_held: dict[str, Exposure] = {}


def decide() -> Exposure:
    """Decide once, when the server starts; it does not start where nothing may listen like this."""
    try:
        settings = Settings()
        _held["exposure"] = expose(settings, st.get_option("server.address") or "0.0.0.0", read_auth())
    except (AvrecError, *FAULTS) as error:
        print(error if isinstance(error, AvrecError) else fault(error), file=sys.stderr)
        raise SystemExit(1) from None
    if _held["exposure"].mode == "open":
        print(f"Warning: {OPEN_WARNING}", file=sys.stderr, flush=True)
    return _held["exposure"]


def is_guarded() -> bool:
    """Whether strangers can reach this server, so that what everybody may ask says nothing of the library."""
    return "exposure" in _held and _held["exposure"].mode == "login"


def come_in() -> None:
    """First thing of every page: stop before a stranger, say so where everybody is let in."""
    exposure = _held.get("exposure")
    if exposure is None or exposure.mode == "local":
        return
    if exposure.mode == "open":
        st.warning(OPEN_WARNING, icon=":material/lock_open:")
        return
    user = st.user.to_dict()
    if exposure.may_log_in(user):
        return
    st.title("avrec")
    if user.get("is_logged_in"):
        st.markdown("This account may not come in. The owner can add it with AVREC_LOGINS.")
        st.button("Log out", on_click=st.logout)
    else:
        st.markdown("Log in to see this library.")
        st.button("Log in", type="primary", on_click=st.login)
    st.stop()

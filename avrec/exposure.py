"""Who can reach the app, decided before it listens: this machine alone, people who log in, or, said aloud, everybody.

The owner of the machine is trusted; whoever else reaches the address is not. So the app listens elsewhere than on this
machine only behind a login, or when the owner asked for an open one in so many words.
"""

import importlib.util
import ipaddress
import socket
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from avrec.config import REPOSITORY, Settings
from avrec.errors import InvalidInputError

SHORTEST_SECRET = 32
OPEN_WARNING = (
    "avrec is open: everybody who reaches this address can see, add, change and delete everything. "
    "It was started with --open (AVREC_OPEN)."
)


@dataclass(frozen=True)
class Exposure:
    """What the server holds to.

    Attributes:
        mode: "local": only this machine; "login": only people who logged in; "open": everybody.
        hosts: Names in a Host header that are ours, in lower case.
        any_ip: Whether a bare IP address is ours too; never a name, since names can be made to point anywhere.
        logins: Who may log in: addresses, `@domain`s, or `*`.
    """

    mode: Literal["local", "login", "open"]
    hosts: frozenset[str]
    any_ip: bool = False
    logins: tuple[str, ...] = ()

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names this server, whatever its port."""
        name = host_name(host)
        return name in self.hosts or (self.any_ip and _ip(name) is not None)

    def may_log_in(self, user: dict[str, Any]) -> bool:
        """Whether a person whom the provider vouches for is one of `logins`."""
        if not user.get("is_logged_in"):
            return False
        address = str(user.get("email") or "").lower()
        if "*" in self.logins:
            return True
        if not address or user.get("email_verified") is False:
            return False
        return any(address == one or (one.startswith("@") and address.endswith(one)) for one in self.logins)


def expose(settings: Settings, address: str, auth: dict[str, Any] | None) -> Exposure:
    """Decide for an address.

    Args:
        auth: The [auth] section of the secrets; None where there is none.

    Raises:
        InvalidInputError: Nothing may listen there like this; says what to do.
    """
    local = is_loopback(address)
    names = {host_name(address), *(host.lower() for host in settings.hosts)} - {"", "0.0.0.0", "::"}
    names |= {"localhost", "127.0.0.1", "::1"} if local else {"localhost", socket.gethostname().lower()}
    if auth is not None:
        _check_login(settings, auth)
        logins = tuple(one.strip().lower() for one in settings.logins)
        return Exposure("login", frozenset(names), not local, logins)
    if local:
        return Exposure("local", frozenset(names))
    if settings.open:
        return Exposure("open", frozenset(names), any_ip=True)
    raise InvalidInputError(
        f"Address {address or 'any'}",
        "avrec listens there only behind a login: put an [auth] section into .streamlit/secrets.toml and say in "
        "AVREC_LOGINS who may come in; or start it with --open (AVREC_OPEN=1) to let everybody in",
    )


def _check_login(settings: Settings, auth: dict[str, Any]) -> None:
    if len(str(auth.get("cookie_secret") or "")) < SHORTEST_SECRET:
        raise InvalidInputError(
            "Login", f"the [auth] section needs a random cookie_secret of {SHORTEST_SECRET} characters or more"
        )
    if not auth.get("redirect_uri"):
        raise InvalidInputError("Login", "the [auth] section needs a redirect_uri that ends in /oauth2callback")
    if importlib.util.find_spec("authlib") is None:
        raise InvalidInputError("Login", "it needs two more packages; run `pip install -r requirements-login.txt`")
    if not settings.logins:
        reason = 'say in AVREC_LOGINS who may come in, such as ["ann@example.org", "@example.org"], or ["*"]'
        raise InvalidInputError("Login", reason)


def read_auth() -> dict[str, Any] | None:
    """The [auth] section of the secrets that Streamlit will read; None where there is none.

    Raises:
        InvalidInputError: A secrets file cannot be read; guessing would leave the app open.
    """
    found: dict[str, Any] = {}
    for folder in (Path.home(), REPOSITORY):  # the later one wins, as in Streamlit
        try:
            found |= tomllib.loads((folder / ".streamlit" / "secrets.toml").read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise InvalidInputError("Login", "the file secrets.toml cannot be read; correct or remove it") from error
    auth = found.get("auth")
    return dict(auth) if isinstance(auth, dict) and auth else None


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address."""
    ip = _ip(host_name(address))
    return host_name(address) == "localhost" or (ip is not None and ip.is_loopback)


def host_name(host: str) -> str:
    """The name in a Host header or an address, without port and brackets, in lower case."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0]


def _ip(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None

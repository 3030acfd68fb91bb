"""Where the app may listen, and for whom: this machine, people who log in, or everybody when the owner says so."""

import os
import subprocess
import sys
import types

import pytest

from avrec.__main__ import main
from avrec.config import REPOSITORY, Settings
from avrec.errors import InvalidInputError
from avrec.exposure import expose, host_name, is_loopback

AUTH = {"cookie_secret": "x" * 32, "redirect_uri": "https://avrec.example/oauth2callback"}


@pytest.fixture
def made(tmp_path):
    return lambda **given: Settings(data=tmp_path, **given)


@pytest.fixture
def authlib(monkeypatch):
    """As if the packages of a login were installed."""
    stand_in = types.ModuleType("authlib")
    stand_in.__spec__ = types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "authlib", stand_in)


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_this_machine_alone_needs_no_login(made, address):
    exposure = expose(made(), address, None)
    assert (exposure.mode, exposure.any_ip) == ("local", False)
    assert all(exposure.is_ours(host) for host in ("127.0.0.1:8501", "localhost", "LOCALHOST:1", "[::1]:8501"))
    for host in ("evil.example", "evil.example:8501", "127.0.0.1.evil.example", "192.168.1.2", "", "localhost.evil"):
        assert not exposure.is_ours(host), host


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.2", "avrec.example", ""])
def test_elsewhere_is_refused_without_a_login_or_the_owners_word(made, address):
    with pytest.raises(InvalidInputError, match=r"only behind a login.*AVREC_LOGINS.*--open \(AVREC_OPEN=1\)"):
        expose(made(), address, None)


def test_open_is_for_whoever_reaches_it_but_not_under_any_name(made):
    exposure = expose(made(open=True, hosts=["Avrec.Example"]), "0.0.0.0", None)
    assert exposure.mode == "open"
    assert exposure.is_ours("192.168.1.2:8501")
    assert exposure.is_ours("avrec.example")
    assert not exposure.is_ours("evil.example:8501"), "a name can be made to point here"


def test_a_login_needs_a_secret_a_return_address_packages_and_names(made, authlib):
    some = made(logins=["@example.org"])
    for auth, reason in [
        ({}, "cookie_secret"),
        (AUTH | {"cookie_secret": "short"}, "cookie_secret"),
        (AUTH | {"redirect_uri": ""}, "redirect_uri"),
    ]:
        with pytest.raises(InvalidInputError, match=reason):
            expose(some, "0.0.0.0", auth)
    with pytest.raises(InvalidInputError, match="AVREC_LOGINS"):
        expose(made(), "0.0.0.0", AUTH)
    assert expose(some, "0.0.0.0", AUTH).mode == "login"
    assert expose(some, "127.0.0.1", AUTH).mode == "login", "whoever set one up wants it here too"
    assert expose(made(logins=["*"], open=True), "0.0.0.0", AUTH).mode == "login", "open does not undo it"


def test_a_login_without_its_packages_says_which(made, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidInputError, match=r"requirements-login\.txt"):
        expose(made(logins=["*"]), "0.0.0.0", AUTH)


@pytest.mark.parametrize(
    ("user", "allowed"),
    [
        ({"is_logged_in": True, "email": "Ann@Example.org"}, True),
        ({"is_logged_in": True, "email": "bob@team.example"}, True),
        ({"is_logged_in": True, "email": "ann@example.org", "email_verified": False}, False),
        ({"is_logged_in": True, "email": "ann@example.org.evil"}, False),
        ({"is_logged_in": True, "email": "x@notteam.example"}, False),
        ({"is_logged_in": True}, False),
        ({"is_logged_in": False, "email": "ann@example.org"}, False),
        ({}, False),
    ],
)
def test_who_may_log_in(made, authlib, user, allowed):
    exposure = expose(made(logins=["ann@example.org", "@team.example"]), "0.0.0.0", AUTH)
    assert exposure.may_log_in(user) is allowed


def test_names_in_headers():
    assert [host_name(h) for h in ("A.b:80", "[::1]:80", "::1", "[fe80::1]", "a")] == [
        "a.b",
        "::1",
        "::1",
        "fe80::1",
        "a",
    ]
    assert not is_loopback("127.0.0.1.evil.example")


@pytest.mark.parametrize(
    "command",
    [
        ["avrec", "serve", "--address", "0.0.0.0"],
        ["streamlit", "run", "app.py", "--server.address=0.0.0.0"],
    ],
    ids=["serve", "streamlit"],
)
def test_neither_command_starts_elsewhere_without_a_login(command, tmp_path):
    given = os.environ | {"AVREC_DATA": str(tmp_path / "data"), "HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=REPOSITORY,
        env=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "only behind a login" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_secrets_file_that_cannot_be_read_keeps_the_app_closed(tmp_path, monkeypatch):
    from avrec.exposure import read_auth

    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text("[auth\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InvalidInputError, match=r"secrets\.toml cannot be read") as caught:
        read_auth()
    assert str(tmp_path) not in str(caught.value)
    (tmp_path / ".streamlit" / "secrets.toml").write_text('[auth]\nclient_id = "a"\n')
    assert read_auth() == {"client_id": "a"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("ROOTS", "/srv/media"), ("MAX_CLIP_MB", "many"), ("PROFILE", "x"), ("OPEN", "perhaps"), ("LOGINS", "a@b.c")],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(name, value, monkeypatch, capsys):
    monkeypatch.setenv(f"AVREC_{name}", value)
    monkeypatch.setattr(sys, "argv", ["avrec", "clips"])
    with pytest.raises(SystemExit) as caught:
        main()
    said = capsys.readouterr().err
    assert caught.value.code == 1
    assert said.count("\n") == 1
    assert f"AVREC_{name}" in said
    assert value not in said

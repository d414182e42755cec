"""Where the Web Service is, and who asks."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from flowpipe_deadline.deadline.webservice.client import WebServiceClient
from flowpipe_deadline.deadline.webservice.settings import WebServiceSettings, parse_environment
from flowpipe_deadline.errors import UsageError

SECRET = "correct-horse"
URL = "FLOWPIPE_DEADLINE_WEBSERVICE"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://farm.studio:8081", "http://farm.studio:8081"),
        ("https://farm.studio:4434/", "https://farm.studio:4434"),
        ("farm.studio:8081", "http://farm.studio:8081"),
        ("farm", "http://farm"),
        ("  10.0.0.7:8082// ", "http://10.0.0.7:8082"),
        ("http://[fe80::1]:8081", "http://[fe80::1]:8081"),
        ("https://proxy.studio/deadline/", "https://proxy.studio/deadline"),
    ],
    ids=["as it is", "slash", "bare host and port", "bare host", "blanks and slashes", "IPv6", "path"],
)
def test_a_url_is_tolerated_in_the_forms_that_people_write(text, url):
    """One form is used from then on."""
    assert WebServiceSettings(text).url == str(WebServiceSettings(text)) == url


@pytest.mark.parametrize(
    "text",
    [
        *("", "ftp://farm", "http://", "http://farm:0", "http://farm:99999", "http://farm:port", "http://fa rm"),
        *("http://farm/?JobID=1", "http://farm/#top", "http://farm/a b", "C:\\farm", "farm\nstudio", "http://[::1"),
    ],
)
def test_what_is_no_url_is_refused(text):
    """With what to write instead."""
    with pytest.raises(UsageError, match="is not a Web Service") as caught:
        WebServiceSettings(text)

    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [f"http://anna:{SECRET}@farm", f"anna:{SECRET}@farm:80", f"ftp://:{SECRET}@x y"])
def test_a_password_in_the_url_is_refused_and_not_repeated(text):
    """Logs and other programs would show it."""
    with pytest.raises(UsageError, match=f"{URL}_PASSWORD") as caught:
        parse_environment({URL: text})

    assert SECRET not in str(caught.value)


def test_without_its_variable_there_is_no_web_service():
    """The others alone mean nothing."""
    assert parse_environment({}) is None
    assert parse_environment({URL: "  ", f"{URL}_USER": "anna"}) is None


def test_every_setting_has_a_variable():
    """All of them named after the first."""
    environment = {
        URL: "https://farm:4434",
        f"{URL}_USER": "anna",
        f"{URL}_PASSWORD": SECRET,
        f"{URL}_CA": "/certs/ca.pem",
        f"{URL}_CERTIFICATE": "/certs/anna.pem",
        f"{URL}_KEY": "/certs/anna.key",
        f"{URL}_TIMEOUT": "2.5,30",
    }

    settings = parse_environment(environment)

    assert settings == WebServiceSettings(
        "https://farm:4434",
        user="anna",
        password=SECRET,
        ca=Path("/certs/ca.pem"),
        certificate=Path("/certs/anna.pem"),
        key=Path("/certs/anna.key"),
        connect_timeout=2.5,
        read_timeout=30.0,
    )


@pytest.mark.parametrize(
    ("text", "seconds"), [("", (10.0, 60.0)), ("5", (10.0, 5.0)), (" 1 , 2 ", (1.0, 2.0))], ids=["none", "one", "two"]
)
def test_a_timeout_is_of_reading_or_of_both(text, seconds):
    """Connecting has one of its own."""
    settings = parse_environment({URL: "farm", f"{URL}_TIMEOUT": text})

    assert (settings.connect_timeout, settings.read_timeout) == seconds


@pytest.mark.parametrize("text", ["soon", "1,2,3", "0", "-1", "5,0", "nan", "inf", "1e9"])
def test_what_is_no_timeout_is_refused(text):
    """None of them would end, or make sense."""
    with pytest.raises(UsageError, match="seconds"):
        parse_environment({URL: "farm", f"{URL}_TIMEOUT": text})


def test_the_password_is_in_no_text_of_the_settings():
    """They may be printed."""
    settings = WebServiceSettings("farm", user="anna", password=SECRET)

    assert SECRET not in f"{settings} {settings!r}"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"password": SECRET}, f"{URL}_USER"),
        ({"user": "an:na"}, "Service's user"),
        ({"user": "anna\n", "password": SECRET}, "Service's user"),
        ({"user": "anna", "password": f"{SECRET}\r\nX: y"}, "Service's password"),
        ({"url": "https://farm", "key": Path("key.pem")}, f"{URL}_CERTIFICATE"),
        ({"ca": Path("ca.pem")}, "write https://"),
        ({"certificate": Path("client.pem")}, "write https://"),
    ],
    ids=["password alone", "colon", "line break in user", "line break in password", "key alone", "CA", "certificate"],
)
def test_settings_that_do_not_fit_each_other_are_refused(fields, words):
    """Rather than ignored: a certificate without TLS protects nothing."""
    with pytest.raises(UsageError, match=words) as caught:
        WebServiceSettings(**{"url": "http://farm", **fields})

    assert SECRET not in str(caught.value)


def test_files_of_certificates_are_looked_at_before_anything_is_asked(certificates, tmp_path):
    """What is wrong with one is said by its name; OpenSSL would ask for a passphrase on the terminal."""
    key = serialization.load_pem_private_key(certificates.key.read_bytes(), None)
    how = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x"))
    (tmp_path / "locked.pem").write_bytes(key.private_bytes(*how))
    (tmp_path / "client.pfx").write_bytes(b"\x30\x82\x01\x00")
    alone = tmp_path / "alone.pem"
    trustme.CA().issue_cert("anna@studio").cert_chain_pems[0].write_to_path(str(alone))

    for fields, words in [
        ({"ca": tmp_path / "missing.pem"}, r"missing\.pem cannot be read.*No such file"),
        ({"ca": tmp_path}, "cannot be read"),
        ({"certificate": tmp_path / "client.pfx"}, "is not a PEM file; 'openssl pkcs12"),
        ({"certificate": alone}, f"has no key.*{URL}_KEY"),
        ({"certificate": alone, "key": tmp_path / "locked.pem"}, r"locked\.pem has a passphrase"),
    ]:
        with pytest.raises(UsageError, match=words):
            WebServiceClient(WebServiceSettings("https://farm", **fields), user="anna", machine="desk-7")

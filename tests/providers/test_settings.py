"""The fields of the two providers: what each refuses, and with which words."""

from __future__ import annotations

import pytest

from providers import Egress, ProviderError, SecretText, SettingsInvalid, provider, specs
from tests.providers.conftest import CLIENT
from tests.providers.test_contract import VALID, parsed

LOOPBACK = Egress(allow_cidrs=["127.0.0.0/8"])


def refused(key: str, rules: Egress | None = None, **changes: object) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as caught:
        provider(key).parse({**VALID[key], **changes}, rules or Egress())
    return caught.value.errors


def test_custom_smtp_declares_its_fields_with_the_words_of_the_screen():
    found = {
        one.name: (one.marker.label, one.marker.section) for one in specs(provider("smtp").settings_type)
    }
    assert found == {
        "sender_email": ("Sender email", ""),
        "sender_name": ("Sender name", ""),
        "host": ("Host", "Server"),
        "port": ("Port", "Server"),
        "tls_option": ("TLS option", "Server"),
        "authentication": ("Authentication", "Sign-in"),
        "username": ("Username", "Sign-in"),
        "password": ("Password", "Sign-in"),
        "force_sender": ("Always use this sender", ""),
    }


def test_graph_declares_its_fields_with_the_words_of_the_screen():
    found = [one.marker.label for one in specs(provider("graph").settings_type) if one.marker.section]
    assert found == ["Client ID", "Client Secret", "Secret expires on", "Access URL"]


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"host": ""}, "host", "Enter the Host"),
        ({"host": "10.0.0.5"}, "host", "EGRESS_ALLOW_CIDRS"),
        ({"host": "localhost"}, "host", "EGRESS_ALLOW_CIDRS"),
        ({"host": "smtp://x.example.com"}, "host", "without smtp://"),
        ({"port": "0"}, "port", "from 1 to 65535"),
        ({"port": "65536"}, "port", "from 1 to 65535"),
        ({"port": "-1"}, "port", "from 1 to 65535"),
        ({"port": "abc"}, "port", "from 1 to 65535"),
        ({"port": "5 87"}, "port", "from 1 to 65535"),
        ({"port": ""}, "port", "Enter the Port"),
        ({"port": "6379"}, "port", "25, 465, 587, 2525"),
        ({"port": "443"}, "port", "25, 465, 587, 2525"),
        ({"tls_option": "maybe"}, "tls_option", "TLS, STARTTLS, None"),
        ({"tls_option": "none"}, "tls_option", "Choose TLS or STARTTLS"),
        ({"username": ""}, "username", "Enter the Username"),
        ({"password": ""}, "password", "Enter the Password"),
        ({"sender_email": "notifications"}, "sender_email", "full address"),
        ({"sender_email": "jörg@contoso.com"}, "sender_email", "plain letters"),
        ({"sender_email": "a@contoso.com, b@contoso.com"}, "sender_email", "@"),
        ({"sender_name": "x" * 201}, "sender_name", "longer than 200"),
        ({"sender_name": "Contoso\r\nBcc: x@y.example"}, "sender_name", "line break"),
    ],
)
def test_wrong_value_of_custom_smtp_is_named_with_the_fix(changes, field, says):
    errors = refused("smtp", **changes)
    assert set(errors) == {field}
    assert says in errors[field]


def test_sign_in_counts_only_with_authentication():
    settings = parsed("smtp", authentication=False, username="", password="")
    assert settings.username == ""  # type: ignore[attr-defined]
    settings = parsed("smtp", authentication="", username="left over", password="left over")
    assert settings.username == ""  # type: ignore[attr-defined]
    assert settings.password == SecretText("")  # type: ignore[attr-defined]


@pytest.mark.control("C-EGR-6")
def test_password_without_encryption_needs_a_listed_address():
    for host in ("localhost", "smtp.example.com"):
        assert set(refused("smtp", LOOPBACK, host=host, tls_option="none")) == {"tls_option"}
    chosen = {**VALID["smtp"], "host": "127.0.0.1", "tls_option": "none"}
    settings = provider("smtp").parse(chosen, LOOPBACK)
    assert "your password can be read" in provider("smtp").warnings(settings)["tls_option"]


@pytest.mark.control("C-EGR-3")
def test_of_all_ports_only_the_listed_ones_pass():
    rules = Egress(allow_ports=(2465,))
    assert [port for port in range(1, 65536) if passes(rules, port)] == [25, 465, 587, 2465, 2525]
    assert parsed("smtp", port="2525").port == 2525  # type: ignore[attr-defined]


def passes(rules: Egress, port: int) -> bool:
    try:
        rules.check_port(port)
    except ProviderError as error:
        assert error.code == "address_refused"
        return False
    return True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tls_option": "tls", "port": "587"}, "tls_option"),
        ({"tls_option": "starttls", "port": "465"}, "tls_option"),
        ({"tls_option": "none", "authentication": False}, "tls_option"),
        ({"host": "smtp.office365.com"}, "host"),
    ],
)
def test_what_deserves_a_second_look_is_a_warning(changes, field):
    assert set(provider("smtp").warnings(parsed("smtp", **changes))) == {field}


def test_usual_settings_warn_of_nothing():
    assert provider("smtp").warnings(parsed("smtp")) == {}
    assert provider("graph").warnings(parsed("graph")) == {}


@pytest.mark.feature("CIR-17")
@pytest.mark.parametrize("typed", [CLIENT, f" {CLIENT} \n", CLIENT.upper()])
def test_client_id_is_trimmed_and_lowered(typed):
    assert parsed("graph", client_id=typed).client_id == CLIENT  # type: ignore[attr-defined]


@pytest.mark.feature("CIR-17")
@pytest.mark.parametrize(
    "typed",
    ["Mailroom", CLIENT[:-1], CLIENT + "0", "{" + CLIENT + "}", CLIENT.replace("-", ""), "g" + CLIENT[1:]],
)
def test_client_id_must_be_a_guid(typed):
    assert "Application (client) ID" in refused("graph", client_id=typed)["client_id"]


def test_secret_id_pasted_as_secret_is_a_warning():
    settings = parsed("graph", client_secret=CLIENT)
    assert "Paste the secret’s Value" in provider("graph").warnings(settings)["client_secret"]
    assert provider("graph").warnings(parsed("graph")) == {}


@pytest.mark.parametrize("typed", ["abc…def", "***", "Q8~***", "•••", "with blank inside", "ümlaut~secret"])
def test_shortened_secret_is_refused(typed):
    errors = refused("graph", client_secret=typed)
    assert set(errors) == {"client_secret"}
    assert typed not in errors["client_secret"]


def test_blanks_around_a_secret_are_cut_off():
    assert parsed("graph", client_secret="  Q8~value \n").client_secret == SecretText("Q8~value")  # type: ignore[attr-defined]


def test_blanks_inside_and_around_a_password_stay():
    assert parsed("smtp", password=" pass word ").password == SecretText(" pass word ")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("typed", "day"), [("", "None"), (None, "None"), ("2027-03-31", "2027-03-31")])
def test_secret_may_carry_its_last_day(typed, day):
    assert str(parsed("graph", secret_expires_on=typed).secret_expires_on) == day  # type: ignore[attr-defined]


def test_wrong_or_past_day_is_told():
    assert "like 2027-03-31" in refused("graph", secret_expires_on="31.03.2027")["secret_expires_on"]
    warned = provider("graph").warnings(parsed("graph", secret_expires_on="2020-01-01"))
    assert "has passed" in warned["secret_expires_on"]


def test_name_of_the_sender_cannot_be_forced_at_microsoft():
    assert "display name" in provider("graph").warnings(parsed("graph", sender_name="Contoso"))["sender_name"]


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"host": "SMTP.example.com."}, True),
        ({"username": "other"}, True),
        ({"sender_email": "b@contoso.com"}, True),
        ({"host": "smtp2.example.com"}, False),
        ({"port": "465"}, False),
        ({"tls_option": "tls"}, False),
    ],
)
def test_destination_follows_server_not_user(changes, same):
    one = provider("smtp")
    assert (one.destination(parsed("smtp")) == one.destination(parsed("smtp", **changes))) is same


def test_destination_of_graph_is_token_host_tenant_app_and_cloud():
    assert provider("graph").destination(parsed("graph")) == (
        "oauth",
        "login.microsoftonline.com",
        "5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013",
        CLIENT,
        "worldwide",
    )

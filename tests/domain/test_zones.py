"""What is said of each zone: verdict, sentence, the record found and the record to publish (NEW-19)."""

from __future__ import annotations

import time

import pytest

from mailsettings.domain.examine import Examination, Question, examine
from mailsettings.domain.findings import Finding, Verdict
from mailsettings.domain.lookups import LIFETIME_SECONDS, DnsResolver
from mailsettings.domain.mail_services import BY_KEY, MailService, service_of_host
from mailsettings.domain.words import row
from sandbox.dns import Fault
from tests.domain.zones import FIXTURES, Fixture, good, spf
from tests.plugin_sandbox import Sandbox

MICROSOFT = BY_KEY["microsoft"]


def look(
    *services: MailService, domain: str = "contoso.com", selector: str = "", seconds: float = LIFETIME_SECONDS
) -> Examination:
    question = Question(domain=domain, services=services or (MICROSOFT,), selector=selector)
    return examine(question, DnsResolver(seconds=seconds))


def finding(examination: Examination, record: str) -> Finding:
    return next(each for each in examination.findings if each.record == record)


@pytest.mark.feature("NEW-19", "WPM-9")
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)
def test_each_record_of_a_zone_is_judged(sandbox: Sandbox, fixture: Fixture) -> None:
    sandbox.dns(fixture.zones, faults=fixture.faults)
    examination = look()
    assert [each.record for each in examination.findings] == ["spf", "dkim", "dmarc", "mx", "mta_sts"]
    for record, (verdict, words) in fixture.expected.items():
        found = finding(examination, record)
        assert (found.verdict, words in row(found).sentence) == (verdict, True), row(found)
        # What is right needs nothing; what is not checked is not blamed.
        assert not (found.publish and found.verdict in {Verdict.OK, Verdict.UNKNOWN})
    assert examination.warnings == fixture.warnings


def test_there_are_more_fixtures_than_promised() -> None:
    assert len({fixture.name for fixture in FIXTURES}) >= 12


@pytest.mark.feature("NEW-19")
def test_found_and_to_publish_stand_side_by_side(sandbox: Sandbox) -> None:
    zones = {"contoso.com": {"TXT": ["v=spf1 mx -all", "v=spf1 include:mailgun.org ~all"]}}
    sandbox.dns(zones)
    examination = look()
    found = finding(examination, "spf")
    assert [line.value for line in found.found] == ["v=spf1 mx -all", "v=spf1 include:mailgun.org ~all"]
    [line] = found.publish
    assert (line.type, line.name) == ("TXT", "contoso.com")
    assert line.value == "v=spf1 mx include:mailgun.org include:spf.protection.outlook.com -all"
    keys = finding(examination, "dkim").publish
    assert [key.name for key in keys] == [f"selector{n}._domainkey.contoso.com" for n in (1, 2)]
    assert keys[0].value == "selector1-contoso-com._domainkey.**your-tenant**.onmicrosoft.com"
    [policy] = finding(examination, "dmarc").publish
    assert (policy.name, policy.value) == ("_dmarc.contoso.com", "v=DMARC1; p=none")
    [exchanger] = finding(examination, "mx").publish
    assert exchanger.value == "0 contoso-com.mail.protection.outlook.com"


@pytest.mark.feature("NEW-19")
def test_what_is_published_as_told_is_right_afterwards(sandbox: Sandbox) -> None:
    server = sandbox.dns({"contoso.com": {"TXT": ["v=spf1 ip4:192.0.2.1 +all"]}})
    server.zones["spf.protection.outlook.com"] = good()["spf.protection.outlook.com"]
    for each in look().findings:
        for line in each.publish:
            records = dict(server.zones.get(line.name, {}))
            kept = [] if line.type == "TXT" and each.record == "spf" else list(records.get(line.type, ()))
            value = line.value.replace("**", "") + ("." if line.type in {"CNAME", "MX"} else "")
            server.zones[line.name] = {**records, line.type: [*kept, value]}
            if line.type == "CNAME":
                server.zones[value.rstrip(".")] = {"TXT": ["v=DKIM1; p=QUJD"]}
    assert [each.verdict for each in look().findings] == [Verdict.OK] * 5


@pytest.mark.feature("NEW-19")
def test_only_the_listed_names_are_asked(sandbox: Sandbox) -> None:
    server = sandbox.dns(spf("v=spf1 a mx ptr exists:%{i}.x.example include:%{d}.y.example ip4:1.2.3.4 -all"))
    look()
    assert set(server.asked) == {
        ("contoso.com", "TXT"),
        ("contoso.com", "MX"),
        ("selector1._domainkey.contoso.com", "TXT"),
        ("selector2._domainkey.contoso.com", "TXT"),
        ("_dmarc.contoso.com", "TXT"),
        ("_mta-sts.contoso.com", "TXT"),
    }


@pytest.mark.feature("NEW-19")
def test_a_chain_without_end_is_left_after_ten_questions(sandbox: Sandbox) -> None:
    chain = {f"i{n}.example": {"TXT": [f"v=spf1 include:i{n + 1}.example -all"]} for n in range(1, 40)}
    server = sandbox.dns(spf("v=spf1 include:i1.example -all", **chain))
    look()
    assert len([name for name, _ in server.asked if name.endswith(".example")]) == 10


@pytest.mark.feature("NEW-19")
@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.GARBAGE])
def test_a_silent_name_server_spoils_one_record_and_takes_no_longer_than_allowed(
    sandbox: Sandbox, fault: Fault
) -> None:
    sandbox.dns(good(), faults={"_dmarc.contoso.com": fault})
    started = time.monotonic()
    verdicts = {each.record: each.verdict for each in look(seconds=0.4).findings}
    assert time.monotonic() - started < 1.5
    assert verdicts.pop(finding(look(seconds=0.1), "dmarc").record) == Verdict.UNKNOWN
    assert set(verdicts.values()) == {Verdict.OK}
    assert LIFETIME_SECONDS == 5.0


@pytest.mark.feature("NEW-19")
@pytest.mark.parametrize(
    ("record", "domain", "place", "policy"),
    [
        ("v=DMARC1; p=none; sp=reject", "news.contoso.com", "contoso.com", "reject"),
        ("v=DMARC1; p=quarantine", "a.b.c.contoso.com", "contoso.com", "quarantine"),
        ("v=DMARC1; p=reject", "a.b.c.d.e.f.g.h.i.j.contoso.com", "contoso.com", "reject"),
        ("v=DMARC1; p=reject; sp=none", "contoso.com", "contoso.com", "reject"),
    ],
)
def test_the_policy_of_the_closest_domain_above_counts(
    sandbox: Sandbox, record: str, domain: str, place: str, policy: str
) -> None:
    server = sandbox.dns({"_dmarc.contoso.com": {"TXT": [record]}})
    found = finding(look(domain=domain), "dmarc")
    assert (found.facts["place"], found.facts["policy"]) == (place, policy)
    asked = [name for name, _ in server.asked if name.startswith("_dmarc.")]
    assert len(asked) <= 8
    assert "_dmarc.com" not in asked


@pytest.mark.feature("WPM-9")
def test_each_service_has_its_include_and_selectors(sandbox: Sandbox) -> None:
    for service in BY_KEY.values():
        include = service.includes[0]
        keys = {f"{name}._domainkey.contoso.com": {"TXT": ["v=DKIM1; p=QUJD"]} for name in service.selectors}
        zones = {
            "contoso.com": {"TXT": [f"v=spf1 include:{include} -all"]},
            include: {"TXT": ["v=spf1 -all"]},
        }
        sandbox.dns({**zones, **keys})
        examination = look(service)
        assert finding(examination, "spf").verdict == Verdict.OK
        known = Verdict.OK if service.selectors else Verdict.UNKNOWN
        assert finding(examination, "dkim").verdict == known, service.key


@pytest.mark.feature("WPM-9")
def test_a_typed_selector_is_asked_for_at_a_server_nobody_knows(sandbox: Sandbox) -> None:
    own = service_of_host("mail.contoso.com")
    server = sandbox.dns({"2026._domainkey.contoso.com": {"TXT": ["v=DKIM1; k=ed25519; p=QUJD"]}})
    assert finding(look(own), "dkim").code == "dkim_no_selector"
    assert not [name for name, _ in server.asked if "_domainkey" in name]
    assert finding(look(own, selector="2026"), "dkim").verdict == Verdict.OK
    [line] = finding(look(own), "spf").publish
    assert line.value == "v=spf1 a:mail.contoso.com ~all"


@pytest.mark.feature("WPM-7")
def test_a_mailbox_companys_domain_is_named_and_nothing_is_to_publish(sandbox: Sandbox) -> None:
    sandbox.dns({})
    examination = look(domain="gmail.com")
    assert examination.warnings == ("foreign_owner",)
    assert [each.publish for each in examination.findings] == [()] * 5
    assert look(BY_KEY["google"], domain="gmail.com").warnings == ()
    assert look(domain="contoso.onmicrosoft.com").warnings == ()


def test_an_internationalized_domain_is_asked_for_in_its_wire_form(sandbox: Sandbox) -> None:
    server = sandbox.dns(good("xn--bcher-kva.example"))
    assert {each.verdict for each in look(domain="xn--bcher-kva.example").findings} == {Verdict.OK}
    assert ("_dmarc.xn--bcher-kva.example", "TXT") in server.asked

"""The journey's last step over SendGrid's interface: the installed command and a stand-in for the provider."""

import json
from collections import Counter
from pathlib import Path

import pytest

from mailer.batch.batch import Batch
from tests.acceptance.conftest import PLAN, Call
from tests.servers.provider import Answer, Provider, provider
from tests.servers.request_rules import broken_rules

KEY = "SG.key.secret"


@pytest.fixture
def keys(approved: Path) -> dict[str, str]:
    """The message's own id of each partner of an approved plan."""
    with Batch.open(approved / "private" / "batches" / f"{PLAN}.batch") as batch:
        return {batch.key(partner): partner for partner in batch.partner_ids()}


def environment(server: Provider) -> dict[str, str]:
    """A key, and the way to the stand-in."""
    return {"SENDGRID_API_KEY": KEY, "SENDGRID_BASE_URL": server.base_url}


def test_a_plan_goes_out_by_sendgrid(offerpress: Call, keys: dict[str, str]) -> None:
    """Every recipient's message is taken once, in requests that break no rule; sending again asks for nothing."""
    with provider(delay=0.01) as server:
        first = offerpress("send", PLAN, "--transport", "sendgrid", "--json", **environment(server))
        again = offerpress("send", PLAN, "--transport", "sendgrid", "--json", **environment(server))
    assert (0, 0) == (first.code, again.code)
    assert dict.fromkeys(keys, 1) == Counter(server.ids)
    assert [] == [rule for body in server.taken for rule in broken_rules(body)]
    (plan,) = json.loads(again.out)["plans"]
    assert (0, len(keys)) == (plan["accepted"], plan["now"]["accepted"])
    assert {f"Bearer {KEY}"} == {head["authorization"] for _, head in server.heads}


def choose(site: Path, settings: str) -> None:
    """Makes SendGrid the site's way, with settings of its own."""
    file = site / "offerpress.toml"
    text = file.read_text(encoding="utf-8").replace("[mail]\n", '[mail]\ntransport = "sendgrid"\n')
    file.write_text(f"{text}\n[mail.sendgrid]\n{settings}\n", encoding="utf-8")


def test_the_settings_choose_the_way(site: Path, offerpress: Call, keys: dict[str, str]) -> None:
    """`transport`, how many requests are under way and the provider's categories come from `offerpress.toml`."""
    choose(site, 'requests = 2\ncategories = ["partners"]')
    with provider() as server:
        assert 0 == offerpress("send", PLAN, **environment(server)).code
    assert len(keys) == len(server.taken)
    assert all("partners" in body["categories"] for body in server.taken)
    assert server.connections <= 2


def test_the_sandbox_takes_a_sample_and_no_plan(site: Path, offerpress: Call, keys: dict[str, str]) -> None:
    """A plan that the provider only checked would count as sent; a sample goes to one usable address alone."""
    choose(site, "sandbox = true")
    with provider(Answer(200)) as server:
        refused = offerpress("send", PLAN, **environment(server))
        assert (1, []) == (refused.code, server.taken)
        sample = ("send", PLAN, "--test", "me@vendor.example", "--partner", "P-1001")
        assert 0 == offerpress(*sample, **environment(server)).code
        for text, code in (("Me <me@vendor.example>", 0), ("me", 1), ("other@vendor.example", 1)):
            offerpress("suppress", "other@vendor.example")
            assert code == offerpress(*sample[:3], text, *sample[4:], **environment(server)).code
    assert "sandbox" in refused.err
    assert [{"sandbox_mode": {"enable": True}}] * 2 == [body["mail_settings"] for body in server.taken]
    to = [body["personalizations"][0]["to"] for body in server.taken]
    assert [[{"email": "me@vendor.example"}]] * 2 == to
    assert len(keys) == offerpress("status", PLAN, "--json").json["ready"]


def test_a_wrong_key_stops_it_and_leaves_all_ready(offerpress: Call, keys: dict[str, str]) -> None:
    """Refused before anything was taken: the plan goes out whole once the key is right."""
    refused = Answer(401, body='{"errors": [{"message": "no such key", "field": null}]}', takes=False)
    with provider(refused) as server:
        said = offerpress("send", PLAN, "--transport", "sendgrid", **environment(server))
        assert 1 == said.code
        assert "401 request: no such key; correct the key" in said.err
        assert KEY not in said.err
        assert len(keys) == offerpress("status", PLAN, "--json").json["ready"]
        server.answers = [Answer()]
        assert 0 == offerpress("send", PLAN, "--transport", "sendgrid", **environment(server)).code
    assert dict.fromkeys(keys, 1) == Counter(server.ids)


def test_what_the_provider_refuses_or_leaves_open_is_said(offerpress: Call, keys: dict[str, str]) -> None:
    """A refused request is rejected with the provider's words, a broken answer is unknown; the rest goes out."""
    refused = Answer(400, body='{"errors": [{"message": "no such domain", "field": "to"}]}', takes=False)
    limited = Answer(429, headers=(("Retry-After", "0"),), takes=False)
    with provider(refused, limited, Answer(408), Answer()) as server:
        said = offerpress("send", PLAN, "--transport", "sendgrid", **environment(server))
    assert 1 == said.code
    status = offerpress("status", PLAN, "--json").json
    expected = {"accepted": len(keys) - 2, "rejected": 1, "unknown": 1, "ready": 0}
    assert expected == {name: status[name] for name in expected}
    assert set(Counter(server.ids).values()) == {1}


def test_without_a_key_nothing_is_sent(offerpress: Call, keys: dict[str, str]) -> None:
    """The message names the variable that is not set."""
    said = offerpress("send", PLAN, "--transport", "sendgrid", SENDGRID_API_KEY="")
    assert 1 == said.code
    assert "SENDGRID_API_KEY" in said.err
    assert len(keys) == offerpress("status", PLAN, "--json").json["ready"]


def test_a_new_sender_warms_up(site: Path, offerpress: Call, keys: dict[str, str]) -> None:
    """Today's allowance leaves, `send` says when it goes on, and nothing needs a person; `--due` adds nothing."""
    file = site / "offerpress.toml"
    text = file.read_text(encoding="utf-8") + "\n[mail.warm_up]\nsince = 2023-12-31\ndaily = [2, 5]\n"
    file.write_text(text, encoding="utf-8")
    with provider() as server:
        first = offerpress("send", PLAN, "--transport", "sendgrid", **environment(server))
        again = offerpress("send", "--due", "--transport", "sendgrid", "--json", **environment(server))
    assert (0, 0, 2) == (first.code, again.code, len(server.taken))
    assert "today's 2 notices of the warm-up have left; call send again from" in first.err
    (plan,) = json.loads(again.out)["plans"]
    assert (0, len(keys) - 2) == (plan["accepted"], plan["now"]["ready"])
    assert plan["goes_on"] in plan["stopped"]


def test_an_unknown_behind_a_fence_is_withdrawn(offerpress: Call, keys: dict[str, str]) -> None:
    """What `status` says to do proves the absence, and everybody gets one message in the end."""
    with provider(Answer(), Answer(408), Answer()) as server:
        fenced = ("send", PLAN, "--transport", "sendgrid", "--fence")
        assert 1 == offerpress(*fenced, **environment(server)).code
        assert f"offerpress withdraw {PLAN} --by NAME" in offerpress("status", PLAN).out
        withdrawn = offerpress("withdraw", PLAN, "--by", "Finn")
        assert (0, []) == (withdrawn.code, server.delivered)
        assert (
            f"1 fence discarded by the provider: {len(keys)} notices ready again, 0 unknown" in withdrawn.err
        )
        assert 0 == offerpress(*fenced).code
        done = offerpress("withdraw", PLAN, "--by", "Finn", "--json").json
    assert dict.fromkeys(keys, 1) == Counter(server.delivered)
    assert [] == [rule for body in server.taken for rule in broken_rules(body)]
    assert {"plan": PLAN, "fences": 0, "ready": 0, "late": [], "unknown": 0} == done


def test_only_sendgrid_holds_messages_back(offerpress: Call, keys: dict[str, str]) -> None:
    """Another transport with `--fence` sends nothing, and says why."""
    refused = offerpress("send", PLAN, "--transport", "folder", "--fence")
    assert 1 == refused.code
    assert "only sendgrid holds messages back" in refused.err
    assert len(keys) == offerpress("status", PLAN, "--json").json["ready"]

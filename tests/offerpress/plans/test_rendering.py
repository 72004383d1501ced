"""Messages that cannot be rendered: nothing is frozen, and the plan names the first of them."""

from pathlib import Path

import pytest

from offerpress.cli import run
from tests.killing.killing import PLAN, tiny_site

CAMPAIGN = """---
subject: Your credit{% if partner.name == "Later" %} {{ statement.total.JPY }}{% endif %}
category: notice
---
{% if partner.name == "First" %}
{{ statement.total.USD }}
{% endif %}
"""


def test_the_first_message_that_cannot_be_rendered_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A later partner's message breaks at an earlier step of the same group: the first partner's fault is told."""
    site = tiny_site(tmp_path)
    (site / "content/campaigns/hello.md").write_text(CAMPAIGN, encoding="utf-8")
    partners = site / "data/partners.csv"
    text = partners.read_text(encoding="utf-8")
    partners.write_text(
        text.replace("Alder Works", "First").replace("Birch and Sons", "Later"), encoding="utf-8"
    )
    monkeypatch.chdir(site)
    monkeypatch.delenv("OFFERPRESS_SITE_SECRET", raising=False)
    assert run(PLAN) == 1
    told = capsys.readouterr().err
    assert "content/campaigns/hello.md:6" in told
    assert "USD" in told
    assert "JPY" not in told
    assert not list(site.rglob("*.batch"))

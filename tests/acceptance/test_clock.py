"""A named day brings no sales: what is final needs the clock past it, whatever `--as-of` says."""

from pathlib import Path

import pytest

from mailer.batch.batch import Batch
from tests.acceptance.conftest import PLAN, Call

AHEAD = ("--as-of", "2099-01-02")
OFFER = "cashback-2023"


def test_a_plan_of_a_day_to_come_warns_and_waits_for_it(offerpress: Call, site: Path) -> None:
    """The warning stands in the output, the JSON and the batch; the plan cannot be approved before that day."""
    said = offerpress("plan", "year-end-credit", *AHEAD, "--by", "Mia")
    assert 0 == said.code, said.err
    assert "warning: the figures are as of 2099-01-02, and today is " in said.out
    assert "the plan cannot be approved before 2099-01-02" in said.out
    with Batch.open(site / "private" / "batches" / f"{PLAN}.batch") as batch:
        (warning,) = batch.header.warnings
        assert batch.digest == batch.verify()
    told = offerpress("plan", "year-end-credit", *AHEAD, "--by", "Mia", "--dry-run", "--json").json
    assert [warning] == told["warnings"]
    refused = offerpress("approve", PLAN, "--by", "Finn")
    assert (1, "") == (refused.code, refused.out)
    assert f"too early: {PLAN}: its figures are as of 2099-01-02, and today is " in refused.err
    assert "approve it from 2099-01-02 on" in refused.err


@pytest.mark.usefixtures("planned")
def test_a_plan_of_a_day_that_has_come_has_no_warning(offerpress: Call, site: Path) -> None:
    """Nothing is added to its header, and it can be approved."""
    with Batch.open(site / "private" / "batches" / f"{PLAN}.batch") as batch:
        assert () == batch.header.warnings
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code


def test_a_sign_off_needs_the_clock_past_the_period(offerpress: Call, site: Path) -> None:
    """With `--as-of` after a period that still runs, amounts look final: the sign-off is refused with the reason."""
    path = site / "content" / "offers" / f"{OFFER}.md"
    terms = path.read_text(encoding="utf-8")
    assert "to: 2023-12-31" in terms
    path.write_text(terms.replace("to: 2023-12-31", "to: 2098-12-31"), encoding="utf-8")
    refused = offerpress("sign-off", OFFER, *AHEAD, "--by", "Fay")
    assert (1, False) == (refused.code, (site / "private" / "sign-offs").exists())
    assert f"no journal: {OFFER}: its period ends on 2098-12-31, and today is " in refused.err
    assert "sign it off after 2098-12-31" in refused.err
    path.write_text(terms, encoding="utf-8")
    assert 0 == offerpress("sign-off", OFFER, *AHEAD, "--by", "Fay").code

"""What changed since the campaign's plan before (docs/reference/command-line.md, `plan`)."""

from pathlib import Path

from mailer.batch.freezing import freeze_batch
from offerpress.plans.planning import Since, since
from tests.samples.mail import header, notice


def test_a_plan_is_compared_with_the_one_before(tmp_path: Path) -> None:
    """Partners are counted that are new, gone, or told other figures; other words alone do not count."""
    (tmp_path / "now").mkdir()
    told = [notice(2), notice(3, text="Other words."), notice(4, figures='{"other":1}'), notice(5), notice(6)]
    with (
        freeze_batch(tmp_path, header(), [notice(number) for number in (1, 2, 3, 4)]) as earlier,
        freeze_batch(tmp_path / "now", header(), told) as now,
    ):
        assert Since(earlier.header.plan, new=2, gone=1, changed=1) == since(now, earlier)

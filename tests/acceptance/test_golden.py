"""The statements of the sample site, as the command gives them and as a second implementation does."""

import json
from pathlib import Path

from tests.acceptance.conftest import AS_OF, ROOT, Call
from tests.reference.naive_site import read_site

GOLDEN = ROOT / "tests" / "golden" / "statements-2023-12-31.jsonl"


def test_the_command_gives_the_golden_statements(offerpress: Call) -> None:
    """`statements` prints exactly the golden file: 59 lines, sorted by partner id, and nothing else."""
    said = offerpress("statements", *AS_OF)
    assert (0, "") == (said.code, said.err)
    assert GOLDEN.read_text(encoding="utf-8") == said.out


def test_the_naive_reference_gives_them_too(site: Path) -> None:
    """The second implementation, which shares no code with the first, computes the same figures."""
    golden = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    assert golden == read_site(site, "2023-12-31").statements()


def test_an_export_is_the_same(offerpress: Call, tmp_path: Path) -> None:
    """`statements --output FILE` writes what it would print."""
    said = offerpress("statements", *AS_OF, "--output", str(tmp_path / "statements.jsonl"))
    assert (0, "") == (said.code, said.out)
    assert GOLDEN.read_bytes() == (tmp_path / "statements.jsonl").read_bytes()

"""The one module for policies and response headers."""

import re
from pathlib import Path

import pytest

from generator.headers import headers_file, preview_policy

ROOT = Path(__file__).parents[2]
PACKAGES = ("rewards", "ledger", "generator", "mailer", "offerpress", "templates")


def test_policies_stand_in_one_place() -> None:
    """No module or template but generator/headers.py writes a directive of a Content-Security-Policy."""
    directive = re.compile(
        r"\b(default|script|style|img|connect|frame)-src '|frame-ancestors '|form-action '"
    )
    found = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".html", ".js"} and directive.search(path.read_text(encoding="utf-8"))
    }
    assert {"generator/headers.py"} == found


@pytest.mark.parametrize(
    ("policy", "widened"),
    [
        ("default-src 'none'", "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'"),
        (
            "script-src 'none'; connect-src 'self'; style-src 'sha256-x'",
            "script-src 'self'; connect-src 'self'; style-src 'sha256-x' 'self'",
        ),
    ],
)
def test_preview_policy(policy: str, widened: str) -> None:
    """The preview adds its own scripts, styles and channel to a policy and removes nothing else."""
    assert widened == preview_policy(policy)


@pytest.mark.parametrize(("access", "rules"), [("link", 3), ("plain", 3), ("none", 2)])
def test_headers_file(access: str, rules: int) -> None:
    """A site without statements has no rule for them."""
    assert rules == len(headers_file(access).decode().split("\n\n"))  # type: ignore[arg-type] # given above

"""The rule for approvals, which applies when an approval is given and again before a plan is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import normalize


@dataclass(frozen=True, slots=True)
class Approval:
    """The approval of a digest by a named person; `at` is an instant as text."""

    digest: str
    by: str
    at: str


def approval_refusal(made_by: str, by: str, *, self_approval: bool) -> str | None:
    """Return why `by` may not approve a plan of `made_by`, None if it may."""
    if not by.strip():
        return "nobody is named; say who approves"
    if not self_approval and _person(by) == _person(made_by):
        return (
            "who made a plan does not approve it; let another person, or set self_approval = true in [mail]"
        )
    return None


def valid_approval(
    approvals: Iterable[Approval], digest: str, made_by: str, *, self_approval: bool
) -> Approval | None:
    """Return the first valid approval for a plan with this digest, None if there is none."""
    return next(
        (
            approval
            for approval in approvals
            if approval.digest == digest
            and approval_refusal(made_by, approval.by, self_approval=self_approval) is None
        ),
        None,
    )


def _person(name: str) -> str:
    return " ".join(normalize("NFKC", name).casefold().split())

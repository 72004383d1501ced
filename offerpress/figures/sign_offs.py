"""Sign-offs: journals that a named person froze, one file each in `private/sign-offs/`, written once."""

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from mailer import is_pseudonym, pseudonym
from offerpress.site.folder import SIGN_OFFS, OfferpressError
from offerpress.site.site import Site
from offerpress.site.state import create_state, write_state
from rewards import canonical_json, day_text

if TYPE_CHECKING:  # it loads the offers
    from rewards import JournalLine

SignedRow = tuple[str, str, str, int, str, int]
"""A `JournalLine`: amount in minor units, the day as an ordinal."""


class SignOffDamaged(OfferpressError):
    """A file that differs from what was signed off; `path` holds it."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        super().__init__(f"not what was signed off: {path}: {why}; take the file from a backup")


class SignOff(BaseModel):
    """The lines of one offer that `by` signed off at `at`, as of a day (an ordinal), from the snapshot of that folder.

    `rules` is the digest of the frozen rules, empty in a sign-off of an earlier version. `number` counts the sign-offs
    of the offer; `digest` is SHA-256 over the lines. The lines of a forgotten partner name a pseudonym, and `left` is
    then the digest of what is left.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    offer: str
    number: int
    by: str
    at: AwareDatetime
    as_of: int
    snapshot: str
    lines: tuple[SignedRow, ...]
    digest: str
    left: str = ""
    rules: str = ""


def signed_lines(sign_off: SignOff) -> "list[JournalLine]":
    """Return the lines as they were signed, without those of forgotten partners."""
    return [line for line in _all_lines(sign_off) if not is_pseudonym(line.partner_id)]


def forget_lines(path: Path, partner_ids: Collection[str]) -> int:
    """Replace these partners in the lines with pseudonyms, and return how many lines are theirs."""
    sign_off = read_sign_off(path)
    lines = [
        line._replace(
            partner_id=pseudonym(line.partner_id),
            credit_id=line.credit_id.replace(line.partner_id, pseudonym(line.partner_id)),
        )
        if line.partner_id in partner_ids
        else line
        for line in _all_lines(sign_off)
    ]
    found = sum(line.partner_id in partner_ids for line in _all_lines(sign_off))
    if found:
        rows = tuple(tuple(line) for line in lines)
        left = sign_off.model_copy(update={"lines": rows, "left": lines_digest(lines)})
        write_state(path, left.model_dump_json(indent=1) + "\n")
    return found


def _all_lines(sign_off: SignOff) -> "list[JournalLine]":
    from rewards import JournalLine  # noqa: PLC0415 - only who compares lines needs the offers

    return [JournalLine(*row) for row in sign_off.lines]


def lines_digest(lines: "Sequence[JournalLine]") -> str:
    """Return the SHA-256 (hexadecimal) over the lines in their order."""
    return hashlib.sha256(canonical_json([list(line) for line in lines]).encode()).hexdigest()


def write_sign_off(site: Site, sign_off: SignOff) -> None:
    """Write the file of a new sign-off; raises `FileExistsError` where there is one, which is never replaced."""
    path = site.make_private() / SIGN_OFFS / f"{sign_off.offer}.{sign_off.number}.json"
    create_state(path, sign_off.model_dump_json(indent=1) + "\n")


def read_sign_offs(site: Site, offer: str, as_of: int) -> list[SignOff]:
    """Return the sign-offs of that offer up to that day, by number; raises `SignOffDamaged`."""
    found = [read_sign_off(path) for path in (site.private / SIGN_OFFS).glob(f"{offer}.*.json")]
    return sorted((one for one in found if one.as_of <= as_of), key=lambda one: one.number)


def all_sign_offs(site: Site) -> list[Path]:
    """Return the files of all sign-offs, by name."""
    return sorted((site.private / SIGN_OFFS).glob("*.json"))


def read_sign_off(path: Path) -> SignOff:
    """Read one file; raises `SignOffDamaged` if its lines differ from those that were signed."""
    try:
        sign_off = SignOff.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise SignOffDamaged(path, "it cannot be read") from error
    if lines_digest(_all_lines(sign_off)) != (sign_off.left or sign_off.digest):
        raise SignOffDamaged(path, f"its lines are not those of {day_text(sign_off.as_of)}")
    return sign_off

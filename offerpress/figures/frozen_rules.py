"""The frozen rules: one file in `private/rules/` for each set of rules that something was computed by.

A file is named after the SHA-256 of its bytes, so equal rules are kept once, and no file is ever changed.
"""

from hashlib import sha256
from pathlib import Path

from offerpress.site.folder import RULES
from offerpress.site.site import Site
from offerpress.site.state import DamagedState, write_state
from rewards import Faulty, Policy, Rules, frozen_rules, thawed_rules

_REMEDY = "take the file from a backup of `private/`"


def rules_digest(policy: Policy, as_of: int) -> str:
    """Return the SHA-256 (hexadecimal) of the rules in force on a day."""
    return sha256(frozen_rules(policy, as_of).encode()).hexdigest()


def keep_rules(site: Site, rules: Rules) -> str:
    """Keep the rules in force, and return their digest. A damaged file is written anew."""
    text = frozen_rules(rules.policy, rules.as_of)
    digest = sha256(text.encode()).hexdigest()
    site.make_private()
    write_state(_file(site, digest), text)
    return digest


def read_rules(site: Site, digest: str) -> Policy:
    """Return the rules of that digest; raises `DamagedState` if the file is missing or was changed."""
    path = _file(site, digest)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedState(path, f"the frozen rules cannot be read ({error.strerror})", _REMEDY) from error
    if sha256(data).hexdigest() != digest:
        raise DamagedState(path, "the rules were changed after they were frozen", _REMEDY)
    try:
        return thawed_rules(data.decode())
    except (ValueError, TypeError, KeyError, AttributeError, Faulty) as error:
        raise DamagedState(
            path, f"this version cannot read the rules ({error})", "use the version that wrote them"
        ) from error


def rules_files(site: Site) -> list[Path]:
    """Return the files of all frozen rules; the stem of each is the digest."""
    return sorted((site.private / RULES).glob("*.json"))


def _file(site: Site, digest: str) -> Path:
    return site.private / RULES / f"{digest}.json"

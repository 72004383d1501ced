"""Which parts of the last build still hold, decided by digests of every input of a part, never by times alone.

A part is all public pages together, or the statements of one shard. In doubt the part is made anew.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from generator import KeptFiles, shard_bits
from offerpress.build.manifest import Manifest
from offerpress.figures.figures import Figures
from offerpress.site.folder import SETTINGS_FILE
from offerpress.site.inputs import (
    CODE,
    DAY,
    KEYS,
    PACKAGED,
    Digests,
    changed,
    inputs_digest,
    pages_ground,
    parts_digest,
)

_NAMED = 3
_RENDITION = re.compile(r"assets/.+-[0-9a-f]{10}-[0-9]+\.webp")
_PUBLIC = (SETTINGS_FILE, CODE, "content/", "templates/", f"{PACKAGED}templates/")
_TERMS = ("content/program.toml", "content/offers/")
_STATEMENTS = ("templates/locale/", f"{PACKAGED}templates/locale/")
_PLAIN = (SETTINGS_FILE, *_TERMS, "templates/", f"{PACKAGED}templates/")
_OF_DATA = ("content/", "templates/", PACKAGED)


@dataclass(frozen=True)
class Comparison:
    """The keys of this build's parts beside those of the last one, `before`.

    `before` is None if there is nothing to compare with, and `why` then says the reason. `public` is the key of the
    public pages: in place of the day it holds the first one on which they say the same. `kept` has the keys of each
    public file. `statements` is the key of the inputs of all statements, `shards` the key of each shard.
    `same_snapshot` is False if a snapshot of that name was written again. `page` holds the beginnings of the names of
    the inputs that only plain statements have.
    """

    output: Path
    before: Manifest | None
    why: str
    same_snapshot: bool
    inputs: Digests
    public: str
    kept: KeptFiles
    statements: str
    shards: Mapping[int, str]
    page: tuple[str, ...]

    @classmethod
    def of(cls, figures: Figures, last: Manifest | None, output: Path) -> "Comparison":
        """Compare with the manifest of the last build; `output` is where this one will be published."""
        why = ""
        if last is None or not last.inputs:
            why = "no earlier build is known"
        elif last.output != output:
            why = "it was built to another place"
        elif not last.still_there:
            why = "the output was changed since"
        snapshot = figures.snapshot
        written_again = (
            last is not None and last.snapshot == snapshot.folder.name and last.stamp != snapshot.stamp
        )
        if written_again:
            why = why or "the snapshot was written again"
        statements = _statements_key(figures)
        bits = shard_bits(figures.partner_count)
        digests = snapshot.shard_digests
        before = None if why else last
        ground = pages_ground(figures.inputs, figures.site.settings.site)
        return cls(
            output,
            before,
            why,
            not written_again,
            figures.inputs,
            _public_key(figures),
            KeptFiles(ground, before.made if before else {}),
            statements,
            {n: parts_digest(statements, str(bits), str(n), digests[n]) for n in snapshot.shards},
            _of_page(figures),
        )

    @property
    def keeps_public(self) -> bool:
        """Whether the public pages stay as they are."""
        return self.before is not None and self.before.public == self.public

    @cached_property
    def published_pictures(self) -> frozenset[str]:
        """The published pictures that this program made: cards, and smaller sizes of others.

        Their names follow from the SVG or the original, so they still hold.
        """
        before = self.before
        if before is None or before.inputs.get(CODE) != self.inputs[CODE]:
            return frozenset()
        return frozenset(
            path
            for path in before.files
            if path.rpartition("/")[2].startswith("card-") or _RENDITION.fullmatch(path)
        )

    @cached_property
    def changed_shards(self) -> frozenset[int]:
        """The shards whose statements may differ from the published ones."""
        before = self.before.shards if self.before else {}
        both = before.keys() | self.shards.keys()
        return frozenset(shard for shard in both if before.get(shard) != self.shards.get(shard))

    @cached_property
    def why_public(self) -> str:
        """The reason why the public pages are made anew."""
        return self.why or self._changed((DAY, *_PUBLIC))

    @cached_property
    def why_shard(self) -> str:
        """The reason why the statements of a changed shard are made anew."""
        if self.before and self.before.statements == self.statements:
            names = changed(self.before.inputs, self.inputs)
            return _sentence([n for n in names if not n.startswith(_OF_DATA)]) or "its data changed"
        return self.why or self._changed((SETTINGS_FILE, DAY, CODE, KEYS, *_TERMS, *_STATEMENTS, *self.page))

    def _changed(self, begins: tuple[str, ...]) -> str:
        names = changed(self.before.inputs, self.inputs) if self.before else []
        return _sentence([name for name in names if name.startswith(begins)])


def _sentence(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"{', '.join(names[:_NAMED])}{rest} changed" if names else ""


def _public_key(figures: Figures) -> str:
    since = figures.content.same_since(figures.rules.as_of)
    return parts_digest(inputs_digest(figures.inputs, _PUBLIC), str(since))


def _of_page(figures: Figures) -> tuple[str, ...]:
    return _PLAIN if figures.site.settings.statements.access == "plain" else ()


def _statements_key(figures: Figures) -> str:
    """Return the key of every input of a statement except its own data.

    A sealed record holds formatted values and nothing from templates; of labels it holds only the form of a plural. A
    plain statement also holds the offers' texts and the page.
    """
    site, rules, keys = figures.site, figures.rules, figures.keys
    settings = site.settings
    templates = inputs_digest(figures.inputs, (CODE, *_STATEMENTS, *_of_page(figures)))
    facts = (settings.site.languages, settings.statements.access, rules.policy, figures.snapshot.rates_digest)
    return parts_digest(templates, keys.digest if keys else "", str(rules.as_of), *map(repr, facts))

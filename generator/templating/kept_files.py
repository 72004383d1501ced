"""Which public files stay as the last build or preview made them: files with a key over all that they follow from.

A page is a function of its template and of its context, which is plain data. So its key is a digest of that data and of
`ground`, which stands for all that every page follows from: program, templates, labels, settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from generator.templating.kept_results import closed_digest


@dataclass(frozen=True)
class KeptFiles:
    """The keys `before` of the last run's files by path; those of this run are collected in `keys`.

    Without a `ground` nothing is kept, and no key is computed.
    """

    ground: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    stayed: set[str] = field(default_factory=set)

    def has(self, path: str, *facts: object) -> bool:
        """Return whether the file of the last run follows from the same facts; notes its key for the next run."""
        if not self.ground:
            return False
        key = self.keys[path] = closed_digest(self.ground, facts)
        stays = self.before.get(path) == key
        if stays:
            self.stayed.add(path)
        return stays

    def path_of(self, *facts: object) -> str:
        """Return the path of the last run's file that follows from these facts, and stays; empty if there is none."""
        key = closed_digest(self.ground, facts) if self.before else ""
        path = self._paths.get(key, "")
        if path:
            self.keys[path] = key
            self.stayed.add(path)
        return path

    @cached_property
    def _paths(self) -> Mapping[str, str]:
        return {key: path for path, key in self.before.items()}

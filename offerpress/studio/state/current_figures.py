"""The figures that every screen shows: read once, and again when a file, a setting or the day has changed."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from generator import GeneratorError, level_names
from ledger import LedgerError
from mailer import MailerError
from offerpress.figures.checking import content_faults, figures_remarks
from offerpress.figures.figures import Figures, open_figures
from offerpress.plans.dues import Due, dues
from offerpress.preview.state import faults_of
from offerpress.site.folder import SETTINGS_FILE, OfferpressError
from offerpress.site.site import Site
from rewards import Account, Fault, Faulty, RewardsError, Statement

KNOWN_ERRORS = (RewardsError, LedgerError, GeneratorError, MailerError, OfferpressError)
_WATCHED = ("content", "data", "templates")
_Stamp = tuple[object, ...]


@dataclass
class CurrentFigures:
    """One state of the figures. `people` are account and statement by partner id, in order.

    `found` are the faults and remarks about words and data with which the figures could still be computed.
    """

    figures: Figures
    people: Mapping[str, tuple[Account, Statement]]
    found: tuple[Fault, ...]
    number: int

    @cached_property
    def dues(self) -> list[Due]:
        """What each partner is due in each currency."""
        return dues(self.people.values())

    @cached_property
    def level_words(self) -> Mapping[str, str]:
        """The name of each level by its id."""
        return level_names(self.figures.content.policy, self.figures.rules.as_of)

    @cached_property
    def searched(self) -> list[tuple[str, str]]:
        """The text in which a partner is found, in lower case, with its id."""
        keys = self.figures.keys
        found = []
        for one, (account, _) in self.people.items():
            partner = account.partner
            reference = keys.link(one).reference if keys else ""
            words = (one, partner.name, partner.email, reference, reference.replace("-", ""))
            found.append(("\n".join(words).casefold(), one))
        return found


@dataclass
class FiguresReader:
    """Keeps the newest figures. `faults` say why the site as it is now has no newer ones."""

    site_now: Callable[[], Site]
    faults: tuple[Fault, ...] = ()
    _current: CurrentFigures | None = None
    _stamp: _Stamp = ()
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def open(self) -> CurrentFigures | None:
        """Return the figures of the site as it is now, else the last good ones, else None."""
        site = self.site_now()
        with self._lock:
            stamp = self._stamp_of(site)
            if stamp != self._stamp:
                try:
                    self._current, self.faults = self._read(site), ()
                except (*KNOWN_ERRORS, OSError) as error:
                    self.faults = tuple(faults_of(error))
                self._stamp = self._stamp_of(site)
            return self._current

    @property
    def last(self) -> CurrentFigures | None:
        """The last good figures, without looking for newer ones."""
        return self._current

    def _read(self, site: Site) -> CurrentFigures:
        with open_figures(site) as figures:
            people = {
                account.partner.partner_id: (account, told) for account, told in figures.sorted_statements()
            }
            number = self._current.number + 1 if self._current else 1
            found = [*content_faults(figures.content, site, figures.rules.as_of), *figures_remarks(figures)]
            return CurrentFigures(figures, people, tuple(dict.fromkeys(found)), number)

    def _stamp_of(self, site: Site) -> _Stamp:
        zone = self._current.figures.content.policy.program.timezone if self._current else "UTC"
        return (site.day(zone), *_stamp(site))


def _stamp(site: Site) -> _Stamp:
    """Return what changes with every file that figures depend on, without reading one."""
    files = [site.folder / SETTINGS_FILE, *(site.private / name for name in ("site-secret", "epochs.json"))]
    for folder in _WATCHED:
        files += _files(site.folder / folder)
    with suppress(Faulty):  # the faults of the settings are told when the figures are read
        files += [site.folder / name for name in site.settings.data.paths]
    return tuple(_facts(path) for path in files)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _facts(path: Path) -> tuple[str, int, int]:
    try:
        facts = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), facts.st_mtime_ns, facts.st_size

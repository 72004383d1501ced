"""The figures that every screen shows: read once, and again when a file, a setting or the day has changed."""

import gc
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from generator import level_names, read_content
from offerpress.figures.checking import content_faults
from offerpress.figures.figures import Figures
from offerpress.plans.dues import Due, dues
from offerpress.preview.ledger import MOST_READINGS, LedgerReader, Stamp, site_stamp
from offerpress.preview.state import FAILURES, faults_of
from offerpress.site.site import Site
from rewards import Account, Fault, Statement


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
    """Keeps the newest figures. `faults` say why the site as it is now has no newer ones; `read_at` says when.

    Only a site that stood still has faults: if a file changed meanwhile, all is read again. `reading` says that newer
    figures are on their way.
    """

    site_now: Callable[[], Site]
    ledger: LedgerReader = field(default_factory=LedgerReader)
    faults: tuple[Fault, ...] = ()
    read_at: datetime | None = None
    reading: bool = False
    _current: CurrentFigures | None = None
    _stamp: Stamp = ()
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def open(self) -> CurrentFigures | None:
        """Return the figures of the site as it is now, else the last good ones, else None.

        Who asks while somebody else's look reads newer ones gets the last ones at once.
        """
        if self.reading and self._current:
            return self._current
        site = self.site_now()
        with self._lock:
            for _ in range(MOST_READINGS):
                files = site_stamp(site)  # before they are read: a change meanwhile is seen the next time
                if (self._day(site), *files) == self._stamp:
                    break
                self.reading = True
                try:
                    self._current, self.faults = self._read(site), ()
                    # A search for garbage stops every look, for 0.6 s at 25,000 partners: it is to spare what was read.
                    gc.unfreeze()
                    gc.collect()
                    gc.freeze()
                except FAILURES as error:
                    self.faults = tuple(faults_of(error))
                finally:
                    self.reading = False
                self._stamp = (self._day(site), *files)
                self.read_at = site.now
                if not self.faults:
                    break
            return self._current

    @property
    def last(self) -> CurrentFigures | None:
        """The last good figures, without looking for newer ones."""
        return self._current

    def _read(self, site: Site) -> CurrentFigures:
        of_content: list[Fault] = []
        content = read_content(site.folder, site.settings.site, of_content)
        ledger = self.ledger.read(site, content)
        figures = ledger.figures
        number = self._current.number + 1 if self._current else 1
        found = [*content_faults(figures.content, site, figures.rules.as_of), *of_content, *ledger.found]
        return CurrentFigures(figures, ledger.people, tuple(dict.fromkeys(found)), number)

    def _day(self, site: Site) -> int:
        return site.day(self._current.figures.content.policy.program.timezone if self._current else "UTC")

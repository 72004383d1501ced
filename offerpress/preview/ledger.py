"""The ledger that a preview and a studio share: read once, with every partner's statement."""

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from generator import Content
from offerpress.figures.checking import audience_faults, unpaid_remarks
from offerpress.figures.figures import Figures, open_figures
from offerpress.site.folder import SETTINGS_FILE
from offerpress.site.settings import Settings
from offerpress.site.site import Site
from offerpress.site.unread import unread_templates_and_tables
from rewards import Account, Fault, Faulty, Statement

People = Mapping[str, tuple[Account, Statement]]
Stamp = tuple[object, ...]

_WORDS = ("content", "templates")

# A reading that meets a fault while another program replaces files is repeated, this often at most.
MOST_READINGS = 10


@dataclass(frozen=True, slots=True)
class ReadLedger:
    """Figures with the account and statement of each partner, by id.

    `found` are faults and remarks about data and figures, and about what content says of partners.
    """

    figures: Figures
    people: People
    found: tuple[Fault, ...]


@dataclass
class LedgerReader:
    """Keeps the newest ledger. It is read again only if data, terms, keys, settings or the day have changed."""

    _known: ReadLedger | None = None
    _stamp: Stamp = ()
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def read(self, site: Site, content: Content | None) -> ReadLedger:
        """Return the ledger beside this content; None stands for content with faults, which are then raised.

        A change of words alone costs no reading. Raises `Faulty`, and what reading a source raises.
        """
        with self._lock:
            stamp = data_stamp(site)
            known = self._known
            if known is None or content is None or stamp != self._stamp or not _fits(known, site, content):
                self._known = None
                known = self._known = _read(site)
                self._stamp = stamp
            figures = replace(known.figures, site=site, content=content or known.figures.content)
        unread = unread_templates_and_tables(site, figures.inputs)
        return ReadLedger(figures, known.people, (*unread, *known.found, *audience_faults(figures)))


def _fits(known: ReadLedger, site: Site, content: Content) -> bool:
    """Return whether figures still follow from the terms, the day, the settings and the keys."""
    figures, policy = known.figures, content.policy
    return (
        figures.content.policy == policy
        and figures.rules.as_of == site.day(policy.program.timezone)
        and _settings(figures.site) == _settings(site)
        and figures.keys == site.read_keys([])
    )


def _settings(site: Site) -> Settings:
    """Return the settings without the address of the site, which a preview replaces by its own."""
    settings = site.settings
    return replace(settings, site=settings.site.model_copy(update={"base_url": ""}))


def _read(site: Site) -> ReadLedger:
    with open_figures(site) as figures:
        people = {
            account.partner.partner_id: (account, told) for account, told in figures.sorted_statements()
        }
    words = tuple(f"{name}/" for name in _WORDS)
    unread = unread_templates_and_tables(site, figures.inputs)
    beside = [one for one in figures.remarks if not one.file.startswith(words) and one not in unread]
    return ReadLedger(figures, people, (*beside, *unpaid_remarks(figures, people.values())))


def data_stamp(site: Site) -> Stamp:
    """Return what changes with every file that the ledger is read from, without reading one."""
    files = [site.folder / SETTINGS_FILE, *(site.private / name for name in ("site-secret", "epochs.json"))]
    files += files_under(site.folder / "data")
    with suppress(Faulty, OSError):  # what is wrong with the settings is told when the figures are read
        files += [site.folder / name for name in site.settings.data.paths]
    return tuple(map(file_stamp, files))


def site_stamp(site: Site) -> Stamp:
    """Return what changes with every file that pages and figures are read from, without reading one."""
    words = [path for name in _WORDS for path in files_under(site.folder / name)]
    return (*data_stamp(site), *map(file_stamp, words))


def files_under(folder: Path) -> list[Path]:
    """Return every file of a folder, in a fixed order. A folder that goes meanwhile holds none."""
    return sorted(Path(at, name) for at, _, names in os.walk(folder) for name in names)


def file_stamp(path: Path) -> tuple[str, int, int]:
    """Return the name of a file, and the time and the size that change with it; zeros for a file that is not there."""
    try:
        facts = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), facts.st_mtime_ns, facts.st_size

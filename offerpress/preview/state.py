"""The state of a preview, and how a change of files changes it: pages first, then figures and mails.

Pages follow from content and templates. The ledger is read again only if data, settings, terms, keys or the day
changed. After a fault the last good state stays, with the faults beside it.
"""

import threading
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from generator import Campaign, Content, GeneratorError
from ledger import LedgerError
from mailer import MailerError
from offerpress.figures.checking import campaign_template_faults, figures_faults
from offerpress.figures.figures import Figures, open_figures
from offerpress.preview.contents import People, PublicPages, StaffFigures, read_pages
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site
from rewards import Fault, Faulty, RewardsError

KEEP_ALIVE_SECONDS = 15.0
WORDS = ("content", "templates")
FAILURES = (RewardsError, LedgerError, GeneratorError, MailerError, OfferpressError, OSError)


@dataclass(frozen=True, slots=True)
class PreviewState:
    """One state, which is replaced as a whole; `number` grows with each.

    `edition` grows with each change of the pages, `turn` with each change of figures and mails.
    `pages` and `staff` are the last good ones; `faults` say why they are not the newest.
    """

    number: int = 0
    edition: int = 0
    turn: int = 0
    pages: PublicPages | None = None
    staff: StaffFigures | None = None
    faults: tuple[Fault, ...] = ()
    remarks: tuple[Fault, ...] = ()


class Preview:
    """Keeps the present state, and wakes everyone who waits for the next one."""

    def __init__(self, site_now: Callable[[], Site], origin: str) -> None:
        self.folder = site_now().folder
        self.origin = origin
        self.state = PreviewState()
        self.stopped = False
        self._site_now = site_now
        self._changed = threading.Condition()
        self._ledger: _Ledger | None = None
        self._tried = _TriedCampaigns()
        self._later: tuple[Fault, ...] = ()

    def update(self, changed: Collection[Path] = ()) -> None:
        """Show the state after a change of these files. The first call reads everything.

        An error of the program is shown too, and the next change is tried again with everything read anew.
        """
        try:
            self._update(changed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
            self._ledger, self._tried = None, _TriedCampaigns()
            self._show(faults=(unexpected(error),))

    def _update(self, changed: Collection[Path]) -> None:
        if not all(self._is_under(path, *WORDS) for path in changed):
            self._ledger = None
        if any(self._is_under(path, "templates") for path in changed):
            self._tried = _TriedCampaigns()
        try:
            pages = read_pages(self._site_now(), self.origin)
        except FAILURES as error:
            self._show(faults=(*faults_of(error), *self._later))
            return
        self._show(pages=pages, faults=self._later, edition=self.state.edition + 1)
        found = self._tried.faults(pages)
        changes: dict[str, object] = {}
        try:
            changes = {"staff": self._staff(pages, found), "turn": self.state.turn + 1}
        except FAILURES as error:
            found += faults_of(error)
        self._later = tuple(fault for fault in found if fault.severity == "fault")
        remarks = tuple(fault for fault in (*pages.remarks, *found) if fault.severity == "remark")
        self._show(faults=self._later, remarks=remarks, **changes)

    def wait_beyond(self, number: int) -> PreviewState:
        """Return the first state beyond that number, or after a timeout the present one."""
        with self._changed:
            self._changed.wait_for(lambda: self.state.number > number or self.stopped, KEEP_ALIVE_SECONDS)
            return self.state

    def stop(self) -> None:
        """Release the figures, and everyone who waits."""
        with self._changed:
            self.stopped = True
            self.state = replace(self.state, staff=None)
            self._changed.notify_all()

    def _show(self, **changes: object) -> None:
        with self._changed:
            self.state = replace(self.state, number=self.state.number + 1, **changes)  # type: ignore[arg-type] # its fields
            self._changed.notify_all()

    def _is_under(self, path: Path, *names: str) -> bool:
        return any(path.is_relative_to(self.folder / name) for name in names)

    def _staff(self, pages: PublicPages, found: list[Fault]) -> StaffFigures:
        """Return the figures beside `pages`. Their remarks are added to `found`."""
        ledger = self._ledger
        keys = self._site_now().read_keys([])
        if ledger is None or not ledger.fits(pages) or ledger.figures.keys != keys:
            self._ledger = None
            ledger = self._ledger = _read_ledger(pages)
        found += ledger.remarks
        staff = StaffFigures(pages, ledger.figures, ledger.people)
        if self.state.staff:
            staff.take_over(self.state.staff)
        return staff


@dataclass(frozen=True, slots=True)
class _Ledger:
    """The ledger as it was read last, with every partner's statement."""

    figures: Figures
    people: People
    remarks: tuple[Fault, ...]

    def fits(self, pages: PublicPages) -> bool:
        """Return whether the figures still follow from the terms, the day and the settings of `pages`."""
        return (
            self.figures.content.policy == pages.content.policy
            and self.figures.rules.as_of == pages.as_of
            and self.figures.site.settings == pages.site.settings
        )


def _read_ledger(pages: PublicPages) -> _Ledger:
    with open_figures(pages.site) as figures:
        people = {
            account.partner.partner_id: (account, told) for account, told in figures.sorted_statements()
        }
        beside = [fault for fault in figures.remarks if not fault.file.startswith("content/")]
        return _Ledger(figures, people, (*beside, *figures_faults(figures)))


class _TriedCampaigns:
    """The faults of each campaign, which are looked for again only if something they depend on changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Campaign, Content, object, list[Fault]]] = {}

    def faults(self, pages: PublicPages) -> list[Fault]:
        """Return the faults of all campaigns."""
        return [fault for slug in pages.content.campaigns for fault in self._of(slug, pages)]

    def _of(self, slug: str, pages: PublicPages) -> list[Fault]:
        content, settings = pages.content, pages.site.settings
        campaign = content.campaigns[slug]
        known = self._known.get(slug)
        if known and known[0] == campaign and known[2] == settings and _same_terms(known[1], content):
            return known[3]
        alone = replace(content, campaigns={slug: campaign})
        found = campaign_template_faults(alone, pages.site, pages.as_of)
        self._known[slug] = campaign, content, settings, found
        return found


def _same_terms(one: Content, other: Content) -> bool:
    return one.policy == other.policy and one.offers == other.offers


def unexpected(error: Exception) -> Fault:
    """Return the fault of an error that no rule foresees, without the data that it may hold."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"the program failed: {type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
    return Fault(what, "undo the last change, and report this as a defect", "")


def faults_of(error: Exception) -> list[Fault]:
    """Return the faults of an error. Another error becomes one fault."""
    if isinstance(error, Faulty):
        return [fault for fault in error.faults if fault.severity == "fault"]
    if isinstance(error, OSError):
        return [Fault(f"cannot be read: {error.strerror}", "check the file", str(error.filename or ""))]
    return [Fault(str(error), "")]

"""The state of a preview, and how a change of files changes it: pages first, then figures and mails.

Pages follow from content and templates. The ledger is read beside them (`ledger`). After a fault the last good state
stays, with the faults beside it.
"""

import threading
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from generator import Campaign, Content, GeneratorError
from ledger import LedgerError
from mailer import MailerError
from offerpress.figures.checking import campaign_template_faults
from offerpress.preview.contents import PublicPages, StaffFigures, read_pages
from offerpress.preview.ledger import MOST_READINGS, LedgerReader, site_stamp
from offerpress.preview.watching import watched_changes
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site
from rewards import Fault, Faulty, RewardsError

KEEP_ALIVE_SECONDS = 15.0
KNOWN_ERRORS = (RewardsError, LedgerError, GeneratorError, MailerError, OfferpressError)
FAILURES = (*KNOWN_ERRORS, OSError)


@dataclass(frozen=True, slots=True)
class PreviewState:
    """One state, which is replaced as a whole; `number` grows with each.

    `edition` grows with each change of the pages.
    `pages` and `staff` are the last good ones; `faults` say why they are not the newest.
    """

    number: int = 0
    edition: int = 0
    pages: PublicPages | None = None
    staff: StaffFigures | None = None
    faults: tuple[Fault, ...] = ()
    remarks: tuple[Fault, ...] = ()


class Preview:
    """Keeps the present state, and replaces it after each change."""

    def __init__(self, site_now: Callable[[], Site], origin: str, ledger: LedgerReader | None = None) -> None:
        self.origin = origin
        self.state = PreviewState()
        self.stopped = False
        self._site_now = site_now
        self._ledger = ledger or LedgerReader()
        self._lock = threading.RLock()
        self._tried = _TriedCampaigns()
        self._later: tuple[Fault, ...] = ()

    def update(self, changed: Collection[Path] = ()) -> None:
        """Show the state after a change of these files. The first call reads everything.

        An error of the program is shown too, and the next change is tried again with everything read anew. So is a
        site that had a fault and did not stand still.
        """
        with self._lock:
            try:
                for _ in range(MOST_READINGS):
                    before = site_stamp(self._site_now())
                    self._update(changed)
                    if not self.state.faults or site_stamp(self._site_now()) == before:
                        break
            except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
                self._tried = _TriedCampaigns()
                self._show(faults=(unexpected(error),))

    def _update(self, changed: Collection[Path]) -> None:
        templates = self._site_now().folder / "templates"
        if any(path.is_relative_to(templates) for path in changed):
            self._tried = _TriedCampaigns()
        try:
            pages = read_pages(self._site_now(), self.origin, self.state.pages)
        except FAILURES as error:
            self._show(faults=(*faults_of(error), *self._later))
            return
        self._show(pages=pages, faults=self._later, edition=self.state.edition + 1)
        found = self._tried.faults(pages)
        changes: dict[str, object] = {}
        try:
            changes = {"staff": self._staff(pages, found)}
        except FAILURES as error:
            found += faults_of(error)
        self._later = tuple(fault for fault in found if fault.severity == "fault")
        remarks = tuple(fault for fault in (*pages.remarks, *found) if fault.severity == "remark")
        self._show(faults=self._later, remarks=remarks, **changes)

    def opened(self) -> PreviewState:
        """Return the present state. Until there are figures, whoever asks waits for the reading or begins it."""
        if self.state.staff is None:
            with self._lock:
                if not self.state.number:
                    self.update()
        return self.state

    def follow(self, ended: threading.Event) -> None:
        """Show each change of the site's files until `ended` is set."""
        for changed in watched_changes(self._site_now().folder, ended):
            self.update(changed)

    def stop(self) -> None:
        """Release the figures, and end every live channel."""
        self.stopped = True
        self.state = replace(self.state, staff=None)

    def _show(self, **changes: object) -> None:
        self.state = replace(self.state, number=self.state.number + 1, **changes)  # type: ignore[arg-type] # its fields

    def _staff(self, pages: PublicPages, found: list[Fault]) -> StaffFigures:
        """Return the figures beside `pages`. Their remarks are added to `found`."""
        ledger = self._ledger.read(pages.site, pages.content)
        found += (fault for fault in ledger.found if fault not in found)
        return StaffFigures(pages, ledger.figures, ledger.people)


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

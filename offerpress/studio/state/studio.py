"""The state of one studio process, the visit of a person, and the page around every screen."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock, RLock
from typing import Any, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from generator import environment
from mailer import Batch
from offerpress.preview.answers import Answer, MailView
from offerpress.preview.contents import StaffFigures
from offerpress.preview.state import Preview
from offerpress.preview.watching import watched_changes
from offerpress.site.folder import HISTORY_FILE, OfferpressError, starter_folder
from offerpress.site.people import HistoryEntry, Person, Role, append_history, extend_history, read_history
from offerpress.site.settings_file import StudioSettings
from offerpress.site.site import Site
from offerpress.studio.state.commands import DueSender
from offerpress.studio.state.current_figures import CurrentFigures, FiguresReader
from offerpress.studio.state.frames import FindAnswer, Frames, mail_answers
from offerpress.studio.state.jobs import LongJob
from offerpress.studio.state.plan_facts import PlanFacts, own_languages, plan_facts
from offerpress.studio.state.sessions import Session, Sessions, SignInThrottle
from offerpress.writing.versions import note_outside
from rewards import Fault, Faulty

Context = dict[str, object]
Made = TypeVar("Made")
MADE = "made a plan"
APPROVED = "approved a plan"
PAUSED, RESUMED = "paused a plan", "let a plan go on"
REJECTED, STOPPED = "rejected a plan", "stopped a plan for good"
NOTED = "wrote why a plan must not go on"
BEGAN_LATE = "let a plan begin late"
SETTLED = "settled an unknown mail: "
TESTED = "sent a test mail"
SIGNED_OFF = "signed off a journal"
FORGOT = "forgot a partner"
WITHDREW = "had mails discarded that the provider held back"
BEGAN, FAILED = "began, and nobody knows whether it was done: ", "tried in vain: "
LOOKED = "confirmed to have looked at a mail"
FormFields = Mapping[str, str]

SCREENS: Mapping[str, str] = {
    "/": "Today",
    "/writing": "Writing",
    "/data": "Data",
    "/publish": "Publish",
    "/plans": "Campaigns",
    "/partners": "Who got what",
    "/finance": "Finance",
    "/history": "History",
    "/people": "People",
    "/settings": "Settings",
}


@dataclass(frozen=True, slots=True)
class Done:
    """What follows an action: the address to go to, words to show once, or the screen again with what was typed."""

    to: str = "/"
    title: str = ""
    show: tuple[str, ...] = ()
    link: str = ""
    template: str = ""
    context: Context = field(default_factory=dict)


class NotThere(OfferpressError):
    """The page shows nothing under this address."""


class NoPartner(NotThere):
    """No active partner has the id that was asked for."""

    def __init__(self) -> None:
        super().__init__(
            "There is no active partner with this id. It may be closed or merged: look at the data."
        )


class NotDone(OfferpressError):
    """An action that the form does not allow as it was filled in."""


class NotYours(OfferpressError):
    """The person's tasks do not include this."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What a device was asked to sign: about what, when, and the challenge. It is used once."""

    about: str
    at: datetime
    challenge: bytes


@dataclass
class Studio:
    """The state of one studio process. `change` lets one change happen at a time."""

    site_now: Callable[[], Site]
    reader: FiguresReader
    sessions: Sessions
    random_text: Callable[[int], str]
    settings: StudioSettings = field(default_factory=StudioSettings)
    port: int = 0
    throttle: SignInThrottle = field(default_factory=SignInThrottle)
    change: Lock = field(default_factory=Lock)
    first_code: str = ""
    stopping: bool = False
    sender: DueSender = field(default_factory=DueSender)
    job: LongJob = field(default_factory=LongJob)
    pending: dict[str, Pending] = field(default_factory=dict)
    kept: dict[str, tuple[object, Any]] = field(default_factory=dict)
    checked: Context | None = None
    frames: Frames = field(init=False)
    preview: Preview = field(init=False)
    ended: Event = field(default_factory=Event)
    _facts: dict[str, PlanFacts] = field(default_factory=dict)
    _locks: "dict[str, RLock]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.frames = Frames(self.random_text, self.sessions)
        self.preview = Preview(self.site_now, "", self.reader.ledger)

    def follow_texts(self) -> None:
        """Keep what other programs write into texts as versions, from before the start until the studio ends."""
        for changed in watched_changes(self.site_now().folder, self.ended):
            site = self.site_now()
            names = {
                one.relative_to(site.folder).as_posix() for one in changed if one.is_relative_to(site.folder)
            }
            with suppress(OfferpressError, OSError):  # the next look at the text tries it again
                note_outside(site, site.now, names or None)

    def facts(self, batch: Batch) -> PlanFacts:
        """Return what the batch says about its recipients; read once, because a batch never changes."""
        key = f"{batch.digest} {batch.forgotten}"
        with self._lock_of(key):  # who asks while it is read waits for it, and does not read it too
            facts = self._facts.get(key)
            if facts is None:
                own = own_languages(self.site_now().snapshots, batch.header.snapshot)
                facts = self._facts[key] = plan_facts(batch, own)
                gc.freeze()  # as after the reading of figures
            return facts

    def end_live(self) -> None:
        """Let every live channel end."""
        self.stopping = self.preview.stopped = True

    def close(self) -> None:
        """Stop the processes that this one started."""
        self.end_live()
        self.job.stop()
        self.ended.set()
        self.preview.stop()
        self.sender.stop()

    def rejections(self, site: Site) -> Mapping[str, HistoryEntry]:
        """Return who rejected each rejected plan, when and why."""
        return {one.subject: one for one in self.history(site) if one.action == REJECTED}

    def history(self, site: Site) -> list[HistoryEntry]:
        """Return every action, the newest first; read again only when the file has changed."""
        try:
            facts = (site.private / HISTORY_FILE).stat()
        except FileNotFoundError:
            return []
        stamp = facts.st_ino, facts.st_mtime_ns, facts.st_size
        return self.remembered("history", stamp, lambda: read_history(site))

    def tests(self, site: Site, plan: str) -> int:
        """Return how many test mails of a plan were sent."""
        return sum((one.action, one.subject) == (TESTED, plan) for one in self.history(site))

    def looks(self, site: Site, plan: str, digest: str) -> Mapping[str, Mapping[str, str]]:
        """Return who has looked at each mail of exactly these bytes: names by person id, by partner id."""
        found: dict[str, dict[str, str]] = {}
        for one in self.history(site):
            if (one.action, one.subject, one.note) == (LOOKED, plan, looked_note(digest)):
                found.setdefault(one.partner, {})[one.person] = one.name
        return found

    def remembered(self, key: str, stamp: object, make: Callable[[], Made]) -> Made:
        """Return what `make` gives, made anew only when `stamp` differs from the last time."""
        with self._lock_of(key):
            found = self.kept.get(key)
            if found is None or found[0] != stamp:
                found = self.kept[key] = stamp, make()
        made: Made = found[1]
        return made

    def _lock_of(self, key: str) -> "RLock":
        return self._locks.setdefault(key, RLock())

    def forget_what_was_read(self) -> None:
        """Drop what was read of plans: a partner may have been forgotten in them."""
        self._facts.clear()
        self.kept.clear()

    @property
    def origin(self) -> str:
        """The address under which people open the studio."""
        return self.settings.origin or f"http://localhost:{self.port}"


@dataclass(frozen=True)
class Visit:
    """One request of a signed-in person: the site at its instant, and the query or the form."""

    studio: Studio
    site: Site
    person: Person
    session: Session
    query: FormFields

    @property
    def now(self) -> datetime:
        """The instant of the request."""
        return self.site.now

    def need(self, *roles: Role) -> None:
        """Raise `NotYours` unless the person has one of these roles."""
        if not self.person.may(*roles):
            tasks = " or ".join(ROLE_WORDS[one] for one in roles)
            raise NotYours(f"Only {tasks} can do this. Ask somebody with that task.")

    def current(self) -> CurrentFigures:
        """Return the figures; raises `OfferpressError` if there never were any."""
        current = self.studio.reader.open()
        if current is None:
            raise _without_figures(self.studio.reader.faults)
        return current

    def drafts(self) -> StaffFigures:
        """Return what statements and mails would say now; raises `OfferpressError` if there never were any figures."""
        state = self.studio.preview.opened()
        if state.staff is None:
            raise _without_figures(state.faults)
        return state.staff

    def frame(self, body: bytes) -> str:
        """Show one document in a frame: keep it for some minutes and return the address for `<iframe src>`.

        Use it for everything that an author wrote, such as a mail or a page with unsaved text:
        `<iframe title="The mail" src="{{ frame }}" sandbox="allow-same-origin"></iframe>`.

        The address is absolute, under the author origin, and holds a random token. It ends with the session of the
        person, or five minutes after the last look. Nothing in it runs, and no page but one of the studio frames it.
        It may load styles, pictures and fonts of the author origin only.
        """
        return self.frames_below(lambda _: lambda name: None if name else Answer(body))

    def mail_frame(self, body: bytes) -> str:
        """Show a mail as `frame` does. Pictures of the public site come from what was built, else `content/static`.

        They are read now: what the frame asks for later reads no file.
        """
        answers = mail_answers(self.site, self.studio.frames.origin, body)
        return self.frames_below(lambda _: answers.get)

    def frames_below(self, make: Callable[[str], FindAnswer]) -> str:
        """Show several files that name each other, such as all pages of a site; return the address of the first.

        `make` takes the address, which ends with a slash. It returns a function that takes a path below it, such as
        `""` or `assets/site.css`, and returns its answer or None. `read_pages(site, address)` gives pages whose links
        stay below the address, and `page_answer` answers for them. The rest is as for `frame`.
        """
        return self.studio.frames.keep(self.session, self.now, make)

    def level_word(self, level: str) -> str:
        """Return the name of a level by its id."""
        current = self.studio.reader.last
        return current.level_words.get(level, level) if current else level

    def record(self, action: str, subject: str = "", partner: str = "", note: str = "") -> None:
        """Write into the history what the person did."""
        append_history(self.site, self._entry(self.now, action, subject, partner, note))

    def record_kept(
        self, at: datetime, action: str, subject: str = "", partner: str = "", note: str = ""
    ) -> None:
        """Write what the person did at that instant, as a record of the action says; once.

        Another studio may have seen the record and written the line already.
        """
        mine = self._entry(at, action, subject, partner, note)

        def more(history: list[HistoryEntry]) -> list[HistoryEntry]:
            known = any(one.at == mine.at and deed_key(one) == deed_key(mine) for one in history)
            return [] if known else [mine]

        with suppress(OSError):  # it was done: a look at the history adds the line when there is room
            extend_history(self.site, more)

    @contextmanager
    def doing(self, action: str, subject: str = "", partner: str = "", note: str = "") -> Iterator[None]:
        """Do what leaves the person's name in no other record: that it begins is written first, then how it ended.

        So the history has a line about everything that was done, whenever the studio is killed.
        """
        self.record(f"{BEGAN}{action}", subject, partner, note)
        try:
            yield
        except Exception:
            with suppress(OSError):  # on a full disk the first line stays, which says that nobody knows
                self.record(f"{FAILED}{action}", subject, partner, note)
            raise
        with suppress(OSError):  # it was done, and the first line says that it began
            self.record(action, subject, partner, note)

    def _entry(self, at: datetime, action: str, subject: str, partner: str, note: str) -> HistoryEntry:
        who, instant = self.person, at.astimezone(UTC).isoformat(timespec="seconds")
        return HistoryEntry(instant, who.person, who.name, action, subject, partner, note)


def deed_key(one: HistoryEntry) -> tuple[str, str, str, str]:
    """Return what tells one kind of action from another; a rejection is a stopped plan with its note."""
    return one.person, STOPPED if one.action == REJECTED else one.action, one.subject, one.partner


ROLE_WORDS: Mapping[Role, str] = {
    "writer": "a writer",
    "approver": "an approver",
    "finance": "finance",
    "operator": "an operator",
    "support": "support",
}
ROLE_TASKS: Mapping[Role, str] = {
    "writer": "Writer: writes texts, builds the site, makes plans and test mails",
    "approver": "Approver: approves or rejects, settles unknown notices",
    "finance": "Finance: connects data, reads the figures, signs off journals, runs the check of all channels",
    "operator": "Operator: connects data, publishes, sends, pauses and stops, manages people and settings",
    "support": "Support: searches partners and reads their pages, revokes links, suppresses addresses",
}


def looked_note(digest: str) -> str:
    """Return how the history names the bytes of a plan that somebody looked at."""
    return f"digest {digest}"


def address_of(path: str, **query: str) -> str:
    """Return an address of the studio. Ids stand in the query, where any sign is allowed."""
    return f"{path}?{urlencode(query)}" if query else path


def view_choices(view: MailView, path: str, **here: str) -> list[list[tuple[str, str, bool]]]:
    """Return the groups of choices of a view, each with its name, its address and whether it is the present one."""
    return [
        [(name, address_of(path, **here, **changed), current) for name, changed, current in group]
        for group in view.choices()
    ]


def page(template: str, visit: Visit | None, context: Context) -> bytes:
    """Render a screen. Only our own templates: a site must not change the pages by which staff judge it."""
    built = environment([starter_folder() / "templates"], "en", kind="html")
    around: Context = {"person": None, "nav": [], "form_token": "", "site_title": "Offerpress", "older": ""}
    if visit is not None:
        around = {
            "person": visit.person,
            "nav": [(path, name) for path, name in SCREENS.items() if _shows(visit, path)],
            "form_token": visit.session.form_token,
            "site_title": _title(visit),
            "older": _older(visit),
            "preview": "" if visit.studio.settings.origin else f"{visit.studio.frames.origin}/",
        }
    return built.get_template(f"studio/{template}").render({"here": "", **around, **context}).encode()


def _shows(visit: Visit, path: str) -> bool:
    return visit.site.is_begun and (path not in {"/people", "/settings"} or visit.person.may("operator"))


def _older(visit: Visit) -> str:
    """Return the instant of the figures on the page, if newer ones are being read; else nothing."""
    reader = visit.studio.reader
    if not (reader.reading and reader.last and reader.read_at):
        return ""
    return clock_words(reader.read_at, reader.last.figures.content.policy.program.timezone)


def _title(visit: Visit) -> str:
    current = visit.studio.reader.last
    if current:
        return current.figures.site.settings.site.title
    try:  # before the first figures, such as in a new site without data
        return visit.site.settings.site.title if visit.site.is_begun else "Offerpress"
    except (OfferpressError, Faulty):
        return "Offerpress"


def clock_words(at: datetime | str, zone: str) -> str:
    """Return an instant as people write it in that zone: `31 December 2023, 18:00 (Europe/Berlin)`."""
    return f"{local_words(at, zone)} ({zone})"


def local_words(at: datetime | str, zone: str) -> str:
    """Return an instant as people of that zone write it: `31 December 2023, 18:00`."""
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    here = instant.astimezone(ZoneInfo(zone))
    return f"{here.day} {here:%B %Y, %H:%M}"


def ago_words(since: datetime, now: datetime) -> str:
    """Return how long before `now` an instant was, in the largest whole unit: `3 days ago`, or `in 2 hours`."""
    seconds = int((now - since).total_seconds())
    size = abs(seconds)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if size >= length:
            number = size // length
            words = f"{number:,} {unit}{'' if number == 1 else 's'}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now"


def _without_figures(faults: Sequence[Fault]) -> OfferpressError:
    """Return the error of a site that never had figures; it names the first fault."""
    first = f" The first: {faults[0]}." if faults else ""
    return OfferpressError(
        f"There are no figures yet, because the site has faults.{first} The page “Today” names each of them."
    )

"""One site at one instant: its folder, the clock, the environment, and what is read from the folder on demand.

Every part is loaded by the first command that asks for it, so that a light command stays light.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from offerpress.site.folder import SETTINGS_FILE, template_folders

if TYPE_CHECKING:  # each is loaded by the method that returns it
    from mailer import Batch, MailSettings, Outbox, Transport
    from offerpress.site.keys import SiteKeys
    from offerpress.site.settings import Settings
    from rewards import Fault


@dataclass(frozen=True)
class Site:
    """A site folder at the instant `now`, in an environment, as of a day if one was named.

    `given` replaces the settings that the folder holds; a preview and a cluster's workers use it.
    """

    folder: Path
    now: datetime
    environment: Mapping[str, str] = field(repr=False)
    as_of: date | None = None
    given: "Settings | None" = field(default=None, repr=False)

    # Clock

    def day(self, zone: str) -> int:
        """Return the as-of day as an ordinal: the named one, else today in that zone."""
        return (self.as_of or self.now.astimezone(ZoneInfo(zone)).date()).toordinal()

    def clock_day(self, zone: str) -> int:
        """Return the clock's day in that zone as an ordinal, whatever the as-of day."""
        return self.now.astimezone(ZoneInfo(zone)).toordinal()

    @property
    def today(self) -> int:
        """The clock's day in UTC as an ordinal, whatever the as-of day: a former secret's grace ends by it."""
        return self.now.astimezone(UTC).toordinal()

    def on(self, as_of: int) -> "Site":
        """Return the same site as of that day (an ordinal); its settings are read again."""
        return replace(self, as_of=date.fromordinal(as_of))

    # Paths

    @property
    def private(self) -> Path:
        """Secret, epochs, snapshots, manifests, batches and outbox; mode 0700, never published."""
        return self.folder / "private"

    @property
    def output(self) -> Path:
        """The built site, wholly replaceable."""
        return self.folder / "output"

    @property
    def snapshots(self) -> Path:
        """One folder for each frozen ledger."""
        return self.private / "snapshots"

    @property
    def batches(self) -> Path:
        """One file for each plan."""
        return self.private / "batches"

    @property
    def sealed(self) -> Path:
        """The sealed records of each shard, from which the next build goes on."""
        return self.private / "sealed"

    @property
    def tables(self) -> Path:
        """The parsed rows of each file of data, from which the next reading goes on."""
        return self.private / "tables"

    @property
    def mail(self) -> Path:
        """The Maildir of the `folder` transport."""
        return self.private / "mail"

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """Where templates are looked up, the site's own first."""
        return template_folders(self.folder, self.settings.site.address)

    def make_private(self) -> Path:
        """Return the private folder; it is made with mode 0700 where it does not exist."""
        self.private.mkdir(mode=0o700, exist_ok=True)
        return self.private

    @property
    def is_begun(self) -> bool:
        """Whether there is a site; the studio may stand in an empty folder, where one can begin."""
        return (self.folder / SETTINGS_FILE).is_file()

    # Settings and keys

    @cached_property
    def settings(self) -> "Settings":
        """All of `offerpress.toml`; raises `Faulty`."""
        if self.given is not None:
            return self.given
        from offerpress.site.settings import read_all_settings  # noqa: PLC0415 - it brings generator and ledger

        return read_all_settings(self.folder)

    @cached_property
    def mail_settings(self) -> "MailSettings":
        """`[mail]` of `offerpress.toml`, read without the other sections; raises `Faulty`."""
        from offerpress.site.settings_file import read_mail_settings  # noqa: PLC0415 - it brings the mailer

        return read_mail_settings(self.folder)

    def read_keys(self, faults: "list[Fault]") -> "SiteKeys | None":
        """Return the site secret with its versions and epochs; None, with a fault added, where there is no secret."""
        from offerpress.site.keys import read_site_keys  # noqa: PLC0415 - it brings the generator

        return read_site_keys(self, faults)

    # Mail

    def open_outbox(self, *, scratch: Path | None = None) -> "Outbox":
        """Open the outbox that the environment names, else `private/outbox.sqlite`.

        With `scratch`, a file that does not exist is made in that folder instead.
        """
        from offerpress.site.mail import open_outbox  # noqa: PLC0415 - it brings the mailer

        return open_outbox(self, scratch)

    def open_batch(self, plan: str) -> "Batch":
        """Open the batch of that plan."""
        from offerpress.site.mail import open_batch  # noqa: PLC0415 - likewise

        return open_batch(self, plan)

    def transport(self, name: str | None = None) -> "Transport":
        """Return the transport of that name, by default the one that `[mail]` names."""
        from offerpress.site.mail import transport_of  # noqa: PLC0415 - likewise

        return transport_of(self, name or self.mail_settings.transport)

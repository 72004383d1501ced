"""One message to one partner, ready to be frozen: every part as text, nothing left to compute or render."""

import re
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rewards.days import time_zone
from rewards.fields import Pick

Category = Literal["notice", "announcement"]


class Attachment(BaseModel):
    """A text file that goes with a notice; `media_type` such as `text/csv`, always UTF-8."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    filename: str
    media_type: str
    text: str


class Notice(BaseModel):
    """The message to one partner. Addresses are bare (`a@b.example`), names are for display, never quoted.

    Fields stand in the order of their names, in which the canonical form has them.
    `figures` is the JSON text of the statement that the message tells (canonical: sorted keys, no spaces).
    `headers` are our own extra headers, in order. `reference` is the short code that page and mail show. `window` is
    the send window in the recipient's zone (see `rewards.window`), empty for any time.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    attachments: tuple[Attachment, ...] = ()
    category: Category
    cc: tuple[str, ...] = ()
    figures: str
    from_address: str
    from_name: str
    headers: tuple[tuple[str, str], ...] = ()
    html: str
    language: str
    partner_id: str
    reference: str
    reply_to: str = ""
    subject: str
    text: str
    to_address: str
    to_name: str
    window: str = ""


# Send windows: the days and times of day in the recipient's zone at which a notice may be handed over.

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKING_DAYS: Final = WEEKDAYS[:5]

_CLOCK: Final = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
_TIME: Final = re.compile(_CLOCK)
_DAYS: Final = "|".join(WEEKDAYS)
_WRITTEN: Final = re.compile(
    rf"(?P<zone>\S+) (?P<opens>{_CLOCK})-(?P<closes>{_CLOCK}) (?P<days>(?:{_DAYS})(?:,(?:{_DAYS}))*)"
)


def _clock_time(value: object) -> object:
    if isinstance(value, time) and not value.second and not value.microsecond:
        return value.isoformat("minutes")  # TOML knows times of day
    if isinstance(value, str) and _TIME.fullmatch(value.strip()):
        return value.strip()
    raise ValueError(f"{value!r} is no time of day; write it as 09:00, the end of a day as 24:00")


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


ClockTime = Annotated[str, BeforeValidator(_clock_time), Pick("time")]


class WindowSettings(BaseModel):
    """A send window as staff write it: `from` and `to` are times of day, and `days` defaults to the working days.

    The window lies within one day. Its zone is that of each recipient.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    opens: Annotated[ClockTime, Field(alias="from", title="From")] = "09:00"
    closes: Annotated[ClockTime, Field(alias="to", title="To")] = "17:00"
    days: Annotated[tuple[Weekday, ...], BeforeValidator(_listed), Field(min_length=1, title="Days")] = (
        WORKING_DAYS
    )

    @model_validator(mode="after")
    def _closes_later(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError(
                f"the window closes at {self.closes} and opens at {self.opens}; let it close later on the same day"
            )
        return self

    def text(self, zone: str) -> str:
        """Return the window in a zone as a notice carries it: `Europe/Berlin 09:00-17:00 mon,tue`."""
        days = ",".join(day for day in WEEKDAYS if day in self.days)
        return f"{zone} {self.opens}-{self.closes} {days}"


@dataclass(frozen=True, slots=True)
class Window:
    """A window as a notice carries it; `opens` and `closes` are minutes since midnight, `days` count from Monday, 0."""

    zone: ZoneInfo
    opens: int
    closes: int
    days: frozenset[int]


@lru_cache(maxsize=1024)
def parse_window(text: str) -> Window:
    """Parse the text of `WindowSettings.text`; raise `ValueError` ("what; remedy") for anything else."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no send window; plan the campaign again")
    days = frozenset(number for number, day in enumerate(WEEKDAYS) if day in match["days"])
    return Window(time_zone(match["zone"]), _minutes(match["opens"]), _minutes(match["closes"]), days)


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)

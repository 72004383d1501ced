"""Campaigns: front matter, audience, and the text in each language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from generator.content.front_matter import Document, parse_moment
from generator.content.pages import OneLine
from rewards import Fault, Pick, Source, WindowSettings, parse_mailbox, validated


def _mailbox(text: str) -> str:
    parse_mailbox(text)
    return text.strip()


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_MailboxText = Annotated[str, AfterValidator(_mailbox)]


class Audience(BaseModel):
    """The recipients of a campaign: every given list must hold the partner's value; `partners` are ids."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    levels: Annotated[list[str] | None, Pick("levels")] = Field(
        default=None, title="Levels", description="Nothing chosen: partners of every level."
    )
    countries: Annotated[list[str] | None, Pick("countries")] = Field(
        default=None, title="Countries", description="Nothing chosen: partners of every country."
    )
    languages: Annotated[list[str] | None, Pick("languages")] = Field(
        default=None, title="Languages", description="Nothing chosen: partners of every language."
    )
    partners: Annotated[list[str] | None, Pick("partners")] = Field(
        default=None, title="Partners", description="Their ids. None given: not limited to single partners."
    )
    offers: Annotated[list[str] | None, Pick("offers")] = Field(
        default=None,
        title="Offers",
        description="Only partners to whom at least one of these gives something.",
    )


class CampaignFront(BaseModel):
    """The front matter of a campaign."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    subject: Annotated[OneLine, Field(title="Subject", description="It may hold figures, as the text does.")]
    preheader: str = Field(
        default="", title="Line beside the subject", description="Mail programs show it in their lists."
    )
    category: Annotated[
        Literal["notice", "announcement"],
        Field(
            title="Kind of mail",
            description="A notice is about the partner's own account. An announcement can be unsubscribed from.",
        ),
    ]
    audience: Audience = Field(
        default_factory=Audience, title="Who gets it", description="Partners who meet every limit given here."
    )
    send_at: Annotated[str | None, Pick("moment")] = Field(
        default=None, title="Not before", description="Day and time, in the time zone of the program."
    )
    window: WindowSettings | None = Field(
        default=None,
        title="Times of day",
        description="When mails may arrive, in the zone of each partner. Empty: as the site has it.",
    )
    from_: Annotated[
        _MailboxText | None,
        Field(alias="from", title="Sender", description="Another one than that of the site: Name <address>."),
    ] = None
    reply_to: _MailboxText | None = Field(
        default=None, title="Answers go to", description="Another address than the sender's."
    )
    attach: Annotated[list[Literal["statement.csv"]], BeforeValidator(_listed)] = Field(
        default_factory=list, title="Attachments", description="The partner's statement as a table."
    )
    include_negative: bool = Field(
        default=False,
        title="Also to partners with a negative sum",
        description="Otherwise they are left out, because something is taken back from them.",
    )
    edition: Annotated[int, Field(ge=1, le=999_999_999)] = Field(
        default=1, title="Edition", description="Raise it to send this campaign once more to everybody."
    )


@dataclass(frozen=True, slots=True)
class CampaignText:
    """A campaign in one language. `body` begins at `body_line` of `file`."""

    subject: str
    preheader: str
    body: str
    file: str
    body_line: int
    subject_line: int = 1
    preheader_line: int = 1


@dataclass(frozen=True, slots=True)
class Campaign:
    """A mailing as written; `send_at` has a time zone, and a `window` of None means the site's window.

    `texts` always has the site's default language.
    """

    slug: str
    edition: int
    category: Literal["notice", "announcement"]
    audience: Audience
    send_at: datetime | None
    attach: tuple[str, ...]
    include_negative: bool
    from_: str | None
    reply_to: str | None
    source: Source
    texts: Mapping[str, CampaignText] = field(default_factory=dict)
    window: WindowSettings | None = None


def parse_campaign(slug: str, document: Document, zone: ZoneInfo, faults: list[Fault]) -> Campaign | None:
    """Parse the campaign without its texts; returns None after adding faults. The caller checks references."""
    front = validated(CampaignFront, document.raw, document.source, faults)
    if front is None:
        return None
    try:
        send_at = _send_at(front.send_at, zone)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        faults.append(document.source.fault(("send_at",), what, remedy))
        return None
    return Campaign(
        slug=slug,
        edition=front.edition,
        category=front.category,
        audience=front.audience,
        send_at=send_at,
        attach=tuple(dict.fromkeys(front.attach)),
        include_negative=front.include_negative,
        from_=front.from_,
        reply_to=front.reply_to,
        source=document.source,
        window=front.window,
    )


def _send_at(text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    moment = parse_moment(text, zone)
    if ":" not in text:
        raise ValueError(f"{text!r} has no time; write 2023-12-31T18:00, or add an offset such as +01:00")
    return moment.instant


def campaign_text(
    front: Mapping[str, object], document: Document, faults: list[Fault]
) -> CampaignText | None:
    """Return the text of one language with the subject and preheader of `front`; None after adding a fault."""
    subject, preheader = front.get("subject"), front.get("preheader") or ""
    source = document.source
    if not isinstance(subject, str) or not subject.strip() or "\n" in subject.strip():
        faults.append(
            source.fault(
                ("subject",), "'subject' is missing, empty or no single line", "write it on one line"
            )
        )
        return None
    if not isinstance(preheader, str):
        faults.append(source.fault(("preheader",), "'preheader' is no text", "write it on one line"))
        return None
    if not document.body.strip():
        faults.append(
            Fault(
                "the campaign has no body",
                "write its text below the front matter",
                source.file,
                document.body_line,
            )
        )
        return None
    return CampaignText(
        subject=subject.strip(),
        preheader=" ".join(preheader.split()),
        body=document.body,
        file=source.file,
        body_line=document.body_line,
        subject_line=source.lines.get(("subject",), 1),
        preheader_line=source.lines.get(("preheader",), 1),
    )

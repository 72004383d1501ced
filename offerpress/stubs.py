"""`add`: a commented stub of an announcement, offer, campaign or page, to be filled in."""

import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import Literal

from offerpress.folder import OfferpressError
from rewards import KINDS

Kind = Literal["announcement", "offer", "campaign", "page"]
OTHERS = ", ".join(sorted(set(KINDS) - {"cashback"}))
FOLDERS: dict[Kind, str] = {
    "announcement": "content/announcements",
    "offer": "content/offers",
    "campaign": "content/campaigns",
    "page": "content/pages",
}
STUBS: dict[Kind, str] = {
    "announcement": """---
title: {title}
summary: One sentence for lists, feeds and previews.
date: {day}
# offers: [slug-of-an-offer]      # shown as cards
# tags: [partners]
draft: true                       # remove this line to publish
---
What happened, what you do about it, and what partners get.
""",
    "offer": """---
kind: cashback                    # or {others}
title: {title}
summary: One sentence for lists and cards.
announced_on: {day}         # statements as of an earlier day do not know the offer
rate: 15%
period: {{from: {year}-01-01, to: {year}-12-31}}
credited_on: {year}-12-31
# minimum: {{EUR: 10}}              # below it nothing
# cap: {{EUR: 5000}}
# eligible: {{levels: [silver, gold]}}
---
What partners get, and how it is computed.
""",
    "campaign": """---
subject: {title}
preheader: The line that mail programs show beside the subject.
category: notice                  # about the partner's own account; announcement may be unsubscribed from
# send_at: {day}T18:00      # in the program's time zone
# audience: {{offers: [slug-of-an-offer]}}
# attach: statement.csv
---
Dear {{{{ partner.contact_name or partner.name }}}},

{{% for currency, amount in statement.total.items() %}}
- {{{{ amount }}}}
{{% endfor %}}

Your statement: {{{{ link }}}}

Your reference: {{{{ reference }}}}
""",
    "page": """---
title: {title}
summary: One sentence for previews.
---
The text of the page.
""",
}


def add_stub(site: Path, kind: Kind, title: str, today: date) -> Path:
    """Writes the stub of that kind; its slug follows from the title. A file that exists is never overwritten."""
    slug = slug_of(title)
    if not slug:
        raise OfferpressError(f"no stub: {title!r}: no letter a-z or digit to name the file after; add one")
    path = site / FOLDERS[kind] / f"{slug}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    quoted = (
        title if re.fullmatch(r"[\w][\w .,'%-]*", title) else '"' + re.sub(r'(["\\])', r"\\\1", title) + '"'
    )
    text = STUBS[kind].format(title=quoted, day=today.isoformat(), year=today.year, others=OTHERS)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise OfferpressError(
            f"no stub: {path}: it exists already; choose another title or edit it"
        ) from error
    return path


def slug_of(title: str) -> str:
    """Lower-case words of a-z and 0-9 joined by hyphens; accents are dropped."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")

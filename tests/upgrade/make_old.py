"""Makes `old-site.tar.xz`: a small site as version 0.1.0 left it, for the tests of this folder.

Run it with a checkout of that version, whose environment is in `.venv`: `python -m tests.upgrade.make_old CHECKOUT`.
The archive in the repository was made at c9d0509. Make it again only to let it hold more, never with a newer version.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

ARCHIVE: Final = Path(__file__).with_name("old-site.tar.xz")
PARTNERS: Final = ("1001", "1003", "1005", "1011", "1013", "1017")
AS_OF: Final = ("--as-of", "2023-12-31")

_CAMPAIGN = """\
---
subject: {subject}
category: notice
audience:
  countries: [{country}]
---
# {subject}

Hello {{{{ partner.contact_name or partner.name }}}},

your statement is at [your private page]({{{{ link }}}}). Your sales of 2023 are as follows.

{{% for entry in statement.cashback %}}
- {{{{ entry.eligible_sales }}}} at {{{{ entry.rate }}}} gives **{{{{ entry.amount }}}}**
{{% endfor %}}
"""


def main(checkout: Path) -> None:
    """Make the archive with the commands of `checkout`."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        _copy_small(checkout, site)
        _work(checkout / ".venv/bin/offerpress", site)
        (site / "private/sending.lock").unlink(missing_ok=True)
        with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
            archive.add(site, "site", filter=_without_owner)
    print(f"{ARCHIVE}: {ARCHIVE.stat().st_size:,} bytes")  # noqa: T201 - a script


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _copy_small(checkout: Path, site: Path) -> None:
    """Copy the sample site of that version, with a few partners, and add two campaigns to one country each."""
    shutil.copytree(checkout / "content", site / "content")
    left_out = ("*.de.md", "announcements/*", "campaigns/thank-you*")
    for text_file in {file for pattern in left_out for file in (site / "content").rglob(pattern)}:
        text_file.unlink()
    settings = (checkout / "offerpress.toml").read_text("utf-8")
    (site / "offerpress.toml").write_text(
        settings.replace('["en", "de", "es", "ar"]', '["en", "es", "ar"]'), "utf-8"
    )
    (site / "data").mkdir()
    kept = {f"P-{number}" for number in PARTNERS}
    for table in (checkout / "data").glob("*.csv"):
        head, *rows = table.read_text("utf-8").splitlines(keepends=True)
        if table.stem != "rates":
            place = head.strip().split(",").index("partner_id")
            rows = [row for row in rows if row.split(",")[place] in kept]
        (site / "data" / table.name).write_text(head + "".join(rows), "utf-8")
    (site / "private").mkdir(mode=0o700)
    (site / "private/site-secret").write_text("0ff3" * 16 + "\n", "ascii")
    (site / "private/site-secret").chmod(0o600)
    for slug, subject, country in (
        ("british", "Figures", "GB"),
        ("arabic", "Figures again", "KW"),
        ("later", "Later", "GB"),
    ):
        text = _CAMPAIGN.format(subject=subject, country=country)
        (site / "content/campaigns" / f"{slug}.md").write_text(text, "utf-8")
    (site / "content/campaigns/arabic.ar.md").write_text(
        "---\nsubject: أرقامكم\n---\n# أرقامكم\n\nمرحبا.\n", "utf-8"
    )


def _work(command: Path, site: Path) -> None:
    """Run a little of everything that writes into `private/`."""
    environment = {
        key: text for key, text in os.environ.items() if not key.startswith(("OFFERPRESS", "SENDGRID"))
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [command, *arguments], cwd=site, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def approved(campaign: str) -> str:
        run("plan", campaign, "--by", "Mia", *AS_OF)
        run("approve", f"{campaign}-1.1", "--by", "Nia")
        return f"{campaign}-1.1"

    run("build", *AS_OF)
    (site / "statements.jsonl").write_text(run("statements", *AS_OF), "utf-8")
    run("link", "P-1005", "--revoke")
    run("suppress", "orders@elmwick-voice-1005.example")
    run("send", approved("year-end-credit"), "--transport", "folder", "--limit", "2")
    for campaign in ("british", "arabic"):
        approved(campaign)
    run("plan", "later", "--by", "Mia", *AS_OF)
    run("sign-off", "cashback-2023", "--by", "Nia", "--as-of", "2024-01-02")
    run("build", *AS_OF)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())

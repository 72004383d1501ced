"""A seeded site of many announcements: the sample's offers, pages and few partners."""

import random
import shutil
from datetime import date, timedelta
from pathlib import Path

from workload import ROOT

_LAST = date(2023, 12, 20)
_WORDS = """
    partner offer sale subscription level quota bonus month amount invoice renewal license season report figure
    catalog region support training campaign deadline rebate margin customer upgrade reseller contract market
""".split()  # noqa: SIM905 - a list of one word a line would take a screen
_TAGS = ("News", "Bonus", "Levels", "Events", "Products", "Training", "Deadlines", "Regions")


def make_announcements(folder: Path, count: int) -> None:
    """Make a site with so many announcements of about 350 words, in one language; each count has one result."""
    translations = shutil.ignore_patterns("*.de.md", "*.es.md", "*.ar.md")
    for name in ("content", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=translations)
    settings = (ROOT / "offerpress.toml").read_text(encoding="utf-8")
    settings = settings.replace('languages = ["en", "de", "es", "ar"]', 'languages = ["en"]')
    (folder / "offerpress.toml").write_text(settings, encoding="utf-8")
    offers = sorted(path.stem for path in (folder / "content/offers").glob("*.md") if "." not in path.stem)
    chance = random.Random(2023)  # noqa: S311 - words, no secrets
    for number in range(count):
        day = _LAST - timedelta(days=number)
        text = _announcement(number, day, offers, chance)
        (folder / f"content/announcements/{day.isoformat()}-news-{number:05}.md").write_text(
            text, encoding="utf-8"
        )


def _announcement(number: int, day: date, offers: list[str], chance: random.Random) -> str:
    tags = ", ".join(chance.sample(_TAGS, 2))
    told = f"offers: [{chance.choice(offers)}]\n" if offers and number % 4 == 0 else ""
    parts = [_paragraph(chance) for _ in range(6)]
    items = "\n".join(f"- **{_sentence(chance, 3)}** {_sentence(chance, 8)}" for _ in range(4))
    rows = "\n".join(
        f"| {chance.choice(_WORDS)} | {chance.randrange(1000)} | {chance.choice(_WORDS)} |" for _ in range(5)
    )
    table = f"| item | number | note |\n| --- | ---: | --- |\n{rows}"
    return (
        f"---\ntitle: News {number} about {_sentence(chance, 4).rstrip('.').lower()}\n"
        f"summary: {_sentence(chance, 12)}\ndate: {day.isoformat()}\ntags: [{tags}]\n"
        f"{told}---\n\n{parts[0]}\n\n{parts[1]}\n\n## What changes\n\n"
        f"{items}\n\n{parts[2]}\n\n{table}\n\n## What you do\n\n{parts[3]}\n\n> {_sentence(chance, 14)}\n\n"
        f"{parts[4]}\n\n{parts[5]}\n\nSee [the site](https://vendor.example/news/{number}) for more.\n"
    )


def _paragraph(chance: random.Random) -> str:
    return " ".join(_sentence(chance, chance.randrange(7, 14)) for _ in range(5))


def _sentence(chance: random.Random, length: int) -> str:
    words = " ".join(chance.choice(_WORDS) for _ in range(length))
    return f"{words.capitalize()}."

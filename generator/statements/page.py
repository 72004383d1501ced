"""The page that opens private links, and the statements as records and plain pages."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from gettext import NullTranslations
from hashlib import sha256, sha384
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from generator.addresses import language_folder
from generator.errors import GeneratorError
from generator.headers import PLAIN_STATEMENT_POLICY, STATEMENT_POLICY
from generator.languages import reader_language
from generator.settings import SiteSettings
from generator.statements.record import (
    DICTIONARY,
    Record,
    StatementValues,
    Values,
    coming_days,
    figures_without_day,
    month_key,
    with_past,
)
from generator.statements.shell import ParsedShell, merged_values, parse_shell
from generator.statements.table import table_words, with_lines
from generator.statements.view import OfferView, OfferWords, level_names
from generator.templating.catalogs import translations
from generator.templating.formats import direction, formats, regional_language
from rewards import (
    CashbackTerms,
    LineGroup,
    Months,
    Partner,
    Policy,
    Statement,
    canonical_json,
    day_text,
    month_starts,
    statement_json,
)

if TYPE_CHECKING:  # it loads cryptography
    from generator.statements.links import LinkSecret

# A value at the end of a sentence, whose full stop is left out after an abbreviation.
_STOPPED = re.compile(r"""(<bdi[^<>]* data-text="([^"<>]*)"></bdi>)\.(?![.\w])""")
_MOST_FORMS = 200
"""Numbers below this are tried to find every plural form; Arabic has the most forms, and needs numbers up to 100."""


@dataclass(frozen=True)
class Shell:
    """A language's statement template without figures, and its words as `offer:SLUG`, `level:ID`, `month:2023-01`."""

    language: str
    html: str
    words: Mapping[str, str]

    @cached_property
    def _parsed(self) -> ParsedShell:
        return parse_shell(self.html)

    def check(self) -> None:
        """Raise `BrokenShell` if the shell cannot be filled."""
        self._parsed  # noqa: B018 - reading it is the check

    def filled(self, figures: Mapping[str, object], values: Values, as_of: int) -> str:
        """Return the statement on the day `as_of` as HTML like the viewer.

        `figures` is its JSON, `values` are those of its record.
        """
        shown = formats(str(values.get("region", self.language)))
        merged = merged_values(figures, {**coming_days(values, as_of), "as_of": shown.day_text(as_of)})
        return self._parsed.fill(with_lines(with_past(merged, as_of), shown), self.words)


def shell(
    template_folders: Sequence[Path],
    settings: SiteSettings,
    policy: Policy,
    offers: Mapping[str, OfferView],
    language: str,
    as_of: int,
) -> Shell:
    """Render the shell of a language, which is the same for every ledger; `offers` are the offers' texts by slug.

    Levels have the names of the day `as_of`.
    """
    from generator.templating.environment import environment, render  # noqa: PLC0415 - records need none

    built = environment(template_folders, language, kind="html")
    catalog = translations(template_folders, language)
    context = {
        "site": settings,
        "timezone": policy.program.timezone,
        "text": _text,
        "name": _name,
        "plural": _plural(catalog),
    }
    html = render(built, "statement/statement.html", context, template_folders)
    html = _STOPPED.sub(r'\1<span data-stop="\2">.</span>', html)
    words = {
        **{f"offer:{slug}": view.title for slug, view in offers.items()},
        **{f"level:{level}": name for level, name in level_names(policy, as_of).items()},
        **_month_words(policy, language),
    }
    return Shell(language, html, words)


def plural_form(catalog: NullTranslations) -> Callable[[int], int]:
    """Return the function from a number to the index of its plural form in a catalog."""
    found: Callable[[int], int] | None = getattr(catalog, "plural", None)
    return found or (lambda number: int(number != 1))


def _text(key: str, kind: str = "") -> Markup:
    return Markup('<bdi{} data-text="{}"></bdi>').format(_class(kind), key)


def _name(kind: str, key: str) -> Markup:
    return Markup('<bdi data-name="{}:{}"></bdi>').format(kind, key)


def _class(kind: str) -> Markup:
    return Markup(' class="{}"').format(kind) if kind else Markup("")


def _plural(catalog: NullTranslations) -> Callable[..., Markup]:
    """Return `plural(one, many, key)`, which writes every plural form; the value `KEY_form` selects one of them."""
    form = plural_form(catalog)
    samples: dict[int, int] = {}
    for number in range(_MOST_FORMS):
        samples.setdefault(form(number), number)

    def plural(one: str, many: str, key: str, **values: Markup) -> Markup:
        places = {**values, "num": _text(key)}
        return Markup("").join(
            Markup('<span data-if="{}_form={}">{}</span>').format(
                key,
                index,
                Markup(catalog.ngettext(one, many, number)) % places,  # noqa: S704 - the authors' own
            )
            for index, number in sorted(samples.items())
        )

    return plural


def _month_words(policy: Policy, language: str) -> dict[str, str]:
    """Return the months of all cashback periods: full names with the year, and letters for an axis."""
    periods = {
        (version.terms.period.first, version.terms.period.last)
        for offer in policy.offers
        for version in offer.versions
        if isinstance(version.terms, CashbackTerms)
    }
    words = {}
    for first in sorted({start for period in periods for start in month_starts(*period)}):
        words[f"month:{month_key(first)}"] = formats(language).month_text(first)
        words[f"letter:{month_key(first)}"] = formats(language).month_letter(first)
    return words


_FRAGMENT = "\0"  # HTML holds no such character
_STYLING = ("statement.css", "statement.svg")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file beside the page; its name follows from its content, so that caches never combine it with another page."""

    name: str
    integrity: str
    content: bytes


def statement_artifacts(
    template_folders: Sequence[Path], settings: SiteSettings, policy: Policy, offers: OfferWords, as_of: int
) -> dict[str, bytes]:
    """Return the page that opens links, its scripts, styles and `as-of.json`; they are the same for every ledger.

    `offers` returns the offers' texts of a language by slug. Raises `BrokenShell` for a template that cannot be
    filled.
    """
    from generator.templating.environment import environment, render  # noqa: PLC0415 - records need none

    names = ("viewer.js", "tables.js", *_STYLING)
    script, tables, styles, icon = (_asset(template_folders, name) for name in names)
    languages = []
    for code in settings.languages:
        built = environment(template_folders, code, kind="html")
        one = shell(template_folders, settings, policy, offers(code), code, as_of)
        one.check()
        languages.append(
            {
                "code": code,
                "direction": direction(code),
                "folder": language_folder(code, settings),
                "unscripted": Markup(render(built, "statement/unscripted.html", {}, template_folders)),  # noqa: S704
                "words": Markup(  # noqa: S704
                    render(built, "statement/words.html", {"names": one.words}, template_folders)
                ),
                "shell": Markup(one.html),  # noqa: S704 - rendered by an escaping template, like those above
            }
        )
    page = environment(template_folders, settings.default_language, kind="html")
    context = {
        "site": settings,
        "policy": STATEMENT_POLICY,
        "script": script,
        "tables": tables,
        "styles": styles,
        "icon": icon,
        "table": table_words(),
        "dictionary": DICTIONARY,
        "languages": languages,
    }
    html = render(page, "statement/page.html", context, template_folders)
    shown = {code: formats(code).day(as_of) for code in settings.languages}
    return {
        "statement/index.html": html.encode(),
        "statement/as-of.json": _json_bytes({"as_of": day_text(as_of), "shown": shown}),
        **{f"statement/{asset.name}": asset.content for asset in (script, tables, styles, icon)},
    }


class StatementRenderer:
    """Renders statements, each in its reader's language.

    `offers` returns the offers' texts of a language by slug.
    """

    def __init__(
        self, template_folders: Sequence[Path], settings: SiteSettings, policy: Policy, offers: OfferWords
    ) -> None:
        self._folders = template_folders
        self._settings = settings
        self._policy = policy
        self._offers = offers
        self._values: dict[str, StatementValues] = {}
        self._shells: dict[str, Shell] = {}
        self._pages: dict[str, Sequence[str]] = {}

    def record(
        self,
        partner: Partner,
        statement: Statement,
        reference: str,
        months: Months,
        lines: Sequence[LineGroup] = (),
    ) -> Record:
        """Return the record to seal; it changes only with the partner's figures and texts, not with the day.

        `months` are the statement's counted sales by month, `lines` the ledger lines that it counts.
        """
        values = self._values_of(partner).of(partner, statement, reference, months, lines)
        return Record(canonical_json(values), figures_without_day(statement_json(statement)))

    def plain(
        self,
        partner: Partner,
        statement: Statement,
        link: "LinkSecret",
        months: Months,
        lines: Sequence[LineGroup] = (),
    ) -> dict[str, bytes]:
        """Return the partner's folder without encryption: page and `statement.json`.

        Only the folder's name protects it, so the host must check access.
        """
        of_language = self._values_of(partner)
        language = of_language.language
        values = of_language.of(partner, statement, link.reference, months, lines)
        figures = statement_json(statement)
        shell = self._shell(language, statement.as_of)
        html = shell.filled(figures, values, statement.as_of).join(self._around(language))
        folder = f"statement/{link.folder}"
        return {
            f"{folder}/index.html": html.encode(),
            f"{folder}/statement.json": f"{canonical_json(figures)}\n".encode(),
        }

    def check_plain(self, as_of: int) -> None:
        """Raise `Faulty` or `BrokenShell` if a template of the plain pages is broken in a language of the site."""
        for language in self._settings.languages:
            self._shell(language, as_of).check()
            self._around(language)

    def plain_artifacts(self) -> dict[str, bytes]:
        """Return the files that all plain pages use."""
        return {f"statement/{asset.name}": asset.content for asset in self._styling}

    @cached_property
    def _styling(self) -> tuple[Asset, ...]:
        return tuple(_asset(self._folders, name) for name in _STYLING)

    def _values_of(self, partner: Partner) -> StatementValues:
        known = self._values.get(partner.language)
        if known is None:
            code = reader_language(partner.language, self._settings)
            form = plural_form(translations(self._folders, code))
            shown = formats(regional_language(code, partner.language))
            base_level = self._policy.program.base_level
            known = self._values[partner.language] = StatementValues(code, shown, form, base_level)
        return known

    def _around(self, language: str) -> Sequence[str]:
        """Return the plain page of a language in two parts: before and after the statement."""
        known = self._pages.get(language)
        if known is None:
            from generator.templating.environment import environment, render  # noqa: PLC0415 - records need none

            page = environment(self._folders, language, kind="html")
            context = {
                "site": self._settings,
                "policy": PLAIN_STATEMENT_POLICY,
                "styles": self._styling[0],
                "icon": self._styling[1],
                "fragment": _FRAGMENT,
                "home": f"../../{language_folder(language, self._settings)}",
            }
            html = render(page, "statement/plain.html", context, self._folders)
            known = self._pages[language] = html.split(_FRAGMENT)
        return known

    def _shell(self, language: str, as_of: int) -> Shell:
        known = self._shells.get(language)
        if known is None:
            offers = self._offers(language)
            known = shell(self._folders, self._settings, self._policy, offers, language, as_of)
            self._shells[language] = known
        return known


def _asset(template_folders: Sequence[Path], name: str) -> Asset:
    path = next((found for folder in template_folders if (found := folder / "assets" / name).is_file()), None)
    if path is None:
        raise GeneratorError(f"the template assets/{name} is missing: restore it, or reinstall offerpress")
    content = path.read_bytes()
    stem, _, suffix = name.rpartition(".")
    digest = sha256(content).hexdigest()[:12]
    return Asset(
        f"{stem}-{digest}.{suffix}", f"sha384-{b64encode(sha384(content).digest()).decode()}", content
    )


def _json_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"

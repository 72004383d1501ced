"""The page that opens private links, and the statements that it shows."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256, sha384
from pathlib import Path

from markupsafe import Markup
from pydantic_core import to_json

from generator.catalogs import translations
from generator.environment import environment, reader_language
from generator.errors import GeneratorError
from generator.formats import direction, formats
from generator.links import LinkSecret
from generator.offer_words import OfferWords
from generator.record_dictionary import DICTIONARY
from generator.records import Record, figures_without_day
from generator.settings import SiteSettings
from generator.shells import Shell, plural_form, shell
from generator.statement_csv import table_words
from generator.statement_values import StatementValues
from rewards import Months, Partner, Policy, Statement, canonical_json, day_text, statement_json

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
PLAIN_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
_FRAGMENT = "\0"  # HTML holds no such character
_STYLING = ("statement.css", "statement.svg")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file beside the page; its name follows from its content, so no cache pairs it with another page."""

    name: str
    integrity: str
    content: bytes


def statement_headers() -> tuple[tuple[str, str], ...]:
    """The headers that a host should send with everything under `statement/`."""
    return (
        ("Content-Security-Policy", f"{PAGE_POLICY}; frame-ancestors 'none'"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Robots-Tag", "noindex, nofollow, noarchive"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "no-cache"),
    )


def statement_artifacts(
    template_folders: Sequence[Path], settings: SiteSettings, policy: Policy, offers: OfferWords, as_of: int
) -> dict[str, bytes]:
    """The page that opens links, its script and styles and `as-of.json`: the same for every ledger.

    `offers` gives, for a language, the offers' words by slug. Raises `BrokenShell` for a template that cannot be
    filled.
    """
    script, styles, icon = (_asset(template_folders, name) for name in ("viewer.js", *_STYLING))
    languages = []
    for code in settings.languages:
        built = environment(template_folders, code, kind="html")
        one = shell(template_folders, settings, policy, offers(code), code)
        one.check()
        languages.append(
            {
                "code": code,
                "direction": direction(code),
                "unscripted": Markup(built.get_template("statement/unscripted.html").render()),  # noqa: S704
                "words": Markup(built.get_template("statement/words.html").render(names=one.words)),  # noqa: S704
                "shell": Markup(one.html),  # noqa: S704 - rendered by an escaping template, like those above
            }
        )
    page = environment(template_folders, settings.default_language, kind="html")
    html = page.get_template("statement/page.html").render(
        site=settings,
        policy=PAGE_POLICY,
        script=script,
        styles=styles,
        icon=icon,
        table=table_words(),
        dictionary=DICTIONARY,
        languages=languages,
    )
    shown = {code: formats(code).day(as_of) for code in settings.languages}
    return {
        "statement/index.html": html.encode(),
        "statement/as-of.json": _json_bytes({"as_of": day_text(as_of), "shown": shown}),
        **{f"statement/{asset.name}": asset.content for asset in (script, styles, icon)},
    }


class StatementRenderer:
    """Renders statements, each in its reader's language.

    `offers` gives, for a language, the offers' words by slug.
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

    def record(self, partner: Partner, statement: Statement, reference: str, months: Months) -> Record:
        """The record to seal: it changes only when what the partner is told changes, not with the day.

        `months` are the statement's counted sales by month.
        """
        values = self._values_of(partner).of(partner, statement, reference, months)
        return Record(to_json(values).decode(), figures_without_day(statement_json(statement)))

    def plain(
        self, partner: Partner, statement: Statement, link: LinkSecret, months: Months
    ) -> dict[str, bytes]:
        """The partner's own folder, not encrypted: its page and `statement.json`.

        Only the folder's name is hard to guess, so the host must check who may read it.
        """
        of_language = self._values_of(partner)
        language = of_language.language
        values = of_language.of(partner, statement, link.reference, months)
        values["as_of"] = formats(language).day(statement.as_of)
        figures = statement_json(statement)
        html = self._shell(language).filled(figures, values).join(self._around(language))
        folder = f"statement/{link.folder}"
        return {
            f"{folder}/index.html": html.encode(),
            f"{folder}/statement.json": f"{canonical_json(figures)}\n".encode(),
        }

    def plain_artifacts(self) -> dict[str, bytes]:
        """What the plain pages share."""
        return {f"statement/{asset.name}": asset.content for asset in self._styling}

    @cached_property
    def _styling(self) -> tuple[Asset, ...]:
        return tuple(_asset(self._folders, name) for name in _STYLING)

    def _values_of(self, partner: Partner) -> StatementValues:
        code = reader_language(partner.language, self._settings)
        known = self._values.get(code)
        if known is None:
            form = plural_form(translations(self._folders, code))
            known = self._values[code] = StatementValues(code, formats(code), form)
        return known

    def _around(self, language: str) -> Sequence[str]:
        """The plain page in a language: what stands before the statement, and after it."""
        known = self._pages.get(language)
        if known is None:
            page = environment(self._folders, language, kind="html").get_template("statement/plain.html")
            html = page.render(
                site=self._settings,
                policy=PLAIN_POLICY,
                styles=self._styling[0],
                icon=self._styling[1],
                fragment=_FRAGMENT,
            )
            known = self._pages[language] = html.split(_FRAGMENT)
        return known

    def _shell(self, language: str) -> Shell:
        known = self._shells.get(language)
        if known is None:
            known = shell(self._folders, self._settings, self._policy, self._offers(language), language)
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

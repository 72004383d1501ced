"""The page that opens private links, and the statements that it shows."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256, sha384
from pathlib import Path

from jinja2 import Template
from markupsafe import Markup

from generator.catalogs import translations
from generator.environment import environment, reader_language
from generator.errors import GeneratorError
from generator.folding import folded_template
from generator.formats import Formats, formats
from generator.links import LinkSecret
from generator.offer_words import OfferWords
from generator.records import Record, figures_without_day
from generator.settings import SiteSettings
from generator.shown import PartnerText
from generator.statement_view import Viewer, level_names
from rewards import Partner, Policy, Statement, canonical_json, day_text, statement_json

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types offerpress"
)
PLAIN_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
_STYLING = ("statement.css", "statement.svg")
_HOLE = Markup("<span data-as-of></span>")


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
    template_folders: Sequence[Path], settings: SiteSettings, as_of: int
) -> dict[str, bytes]:
    """The page that opens links, its script and styles and `as-of.json`: the same for every ledger."""
    script, styles, icon = (_asset(template_folders, name) for name in ("viewer.js", *_STYLING))
    pages = [environment(template_folders, language, kind="html") for language in settings.languages]
    page = pages[0].get_template("statement/page.html")
    html = page.render(
        site=settings,
        policy=PAGE_POLICY,
        script=script,
        styles=styles,
        icon=icon,
        unscripted=[Markup(each.get_template("statement/unscripted.html").render()) for each in pages],  # noqa: S704
        languages=[Markup(each.get_template("statement/words.html").render()) for each in pages],  # noqa: S704
    )
    shown = {language: formats(language).day(as_of) for language in settings.languages}
    return {
        "statement/index.html": html.encode(),
        "statement/as-of.json": _json_bytes({"as_of": day_text(as_of), "shown": shown}),
        **{f"statement/{asset.name}": asset.content for asset in (script, styles, icon)},
    }


class StatementRenderer:
    """Renders statements, each in its reader's language.

    `offers` gives, for a language, the offers' words by slug. Templates are compiled once per language.
    """

    def __init__(
        self, template_folders: Sequence[Path], settings: SiteSettings, policy: Policy, offers: OfferWords
    ) -> None:
        self._folders = template_folders
        self._settings = settings
        self._policy = policy
        self._offers = offers
        self._languages: dict[str, _Language] = {}

    def record(self, partner: Partner, statement: Statement, reference: str) -> Record:
        """The record to seal: it changes only when what the partner is told changes, not with the day."""
        language = self._language(partner)
        html = language.fragment(partner, statement, reference, _HOLE)
        return Record(html, figures_without_day(statement_json(statement)))

    def plain(self, partner: Partner, statement: Statement, link: LinkSecret) -> dict[str, bytes]:
        """The partner's own folder, not encrypted: its page and `statement.json`.

        Only the folder's name is hard to guess, so the host must check who may read it.
        """
        language = self._language(partner)
        fragment = language.fragment(partner, statement, link.reference, None)
        html = language.page.render(
            site=self._settings,
            policy=PLAIN_POLICY,
            styles=self._styling[0],
            icon=self._styling[1],
            fragment=Markup(fragment),  # noqa: S704 - rendered by an escaping template
        )
        folder = f"statement/{link.folder}"
        return {
            f"{folder}/index.html": html.encode(),
            f"{folder}/statement.json": f"{canonical_json(statement_json(statement))}\n".encode(),
        }

    def plain_artifacts(self) -> dict[str, bytes]:
        """What the plain pages share."""
        return {f"statement/{asset.name}": asset.content for asset in self._styling}

    @cached_property
    def _styling(self) -> tuple[Asset, ...]:
        return tuple(_asset(self._folders, name) for name in _STYLING)

    def _language(self, partner: Partner) -> "_Language":
        code = reader_language(partner.language, self._settings)
        known = self._languages.get(code)
        if known is None:
            built = environment(self._folders, code, kind="html")
            viewer = Viewer(formats(code), level_names(self._policy), self._offers(code))
            known = self._languages[code] = _Language(
                folded_template(built, "statement/statement.html", translations(self._folders, code).gettext),
                built.get_template("statement/plain.html"),
                viewer,
                formats(code),
                self._policy.program.timezone,
            )
        return known


@dataclass(frozen=True, slots=True)
class _Language:
    """Templates and words of one language."""

    statement: Template
    page: Template
    viewer: Viewer
    formats: Formats
    timezone: str

    def fragment(self, partner: Partner, statement: Statement, reference: str, as_of: Markup | None) -> str:
        """The statement's HTML; `as_of` stands in the place of the day."""
        view = self.viewer.view(partner, statement)
        manager = {"name": PartnerText(partner.manager_name), "email": PartnerText(partner.manager_email)}
        return self.statement.render(
            view,
            as_of_hole=view["as_of"] if as_of is None else as_of,
            manager=manager,
            reference=Markup("<b>{}</b>").format(reference),
            timezone=self.timezone,
        )


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

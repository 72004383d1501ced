"""The statement of a language without anybody's figures: a public shell, and the words that values become."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from gettext import NullTranslations
from pathlib import Path

from babel.dates import format_skeleton, get_month_names
from markupsafe import Markup

from generator.catalogs import translations
from generator.environment import environment
from generator.filling import filled, merged_values, parsed_shell
from generator.pieces import Pieces
from generator.settings import SiteSettings
from generator.statement_values import Values, month_key
from generator.statement_view import OfferView, level_names
from rewards import CashbackTerms, Policy, month_starts

_MOST_FORMS = 200
"""Numbers up to which a plural form is looked for; Arabic, with the most forms, has met all at 100."""


@dataclass(frozen=True)
class Shell:
    """A language's shell as HTML, and its words by name: `offer:SLUG`, `level:ID`, `month:2023-01` and `letter:…`."""

    language: str
    html: str
    words: Mapping[str, str]

    @cached_property
    def _pieces(self) -> Pieces:
        return parsed_shell(self.html)

    def check(self) -> None:
        """Raises `BrokenShell` for a shell that cannot be filled."""
        self._pieces  # noqa: B018 - reading it is the check

    def filled(self, figures: Mapping[str, object], values: Values) -> str:
        """The statement as HTML, as the viewer shows it: `figures` is its JSON, `values` are those of its record."""
        return filled(self._pieces, merged_values(figures, values), self.words)


def shell(
    template_folders: Sequence[Path],
    settings: SiteSettings,
    policy: Policy,
    offers: Mapping[str, OfferView],
    language: str,
) -> Shell:
    """The shell of a language; the same for every ledger. `offers` are the offers' words by slug."""
    built = environment(template_folders, language, kind="html")
    catalog = translations(template_folders, language)
    html = built.get_template("statement/statement.html").render(
        site=settings,
        timezone=policy.program.timezone,
        text=_text,
        name=_name,
        plural=_plural(catalog),
    )
    words = {
        **{f"offer:{slug}": view.title for slug, view in offers.items()},
        **{f"level:{level}": name for level, name in level_names(policy).items()},
        **_month_words(policy, language),
    }
    return Shell(language, html, words)


def plural_form(catalog: NullTranslations) -> Callable[[int], int]:
    """The index of a number's plural form in a catalog, as `msgstr[index]` stands there."""
    found: Callable[[int], int] | None = getattr(catalog, "plural", None)
    return found or (lambda number: int(number != 1))


def _text(key: str, kind: str = "") -> Markup:
    return Markup('<bdi{} data-text="{}"></bdi>').format(_class(kind), key)


def _name(kind: str, key: str) -> Markup:
    return Markup('<bdi data-name="{}:{}"></bdi>').format(kind, key)


def _class(kind: str) -> Markup:
    return Markup(' class="{}"').format(kind) if kind else Markup("")


def _plural(catalog: NullTranslations) -> Callable[..., Markup]:
    """`plural(one, many, key)`: every plural form of the language, each where the value `KEY_form` asks for it."""
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
    """The months of all cashback periods: in full with the year, and by the letter for an axis."""
    locale = language.replace("-", "_")
    letters = get_month_names("narrow", "stand-alone", locale)
    periods = {
        (version.terms.period.first, version.terms.period.last)
        for offer in policy.offers
        for version in offer.versions
        if isinstance(version.terms, CashbackTerms)
    }
    words = {}
    for first in sorted({start for period in periods for start in month_starts(*period)}):
        day = date.fromordinal(first)
        words[f"month:{month_key(first)}"] = format_skeleton("yMMMM", day, locale=locale)
        words[f"letter:{month_key(first)}"] = str(letters[day.month])
    return words

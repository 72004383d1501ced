"""The view of a partner and its statement in a template: flat values in the reader's language.

The attributes are those of the statement's JSON, and follow from the fields that each kind of entry declares. Amounts,
days and rates are `Shown` (`raw`: the JSON form), numbers are `ShownCount`, and texts of the partner are `PartnerText`.
Views add `*_name` and `title` for people.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, cast

from generator.addresses import absolute, language_folder
from generator.content.content import Content, OfferPage
from generator.settings import SiteSettings
from generator.templating.formats import Formats, direction, formats
from generator.templating.values import Address, PartnerText, Shown, ShownCount, ShownTotals
from rewards import KIND_OF_LIST, LISTS, LevelEntry, Partner, Policy, Statement, published_fields, totals


class PartnerView(NamedTuple):
    """`partner` in a template; `level` is the assigned one, `level_name` its name."""

    id: PartnerText
    name: PartnerText
    contact_name: PartnerText
    email: PartnerText
    level: str
    level_name: str
    language: PartnerText
    country: PartnerText
    currency: str


class OfferView(NamedTuple):
    """One of `offers` in a template, with its words in the reader's language and its page's address."""

    slug: str
    kind: str
    title: str
    summary: str
    announced_on: Shown
    url: Address


_HINTS: Mapping[str, type] = {
    "text": str,
    "code": str,
    "level": str,
    "ledger_text": PartnerText,
    "money": Shown,
    "day": Shown,
    "rate": Shown,
    "count": ShownCount,
}


def _view_type(entry: type) -> type:
    """Make the view of an entry from its `_view_fields`."""
    found = _VIEW_TYPES.get(entry)
    if found is None:
        name = f"{entry.__name__.removesuffix('Entry')}View"
        found = _VIEW_TYPES[entry] = _named_tuple(name, [field[:2] for field in _view_fields(entry)])
        # The digest of a page pickles views, which looks for their types here.
        globals()[name] = found
    return found


_VIEW_TYPES: dict[type, type] = {}


class _ViewField(NamedTuple):
    """A field of a view with its type: it shows the attribute `source` of the entry in that form."""

    name: str
    hint: object
    source: str
    form: str


def _view_fields(entry: type) -> Iterator[_ViewField]:
    """Yield the published fields, `title` after the offer, and a name beside each level."""
    for one in published_fields(entry):
        if one.item is not None:
            yield _ViewField(one.name, _tuple_of(_view_type(one.item)), one.name, one.form)
            continue
        hint: object = _HINTS[one.form] | None if one.optional else _HINTS[one.form]
        yield _ViewField(one.name, hint, one.name, one.form)
        if one.form == "level":
            yield _ViewField(f"{one.name}_name", hint, one.name, "level_name")
        if one.name == "offer":
            yield _ViewField("title", str, "offer", "title")
    if entry is LevelEntry:
        yield _ViewField("basis", str, "basis", "basis")


def _named_tuple(name: str, hints: list[tuple[str, object]]) -> type:
    make = cast("Callable[[str, list[tuple[str, object]]], type]", NamedTuple)
    return make(name, hints)


def _tuple_of(item: type) -> object:
    return tuple.__class_getitem__((item, ...))


ENTRY_VIEWS: Mapping[str, type] = {name: _view_type(KIND_OF_LIST[name].entry) for name in LISTS}
"""For each list of a statement, the type of its entries in a template."""
StatementView: type = _named_tuple(
    "StatementView",
    [
        ("partner_id", PartnerText),
        ("as_of", Shown),
        ("level", str),
        ("level_name", str),
        *((name, _tuple_of(view)) for name, view in ENTRY_VIEWS.items()),
        ("running", _tuple_of(ENTRY_VIEWS["extensions"])),
        ("total", Mapping[str, Shown]),
        ("to_add", Mapping[str, Shown]),
        ("to_take_back", Mapping[str, Shown]),
    ],
)
"""`statement` in a template.

`total` is the amount still to be credited by currency, without the currencies in which it is 0. `to_add` has its
positive amounts, `to_take_back` the negative ones without their sign. `running` are the extensions whose new expiry is
not past.
"""


@dataclass(frozen=True, slots=True)
class StatementViews:
    """Shows statements in one language: `formats`, level id -> name, offer slug -> `OfferView`.

    The first of `level_names` is the base level.
    """

    formats: Formats
    level_names: Mapping[str, str]
    offers: Mapping[str, OfferView] = field(default_factory=dict)
    _fields: dict[type, list[tuple[str, Callable[[Any, str], object] | None]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def view(self, partner: Partner, statement: Statement) -> dict[str, object]:
        """`partner`, `statement`, `offers` and `as_of` as templates name them."""
        return {
            "partner": self._partner(partner, statement.level),
            "statement": self.statement(statement),
            "offers": self.offers,
            "as_of": self.formats.day(statement.as_of),
        }

    def _partner(self, partner: Partner, level: str) -> PartnerView:
        return PartnerView(
            PartnerText(partner.partner_id),
            PartnerText(partner.name),
            PartnerText(partner.contact_name),
            PartnerText(partner.email),
            level,
            self._level_name(level),
            PartnerText(partner.language),
            PartnerText(partner.country),
            partner.currency,
        )

    def statement(self, statement: Statement) -> object:
        """Return the `StatementView` of one statement, as `statement` and `previous` name it."""
        money, sums = self.formats.money, totals(statement)
        lists = {name: tuple(map(self._entry, statement.entries(name))) for name in ENTRY_VIEWS}
        extended = zip(statement.extensions, lists["extensions"], strict=True)
        view: object = StatementView(
            PartnerText(statement.partner_id),
            self.formats.day(statement.as_of),
            statement.level,
            self._level_name(statement.level),
            *lists.values(),
            tuple(shown for one, shown in extended if one.extended_to >= statement.as_of),
            ShownTotals({currency: money(minor, currency) for currency, minor in sums.items()}),
            {currency: money(minor, currency) for currency, minor in sums.items() if minor > 0},
            {currency: money(-minor, currency) for currency, minor in sums.items() if minor < 0},
        )
        return view

    def _entry(self, entry: object) -> object:
        """Return the view of an entry or of one of its items."""
        kind, currency = type(entry), getattr(entry, "currency", "")
        if kind not in self._fields:
            shown = self._shown()
            self._fields[kind] = [(one.source, shown.get(one.form)) for one in _view_fields(kind)]
        values = []
        for source, show in self._fields[kind]:
            value = getattr(entry, source)
            values.append(value if value is None or show is None else show(value, currency))
        return _VIEW_TYPES[kind](*values)

    def _shown(self) -> Mapping[str, Callable[[Any, str], object]]:
        """Return how a value of each form is shown, together with its entry's currency; others stay as they are."""
        formats = self.formats
        return {
            "money": formats.money,
            "day": lambda day, _: formats.day(day),
            "rate": lambda rate, _: formats.percent(rate),
            "count": lambda number, _: formats.count(number),
            "ledger_text": lambda text, _: PartnerText(text),
            "items": lambda items, _: tuple(map(self._entry, items)),
            "level_name": lambda level, _: self._level_name(level),
            "title": lambda offer, _: self._title(offer),
            "basis": lambda basis, _: basis(next(iter(self.level_names))),
        }

    def _title(self, slug: str) -> str:
        offer = self.offers.get(slug)
        return offer.title if offer else slug

    def _level_name(self, level: str) -> str:
        return self.level_names.get(level, level)


def level_names(policy: Policy, as_of: int) -> dict[str, str]:
    """Return the names of a day by level id, the base level first.

    The base level has no name: it is named by its id with a capital letter. A level of another day has the name that
    it has then.
    """
    program = policy.program.on(as_of)
    base = program.base_level
    return {base: base[:1].upper() + base[1:], **program.level_names}


class LinksView(NamedTuple):
    """`site.links`: where else the vendor is to be found."""

    social: Mapping[str, Address]
    forum: Address | None
    contact: Address | None


class SiteView(NamedTuple):
    """`site` in a template."""

    title: str
    base_url: Address
    links: LinksView


# The words that templates say about offers and the site, in a reader's language.

OfferWords = Callable[[str], Mapping[str, OfferView]]


def offer_words(content: Content, settings: SiteSettings, as_of: int | None) -> OfferWords:
    """For a language, the offers that exist on `as_of` (None: all) by slug, in its words if it has any."""

    @cache
    def words(language: str) -> Mapping[str, OfferView]:
        return {
            slug: _words(page, language, settings, as_of)
            for slug, page in content.offers.items()
            if as_of is None or page.offer.announced_on <= as_of
        }

    return words


def _words(page: OfferPage, language: str, settings: SiteSettings, as_of: int | None) -> OfferView:
    offer = page.offer
    words = page.words(language, settings.default_language, as_of)
    # Words in another direction are isolated like those of a partner.
    turned = direction(words.language) != direction(language)
    return OfferView(
        offer.slug,
        offer.kind,
        PartnerText(words.title) if turned else words.title,
        PartnerText(words.summary) if turned else words.summary,
        formats(language).day(offer.announced_on),
        Address(absolute(f"{language_folder(language, settings)}{page.path}", settings)),
    )


def site_view(settings: SiteSettings) -> SiteView:
    """`site` as templates see it."""
    links = settings.links
    return SiteView(
        settings.title,
        Address(settings.base_url),
        LinksView(
            {name: Address(address) for name, address in sorted(links.social.items())},
            Address(links.forum) if links.forum else None,
            Address(links.contact) if links.contact else None,
        ),
    )

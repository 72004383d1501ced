"""What content says about other content: offers and levels exist, addresses differ, links lead somewhere."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from generator.bodies import Reference, missing_anchor
from generator.campaigns import Campaign
from generator.pages import Page, PageText
from generator.references import Index, Target, resolve
from rewards.faults import Fault, suggestion

OWN_NAMES = frozenset({"404", "announcements", "assets", "index", "offers", "statement", "tags"})
Texts = Mapping[tuple[str, str], Mapping[str, PageText]]


def page_faults(
    pages: Mapping[str, Page], offers: Collection[str], languages: Collection[str]
) -> Iterator[Fault]:
    """The faults of one room's pages: unknown offers, and addresses or ids that two of them claim."""
    claimed: dict[str, str] = dict.fromkeys(pages, "")
    identities: dict[str, str] = {}
    for page in pages.values():
        for n, slug in enumerate(page.offers):
            if slug not in offers:
                remedy = suggestion(slug, sorted(offers)) if offers else "there are no offers yet"
                yield page.source.fault(("offers", n), f"unknown offer {slug!r}", remedy)
        for n, alias in enumerate(page.aliases):
            if alias in claimed:
                holder = claimed[alias] or pages[alias].source.file
                remedy = f"{holder} has this address: choose another"
                yield page.source.fault(("aliases", n), f"the alias {alias!r} is taken", remedy)
            claimed[alias] = page.source.file
        if page.identity in identities:
            remedy = f"{identities[page.identity]} has it: choose another"
            yield page.source.fault(("id",), f"the id {page.identity!r} is taken", remedy)
        identities[page.identity] = page.source.file
        if page.room == "pages":
            yield from _root_faults(page, languages)


def _root_faults(page: Page, languages: Collection[str]) -> Iterator[Fault]:
    """A page stands at the site's root, where some names are ours."""
    ours = OWN_NAMES | {language.lower() for language in languages}
    if page.slug in ours:
        remedy = "rename the file"
        yield Fault(f"the address {page.slug!r} belongs to the site itself", remedy, page.source.file)
    for n, alias in enumerate(page.aliases):
        if alias in ours:
            yield page.source.fault(
                ("aliases", n), f"the address {alias!r} belongs to the site itself", "leave it out"
            )


def tag_faults(pages: Iterable[Page]) -> Iterator[Fault]:
    """Tags that differ and would have one address."""
    names: dict[str, tuple[str, str]] = {}
    for page in pages:
        for n, (address, name) in enumerate(page.tags.items()):
            known, file = names.setdefault(address, (name, page.source.file))
            if known != name:
                remedy = f"write it as {known!r}, as {file} does"
                yield page.source.fault(("tags", n), f"the tag {name!r} has the address of another", remedy)


def campaign_faults(campaign: Campaign, levels: Collection[str], offers: Collection[str]) -> Iterator[Fault]:
    """Levels and offers of the audience that do not exist."""
    audience = campaign.audience
    for key, named, known in (("levels", audience.levels, levels), ("offers", audience.offers, offers)):
        for n, name in enumerate(named or ()):
            if name not in known:
                remedy = suggestion(name, sorted(known)) if known else f"there are no {key}"
                yield campaign.source.fault(("audience", key, n), f"unknown {key[:-1]} {name!r}", remedy)


def link_targets(
    texts: Texts, default_language: str, index: Index, faults: list[Fault]
) -> dict[tuple[str, Reference], Target]:
    """Where each reference leads; `texts` are by (room, slug), then language. Dead links add faults."""
    found: dict[tuple[str, Reference], Target] = {}
    for versions in texts.values():
        for language, text in versions.items():
            for reference in text.body.references:
                target = resolve(reference, text.file, index)
                if isinstance(target, Fault):
                    faults.append(target)
                    continue
                found[text.file, reference] = target
                named = _named_text(target, text, language, texts, default_language)
                mistake = (
                    missing_anchor(target.fragment, named.body.anchors, reference, text.file)
                    if named
                    else None
                )
                faults.extend([mistake] if mistake else [])
    return found


def _named_text(
    target: Target, text: PageText, language: str, texts: Texts, default_language: str
) -> PageText | None:
    """The text whose headings a fragment may name: as the reader of `language` will see it."""
    if target.kind == "here":
        return text
    if target.kind != "content":
        return None
    versions = texts.get((target.room, target.slug), {})
    return versions.get(target.language or language) or versions.get(default_language)

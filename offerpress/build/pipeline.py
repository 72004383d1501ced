"""A build: content + snapshot → `output/`.

Nothing of the old site is touched before every figure and page is known to be right. Parts whose inputs did not change
stay as they are; `offerpress.build.changes` decides that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TypeVar

import generator  # as in `checking`
from generator import (
    TEXT_RESULTS,
    ArtifactContent,
    PageSource,
    TextResults,
    page_sources,
    publish_tree,
    text_results,
)
from offerpress.build.changes import Comparison
from offerpress.build.manifest import BuildReport, Manifest, Remark, last_build, places_in, write_manifest
from offerpress.build.sealed import SealedFolder
from offerpress.build.statements import Artifacts, StatementBuild
from offerpress.build.workers import OpenWorkers, in_process
from offerpress.figures.checking import (
    audience_faults,
    campaign_template_faults,
    every_fault_named,
    figures_remarks,
    remarks_about_site,
    rendered_site,
    statement_files,
)
from offerpress.figures.figures import Figures, open_figures
from offerpress.figures.frozen_rules import keep_rules
from offerpress.site.inputs import TakenInputs, message_sources
from offerpress.site.site import Site
from offerpress.terminal import Progress, progress
from rewards import Fault


def rebuild(
    site: Site,
    output: Path,
    open_workers: OpenWorkers,
    *,
    quiet: bool,
    lines: bool = False,
    taken: TakenInputs | None = None,
    open_local: OpenWorkers = in_process,
) -> BuildReport:
    """Build the site into `output`; raises what `open_figures` and `build` raise.

    `open_local` opens processes of this machine, which convert many new texts and draw many new cards.
    """
    convert = partial(convert_texts, open_local=open_local)
    with (
        every_fault_named(site),
        open_figures(site, taken=taken, convert=convert) as figures,
        progress("Building", figures.partner_count, quiet=quiet, lines=lines) as advance,
    ):
        return build(figures, output, advance, open_workers, open_local)


_FEWEST = 100
"""The fewest texts or cards for which processes start: fewer take less time than their start."""
_OF_A_TASK = 25

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class _Nothing:
    """The preparation of work that needs no means."""

    def prepare(self) -> None:
        """Make nothing."""


def _tasks(items: Sequence[_Item]) -> list[Sequence[_Item]]:
    return [items[at : at + _OF_A_TASK] for at in range(0, len(items), _OF_A_TASK)]


def convert_texts(site: Site, open_local: OpenWorkers) -> None:
    """Convert the texts of many pages in several processes, for the reading of the content that follows.

    That reading finds the results by the digests of the texts. It makes itself what it does not find.
    """
    sources = page_sources(site.folder, site.settings.site)
    if len(sources) < _FEWEST:
        return
    tasks = _tasks(sources)
    with open_local(len(tasks), lambda: None) as workers:
        if workers.executor is None:
            return
        results: TextResults = {}
        for found in workers.results(_Nothing(), None, _converted, tasks):
            results |= found
    TEXT_RESULTS.learn(results)


def _converted(means: None, sources: Sequence[PageSource]) -> TextResults:
    del means
    return text_results(sources)


def build(
    figures: Figures,
    output: Path,
    advance: Progress,
    open_workers: OpenWorkers = in_process,
    open_local: OpenWorkers = in_process,
) -> BuildReport:
    """Render and seal what changed, publish it in one exchange, and remember it for the next build and `verify`.

    Before it publishes it raises `Faulty`, `NotConserved` if the figures do not add up to the ledger, and
    `WorkerDied`.
    """
    site = figures.site
    comparison = Comparison.of(figures, last_build(site), output)
    with SealedFolder.opened(site.sealed) as sealed:
        statements = StatementBuild(figures, comparison, sealed, open_workers, advance)
        with statements.computed():
            pages, of_content = _public_pages(figures, comparison, statements.faults, open_local)
        remarks = (*_as_json(figures_remarks(figures)), *of_content)
        files: dict[str, str] = {}
        artifacts = chain(pages.items(), statements.artifacts())
        publication = publish_tree(output, _digested(artifacts, comparison, files))
        sealed.keep()
    made = _manifest(figures, comparison, files, statements)
    made = replace(made, remarks=remarks, content_remarks=of_content)
    is_faultless = not any(audience_faults(figures))  # those keep no page from being built
    write_manifest(site, replace(made, checked=made.proof if is_faultless else ""))
    reasons = [] if comparison.keeps_public else [("public pages", comparison.why_public)]
    return BuildReport(
        figures.rules.as_of,
        figures.partner_count,
        figures.snapshot.digest,
        publication.kept,
        publication.changed,
        publication.gone,
        (*reasons, *statements.reasons),
        remarks,
    )


def _public_pages(
    figures: Figures, comparison: Comparison, faults: list[Fault], open_local: OpenWorkers
) -> tuple[Mapping[str, bytes | None], tuple[Remark, ...]]:
    """Return every file but the statements, and the remarks; the content is None if the published file stays."""
    site, as_of, before = figures.site, figures.rules.as_of, comparison.before
    pages: dict[str, bytes | None] = {}
    found: list[Fault] = []
    if before and comparison.keeps_public:
        access = site.settings.statements.access
        of_partners = "statement/" if access == "plain" else "statement/packs/"
        comparison.kept.keys.update(before.made)
        pages |= dict.fromkeys(path for path in before.files if not path.startswith(of_partners))
        if before.as_of == as_of:
            return pages, before.content_remarks
    else:
        pages |= _rendered_pages(figures, comparison, found, open_local)
    # What shows the day, or compares more with it than pages do.
    pages |= statement_files(figures.content, site, as_of, found)
    found += campaign_template_faults(figures.content, site, as_of, comparison.kept)
    faults += (fault for fault in found if fault.severity == "fault")
    return pages, _as_json(remarks_about_site(figures, found))


def _rendered_pages(
    figures: Figures, comparison: Comparison, found: list[Fault], open_local: OpenWorkers
) -> dict[str, bytes | None]:
    """Return every public file of content; faults are added to `found`. Raises what `drawn_cards` raises."""
    site, as_of = figures.site, figures.rules.as_of
    published = comparison.published_pictures
    cards: dict[str, str] = {}
    rendered = rendered_site(figures.content, site, as_of, found, cards=cards, kept=comparison.kept)
    stay = cards.keys() & published | comparison.kept.stayed
    pages: dict[str, bytes | None] = {
        path: None if path in stay else content for path, content in rendered.items()
    }
    if rendered:
        new = {path: svg for path, svg in cards.items() if path not in published}
        pages |= drawn_cards(new, open_local)
        smaller = generator.small_pictures(figures.content, site.settings.site, as_of)
        pages |= {path: None if path in published else smaller[path] for path in smaller}
    return pages


def drawn_cards(svgs: Mapping[str, str], open_local: OpenWorkers) -> dict[str, bytes]:
    """Draw cards by their paths, many in several processes; raises `Faulty`, and `WorkerDied`."""
    tasks = _tasks(list(svgs.items()))
    drawn: dict[str, bytes] = {}
    with open_local(len(tasks) if len(svgs) >= _FEWEST else 1, lambda: None) as workers:
        for found in workers.results(_Nothing(), None, _drawn, tasks):
            drawn |= found
    return drawn


def _drawn(means: None, svgs: Sequence[tuple[str, str]]) -> dict[str, bytes]:
    del means
    return generator.draw_cards(dict(svgs))


def _as_json(remarks: Iterable[Fault]) -> tuple[Remark, ...]:
    return tuple(map(asdict, remarks))


def _digested(artifacts: Artifacts, comparison: Comparison, files: dict[str, str]) -> Artifacts:
    """Pass the artifacts on, and put the SHA-256 of each into `files`."""
    for path, content in artifacts:
        files[path] = _digest(path, content, comparison)
        yield path, content


def _digest(path: str, content: ArtifactContent, comparison: Comparison) -> str:
    if content is None:
        assert comparison.before is not None
        return comparison.before.files[path]
    return sha256(content).hexdigest() if isinstance(content, bytes) else content.digest


def _manifest(
    figures: Figures, comparison: Comparison, files: Mapping[str, str], statements: StatementBuild
) -> Manifest:
    return Manifest(
        as_of=figures.rules.as_of,
        snapshot=figures.snapshot.folder.name,
        snapshot_digest=figures.snapshot.digest,
        output=comparison.output,
        files=dict(sorted(files.items())),
        partners=figures.partner_count,
        rules=keep_rules(figures.site, figures.rules),
        stamp=figures.snapshot.stamp,
        zone=figures.rules.program.timezone,
        data=figures.site.settings.data.paths,
        inputs=comparison.inputs,
        places=places_in(comparison.output),
        public=comparison.public,
        made=comparison.kept.keys,
        statements=comparison.statements,
        shards=comparison.shards,
        bits=statements.bits,
        conserved=statements.conserved,
        sources=message_sources(figures.site, figures.content.digest, figures.keys),
    )

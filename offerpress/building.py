"""Content + snapshot → `output/`: every artifact is computed before the first byte of the old site is touched."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from generator import (
    Publication,
    SealedRecord,
    StatementRenderer,
    offer_words,
    pack_artifacts,
    publish,
    seal,
    statement_artifacts,
)
from offerpress.checking import campaign_faults, figures_faults, rendered_site
from offerpress.figures import Figures
from offerpress.reporting import Progress
from offerpress.site import OfferpressError
from rewards import Fault, Faulty

MANIFEST = "manifests/build.json"


@dataclass(frozen=True, slots=True)
class Build:
    """What a build did: how many partners it holds and what became of the files."""

    partners: int
    publication: Publication


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was published last: the day, the snapshot's folder and digest, and the SHA-256 of every file by path."""

    as_of: int
    snapshot: str
    snapshot_digest: str
    output: Path
    files: Mapping[str, str]


def build(figures: Figures, output: Path, progress: Progress, *, remember: bool = True) -> Build:
    """Computes, renders and seals everything, then publishes it in one exchange; raises `Faulty` before that.

    `remember` writes the manifest that `verify` compares with; a preview does not.
    """
    faults: list[Fault] = []
    artifacts = rendered_site(figures, faults)
    faults += campaign_faults(figures)
    artifacts |= _statements(figures, faults, progress)
    if faults:
        raise Faulty(faults)
    publication = publish(output, sorted(artifacts.items()))
    if remember:
        _write_manifest(figures, output, artifacts)
    return Build(figures.partner_count, publication)


def _statements(figures: Figures, faults: list[Fault], progress: Progress) -> Mapping[str, bytes]:
    """Everything under `statement/`, as the site's access asks; what cannot be computed is added to `faults`."""
    access = figures.site.settings.statements.access
    if access == "none" or figures.keys is None:
        faults += figures_faults(figures)
        return {}
    site, settings = figures.site, figures.site.settings.site
    words = offer_words(figures.content, settings, figures.rules.as_of)
    renderer = StatementRenderer(site.template_folders, settings, figures.rules.policy, words)
    sealed: list[SealedRecord] = []
    plain = renderer.plain_artifacts() if access == "plain" else {}
    for account, statement in figures.statements(faults):
        progress(1)
        partner = account.partner
        link = figures.keys.link(partner.partner_id)
        if faults:
            continue  # Nothing will be published: only the other faults are still of interest.
        if access == "plain":
            plain |= renderer.plain(partner, statement, link)
        else:
            sealed.append(seal(link, renderer.record(partner, statement, link.reference), partner.partner_id))
    if access == "plain":
        return plain
    public = statement_artifacts(site.template_folders, settings, figures.rules.as_of)
    return {**public, **pack_artifacts(sealed, figures.keys.secret)}


def _write_manifest(figures: Figures, output: Path, artifacts: Mapping[str, bytes]) -> None:
    manifest = {
        "as_of": figures.rules.as_of,
        "snapshot": figures.snapshot.folder.name,
        "snapshot_digest": figures.snapshot.digest,
        "output": str(output),
        "files": {path: sha256(data).hexdigest() for path, data in sorted(artifacts.items())},
    }
    path = figures.site.make_private() / MANIFEST
    text = json.dumps(manifest, indent=1)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def read_manifest(private: Path) -> Manifest:
    """What the last build published; raises `OfferpressError` where nothing was built yet."""
    try:
        raw = json.loads((private / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise OfferpressError(
            f"nothing built: {private / MANIFEST}: there is no manifest; run `offerpress build`"
        ) from error
    return Manifest(raw["as_of"], raw["snapshot"], raw["snapshot_digest"], Path(raw["output"]), raw["files"])

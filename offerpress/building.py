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
    pack_artifacts,
    plain_artifacts,
    publish,
    seal,
    site_artifacts,
    statement_artifacts,
)
from rewards import Fault, Faulty

from offerpress.figures import Figures
from offerpress.reporting import Progress
from offerpress.site import OfferpressError

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
    site = figures.site
    artifacts = dict(_statements(figures, progress))
    artifacts |= site_artifacts(
        figures.content,
        site.settings.site,
        site.template_folders,
        figures.rules.as_of,
        site.folder,
        site.settings.statements,
    )
    publication = publish(output, sorted(artifacts.items()))
    if remember:
        _write_manifest(figures, output, artifacts)
    return Build(figures.snapshot.partner_count, publication)


def _statements(figures: Figures, progress: Progress) -> Mapping[str, bytes]:
    """Everything under `statement/`, as the site's access asks."""
    access = figures.site.settings.statements.access
    if access == "none" or figures.keys is None:
        return {}
    faults: list[Fault] = []
    renderer = StatementRenderer(figures.site.template_folders, figures.content, figures.site.settings.site, figures.rules)
    sealed: list[SealedRecord] = []
    plain: dict[str, bytes] = {}
    for account, statement in figures.statements(faults):
        progress(1)
        if faults:
            continue
        link = figures.keys.link(account.partner.partner_id)
        record = renderer.record(account, statement, link.reference)
        if access == "link":
            sealed.append(seal(link, record))
        else:
            plain |= plain_artifacts(link, record)
    if faults:
        raise Faulty(faults)
    if access == "plain":
        return plain
    public = statement_artifacts(figures.site.template_folders, figures.site.settings.site, figures.rules.as_of)
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
        raise OfferpressError(f"nothing built: {private / MANIFEST}: there is no manifest; run `offerpress build`") from error
    return Manifest(raw["as_of"], raw["snapshot"], raw["snapshot_digest"], Path(raw["output"]), raw["files"])

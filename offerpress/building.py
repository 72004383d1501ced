"""Content + snapshot → `output/`: every artifact is computed before the first byte of the old site is touched."""

import json
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from generator import (
    Publication,
    SealedRecord,
    pack_artifacts,
    publish,
)
from offerpress.checking import campaign_faults, rendered_site
from offerpress.conserving import conserved, write_conservation
from offerpress.figures import Figures
from offerpress.folder import OfferpressError
from offerpress.former_links import with_former_links
from offerpress.reporting import Progress
from offerpress.shards import built_shards, plain_assets, statement_page
from rewards import Fault, Faulty, Tally, require_conserved

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


def build(
    figures: Figures,
    output: Path,
    progress: Progress,
    *,
    executor: Executor | None = None,
    remember: bool = True,
) -> Build:
    """Computes, renders and seals everything, then publishes it in one exchange.

    Before that it raises `Faulty`, and `NotConserved` where the figures do not add up to the ledger.
    Shards are computed in this process or by `executor`; the bytes are the same. `remember` writes the manifest
    that `verify` compares with; a preview does not.
    """
    faults: list[Fault] = []
    artifacts = rendered_site(figures.content, figures.site, figures.rules.as_of, faults)
    faults += campaign_faults(figures.content, figures.site, figures.rules.as_of)
    tally = Tally()
    artifacts |= _statements(figures, faults, tally, progress, executor)
    if faults:
        raise Faulty(faults)
    found = conserved(tally, figures.snapshot, figures.rules)
    if remember:
        write_conservation(figures.site.make_private(), found, figures.snapshot, figures.rules.as_of)
    require_conserved(found)
    publication = publish(output, sorted(artifacts.items()))
    if remember:
        _write_manifest(figures, output, artifacts)
    return Build(figures.partner_count, publication)


def _statements(
    figures: Figures, faults: list[Fault], tally: Tally, progress: Progress, executor: Executor | None
) -> Mapping[str, bytes]:
    """Everything under `statement/`, as the site's access asks; what cannot be computed is added to `faults`.

    Every account is added to `tally`.
    """
    site = figures.site
    access = site.settings.statements.access
    if access == "none" or figures.keys is None:
        for account, statement in figures.statements(faults):
            tally.add(account, statement, figures.rules)
        return {}
    sealed: list[SealedRecord] = []
    artifacts: dict[str, bytes] = {}
    for built in built_shards(figures, executor):
        faults += map(figures.placed, built.faults)
        tally.merge(built.tally)
        sealed += built.sealed
        artifacts |= built.plain
        progress(built.partners)
    if access == "plain":
        artifacts |= plain_assets(figures)
    else:
        artifacts |= statement_page(figures)
        artifacts |= pack_artifacts(sealed, figures.keys.secret, figures.keys.key_version)
    former = None if faults else figures.keys.former_keys(figures.today)
    return with_former_links(figures, former, artifacts) if former else artifacts


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

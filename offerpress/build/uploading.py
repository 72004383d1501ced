"""Upload of the built folder to the store that `--output` names."""

from dataclasses import replace

from generator import Store, upload_tree
from offerpress.build.manifest import BuildReport, read_manifest
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site


def open_store(url: str) -> Store:
    """Open the store behind that URL; raises `OfferpressError` if it cannot be reached or its driver is missing."""
    try:
        from offerpress.build.stores import FileStore  # noqa: PLC0415 - an extra, loaded only when it is asked for
    except ModuleNotFoundError as error:
        raise OfferpressError(
            f"no store: {url}: {error.name} is not installed; install offerpress with the extra `stores`, or `s3`"
        ) from error
    return FileStore(url)


def upload_build(site: Site, store: Store, built: BuildReport) -> BuildReport:
    """Upload what the last build published, and return its report with the objects kept, written and removed.

    Raises `RefusedOutput` if the place holds objects that no build of this site put there.
    """
    manifest = read_manifest(site)
    folder = manifest.output
    sizes = {path: (folder / path).stat().st_size for path in manifest.files}
    done = upload_tree(store, manifest.files, sizes, lambda path: (folder / path).read_bytes())
    return replace(built, kept=done.kept, changed=done.changed, gone=done.gone)

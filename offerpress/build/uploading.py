"""The built folder of a site → the store that `--output` names."""

from dataclasses import replace

from generator import Store, upload_tree
from offerpress.build.manifest import read_manifest
from offerpress.build.unchanged import BuildReport
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site


def open_store(url: str) -> Store:
    """The store behind that URL; raises `OfferpressError` where it cannot be reached or its driver is missing."""
    try:
        from offerpress.build.stores import FileStore  # noqa: PLC0415 - an extra, loaded only when it is asked for
    except ModuleNotFoundError as error:
        raise OfferpressError(
            f"no store: {url}: {error.name} is not installed; install offerpress with the extra `stores`, or `s3`"
        ) from error
    return FileStore(url)


def upload_build(site: Site, store: Store, built: BuildReport) -> BuildReport:
    """Uploads what the last build published, and tells what became of the objects.

    Raises `RefusedOutput` for a place that holds others' objects.
    """
    manifest = read_manifest(site)
    folder = manifest.output
    sizes = {path: (folder / path).stat().st_size for path in manifest.files}
    done = upload_tree(store, manifest.files, sizes, lambda path: (folder / path).read_bytes())
    return replace(built, kept=done.kept, changed=done.changed, gone=done.gone)

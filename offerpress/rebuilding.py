"""A build from a site folder: figures opened, computed by a pool, and told."""

from pathlib import Path

from offerpress.building import build
from offerpress.engines import Engine
from offerpress.figures import open_figures
from offerpress.moment import Moment
from offerpress.outcome import Outcome
from offerpress.reporting import progress
from offerpress.site import open_site


def rebuild(folder: Path, moment: Moment, output: Path, engine: Engine, *, quiet: bool) -> Outcome:
    """Builds the site of `folder` into `output`; raises what `open_figures` and `build` raise."""
    with (
        open_figures(open_site(folder), moment) as figures,
        progress("Building", figures.partner_count, quiet=quiet) as advance,
    ):
        done = build(figures, output, advance, engine=engine)
    files = done.publication
    day, digest = figures.rules.as_of, figures.snapshot.digest
    return Outcome(day, done.partners, digest, files.kept, files.changed, files.gone, done.reasons)

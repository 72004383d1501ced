"""The report as one HTML file: gathered from the figures of a site, drawn, rendered and written."""

from pathlib import Path

from markupsafe import Markup

from generator import REPORT_POLICY, environment
from offerpress.figures.figures import Figures, write_conservation
from offerpress.reports.facts import Facts, Source, Told, gather
from offerpress.reports.pictures import pictures
from offerpress.reports.view import report_view
from offerpress.site.state import write_state
from rewards import day_text

TEMPLATE = "reports/figures.html"
TABLES = ("partners", "sales", "subscriptions", "credits", "rates", "levels")


def write_report(figures: Figures, told: Told | None) -> tuple[Path, Facts]:
    """Writes `private/reports/figures-AS_OF.html`, and the conservation report beside it; raises `Faulty`."""
    site, rules = figures.site, figures.rules
    statements = figures.sorted_statements()
    found = figures.equations(statements)
    write_conservation(site, found, figures.snapshot, rules.as_of)
    facts = gather(statements, rules, told, found, figures.snapshot.digest, sources(figures))
    html = render(figures, facts)
    path = site.private / "reports" / f"figures-{day_text(rules.as_of)}.html"
    write_state(path, html)
    return path, facts


def render(figures: Figures, facts: Facts) -> str:
    """The report as HTML that needs nothing else: styles and charts are in it."""
    template = environment(figures.site.template_folders, "en", kind="html").get_template(TEMPLATE)
    # SVG from our own drawing library, which escapes every text in it.
    charts = {name: Markup(svg) for name, svg in pictures(facts, figures.rules).items()}  # noqa: S704
    site = figures.site.settings.site
    return template.render(
        site_title=site.title, policy=REPORT_POLICY, charts=charts, **report_view(facts, figures.rules)
    )


def sources(figures: Figures) -> list[Source]:
    """Where each table was read; an address of a database is named without its password."""
    data, rows = figures.site.settings.data, figures.snapshot.rows
    return [Source(table, data.of(table).label, rows[table]) for table in TABLES]

"""The commands about one partner's figures and link, and about the site secret behind all links."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import click

from offerpress.figures.statements import StatementSource, UnknownPartner, open_statements
from offerpress.options import as_of_option, command, json_option, site_at, site_option
from offerpress.site.folder import OfferpressError
from offerpress.site.keys import SiteKeys, end_grace, private_address, revoke, rotate
from offerpress.terminal import (
    count,
    say,
    show,
    show_json,
)
from rewards import Account, derive, statement_json


@command("statement", "P-1001", "P-1001 --as-of 2026-12-31 --json")
@click.argument("partner_id", metavar="PARTNER")
@site_option
@as_of_option
@json_option
def statement_command(
    partner_id: str, site_folder: Path | None, as_of: date | None, *, as_json: bool
) -> None:
    """Show PARTNER's statement and the derivation of every figure."""
    with open_statements(site_at(site_folder, as_of), need_keys=False) as figures:
        _show_statement(figures, partner_id, as_json=as_json)


def _show_statement(figures: StatementSource, partner_id: str, *, as_json: bool) -> None:
    account, statement = figures.statement(partner_id)
    derivation = derive(account, figures.rules)
    if as_json:
        show_json({**statement_json(statement), "derivation": derivation})
    else:
        show(_statement_text(account, derivation))


@command("statements", "--output statements.jsonl", "--as-of 2026-12-31")
@site_option
@as_of_option
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to FILE."
)
@click.option("--json", "as_json", is_flag=True, hidden=True)
def statements_command(
    site_folder: Path | None, as_of: date | None, output: Path | None, *, as_json: bool
) -> None:
    """Export every statement as JSON Lines, sorted by partner id."""
    from offerpress.figures.exports import export_statements, statement_lines  # noqa: PLC0415 - nobody else needs it

    del as_json  # The lines are JSON already.
    with open_statements(site_at(site_folder, as_of), need_keys=False) as figures:
        if output:
            say(f"Wrote {count(export_statements(figures, output), 'statement')} to {output}")
            return
        for line in statement_lines(figures):
            click.echo(line)


@command("link", "P-1001", "P-1001 --revoke")
@click.argument("partner_id", metavar="PARTNER")
@click.option(
    "--revoke", "revoked", is_flag=True, help="Make a new link; the old one dies with the next build."
)
@site_option
@json_option
def link_command(partner_id: str, site_folder: Path | None, *, revoked: bool, as_json: bool) -> None:
    """Print PARTNER's private link: whoever has it can read the statement."""
    with open_statements(site_at(site_folder)) as figures:
        keys = _keys(figures)
        if figures.snapshot.account(partner_id) is None:
            raise UnknownPartner(partner_id)
        site = figures.site
    if revoked:
        keys = revoke(site, keys, partner_id)
        say("Revoked. Run `offerpress build` and publish: until then the old link still opens the statement.")
    link = keys.link(partner_id)
    url = private_address(site, link)
    if as_json:
        show_json({"partner_id": partner_id, "link": url, "reference": link.reference})
    else:
        show(url)


@command("find", "3KQ7-XM2P", "3KQ7-XM2P --as-of 2026-12-31 --json")
@click.argument("reference")
@site_option
@as_of_option
@json_option
def find_command(reference: str, site_folder: Path | None, as_of: date | None, *, as_json: bool) -> None:
    """Find the partner behind REFERENCE, and show the figures."""
    from generator import parse_reference  # noqa: PLC0415 - it loads cryptography

    try:
        wanted = parse_reference(reference)
    except ValueError as error:
        raise OfferpressError(f"no such reference: {error}") from error
    with open_statements(site_at(site_folder, as_of)) as figures:
        keys = _keys(figures)
        former = keys.former_keys(figures.site.today)
        known = [keys, former] if former else [keys]
        for partner in figures.snapshot.partners():
            if any(one.link(partner.partner_id).reference == wanted for one in known):
                _show_statement(figures, partner.partner_id, as_json=as_json)
                return
    raise OfferpressError(
        f"no partner: {wanted}: no present link has this reference; it may be of a revoked link"
    )


def _keys(figures: StatementSource) -> SiteKeys:
    if figures.keys is None or figures.site.settings.statements.access == "none":
        raise OfferpressError('no links: offerpress.toml: [statements] access is "none"; set it to "link"')
    return figures.keys


@command("rotate-secret", "--grace 30", "--end")
@click.option(
    "--grace",
    type=click.IntRange(0, 3650),
    metavar="DAYS",
    help="For how many days the former links open too; 0 for none.",
)
@click.option("--end", is_flag=True, help="End the grace of the last rotation now.")
@site_option
@json_option
def rotate_secret_command(grace: int | None, site_folder: Path | None, *, end: bool, as_json: bool) -> None:
    """Make a new site secret: every private link changes with the next build."""
    if (grace is None) != end:
        raise click.UsageError("give --grace DAYS, or --end")
    site = site_at(site_folder)
    if grace is None:
        ended = end_grace(site)
        if as_json:
            show_json({"ended": ended})
        else:
            words = (
                "The former links open nothing after the next build."
                if ended
                else "There is no grace to end."
            )
            say(words + (" Run `offerpress build` and publish." if ended else ""))
        return
    until = date.fromordinal(site.today) + timedelta(days=grace - 1)
    version = rotate(site, secrets.token_bytes, until)
    lasts = until.isoformat() if grace else None
    if as_json:
        show_json({"key_version": version, "former_until": lasts})
        return
    say(
        f"The site secret is of version {version} now. Run `offerpress build` and publish: until then nothing changes."
    )
    say(
        f"The former links open too until the end of {lasts} (UTC), if the site is built and published after it again."
        if lasts
        else "The former links open nothing after it."
    )
    say("Plans that have not begun are stale: plan them again. Back up the new secret.")


_Derivation = Mapping[str, object]
_TITLE_KEYS = ("currency", "product", "subscription_id")


def _statement_text(account: Account, derivation: _Derivation) -> str:
    """Return many lines without escape codes; amounts and days have the form of the statement's JSON."""
    partner = account.partner
    level = _mapping(derivation["level"])
    as_of = f"As of {derivation['as_of']} ({derivation['timezone']})"
    terms = f"level {level['assigned']} by the {level['table']} table"
    refunds = f"refunds after the period: {derivation['refunds_after_period']}"
    head = [f"{partner.partner_id}  {partner.name}", f"{as_of}, {terms}, {refunds}"]
    return "\n".join(
        [*head, *(line for offer in _list(derivation["offers"]) for line in _offer(_mapping(offer)))]
    )


def _offer(offer: _Derivation) -> Iterator[str]:
    terms = _mapping(offer["terms"])
    yield ""
    yield f"{offer['offer']}: {terms['title']}"
    amendment = terms["amendment"]
    note = f", amended: {_mapping(amendment)['note']}" if amendment else ""
    yield f"  terms in force from {terms['in_force_from']}{note}"
    if not offer["eligible"]:
        yield "  not eligible"
    for entry in _list(offer["entries"]):
        yield from _entry(_mapping(entry))
    excluded = _list(offer.get("excluded", []))
    if excluded:
        yield "  did not count:"
    for row in excluded:
        yield f"    {_row(_mapping(row))}"


def _entry(entry: _Derivation) -> Iterator[str]:
    title = " ".join(str(entry[key]) for key in _TITLE_KEYS if key in entry)
    yield f"  {title}"
    for name, value in entry.items():
        if name in _TITLE_KEYS:
            continue
        if name == "steps":
            yield from (f"    {_mapping(step)['step']}: {_mapping(step)['value']}" for step in _list(value))
        elif isinstance(value, Mapping | list):
            yield from _block(name, value, "    ")
        else:
            yield f"    {name}: {value}"


def _block(name: str, value: object, indent: str) -> Iterator[str]:
    """Return a list or mapping of the derivation: its plain values on the first line, its rows below."""
    for part in value if isinstance(value, list) else [value]:
        if not isinstance(part, Mapping):
            yield f"{indent}{name}: {part}"
            continue
        plain = {key: inner for key, inner in part.items() if not isinstance(inner, Mapping | list)}
        yield f"{indent}{name}: {_row(plain)}"
        for inner in part.values():
            for row in inner if isinstance(inner, list) else [inner] if isinstance(inner, Mapping) else []:
                yield f"{indent}  {_row(row) if isinstance(row, Mapping) else row}"


def _row(row: _Derivation) -> str:
    return "  ".join(f"{key} {_cell(value)}" for key, value in row.items() if value not in (None, ""))


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return "; ".join(map(_cell, value)) if isinstance(value, list) else str(value)


def _mapping(value: object) -> _Derivation:
    if not isinstance(value, Mapping):
        raise TypeError(f"a derivation holds {type(value).__name__} where a mapping belongs")
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError(f"a derivation holds {type(value).__name__} where a list belongs")
    return value

"""A statement for the terminal: for each offer its terms, the lines that counted and every step to a figure."""

from collections.abc import Iterator, Mapping, Sequence

from rewards import Account

_Derivation = Mapping[str, object]
TITLE_KEYS = ("currency", "product", "subscription_id")


def statement_text(account: Account, derivation: _Derivation) -> str:
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
    title = " ".join(str(entry[key]) for key in TITLE_KEYS if key in entry)
    yield f"  {title}"
    for name, value in entry.items():
        if name in TITLE_KEYS:
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

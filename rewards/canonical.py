"""The one JSON form of values that are digested. Who only digests loads no rules for it."""

import orjson


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys, no spaces and no escapes of other scripts, so that equal values give equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

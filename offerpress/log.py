"""The log for machines: one line of JSON an event, with plans, counts and durations, and without partners.

It uses standard logging under the name `offerpress`, and writes only if a file is named.
"""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

VARIABLE: Final = "OFFERPRESS_LOG"
_LOGGER: Final = logging.getLogger("offerpress")


class _Line(logging.Formatter):
    """Formats a record as one line of JSON, with its keys in the given order."""

    def format(self, record: logging.LogRecord) -> str:
        at = (
            datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        facts = {"at": at, "pid": record.process, "event": record.getMessage(), **record.__dict__["facts"]}
        return json.dumps(facts, ensure_ascii=False)


def log_to(file: Path) -> None:
    """Append to that file from now on, and to no other. Raises `OSError` if the file cannot be opened."""
    for former in [*_LOGGER.handlers]:
        _LOGGER.removeHandler(former)
        former.close()
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(_Line())
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def stop_logging() -> None:
    """Close the log file, if one is open."""
    for handler in [*_LOGGER.handlers]:
        _LOGGER.removeHandler(handler)
        handler.close()


def log(event: str, **facts: str | float | bool | None) -> None:
    """Write one event. Facts are only names of plans and commands, counts, durations and codes."""
    if _LOGGER.handlers:
        _LOGGER.info(event, extra={"facts": facts})

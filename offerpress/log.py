"""The log for machines: a line of JSON for each thing that was done, with plans, counts and durations, and no partner.

Standard logging, under the name `offerpress`; nothing is written unless a file is named.
"""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

VARIABLE: Final = "OFFERPRESS_LOG"
_LOGGER: Final = logging.getLogger("offerpress")


class _Line(logging.Formatter):
    """A record as one line of JSON, its keys in the order in which they were given."""

    def format(self, record: logging.LogRecord) -> str:
        at = (
            datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        facts = {"at": at, "pid": record.process, "event": record.getMessage(), **record.__dict__["facts"]}
        return json.dumps(facts, ensure_ascii=False)


def log_to(file: Path) -> None:
    """Append to that file from now on, and to no other; OSError where it cannot be opened."""
    for former in [*_LOGGER.handlers]:
        _LOGGER.removeHandler(former)
        former.close()
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(_Line())
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def stop_logging() -> None:
    """Close the file, if there is one."""
    for handler in [*_LOGGER.handlers]:
        _LOGGER.removeHandler(handler)
        handler.close()


def log(event: str, **facts: str | float | bool | None) -> None:
    """Write that something was done. Facts are names of plans and commands, counts, durations and codes alone."""
    if _LOGGER.handlers:
        _LOGGER.info(event, extra={"facts": facts})

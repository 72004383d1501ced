"""A statement back from the JSON that a frozen message keeps, so that what was told can be shown once more."""

import json
from typing import Any

from rewards.days import parse_day
from rewards.kinds import KINDS
from rewards.statement import Statement


def told_statement(figures: str) -> Statement:
    """The statement in `statement_json`'s text; what that text leaves out (exact sums) is as it was shown.

    A list that it lacks, because its kind of offer came later, is empty.
    """
    told = json.loads(figures)
    lists: dict[str, tuple[Any, ...]] = {
        kind.list: tuple(map(kind.told, told.get(kind.list, ()))) for kind in KINDS.values()
    }
    return Statement(told["partner_id"], parse_day(told["as_of"]), told["level"], **lists)

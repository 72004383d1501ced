"""How a statement's figures come about."""

from rewards.account import Account
from rewards.faults import Fault
from rewards.policy import Rules
from rewards.statement import compute_statement, statement_json


def derive(account: Account, rules: Rules) -> dict[str, object]:
    """The derivation of every entry of the account's statement, as plain JSON values."""
    faults: list[Fault] = []
    return {"statement": statement_json(compute_statement(account, rules, faults)), "entries": []}

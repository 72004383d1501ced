"""The small program and site folder of the ledger's tests."""

from tests.ledger.conftest import policy, reading

__all__ = ["policy", "reading"]

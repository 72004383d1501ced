"""The sites that the acceptance tests prepare, for the files of docs/ that run on them."""

from tests.acceptance.conftest import prepare

__all__ = ["prepare"]

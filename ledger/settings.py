"""`[data]`: where each table comes from."""

from pydantic import BaseModel, ConfigDict

from ledger.tables import TABLES


class DataSettings(BaseModel):
    """A path or glob for each table, relative to the site folder; a table that is not named is at `data/NAME.csv`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    partners: str = "data/partners.csv"
    sales: str = "data/sales.csv"
    subscriptions: str = "data/subscriptions.csv"
    credits: str = "data/credits.csv"
    rates: str = "data/rates.csv"
    levels: str = "data/levels.csv"

    def of(self, table: str) -> str:
        """The path or glob of `table`."""
        sources = {each.name: str(getattr(self, each.name)) for each in TABLES}
        return sources[table]

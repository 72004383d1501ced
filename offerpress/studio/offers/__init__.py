"""The screen of an offer: its terms, amendments, the worked example, and what a change would do to partners."""

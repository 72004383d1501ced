"""The private statement of a partner: its view, its record, its link and the encrypted packs."""

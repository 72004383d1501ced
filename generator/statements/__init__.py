"""The private statement of a partner: view, record, link and encrypted packs."""

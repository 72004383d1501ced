"""The durable queue of notices, in SQLite or PostgreSQL."""

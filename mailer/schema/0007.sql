-- Who decided to begin a plan after its latest start, and when.

ALTER TABLE plans ADD COLUMN late_by TEXT NOT NULL DEFAULT '';

ALTER TABLE plans ADD COLUMN late_at TEXT;

-- What a provider holds back until `send_at` and can be made to discard before; `fence` is its own word for it.

CREATE TABLE fences (
  fence TEXT PRIMARY KEY,
  plan TEXT NOT NULL REFERENCES plans (plan),
  opened_at TEXT NOT NULL,
  send_at TEXT NOT NULL,
  withdrawn_by TEXT NOT NULL DEFAULT '',
  withdrawn_at TEXT
);

-- Under which fence a notice was claimed last; '' for none.

ALTER TABLE notices ADD COLUMN fence TEXT NOT NULL DEFAULT '';

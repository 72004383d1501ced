-- What became of notices, as providers, relays and bounces tell it later: each event once, however often it is told.
-- `recipient` is '' for whom the notice is addressed to, else a digest of a copy's address; `rank` is that of events.py;
-- `detail` names no address.

CREATE TABLE events (
  key TEXT NOT NULL REFERENCES notices (key),
  kind TEXT NOT NULL,
  occurred_at TEXT NOT NULL,
  recipient TEXT NOT NULL,
  rank INTEGER NOT NULL,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  source TEXT NOT NULL,
  received_at TEXT NOT NULL,
  PRIMARY KEY (key, kind, occurred_at, recipient)
);

-- The few notices that an event may prove to have been handed over.

CREATE INDEX notices_in_doubt ON notices (key) WHERE status = 'unknown';

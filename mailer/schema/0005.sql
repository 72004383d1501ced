-- Who sends from a shared outbox, and until when it counts as alive without saying so again.

CREATE TABLE senders (
  sender TEXT PRIMARY KEY,
  pid INTEGER NOT NULL,
  host TEXT NOT NULL,
  since TEXT NOT NULL,
  lease_until TEXT NOT NULL
);

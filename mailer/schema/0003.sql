-- Counts the durable claims, so that an outbox from a backup can be told by its receipts.

CREATE TABLE serial (number INTEGER NOT NULL);

INSERT INTO serial (number) VALUES (0);

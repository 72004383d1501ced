-- The domain that each notice goes to, and when the next notice to a domain may be claimed: its pace outlives a sender.

ALTER TABLE notices ADD COLUMN domain TEXT NOT NULL DEFAULT '';

-- What follows the last @: the address without all that stands before and at it.
UPDATE notices
SET domain = substr(address_key, length(rtrim(address_key, replace(address_key, '@', ''))) + 1);

CREATE TABLE paces (
  domain TEXT PRIMARY KEY,
  open_at TEXT NOT NULL
);

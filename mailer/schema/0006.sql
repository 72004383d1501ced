-- What was handed over on a day is counted before each claim while a sender warms up.

CREATE INDEX attempts_by_day ON attempts (transport, claimed_at, cause);

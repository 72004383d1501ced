-- Instants are text in UTC of one width, so that their order is the order of time. Statuses are those of states.py.

CREATE TABLE plans (
  plan TEXT PRIMARY KEY,
  campaign TEXT NOT NULL,
  edition INTEGER NOT NULL,
  category TEXT NOT NULL CHECK (category IN ('notice', 'announcement')),
  corrections INTEGER NOT NULL CHECK (corrections IN (0, 1)),
  digest TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_at TEXT NOT NULL,
  send_at TEXT,
  planned INTEGER NOT NULL,
  standing TEXT NOT NULL CHECK (standing IN ('open', 'paused', 'cancelled')),
  registered_at TEXT NOT NULL
);

CREATE TABLE approvals (
  plan TEXT NOT NULL REFERENCES plans (plan),
  digest TEXT NOT NULL,
  approved_by TEXT NOT NULL,
  approved_at TEXT NOT NULL,
  PRIMARY KEY (plan, digest, approved_by)
);

CREATE TABLE notices (
  plan TEXT NOT NULL REFERENCES plans (plan),
  partner_id TEXT NOT NULL,
  key TEXT NOT NULL UNIQUE,
  campaign TEXT NOT NULL,
  edition INTEGER NOT NULL,
  corrections INTEGER NOT NULL CHECK (corrections IN (0, 1)),
  address_key TEXT NOT NULL,
  status TEXT NOT NULL
    CHECK (status IN ('ready', 'sending', 'accepted', 'rejected', 'unknown', 'skipped', 'abandoned')),
  reason TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  not_before TEXT NOT NULL,
  claims INTEGER NOT NULL,
  refusals INTEGER NOT NULL,
  sender TEXT NOT NULL,
  transport TEXT NOT NULL,
  PRIMARY KEY (plan, partner_id)
);

-- Two live handings of one edition to one partner cannot exist, unless a corrections plan was made for that.
CREATE UNIQUE INDEX one_handing ON notices (campaign, edition, partner_id)
  WHERE corrections = 0 AND status IN ('sending', 'accepted', 'unknown');

CREATE INDEX handed_editions ON notices (campaign, edition, partner_id)
  WHERE status IN ('sending', 'accepted', 'unknown');

CREATE INDEX notices_by_status ON notices (plan, status, not_before, partner_id);

CREATE INDEX notices_by_partner ON notices (partner_id, plan);

CREATE TABLE attempts (
  plan TEXT NOT NULL,
  partner_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  sender TEXT NOT NULL,
  transport TEXT NOT NULL,
  claimed_at TEXT NOT NULL,
  settled_at TEXT NOT NULL,
  cause TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (plan, partner_id, number),
  FOREIGN KEY (plan, partner_id) REFERENCES notices (plan, partner_id)
);

CREATE TABLE decisions (
  plan TEXT NOT NULL,
  partner_id TEXT NOT NULL,
  decided_at TEXT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('resend', 'give-up')),
  decided_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (plan, partner_id, decided_at),
  FOREIGN KEY (plan, partner_id) REFERENCES notices (plan, partner_id)
);

CREATE TABLE suppressions (
  address_key TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('manual', 'bounced', 'complained', 'unsubscribed')),
  address TEXT NOT NULL,
  source TEXT NOT NULL,
  suppressed_at TEXT NOT NULL,
  PRIMARY KEY (address_key, reason)
);

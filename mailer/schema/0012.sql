-- Who cancelled, paused or resumed a plan, or had a fence discarded, and when.

CREATE TABLE decisions_on_plans (
  plan TEXT NOT NULL REFERENCES plans (plan),
  act TEXT NOT NULL CHECK (act IN ('cancel', 'pause', 'resume', 'withdraw')),
  decided_by TEXT NOT NULL,
  decided_at TEXT NOT NULL
);

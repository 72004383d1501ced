-- A correction is handed to a partner once more: `handed_before` counts the handings that it was made after.
-- Two live handings after the same ones cannot exist, so no correction is handed twice either.

DROP INDEX one_handing;

ALTER TABLE notices ADD COLUMN handed_before INTEGER NOT NULL DEFAULT 0;

ALTER TABLE notices DROP COLUMN corrections;

CREATE UNIQUE INDEX one_handing ON notices (campaign, edition, partner_id, handed_before)
  WHERE status IN ('sending', 'accepted', 'unknown');

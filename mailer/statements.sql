-- Every statement that the outbox runs, by name. Written so that SQLite and PostgreSQL both take it; what only
-- PostgreSQL is to see stands in a comment that begins with its name.

-- insert_plan
INSERT INTO plans
  (plan, campaign, edition, category, corrections, digest, made_by, made_at, send_at, planned, standing, registered_at)
VALUES
  (:plan, :campaign, :edition, :category, :corrections, :digest, :made_by, :made_at, :send_at, :planned, 'open', :at);

-- insert_notice
-- An ordinary notice may be the first handing of its edition only, a correction the next after those there are. Counted
-- inside VALUES: an INSERT that selects from its own table has SQLite make a temporary one for each row.
INSERT INTO notices
  (plan, partner_id, key, campaign, edition, address_key, domain, send_window, status, reason, changed_at, not_before,
   claims, refusals, sender, transport, handed_before)
VALUES
  (:plan, :partner_id, :key, :campaign, :edition, :address_key, :domain, :window, 'ready', '', :at, '',
   0, 0, '', '', :corrections * (
     SELECT count(*) FROM notices WHERE campaign = :campaign AND edition = :edition AND partner_id = :partner_id
                                        AND status IN ('sending', 'accepted', 'unknown')));

-- plan
-- `begun`: whether any of its notices was ever claimed.
SELECT plan, campaign, edition, category, corrections, digest, made_by, made_at, send_at, planned, standing,
       registered_at, late_by, late_at,
       EXISTS (SELECT 1 FROM notices WHERE notices.plan = plans.plan AND claims > 0) AS begun
FROM plans WHERE plan = :plan;

-- plans
SELECT plan FROM plans ORDER BY registered_at, plan;

-- set_standing
-- A cancelled plan stays cancelled.
UPDATE plans SET standing = :standing WHERE plan = :plan AND standing <> 'cancelled';

-- insert_decision_on_plan
INSERT INTO decisions_on_plans (plan, act, decided_by, decided_at) VALUES (:plan, :act, :by, :at);

-- decisions_of_plan
SELECT partner_id, decided_at AS at, decision, decided_by AS "by", reason FROM decisions
WHERE plan = :plan ORDER BY decided_at;

-- decisions_on_plan
SELECT act, decided_by, decided_at FROM decisions_on_plans WHERE plan = :plan ORDER BY decided_at;

-- set_late_start
UPDATE plans SET late_by = :by, late_at = :at WHERE plan = :plan;

-- insert_approval
INSERT INTO approvals (plan, digest, approved_by, approved_at) VALUES (:plan, :digest, :by, :at)
ON CONFLICT DO NOTHING;

-- approvals
SELECT digest, approved_by, approved_at FROM approvals WHERE plan = :plan ORDER BY approved_at, approved_by;

-- counts
SELECT status, count(*) AS notices FROM notices WHERE plan = :plan GROUP BY status;

-- reasons
SELECT status, reason, count(*) AS notices FROM notices WHERE plan = :plan AND reason <> '' GROUP BY status, reason
ORDER BY status, reason;

-- handed
-- Partners that must not be handed this edition again by another plan.
SELECT DISTINCT partner_id FROM notices
WHERE campaign = :campaign AND edition = :edition AND status IN ('sending', 'accepted', 'unknown')
ORDER BY partner_id;

-- handed_last
-- Of every partner whom a plan of the campaign handed anything, in whatever edition: the notices, the latest first.
SELECT partner_id, plan, status FROM notices
WHERE campaign = :campaign AND status IN ('sending', 'accepted', 'unknown')
ORDER BY partner_id, status = 'accepted', changed_at DESC, edition DESC, handed_before DESC;

-- candidates
-- The next notices that may be claimed, each with what speaks against it; none whose domain is closed.
SELECT partner_id, key, refusals, claims, domain, send_window,
       coalesce((SELECT open_at FROM paces p WHERE p.domain = n.domain), '') AS open_at,
       EXISTS (SELECT 1 FROM suppressions s
               WHERE s.address_key = n.address_key AND s.reason <> 'unsubscribed') AS barred,
       EXISTS (SELECT 1 FROM suppressions s
               WHERE s.address_key = n.address_key AND s.reason = 'unsubscribed') AS unsubscribed,
       (SELECT count(*) FROM notices o
        WHERE o.campaign = n.campaign AND o.edition = n.edition AND o.partner_id = n.partner_id
          AND o.plan <> n.plan AND o.status IN ('sending', 'accepted', 'unknown')) > n.handed_before AS elsewhere
FROM notices n
WHERE plan = :plan AND status = 'ready' AND not_before <= :at
  AND NOT EXISTS (SELECT 1 FROM paces p WHERE p.domain = n.domain AND p.open_at > :at)
ORDER BY not_before, partner_id LIMIT :most /*postgresql: FOR UPDATE OF n SKIP LOCKED */;

-- hold_window
-- Until it opens, nothing that has this window is looked at again.
UPDATE notices SET not_before = :opens
WHERE plan = :plan AND partner_id IN (
  SELECT partner_id FROM notices
  WHERE plan = :plan AND status = 'ready' AND not_before <= :at AND send_window = :window
  /*postgresql: FOR UPDATE SKIP LOCKED */);

-- waiting
-- The ready notices of a plan by window, with the earliest instant at which one of them may be claimed.
SELECT send_window, count(*) AS notices, min(not_before) AS not_before FROM notices
WHERE plan = :plan AND status = 'ready' GROUP BY send_window ORDER BY send_window;

-- windows
SELECT DISTINCT send_window FROM notices WHERE plan = :plan ORDER BY send_window;

-- serial
SELECT number FROM serial;

-- next_serial
UPDATE serial SET number = number + 1 RETURNING number;

-- set_serial
UPDATE serial SET number = :serial;

-- notice_of_key
SELECT plan, partner_id, status FROM notices WHERE key = :key;

-- claim
-- Of each notice whose own id is a key of `keys` (JSON).
UPDATE notices SET status = :became, reason = '', changed_at = :at, claims = claims + 1, sender = :sender,
                   transport = :transport, fence = :fence
FROM json_each(:keys) k
WHERE notices.key = k.key AND status = :was;

-- move
-- `reasons` (JSON) gives each partner's. MATERIALIZED, so that no planner reads all that there is for each of them. What is
-- ready belongs to no fence: if a later claim of it is forgotten, no fence may prove that it was not sent.
UPDATE notices SET status = :became, reason = moved.reason, changed_at = :at, not_before = :not_before,
                   refusals = refusals + :refusals, fence = CASE WHEN :became = 'ready' THEN '' ELSE fence END
FROM (WITH found AS MATERIALIZED (
        SELECT n.key AS key, r.value AS reason
        FROM json_each/*postgresql: _text */(:reasons) r CROSS JOIN notices n
        WHERE n.plan = :plan AND n.partner_id = r.key AND n.status = :was)
      SELECT key, reason FROM found) moved
WHERE notices.key = moved.key;

-- move_all
-- All notices of a plan that stand at one status.
UPDATE notices SET status = :became, reason = :reason, changed_at = :at WHERE plan = :plan AND status = :was;

-- move_fenced
-- All notices of a fence that stand at one status.
UPDATE notices SET status = :became, reason = :reason, changed_at = :at, not_before = '', fence = ''
WHERE plan = :plan AND fence = :fence AND status = :was;

-- insert_fence
INSERT INTO fences (fence, plan, opened_at, send_at) VALUES (:fence, :plan, :at, :send_at);

-- fences_in_doubt
SELECT fence, send_at FROM fences f
WHERE plan = :plan AND withdrawn_at IS NULL
  AND EXISTS (SELECT 1 FROM notices n WHERE n.plan = f.plan AND n.fence = f.fence AND n.status = 'unknown')
ORDER BY send_at, fence;

-- set_withdrawn
UPDATE fences SET withdrawn_by = :by, withdrawn_at = :at WHERE fence = :fence;

-- insert_attempts
-- What came of the claims under which notices stand, in the words that `reasons` (JSON) has for each partner; run before
-- the notices are moved.
INSERT INTO attempts (plan, partner_id, number, sender, transport, claimed_at, settled_at, cause, detail)
SELECT plan, partner_id, claims, sender, transport, changed_at, :at, :cause, r.value
FROM json_each/*postgresql: _text */(:reasons) r CROSS JOIN notices n
WHERE n.plan = :plan AND n.partner_id = r.key AND n.status = 'sending';

-- handed_by_day
-- What left by a transport, or may have: neither given back unbegun nor refused for now.
SELECT substr(claimed_at, 1, 10) AS day, count(*) AS notices FROM attempts
WHERE transport = :transport AND claimed_at >= :since AND cause NOT IN ('released', 'refusal')
GROUP BY substr(claimed_at, 1, 10) ORDER BY day;

-- orphans
-- Notices that were claimed by senders who are dead: in a shared outbox those without a lease, else all.
SELECT plan, partner_id FROM notices
WHERE status = 'sending' AND NOT EXISTS (SELECT 1 FROM senders WHERE senders.sender = notices.sender)
ORDER BY plan, partner_id /*postgresql: FOR UPDATE SKIP LOCKED */;

-- insert_sender
INSERT INTO senders (sender, pid, host, since, lease_until) VALUES (:sender, :pid, :host, :since, :until);

-- renew_sender
UPDATE senders SET lease_until = :until WHERE sender = :sender;

-- delete_sender
DELETE FROM senders WHERE sender = :sender;

-- expire_senders
DELETE FROM senders WHERE lease_until <= :at;

-- senders
SELECT pid, host, since FROM senders ORDER BY since, sender;

-- set_opening
INSERT INTO paces (domain, open_at) VALUES (:domain, :open_at)
ON CONFLICT (domain) DO UPDATE SET open_at = excluded.open_at;

-- next_due
-- The earliest instants: of any ready notice, of one that is later than now, and at which a closed domain opens.
SELECT (SELECT min(not_before) FROM notices WHERE plan = :plan AND status = 'ready') AS first,
       (SELECT min(not_before) FROM notices WHERE plan = :plan AND status = 'ready' AND not_before > :at) AS later,
       (SELECT min(open_at) FROM paces WHERE open_at > :at) AS opening;

-- notices_at
SELECT partner_id, reason, changed_at FROM notices WHERE plan = :plan AND status = :status ORDER BY partner_id;

-- insert_decision
INSERT INTO decisions (plan, partner_id, decided_at, decision, decided_by, reason)
VALUES (:plan, :partner_id, :at, :decision, :by, :reason);

-- status_of
SELECT status FROM notices WHERE plan = :plan AND partner_id = :partner_id;

-- told
-- Every notice that was planned for a partner, the oldest plan first.
SELECT n.plan, n.campaign, n.edition, n.key, n.status, n.reason, n.changed_at
FROM notices n JOIN plans p ON p.plan = n.plan WHERE n.partner_id = :partner_id
ORDER BY p.registered_at, n.plan;

-- attempts
SELECT number, sender, transport, claimed_at, settled_at, cause, detail FROM attempts
WHERE plan = :plan AND partner_id = :partner_id ORDER BY number;

-- decisions
SELECT decided_at AS at, decision, decided_by AS "by", reason FROM decisions
WHERE plan = :plan AND partner_id = :partner_id ORDER BY decided_at;

-- insert_suppression
-- Whatever the order in which they come, the earliest one of a reason stays.
INSERT INTO suppressions (address_key, reason, address, source, suppressed_at)
VALUES (:address_key, :reason, :address, :source, :at)
ON CONFLICT (address_key, reason) DO UPDATE
SET address = excluded.address, source = excluded.source, suppressed_at = excluded.suppressed_at
WHERE (excluded.suppressed_at, excluded.source) < (suppressions.suppressed_at, suppressions.source);

-- lift_unsubscription
-- Whoever joined again gets announcements again, unless the address was unsubscribed later.
DELETE FROM suppressions
WHERE address_key IN (:address_key, :digest) AND reason = 'unsubscribed' AND suppressed_at <= :at;

-- resubscribed_since
-- Whether the address of an event joined again later: events come in any order.
SELECT 1 AS found FROM events e JOIN notices n ON n.key = e.key
WHERE e.kind = 'resubscribed' AND e.occurred_at >= :at
  AND ((e.recipient = '' AND n.address_key IN (:address_key, :digest))
       OR (e.key = :key AND e.recipient = :recipient))
LIMIT 1;

-- delete_suppressions
DELETE FROM suppressions WHERE address_key IN (:address_key, :address_digest);

-- suppressions
SELECT address, reason, source, suppressed_at FROM suppressions ORDER BY address_key, reason;

-- suppression_reasons
-- Of a forgotten address only a digest is left.
SELECT address_key, reason FROM suppressions;

-- suppressions_of
SELECT reason, suppressed_at FROM suppressions WHERE address_key = :address_key ORDER BY reason;

-- notices_of
SELECT plan, partner_id, address_key, status FROM notices WHERE partner_id = :partner_id ORDER BY plan;

-- ready_to
SELECT n.plan, n.partner_id, p.category FROM notices n JOIN plans p ON p.plan = n.plan
WHERE n.address_key = :address_key AND n.status = 'ready' ORDER BY n.plan, n.partner_id;

-- rename_notice
-- The words of our own, which say why a notice was skipped, name nobody.
UPDATE notices SET partner_id = :pseudonym, address_key = :address_digest, domain = '',
                   reason = CASE WHEN status = 'skipped' THEN reason ELSE '' END
WHERE plan = :plan AND partner_id = :partner_id;

-- clear_event_words
-- Servers name the hosts of the partner's domain.
UPDATE events SET detail = '' WHERE key = (SELECT key FROM notices WHERE plan = :plan AND partner_id = :partner_id);

-- delete_paces
-- Those of domains to which no notice goes any more.
DELETE FROM paces WHERE domain NOT IN (SELECT domain FROM notices);

-- delete_attempts
DELETE FROM attempts WHERE plan = :plan AND partner_id = :partner_id;

-- delete_decisions
DELETE FROM decisions WHERE plan = :plan AND partner_id = :partner_id;

-- restore_attempt
INSERT INTO attempts (plan, partner_id, number, sender, transport, claimed_at, settled_at, cause, detail)
VALUES (:plan, :partner_id, :number, :sender, :transport, :claimed_at, :settled_at, :cause, :detail);

-- notice_told_of
-- The notice that an event names.
SELECT plan, partner_id, address_key, status FROM notices WHERE key = :key;

-- insert_event
INSERT INTO events (key, kind, occurred_at, recipient, rank, code, detail, source, received_at)
VALUES (:key, :kind, :occurred_at, :recipient, :rank, :code, :detail, :source, :at)
ON CONFLICT DO NOTHING;

-- keys_in_doubt
-- The unknown notices of which events are known already.
SELECT key FROM notices n WHERE status = 'unknown' AND EXISTS (SELECT 1 FROM events e WHERE e.key = n.key);

-- proved
-- Whether an event shows that the provider has a notice: once a fence of its plan was withdrawn, none that may be of
-- what was discarded with it. `elsewhere`: whether another plan has handed the same over meanwhile.
SELECT n.plan, n.partner_id, n.status, e.kind, e.source,
       (SELECT count(*) FROM notices o
        WHERE o.campaign = n.campaign AND o.edition = n.edition AND o.partner_id = n.partner_id
          AND o.plan <> n.plan AND o.status IN ('sending', 'accepted', 'unknown')) > n.handed_before AS elsewhere
FROM notices n JOIN events e ON e.key = n.key
WHERE n.key = :key AND n.status IN ('unknown', 'ready')
  AND NOT EXISTS (SELECT 1 FROM fences f
                  WHERE f.plan = n.plan AND f.withdrawn_at IS NOT NULL
                    AND (e.kind = 'dropped' OR e.occurred_at <= f.send_at))
ORDER BY e.occurred_at, e.kind LIMIT 1 /*postgresql: FOR UPDATE OF n */;

-- delivery_results
-- Of the accepted notices of a plan, how many have which highest rank of events; 0 for none.
SELECT rank, count(*) AS notices
FROM (SELECT coalesce((SELECT max(rank) FROM events e WHERE e.key = n.key AND e.recipient = ''), 0) AS rank
      FROM notices n WHERE plan = :plan AND status = 'accepted') AS ranked
GROUP BY rank ORDER BY rank;

-- unsubscribed
-- Of how many notices of a plan the recipient unsubscribed.
SELECT count(DISTINCT e.key) AS notices FROM events e JOIN notices n ON n.key = e.key
WHERE n.plan = :plan AND e.kind = 'unsubscribed';

-- results_by_partner
-- Every notice of a plan of which events tell, with the highest rank and the last of that rank.
SELECT n.partner_id, e.rank, max(e.occurred_at) AS at
FROM notices n JOIN events e ON e.key = n.key
WHERE n.plan = :plan AND e.recipient = '' AND e.rank > 0
  AND e.rank = (SELECT max(rank) FROM events m WHERE m.key = n.key AND m.recipient = '')
GROUP BY n.partner_id, e.rank ORDER BY n.partner_id;

-- failures
-- Of a plan's accepted notices that became something of that rank: by domain and code, the most frequent first.
SELECT domain, code, min(detail) AS example, count(*) AS notices
FROM (SELECT n.domain, n.key, max(e.code) AS code, min(e.detail) AS detail
      FROM notices n JOIN events e ON e.key = n.key
      WHERE n.plan = :plan AND n.status = 'accepted' AND e.recipient = '' AND e.rank = :rank
        AND e.rank = (SELECT max(rank) FROM events m WHERE m.key = n.key AND m.recipient = '')
      GROUP BY n.domain, n.key) AS failed
GROUP BY domain, code ORDER BY count(*) DESC, domain, code;

-- event_hours
-- How many events of each kind every hour (text, UTC) brought a plan; one notice and kind once, when it was first told.
SELECT substr(first, 1, 13) AS hour, kind, count(*) AS notices
FROM (SELECT e.key, e.kind, min(e.occurred_at) AS first
      FROM events e JOIN notices n ON n.key = e.key WHERE n.plan = :plan AND e.recipient = ''
      GROUP BY e.key, e.kind) AS firsts
GROUP BY substr(first, 1, 13), kind ORDER BY hour, kind;

-- events_of
SELECT e.kind, e.occurred_at AS at, e.recipient <> '' AS copy, e.code, e.detail, e.source
FROM notices n JOIN events e ON e.key = n.key WHERE n.plan = :plan AND n.partner_id = :partner_id
ORDER BY e.occurred_at, e.kind, e.recipient;

-- accepted_hours
-- How many notices of a plan were accepted every hour (text, UTC).
SELECT substr(changed_at, 1, 13) AS hour, count(*) AS notices FROM notices
WHERE plan = :plan AND status = 'accepted' GROUP BY substr(changed_at, 1, 13) ORDER BY hour;

-- notices_of_plan
SELECT partner_id, status, reason, changed_at, claims FROM notices WHERE plan = :plan ORDER BY partner_id;

-- events_of_plan
SELECT n.partner_id, e.kind, e.occurred_at, e.recipient <> '' AS copy, e.code
FROM notices n JOIN events e ON e.key = n.key WHERE n.plan = :plan
ORDER BY n.partner_id, e.occurred_at, e.kind, e.recipient;

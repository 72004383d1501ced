-- When a notice may be handed over, in its recipient's own zone; '' for any time.

ALTER TABLE notices ADD COLUMN send_window TEXT NOT NULL DEFAULT '';

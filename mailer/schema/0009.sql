-- The unique index begins with the same columns, for the same notices.

DROP INDEX handed_editions;

"""All that one partner gets: the statement, its derivation, its corrections, and the journal of credits."""

"""Reports for staff: what is owed, what is coming, and what to look at before an approval."""

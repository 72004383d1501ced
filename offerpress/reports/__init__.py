"""Reports for staff: amounts owed, forecasts, and figures to check before an approval."""

"""The screens about partners: search, and the page of one partner."""

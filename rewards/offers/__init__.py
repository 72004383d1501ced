"""The kinds of offer: their terms, and what each gives a partner."""

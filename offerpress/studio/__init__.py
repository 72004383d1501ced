"""The studio: the place in a browser where staff review, approve, send and search."""

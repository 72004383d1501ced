"""Reads the files and queries that `[data]` names, in whatever form they are, as rows of texts."""

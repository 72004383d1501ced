"""A batch of frozen messages: its file format, its writing and its reading."""

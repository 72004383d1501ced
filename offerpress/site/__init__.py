"""A site folder: its settings, keys, mail settings and moment."""

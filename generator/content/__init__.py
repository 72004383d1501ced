"""The content that staff write: its files, read, checked and resolved."""

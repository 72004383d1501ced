"""What staff write: content files read, checked and resolved."""

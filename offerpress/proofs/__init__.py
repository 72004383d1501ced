"""`verify`: every channel compared with a new computation."""

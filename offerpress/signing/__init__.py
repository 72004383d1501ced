"""Signed acts of people: what can be signed, passkeys, and the stored signatures."""

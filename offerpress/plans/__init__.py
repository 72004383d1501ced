"""A plan and its life: draft, rendering, sending, and what was told."""

"""The commands by subject. Each reads its options, calls the wiring once, and reports the result."""

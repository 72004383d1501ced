"""The commands by subject: options in, one call into the wiring, a report out."""

"""A site is set up: begun in an empty folder, and its tables connected to exports."""

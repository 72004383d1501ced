"""Forgetting a partner and pruning old files of private/."""

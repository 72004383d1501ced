"""The run that sends an approved plan: connections, pace, retries and fences."""

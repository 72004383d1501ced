"""The notices of a campaign: audience, HTML part, text part and message."""

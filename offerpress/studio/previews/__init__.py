"""What the site would say now: the mails of a campaign before it is planned, and a partner's statement."""

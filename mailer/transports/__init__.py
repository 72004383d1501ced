"""The ways of handing a message over, and what each answer proves: an SMTP server or a local folder."""

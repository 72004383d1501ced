"""The screens about campaigns: the list, the review of a plan, its mails, and what people do about it."""

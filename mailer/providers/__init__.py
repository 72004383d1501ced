"""Mail providers with an interface of their own: one folder for each."""

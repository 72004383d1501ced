"""What a provider or a mail server reports after a message was accepted."""

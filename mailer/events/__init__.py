"""Events that providers and mail servers report after a message was accepted."""

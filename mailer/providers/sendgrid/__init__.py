"""SendGrid: request body, transport, fences, events and the signatures of its webhook."""

"""The service that providers and mail programs call: events, one-click unsubscribing, health."""

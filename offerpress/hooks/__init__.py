"""The HTTP service for mail providers and mail programs: delivery events, one-click unsubscribing, health."""

"""The pure rules of sending: states, approval, pace, windows, fences and suppression."""

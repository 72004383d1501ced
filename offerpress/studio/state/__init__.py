"""What every screen of the studio stands on: the process's state, sessions, figures and facts of plans."""

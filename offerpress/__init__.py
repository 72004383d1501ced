"""The front door: the commands, and the wiring of ledger, rewards, generator and mailer behind them.

Only this package prints, and only it reads the clock, randomness and the environment.
"""

__version__ = "0.2.0"

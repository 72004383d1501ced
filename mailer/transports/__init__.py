"""The ways out: each hands one message to a provider and says what is proved about it afterwards."""

from mailer.transports.base import Attempt, Connection, Outcome, Transport
from mailer.transports.folder import FolderTransport

__all__ = ["Attempt", "Connection", "FolderTransport", "Outcome", "Transport"]

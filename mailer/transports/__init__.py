"""The ways out: each hands one message to a provider and says what is proved about it afterwards."""

from mailer.transports.base import Attempt, Connection, Outcome, Transport
from mailer.transports.folder import FolderTransport
from mailer.transports.smtp import SmtpTransport, Timeouts
from mailer.transports.smtp_server import SmtpServer, parse_smtp_url

__all__ = [
    "Attempt",
    "Connection",
    "FolderTransport",
    "Outcome",
    "SmtpServer",
    "SmtpTransport",
    "Timeouts",
    "Transport",
    "parse_smtp_url",
]

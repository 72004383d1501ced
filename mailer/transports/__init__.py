"""The ways out: each hands one message to a provider and says what is proved about it afterwards."""

from mailer.transports.base import Attempt, Connection, Outcome, Transport
from mailer.transports.dkim_signing import Signer, signer
from mailer.transports.folder import FolderTransport
from mailer.transports.sendgrid import DEFAULT_BASE_URL, SendGridTransport
from mailer.transports.smtp import SmtpTransport
from mailer.transports.smtp_line import SmtpServer, Timeouts, parse_smtp_url

__all__ = [
    "DEFAULT_BASE_URL",
    "Attempt",
    "Connection",
    "FolderTransport",
    "Outcome",
    "SendGridTransport",
    "Signer",
    "SmtpServer",
    "SmtpTransport",
    "Timeouts",
    "Transport",
    "parse_smtp_url",
    "signer",
]

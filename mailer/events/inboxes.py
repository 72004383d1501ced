"""The mailbox for bounces: a Maildir, or a folder on an IMAP server. Processed messages are marked as read."""

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from mailer.errors import ConfigurationError, MailerError

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SCHEMES: Final = {"imap": 143, "imap+starttls": 143, "imaps": 993}
_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]+")
_SECONDS: Final = 60.0


def _has_rest(url: str) -> bool:
    """Return whether an unescaped sign ends the host before the password does, or there is more than a path."""
    return "?" in url or "#" in url or "@" in url.partition("//")[2].partition("/")[2]


class InboxError(MailerError):
    """The mailbox cannot be read; `name` tells which one, without a password."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(f"mailbox: {name}: {why}")


class Inbox(Protocol):
    """A mailbox with unread messages."""

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Yield each unread message with its name for `mark_read`."""

    def mark_read(self, names: Sequence[str]) -> None:
        """Mark them as read."""

    def close(self) -> None:
        """Close the mailbox."""


class MaildirInbox:
    """A Maildir; InboxError if the folder is none."""

    def __init__(self, folder: Path) -> None:
        if not all((folder / name).is_dir() for name in ("new", "cur")):
            raise InboxError(str(folder), "is no Maildir, which has the folders new and cur; name another")
        self._folder = folder

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Yield the messages that are new or were moved without being read, the oldest name first."""
        for place in ("new", "cur"):
            for file in sorted((self._folder / place).iterdir()):
                content = None if "S" in file.name.partition(":2,")[2] else self._read(file)
                if content is not None:
                    yield f"{place}/{file.name}", content

    def mark_read(self, names: Sequence[str]) -> None:
        """Move them to `cur` with the flag S."""
        for name in names:
            stem, _, flags = name.partition("/")[2].partition(":2,")
            marked = "".join(sorted({*flags, "S"}))
            try:
                (self._folder / name).rename(self._folder / "cur" / f"{stem}:2,{marked}")
            except FileNotFoundError:
                continue  # a mail program has moved it, and may have marked it
            except OSError as error:
                raise InboxError(
                    str(self._folder), f"cannot be written ({error.strerror}); see its rights"
                ) from error

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def _read(self, file: Path) -> bytes | None:
        """Return a message; None if it is a folder or a mail program has moved it meanwhile."""
        try:
            return file.read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            return None
        except OSError as error:
            why = f"{file.name} cannot be read ({error.strerror}); see its rights"
            raise InboxError(str(self._folder), why) from error


class ImapInbox:
    """A folder on an IMAP server: `imaps://user:password@host/FOLDER`, by default INBOX.

    `imap+starttls://` begins in the clear; plain `imap://` is for this machine alone.
    """

    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, host, port = urlsplit(""), "", None
        clear = parts.scheme == "imap" and host not in _LOOPBACK
        # an unescaped sign in the password leaves its rest in the host, the path or behind it
        if parts.scheme not in _SCHEMES or clear or not _HOST.fullmatch(host) or _has_rest(url):
            raise ConfigurationError(
                "mailbox: its address is not usable; write imaps://user:password@host/INBOX, with special characters "
                "percent-encoded"
            )
        self.name = f"{parts.scheme}://{host}"
        try:
            self._server = _connected(parts.scheme, host, port, context)
        except UnicodeError:
            raise InboxError(self.name, "has no usable host; correct its address") from None
        except (OSError, imaplib.IMAP4.error) as error:
            raise InboxError(self.name, f"cannot be reached ({error}); see its address") from error
        password = unquote(parts.password or "")
        try:
            self._server.login(unquote(parts.username or ""), password)
            answer, _ = self._server.select(f'"{unquote(parts.path.strip("/")) or "INBOX"}"')
        except UnicodeError:
            self._server.shutdown()
            raise InboxError(
                self.name, "takes user, password and folder in ASCII only; see its address"
            ) from None
        except (OSError, imaplib.IMAP4.error) as error:
            self._server.shutdown()
            words = str(error).replace(password, "…") if password else str(error)
            raise InboxError(self.name, f"cannot be opened ({words}); see user and password") from None
        if answer != "OK":
            self.close()
            raise InboxError(self.name, "has no such folder; name it after the host, such as /INBOX")

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Yield the messages without the flag Seen, and leave the flag as it is."""
        numbers = [
            one for part in self._asked("SEARCH", "UNSEEN") if isinstance(part, bytes) for one in part.split()
        ]
        for number in numbers:
            uid = number.decode("ascii")
            for part in self._asked("FETCH", uid, "(BODY.PEEK[])"):
                if isinstance(part, tuple):
                    yield uid, part[1]

    def mark_read(self, names: Sequence[str]) -> None:
        """Set the flag Seen."""
        for name in names:
            self._asked("STORE", name, "+FLAGS.SILENT", r"(\Seen)")

    def close(self) -> None:
        """Log out."""
        try:
            self._server.logout()
        except (OSError, imaplib.IMAP4.error):
            self._server.shutdown()

    def _asked(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes]]:
        try:
            answer, found = self._server.uid(command, *arguments)
        except (OSError, imaplib.IMAP4.error) as error:
            raise InboxError(self.name, f"does not answer ({error}); try again") from error
        if answer != "OK":
            raise InboxError(self.name, f"refuses {command}; see that the folder may be written")
        return [part for part in found if part is not None]


def _connected(scheme: str, host: str, port: int | None, context: ssl.SSLContext | None) -> imaplib.IMAP4:
    believed = context or ssl.create_default_context()
    if scheme == "imaps":
        return imaplib.IMAP4_SSL(host, port or _SCHEMES[scheme], ssl_context=believed, timeout=_SECONDS)
    server = imaplib.IMAP4(host, port or _SCHEMES[scheme], timeout=_SECONDS)
    if scheme == "imap+starttls":
        server.starttls(believed)
    return server

"""A real IMAP server, Dovecot, for one user and one test, on a free port of this machine."""

import imaplib
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import geteuid
from pathlib import Path

from tests.servers.ports import free_port

_SETTINGS = """
protocols = imap
base_dir = {folder}/run
log_path = {folder}/log
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 0
mail_uid = {user}
mail_gid = {group}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
"""


@dataclass(frozen=True)
class ImapServer:
    """Where it listens, and one user's inbox on it."""

    port: int

    @property
    def url(self) -> str:
        """The address of the inbox with the user's name and password."""
        return f"imap://jo:secret@127.0.0.1:{self.port}/INBOX"

    def put(self, content: bytes) -> None:
        """Put a message into the inbox."""
        with self._inbox() as inbox:
            inbox.append("INBOX", "", "", content)

    def unseen(self) -> list[bytes]:
        """The numbers of the messages that are not marked as seen."""
        with self._inbox() as inbox:
            numbers: list[bytes] = inbox.search(None, "UNSEEN")[1][0].split()
            return numbers

    @contextmanager
    def _inbox(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=120) as inbox:
            inbox.login("jo", "secret")
            inbox.select("INBOX")
            yield inbox


@contextmanager
def imap_server(folder: Path) -> Iterator[ImapServer]:
    """A server at work, with its files in `folder`."""
    program = shutil.which("dovecot") or "/usr/sbin/dovecot"
    if not Path(program).exists():
        raise FileNotFoundError("Dovecot is needed: install Debian's `dovecot-imapd`")
    account = pwd.getpwnam("dovecot") if geteuid() == 0 else pwd.getpwuid(geteuid())
    folder.mkdir()
    port = free_port()
    for path in [folder, *folder.parents][: len(folder.parents) - 1]:
        if geteuid() == 0 and path.owner() == "root":
            path.chmod(path.stat().st_mode | 0o011)  # the server's own user must get at its folder
    if geteuid() == 0:
        shutil.chown(folder, account.pw_name)
    import grp  # noqa: PLC0415 - not on every system that imports the tests

    settings = folder / "dovecot.conf"
    group = grp.getgrgid(account.pw_gid).gr_name
    settings.write_text(
        _SETTINGS.format(folder=folder, port=port, user=account.pw_name, group=group), encoding="utf-8"
    )
    process = subprocess.Popen([program, "-F", "-c", str(settings)])
    try:
        _wait_for(port, process, folder)
        yield ImapServer(port)
    finally:
        process.terminate()
        process.wait(120)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    while process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
                if line.recv(4).startswith(b"* OK"):
                    return
        except ConnectionRefusedError:
            continue
    raise RuntimeError((folder / "log").read_text(encoding="utf-8"))

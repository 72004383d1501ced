"""A local mail folder (Maildir) instead of a provider, which any mail program can read."""

import os
from pathlib import Path

from mailer.errors import ConfigurationError
from mailer.rules.states import Cause, Outcome
from mailer.transports.base import Attempt


class FolderTransport:
    """Delivers into the Maildir at `folder`, and creates it if it is missing.

    A file is named after the notice's own id, so a message that is handed over twice is there once.
    """

    name = "folder"
    width = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def connect(self) -> "FolderTransport":
        """Create the folder with its three parts; ConfigurationError if that fails."""
        try:
            for part in ("tmp", "new", "cur"):
                (self.folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigurationError(
                f"folder: {self.folder}: cannot be made ({error}); name one that can be written"
            ) from error
        return self

    def hand(self, attempt: Attempt) -> Outcome:
        """Write into `tmp`, flush, then link into `new`: a reader sees the whole message or none."""
        name = attempt.idempotency_key
        beside, place = self.folder / "tmp" / name, self.folder / "new" / name
        if any((self.folder / "cur").glob(f"{name}*")):
            return Outcome(Cause.ACCEPTANCE, "it was there already")
        try:
            self._write(beside, attempt.content())
            os.link(beside, place)
        except FileExistsError:
            return Outcome(Cause.ACCEPTANCE, "it was there already")
        except OSError as error:
            return Outcome(Cause.REFUSAL, f"{self.folder}: {error.strerror or error}", "transport")
        finally:
            beside.unlink(missing_ok=True)
        return Outcome(Cause.ACCEPTANCE, f"new/{name}")

    def close(self) -> None:
        """Nothing is held open."""

    @staticmethod
    def _write(file: Path, content: bytes) -> None:
        with file.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

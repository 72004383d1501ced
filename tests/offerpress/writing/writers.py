"""A process in which each request is a fork that writes a content file, and is killed before the n-th change of a file.

Started with the library of `tests/killing/changes.c` in LD_PRELOAD. One request a line in JSON: `site`, `path`,
`person`, `content` and `opened`; `at` is the change (0: none). The answer is a line too: `code` (negative for a
signal), `changes`, and what `save` said: `saved`, or after a conflict `theirs` (a digest), `result` and `text`.
"""

import ctypes
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from offerpress.site.site import Site
from offerpress.writing.drafts import keep_draft
from offerpress.writing.merging import merged
from offerpress.writing.paths import content_path
from offerpress.writing.saving import save
from offerpress.writing.versions import Author, current_content, digest_of_text, opened_text


def written(request: dict[str, str], at: int) -> dict[str, object]:
    """Keep the draft as the editor does while somebody types, then save."""
    now = datetime.now(UTC)
    site = Site(Path(request["site"]), now, {})
    path, by = content_path(site, request["path"]), Author(request["person"], request["person"].title())
    content = request["content"].encode()
    keep_draft(site, path, content, request["opened"], by, now)
    library = ctypes.CDLL(None)
    library.changes.restype = ctypes.c_long
    library.kill_at(request["site"].encode(), ctypes.c_long(at))
    done = save(site, path, content, request["opened"], by, now)
    changes = library.changes()
    if done:
        return {"changes": changes, "saved": done.digest}
    theirs = current_content(path)
    assert theirs is not None
    result = merged(opened_text(site, request["opened"]), theirs, content)
    return {
        "changes": changes,
        "theirs": digest_of_text(theirs),
        "text": theirs.decode(),
        "result": result and result.decode(),
    }


def answer(line: str) -> dict[str, object]:
    """Fork, wait, and tell what became of it."""
    request = json.loads(line)
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(writing, json.dumps(written(request, int(request["at"]))).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    return {"code": os.waitstatus_to_exitcode(status), **json.loads(said or b"{}")}


if __name__ == "__main__":
    for given in sys.stdin:
        sys.stdout.write(json.dumps(answer(given)) + "\n")
        sys.stdout.flush()

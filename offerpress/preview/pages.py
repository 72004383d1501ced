"""What the preview answers: a file of the site as of now, a part of it, and the state for the script in a page."""

import re
from http import HTTPStatus

from generator import draw_card
from generator.headers import headers_of
from offerpress.preview.answers import HTML, Answer, with_script
from offerpress.preview.contents import PublicPages
from offerpress.preview.state import PreviewState
from offerpress.site.folder import starter_folder
from rewards import Fault

NOTHING_YET = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Not yet</title><p>There is nothing to show yet."
)
IN_THE_STUDIO = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>In the studio</title><h1>In the studio</h1>"
    b"<p>Partners, their statements and their mails are shown to people who have signed in: start "
    b"<code>offerpress studio</code>."
)
_PRIVATE = ("_staff/", "statement/")
_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")


def ranged(answer: Answer, asked: str) -> Answer:
    """Return the one range of bytes that is asked for (RFC 9110 14.2), or the answer as it is.

    Several ranges, other units and what cannot be read are ignored, as the standard allows.
    """
    match = _RANGE.fullmatch(asked.strip())
    if match is None or answer.status != HTTPStatus.OK or match["first"] == match["last"] == "":
        return answer
    size = len(answer.body)
    if match["first"]:
        first, last = int(match["first"]), min(int(match["last"] or size - 1), size - 1)
        if match["last"] and int(match["last"]) < first:
            return answer
    else:
        first, last = max(size - int(match["last"]), 0), size - 1
    if first >= size or not size or match["last"] == "0" == match["first"] + match["last"]:
        headers = (*answer.headers, ("Content-Range", f"bytes */{size}"))
        return Answer(b"", answer.media_type, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers)
    headers = (*answer.headers, ("Content-Range", f"bytes {first}-{last}/{size}"))
    return Answer(answer.body[first : last + 1], answer.media_type, HTTPStatus.PARTIAL_CONTENT, headers)


def page_answer(state: PreviewState, path: str) -> Answer:
    """Return the file at that path of the site; a page has the preview's script.

    It never names a partner: what statements and mails say is shown by the studio.
    """
    if state.pages is None:
        return Answer(with_script(NOTHING_YET, state.edition), HTML, 503)
    base = state.pages.site.settings.site.base_path
    if not path.startswith(base):
        return Answer(b"", HTML, 302, (("Location", base),))
    name = path.removeprefix(base)
    if name.startswith(_PRIVATE):
        return Answer(with_script(IN_THE_STUDIO, state.edition), HTML, 404)
    file = f"{name}index.html" if not name or name.endswith("/") else name
    files, status = state.pages.files, 200
    if file not in files and file not in state.pages.pictures:
        if f"{file}/index.html" in files:
            return Answer(b"", HTML, 302, (("Location", f"{base}{name}/"),))
        file, status = "404.html", 404
    body = _content(state.pages, file)
    if file.endswith(".html"):
        return Answer(with_script(body, state.edition), HTML, status)
    return Answer(body, headers_of(file).content_type, status)


def _content(pages: PublicPages, file: str) -> bytes:
    """Return the content of a file; cards and small pictures are drawn only now."""
    if file in pages.cards:
        return draw_card(pages.cards[file])
    return pages.files.get(file) or pages.pictures.get(file, b"")


def live_asset(name: str) -> Answer:
    """Return a script or style of the preview. They are never published, and a site cannot override them."""
    path = starter_folder() / "templates" / "preview" / name
    if name not in {"live.js", "live.css", "page.css"}:
        return Answer(b"Not found\n", "text/plain", 404)
    return Answer(path.read_bytes(), headers_of(name).content_type)


def told_state(state: PreviewState) -> dict[str, object]:
    """Return a state for the script in a page. All texts in it are plain text."""
    pages = state.pages
    base = pages.site.settings.site.base_path if pages else "/"
    return {
        "edition": state.edition,
        "faults": [_shown(fault) for fault in state.faults],
        "remarks": [_shown(fault) for fault in state.remarks],
        "marks": {f"{base}{path}": mark for path, mark in pages.marks.items()} if pages else {},
    }


def _shown(fault: Fault) -> dict[str, str]:
    place = fault.file + (f":{fault.line}" if fault.line else "") + (f" row {fault.row}" if fault.row else "")
    return {"place": place, "field": fault.field, "what": fault.what, "remedy": fault.remedy}

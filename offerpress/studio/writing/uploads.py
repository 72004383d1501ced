"""Pictures that somebody drops into a text: checked, cleaned, named by us, and saved below `content/static/`."""

from typing import Final

from generator import clean_picture, drawing_refusal
from offerpress.site.starter import slug_of
from offerpress.studio.state.studio import NotDone, Visit
from offerpress.studio.writing.typed_texts import author_of
from offerpress.writing.paths import content_path
from offerpress.writing.saving import save

LARGEST_UPLOAD: Final = 12 << 20
_LONGEST_ALT: Final = 500
_SVG: Final = (b"<svg", b"<?xml")
_TRIES: Final = 50
TOOK_IN = "took in a picture"


def take_picture(visit: Visit, body: bytes) -> dict[str, object]:
    """Save a picture and return what is to stand in the text. Nothing of the given name or bytes is used as it came."""
    visit.need("writer", "operator")
    text = content_path(visit.site, visit.query.get("file", ""))
    alt = " ".join(visit.query.get("alt", "").split())[:_LONGEST_ALT]
    if not alt and "plain" not in visit.query:
        raise NotDone("Say what the picture shows, for everybody who cannot see it.")
    content, suffix = _cleaned(body, visit.query.get("name", ""))
    name = _saved(visit, content, suffix)
    visit.record(TOOK_IN, name)
    place = "../static/" + name.removeprefix("content/static/")
    if not alt:
        return {"put": f'<img alt="" src="{place}">'}
    shown = alt.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return {"put": f"![{shown}]({place})", "text": text.name}


def _cleaned(body: bytes, name: str) -> tuple[bytes, str]:
    """Return the picture and its suffix; raises `NotDone` with the reason."""
    if not body:
        raise NotDone("The file is empty.")
    if name.lower().endswith(".svg") or body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_SVG):
        refusal = drawing_refusal(body)
        if refusal:
            raise NotDone(_sentence(refusal))
        return body, ".svg"
    try:
        return clean_picture(body)
    except ValueError as error:
        raise NotDone(_sentence(str(error))) from error


def _sentence(text: str) -> str:
    what, _, remedy = text.partition("; ")
    return f"{what[:1].upper()}{what[1:]}: {remedy}." if remedy else f"{what[:1].upper()}{what[1:]}."


def _saved(visit: Visit, content: bytes, suffix: str) -> str:
    """Save under a name made of the given one's letters; another picture of that name stays."""
    given = visit.query.get("name", "").replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    stem = slug_of(given) or "picture"
    for number in range(1, _TRIES):
        name = f"content/static/{stem}{f'-{number}' if number > 1 else ''}{suffix}"
        path = content_path(visit.site, name)
        if path.path.is_file() and path.path.read_bytes() != content:
            continue
        if save(visit.site, path, content, "", author_of(visit), visit.now):
            return name
    raise NotDone("There are many pictures of this name: give the file another name.")

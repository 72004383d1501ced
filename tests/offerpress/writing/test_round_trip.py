"""Saving keeps the bytes, and changing a key changes that key only: every content file, and generated ones."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from generator.content.front_matter import parsed_document
from offerpress.writing.fields import changed_keys
from offerpress.writing.paths import ContentPath
from offerpress.writing.texts import NotText, OpenFile, with_body, with_text
from offerpress.writing.versions import digest_of_text
from offerpress.writing.yaml_edits import REMOVED

ROOT = Path(__file__).parents[3]
FILES = [
    *sorted((ROOT / "content").glob("*/*.md")),
    *sorted((ROOT / "tests" / "sites").glob("**/content/*/*.md")),
]
NEW_VALUES = ["Neu: 'x' \"y\" #1", "يوم جديد", ["a", "b: c"], 7, Decimal("1.50"), None, True, "two\nlines\n"]


def opened(content: bytes) -> OpenFile:
    """The file as the editor holds it."""
    return OpenFile(ContentPath(ROOT, "content/pages/one.md"), content, digest_of_text(content))


def saved_unchanged(content: bytes) -> list[bytes]:
    """What each way of saving makes of a file in which nothing was changed."""
    file = opened(content)
    ways = [with_text(content, file.text), with_body(content, file.body)]
    return [*ways, changed_keys(content, file.path.name, file.values)] if file.values is not None else ways  # type: ignore[arg-type]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_of_our_sites_keeps_its_bytes(path: Path) -> None:
    """Saving without a change leaves the bytes, and each changed key leaves all values but its own."""
    content = path.read_bytes()
    try:
        file = opened(content)
        assert {content} == set(saved_unchanged(content))
    except NotText:
        with pytest.raises(NotText):
            changed_keys(content, "x", {})
        return
    for number, name in enumerate(file.values or ()):
        value = NEW_VALUES[number % len(NEW_VALUES)]
        after = opened(changed_keys(content, "x", {name: value}))  # type: ignore[dict-item]
        assert after.values == {**(file.values or {}), name: value}
        assert after.body == file.body
        without = opened(changed_keys(content, "x", {name: REMOVED}))
        assert without.values == {key: one for key, one in (file.values or {}).items() if key != name}


# Generated files. Each key is a piece of text that the test knows, so it sees which bytes belong to which key.

WORDS = st.sampled_from(
    ["one", "Frist", "مهلة", "20 %", "NO", "x's", 'say "hi"', "a:b", "#no", "-3", "2027-01-02", "é"]
)
NAMES = st.sampled_from(["title", "tags", "مفتاح", "x-unknown", "'quoted key'", "terms"])
BODIES = st.sampled_from(["", "Body", "# Title\n\nنص  \n", "--- \n\n\n", "{{ x }}\n---\nmore"])
COMMENTS = st.sampled_from(["", "  # why", " # مهلة", "\t# tab"])
LINES_BETWEEN = st.lists(st.sampled_from(["", "# above", " # indented", "#"]), max_size=2)


def plain(word: str) -> bool:
    """Whether a word needs no quotes."""
    return word in {"one", "Frist", "مهلة", "20 %", "NO", "x's", "a:b", "-3", "2027-01-02", "é"}


@st.composite
def scalars(draw: st.DrawFn) -> str:
    """A value on one line, in any quotes that it can have."""
    word = draw(WORDS)
    forms = [f'"{word.replace(chr(34), chr(92) + chr(34))}"', "'" + word.replace("'", "''") + "'"]
    return draw(st.sampled_from([*forms, *([word] * 2 if plain(word) else [])]))


@st.composite
def values(draw: st.DrawFn, name: str) -> str:
    """What stands behind `name:`, with the line end; also lists, mappings and blocks."""
    comment, one, two = draw(COMMENTS), draw(scalars()), draw(scalars())
    anchor = draw(st.sampled_from(["", f"&{name} "]))
    forms = [
        f" {anchor}{one}{comment}\n",
        f"  {anchor}[{one},  {two}]{comment}\n",
        f" {anchor}[\n  {one}, # first\n  {two}\n ]{comment}\n",
        f" {anchor}{{k: {one}, l: {two}}}{comment}\n",
        f"{comment}\n  - {one}  # first\n  # between\n  -   {two}\n",
        f"\n- {one}\n- {two}{comment}\n",
        f"{comment}\n  k: {one}{comment}\n\n  l:\n    m: {two}\n",
        f"\n  - k: {one}\n    l: {two}\n  - k: {two}\n",
        f" {anchor}|{comment.replace(chr(9), ' ')}\n  text # no comment\n   more\n\n  end\n",
        " >-\n  folded\n  text\n\n",
        " |+\n  kept\n\n",
        f"{comment}\n",
        f" {anchor}~{comment}\n",
        f" {draw(st.sampled_from(['1', '0x1F', '1.50', '-3', 'true', 'null', '1e3']))}{comment}\n",
        ' "over\n  two lines"\n',
        " plain over\n  two lines\n",
    ]
    return draw(st.sampled_from(forms))


@dataclass(frozen=True)
class Generated:
    """A content file in pieces: what stands before the keys, each key by name, what stands between and after."""

    pieces: tuple[tuple[str, str], ...]
    content: bytes
    end: str
    bom: str

    def around(self, name: str) -> tuple[bytes, bytes]:
        """The bytes before and after that key."""
        at = next(n for n, (key, _) in enumerate(self.pieces) if key == name)
        before, after = (
            "".join(text for _, text in part) for part in (self.pieces[:at], self.pieces[at + 1 :])
        )
        return (self.bom + before.replace("\n", self.end)).encode(), after.replace("\n", self.end).encode()


@st.composite
def files(draw: st.DrawFn) -> Generated:
    """A content file with front matter that can be read."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    pieces = [("", "---\n")]
    anchors: list[str] = []
    for name in names:
        pieces.append(("", "".join(f"{line}\n" for line in draw(LINES_BETWEEN))))
        is_alias = draw(st.booleans())
        if anchors and is_alias:
            text = f" *{draw(st.sampled_from(anchors))}{draw(COMMENTS)}\n"
        else:
            text = draw(values(f"a{len(pieces)}"))
            anchors += [f"a{len(pieces)}"] if f"&a{len(pieces)} " in text else []
        pieces.append((name.strip("'"), f"{name}:{text}"))
    pieces.append(("", "---\n" + draw(BODIES)))
    end, bom = draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(["", "\ufeff"]))
    text = "".join(piece for _, piece in pieces)
    assume(parsed_document(text, "x")[0] is not None)
    return Generated(tuple(pieces), (bom + text.replace("\n", end)).encode(), end, bom)


NEW = st.one_of(
    st.text(max_size=30).filter(lambda text: not any(0xD800 <= ord(one) <= 0xDFFF for one in text)),
    WORDS,
    st.lists(WORDS, max_size=3),
    st.integers(-1000, 1000),
    st.decimals(places=2, min_value=-1000, max_value=1000),
    st.booleans(),
    st.none(),
    st.dictionaries(WORDS, WORDS, max_size=2),
    st.just(REMOVED),
)


def check_round_trip(file: Generated, name: str, value: object) -> None:
    """Nothing changed leaves the bytes; one key changed leaves the bytes of every other key that does not name it."""
    assert {file.content} == set(saved_unchanged(file.content))
    before = opened(file.content)
    after = changed_keys(file.content, "x", {name: value})  # type: ignore[dict-item]
    assert before.values is not None
    assert {key: one for key, one in (opened(after).values or {}).items() if key != name} == {
        key: one for key, one in before.values.items() if key != name
    }
    assert opened(after).body == before.body
    front, rest = file.around(name)
    own = next(text for key, text in file.pieces if key == name)
    anchored = any(f"*{one.split()[0]}" in rest.decode() for one in own.split("&")[1:])
    assert after.startswith(front)
    # Blank lines behind a key that goes would become a part of a block before it that keeps its last lines.
    blanks = value is REMOVED and after.endswith(rest.lstrip(b"\r\n"))
    assert anchored or blanks or after.endswith(rest)


@settings(max_examples=200)
@given(st.data())
def test_a_generated_file_keeps_its_bytes(data: st.DataObject) -> None:
    """Comments, anchors, quotes, line ends, byte order mark and right-to-left text stay, whatever one key becomes."""
    file = data.draw(files())
    check_round_trip(file, data.draw(st.sampled_from([key for key, _ in file.pieces if key])), data.draw(NEW))


@pytest.mark.long
@settings(max_examples=5000)
@given(st.data())
def test_many_generated_files_keep_their_bytes(data: st.DataObject) -> None:
    """The same for thousands of files."""
    file = data.draw(files())
    check_round_trip(file, data.draw(st.sampled_from([key for key, _ in file.pieces if key])), data.draw(NEW))


@settings(max_examples=200)
@given(st.text(alphabet="ab\n\r\t \ufeff\u2028\x85é", max_size=40), st.sampled_from(["", "\ufeff"]))
def test_a_text_without_front_matter_keeps_its_bytes(text: str, bom: str) -> None:
    """Mixed line ends and strange breaks stay as they are."""
    content = (bom + text).encode()
    assert content == with_text(content, opened(content).text)
    assert content == with_body(content, opened(content).body)


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from(["a", "b", ""]), max_size=6), st.sampled_from(["\n", "\r\n"]), st.integers(0, 6)
)
def test_a_typed_line_gets_the_line_end_of_the_file(lines: list[str], end: str, at: int) -> None:
    """A line that is added changes no other line."""
    content = "".join(line + end for line in [*lines, "last"]).encode()
    typed = opened(content).text.split("\n")
    typed.insert(min(at, len(lines)), "new")
    expected = [*lines, "last"]
    expected.insert(min(at, len(lines)), "new")
    assert "".join(line + end for line in expected).encode() == with_text(content, "\n".join(typed))

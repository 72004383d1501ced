"""What partners read in particular situations, pinned as texts that people have read."""

import pytest

from tests.samples.readings import FOLDER, files, reading

FILES = files()


@pytest.mark.parametrize("name", sorted(FILES))
def test_partners_read_what_was_read_before(name: str) -> None:
    """Mail and statement are those in `tests/golden/words`; `python -m tests.samples.readings` writes them again."""
    assert (FOLDER / name).read_text(encoding="utf-8") == reading(*FILES[name])


def test_no_reading_is_left_over() -> None:
    """Every file there belongs to a situation."""
    assert {path.name for path in FOLDER.iterdir()} == set(FILES)

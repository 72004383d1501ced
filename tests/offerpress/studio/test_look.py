"""The look of the studio is that of the statement page."""

import re

from offerpress.site.folder import starter_folder


def tokens(name: str) -> list[dict[str, str]]:
    """The colours of a style sheet, in light and in dark."""
    text = (starter_folder() / "templates" / name).read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", text, re.DOTALL)[:2]
    return [dict(re.findall(r"--([\w-]+): ([^;]+);", block)) for block in blocks]


def test_the_studio_has_the_colours_of_the_statement_page() -> None:
    """Each colour that both name is the same in light and in dark."""
    for studio, statement in zip(tokens("studio/studio.css"), tokens("assets/statement.css"), strict=True):
        shared = studio.keys() & statement.keys()
        assert {name: statement[name] for name in shared} == {name: studio[name] for name in shared}
        assert {"paper", "ink", "soft", "line", "accent"} <= shared

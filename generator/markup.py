"""Markdown to HTML, with the extensions that content may use; cells are aligned by attribute, not style."""

from markdown import Markdown

_EXTENSIONS = (
    "tables",
    "footnotes",
    "def_list",
    "admonition",
    "fenced_code",
    "attr_list",
    "abbr",
    "sane_lists",
    "toc",
    "md_in_html",
)


def markdown_html(text: str) -> str:
    """The HTML fragment of a Markdown text; headings have ids. Deterministic; raises nothing for any text."""
    converter = Markdown(
        extensions=list(_EXTENSIONS),
        extension_configs={
            "tables": {"use_align_attribute": True},
            "footnotes": {"BACKLINK_TEXT": "↩\N{VARIATION SELECTOR-15}"},
        },
        output_format="html",
    )
    return converter.convert(text)


def mail_markdown_html(text: str) -> str:
    """The HTML fragment of a mail's Markdown: tables, lists and code only, because nothing may move there."""
    extensions = ["tables", "sane_lists", "fenced_code"]
    configs = {"tables": {"use_align_attribute": True}}
    return Markdown(extensions=extensions, extension_configs=configs, output_format="html").convert(text)

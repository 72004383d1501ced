"""HTML without what browsers do not need. The result stays valid: tags that the specification asks for stay."""

from minify_html import minify


def minified(html: str) -> str:
    """The page without comments, needless space and quotes; the same input gives the same text."""
    return minify(html, keep_closing_tags=True, keep_html_and_head_opening_tags=True)

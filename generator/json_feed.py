"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

import json

from generator.feeds import FeedEntry, FeedSource


def json_feed(source: FeedSource) -> bytes:
    """The feed as UTF-8 JSON with the keys in the order of the specification."""
    feed: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": source.title,
        "home_page_url": source.page,
        "feed_url": source.address("feed.json"),
        "description": source.description,
        "language": source.language,
        "authors": [{"name": source.site_title, "url": source.base_url}],
    }
    if source.hub:
        feed["hubs"] = [{"type": "WebSub", "url": source.hub}]
    feed["items"] = [_item(entry) for entry in source.entries]
    return json.dumps(feed, ensure_ascii=False, indent=1).encode() + b"\n"


def _item(entry: FeedEntry) -> dict[str, object]:
    item: dict[str, object] = {
        "id": entry.identity,
        "url": entry.address,
        "title": entry.title,
        "content_html": entry.html,
        "summary": entry.summary,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "language": entry.language,
    }
    if entry.image:
        item["image"] = entry.image
    if entry.author:
        item["authors"] = [{"name": entry.author}]
    if entry.tags:
        item["tags"] = [name for _, name in entry.tags]
    return item

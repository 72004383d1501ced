"""Announcements with an index, tags and feeds in Pelican's own plain theme."""

SITENAME = "Offers"
SITEURL = "https://offers.example"
TIMEZONE = "UTC"
PATH = "content"
OUTPUT_PATH = "output"
THEME = "simple"
DEFAULT_PAGINATION = 20
FEED_ALL_ATOM = "feeds/all.atom.xml"
TAG_FEED_ATOM = "feeds/tag-{slug}.atom.xml"

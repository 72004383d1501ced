"""Content and snapshot → the public site, feeds, sealed statements and notices."""

from generator.campaigns import Audience, Campaign, CampaignText
from generator.content import Content, OfferPage, read_content
from generator.content_files import read_text
from generator.errors import GeneratorError
from generator.moments import Moment, parse_moment
from generator.pages import Page, PageText
from generator.publish import BadArtifact, Publication, RefusedOutput, publish
from generator.settings import Links, SiteSettings, StatementSettings
from generator.toml_text import parse_toml

__all__ = [
    "Audience",
    "BadArtifact",
    "Campaign",
    "CampaignText",
    "Content",
    "GeneratorError",
    "Links",
    "Moment",
    "OfferPage",
    "Page",
    "PageText",
    "Publication",
    "RefusedOutput",
    "SiteSettings",
    "StatementSettings",
    "parse_moment",
    "parse_toml",
    "publish",
    "read_content",
    "read_text",
]

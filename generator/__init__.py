"""Content and snapshot → the public site, feeds, sealed statements and notices."""

from generator.campaigns import Audience, Campaign, CampaignText
from generator.content import Content, OfferPage, read_content
from generator.content_files import read_text
from generator.errors import GeneratorError
from generator.links import LinkSecret, link_secret, parse_reference, shard_bits
from generator.moments import Moment, parse_moment
from generator.packs import PackError, PackReader, SealedRecord, open_record, pack_artifacts, seal
from generator.pages import Page, PageText
from generator.publish import BadArtifact, Publication, RefusedOutput, publish
from generator.records import Record, figures_without_day
from generator.settings import Links, SiteSettings, StatementSettings
from generator.site import site_artifacts
from generator.statement_page import StatementRenderer, statement_artifacts
from generator.toml_text import parse_toml

__all__ = [
    "Audience",
    "BadArtifact",
    "Campaign",
    "CampaignText",
    "Content",
    "GeneratorError",
    "LinkSecret",
    "Links",
    "Moment",
    "OfferPage",
    "PackError",
    "PackReader",
    "Page",
    "PageText",
    "Publication",
    "Record",
    "RefusedOutput",
    "SealedRecord",
    "SiteSettings",
    "StatementRenderer",
    "StatementSettings",
    "figures_without_day",
    "link_secret",
    "open_record",
    "pack_artifacts",
    "parse_moment",
    "parse_reference",
    "parse_toml",
    "publish",
    "read_content",
    "read_text",
    "seal",
    "shard_bits",
    "site_artifacts",
    "statement_artifacts",
]

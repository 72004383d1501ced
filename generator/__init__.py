"""Content and snapshot → the public site, feeds, sealed statements and notices."""

from generator.audience import SkipReason
from generator.campaign_checks import CampaignCheck
from generator.campaigns import Audience, Campaign, CampaignText
from generator.compiled import CompiledBody, compile_body
from generator.content import Content, OfferPage, read_content, read_program, read_sound_content
from generator.content_files import read_text
from generator.environment import accepted_language, environment, reader_language
from generator.errors import GeneratorError
from generator.formats import Formats, UnknownLanguage, direction, formats, known_language
from generator.former_packs import FORMER, former_packs, merged_index
from generator.links import LinkSecret, link_secret, parse_reference, shard_bits, unsubscribe_key
from generator.mail_addresses import plain_address
from generator.mail_layout import BrokenLayout
from generator.moments import Moment, parse_moment
from generator.new_tree import NewTree, Placed
from generator.notices import CampaignRenderer
from generator.offer_words import offer_words
from generator.packing import Packing, bits_of, packs_of
from generator.packs import INDEX, PackError, PackReader, open_record, seal
from generator.pages import Page, PageText
from generator.publish import ArtifactContent, BadArtifact, Publication, RefusedOutput, publish
from generator.records import Record, figures_without_day
from generator.sealed_shards import (
    SealedHead,
    SealedShard,
    sealed_bytes,
    sealed_head,
)
from generator.settings import Links, SiteSettings, StatementSettings
from generator.shown import PartnerText, Shown
from generator.site import site_artifacts
from generator.statement_csv import guarded, statement_csv
from generator.statement_page import StatementRenderer, statement_artifacts
from generator.statement_view import statement_view
from generator.unsubscribe_page import Step, UnsubscribePages, unsubscribe_pages
from generator.upload import ObjectHeaders, Store, headers_of, upload

__all__ = [
    "FORMER",
    "INDEX",
    "ArtifactContent",
    "Audience",
    "BadArtifact",
    "BrokenLayout",
    "Campaign",
    "CampaignCheck",
    "CampaignRenderer",
    "CampaignText",
    "CompiledBody",
    "Content",
    "Formats",
    "GeneratorError",
    "LinkSecret",
    "Links",
    "Moment",
    "NewTree",
    "ObjectHeaders",
    "OfferPage",
    "PackError",
    "PackReader",
    "Packing",
    "Page",
    "PageText",
    "PartnerText",
    "Placed",
    "Publication",
    "Record",
    "RefusedOutput",
    "SealedHead",
    "SealedShard",
    "Shown",
    "SiteSettings",
    "SkipReason",
    "StatementRenderer",
    "StatementSettings",
    "Step",
    "Store",
    "UnknownLanguage",
    "UnsubscribePages",
    "accepted_language",
    "bits_of",
    "compile_body",
    "direction",
    "environment",
    "figures_without_day",
    "formats",
    "former_packs",
    "guarded",
    "headers_of",
    "known_language",
    "link_secret",
    "merged_index",
    "offer_words",
    "open_record",
    "packs_of",
    "parse_moment",
    "parse_reference",
    "plain_address",
    "publish",
    "read_content",
    "read_program",
    "read_sound_content",
    "read_text",
    "reader_language",
    "seal",
    "sealed_bytes",
    "sealed_head",
    "shard_bits",
    "site_artifacts",
    "statement_artifacts",
    "statement_csv",
    "statement_view",
    "unsubscribe_key",
    "unsubscribe_pages",
    "upload",
]

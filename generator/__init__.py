"""Content and snapshot → the public site, feeds, sealed statements and notices."""

from generator.content.campaigns import Audience, Campaign, CampaignText
from generator.content.content import Content, OfferPage, read_content, read_program, read_sound_content
from generator.content.dates import Moment, parse_moment
from generator.content.files import read_text
from generator.content.pages import Page, PageText
from generator.errors import GeneratorError
from generator.notices.audience import SkipReason, plain_address
from generator.notices.body import CompiledBody, compile_body
from generator.notices.checks import CampaignCheck
from generator.notices.notices import CampaignRenderer
from generator.notices.templates import BrokenLayout
from generator.notices.unsubscribe import Step, UnsubscribePages, unsubscribe_pages
from generator.public.site import site_artifacts
from generator.publish import (
    ArtifactContent,
    BadArtifact,
    NewTree,
    Placed,
    Publication,
    RefusedOutput,
    publish,
)
from generator.settings import Links, SiteSettings, StatementSettings
from generator.statements.links import LinkSecret, link_secret, parse_reference, shard_bits, unsubscribe_key
from generator.statements.packing import (
    Packing,
    SealedHead,
    SealedShard,
    bits_of,
    packs_of,
    sealed_bytes,
    sealed_head,
)
from generator.statements.packs import (
    FORMER,
    INDEX,
    PackError,
    PackReader,
    former_packs,
    merged_index,
    open_record,
    seal,
)
from generator.statements.page import StatementRenderer, statement_artifacts
from generator.statements.record import Record, figures_without_day
from generator.statements.table import guarded, statement_csv
from generator.statements.view import offer_words, statement_view
from generator.templating.environment import accepted_language, environment, reader_language
from generator.templating.formats import Formats, UnknownLanguage, direction, formats, known_language
from generator.templating.values import PartnerText, Shown
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

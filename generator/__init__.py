"""The generator: content and snapshot → the public site, feeds, encrypted statement packs and notices."""

from typing import TYPE_CHECKING

from rewards.faces import lazy_face

if TYPE_CHECKING:
    from generator.content.campaigns import Campaign
    from generator.content.content import (
        Content,
        PageSource,
        page_sources,
        read_content,
        read_program,
        read_sound_content,
        text_results,
        with_unpublished,
    )
    from generator.content.front_matter import parse_document
    from generator.errors import GeneratorError
    from generator.headers import (
        PREVIEW_HEADERS,
        REPORT_POLICY,
        ObjectHeaders,
        frame_headers,
        preview_policy,
        previewed_by,
        statement_frame_headers,
        studio_headers,
    )
    from generator.languages import accepted_language
    from generator.notices.checks import CampaignCheck
    from generator.notices.layouts import UnsubscribePages, UnsubscribeStep, unsubscribe_pages
    from generator.notices.notices import CampaignRenderer, NoticeFacts
    from generator.public.cards import draw_card, draw_cards
    from generator.public.examples import compute_example, show_example
    from generator.public.pictures import drawing_refusal
    from generator.public.renditions import clean_picture
    from generator.public.site import SinglePage, single_page, site_artifacts, site_remarks, small_pictures
    from generator.publish import (
        ArtifactContent,
        NewTree,
        PlacedFile,
        Publication,
        exchange_in_one_step,
        publish_tree,
    )
    from generator.settings import SiteSettings, StatementSettings
    from generator.statements.links import (
        LinkSecret,
        link_secret,
        parse_reference,
        shard_bits,
        unsubscribe_key,
    )
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
        FORMER_FOLDER,
        PACKS_INDEX,
        PackError,
        PackReader,
        SealedRecord,
        former_packs,
        merged_index,
        seal,
    )
    from generator.statements.page import StatementRenderer, statement_artifacts
    from generator.statements.record import figures_without_day
    from generator.statements.view import level_names, offer_words
    from generator.templating.environment import environment
    from generator.templating.formats import formats
    from generator.templating.kept_files import KeptFiles
    from generator.templating.kept_results import TEXT_RESULTS, TextResults, cache_bytes, cached_value
    from generator.templating.values import PartnerText
else:
    __getattr__, __all__ = lazy_face(__name__)

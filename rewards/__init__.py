"""The rules of a partner program: money, days, offers, statements. No files, clock, network or templates."""

from typing import TYPE_CHECKING

from rewards.faces import lazy_face

if TYPE_CHECKING:
    from rewards.account import Account, Credit, Partner, Sale, Subscription, csv_table, guarded
    from rewards.addresses import (
        Mailbox,
        address_fault,
        address_key,
        address_list,
        bare_address,
        parse_mailbox,
        plain_address,
        sendable,
        wire_address,
    )
    from rewards.canonical import canonical_json
    from rewards.days import add_months, day_in_zone, day_text, parse_day, time_zone
    from rewards.faults import (
        Fault,
        Faulty,
        KeyPath,
        RewardsError,
        Severity,
        Source,
        required,
        suggestion,
        validated,
    )
    from rewards.fields import Pick, parse_toml
    from rewards.money import (
        MINOR_UNITS,
        Money,
        UnknownCurrency,
        format_amount,
        minor_units,
        parse_amount,
        round_half_away,
    )
    from rewards.notice import Attachment, Category, Notice, Window, WindowSettings, parse_window
    from rewards.offers.bonus import BonusEntry, BonusRule, BonusTerms
    from rewards.offers.cashback import CashbackEntry, CashbackRule, CashbackTerms
    from rewards.offers.entry import Entry, EntryField, published_fields, read_back
    from rewards.offers.extension import ExtensionEntry, ExtensionTerms
    from rewards.offers.free_subscription import (
        FreeSubscriptionEntry,
        FreeSubscriptionTerms,
        HeldSubscription,
    )
    from rewards.offers.kinds import KIND_OF_LIST, KINDS
    from rewards.offers.level_quota import LevelEntry, LevelQuotaTerms
    from rewards.offers.offer import Offer, parse_offer
    from rewards.offers.terms import Cell, LevelId, OfferTerms, OnDay, TermRow, Word
    from rewards.program import Program, parse_program
    from rewards.rates import Rates
    from rewards.statements.conservation import (
        Conserved,
        LedgerTotals,
        NotConserved,
        Tally,
        Total,
        conserved_json,
        equations,
        require_conserved,
    )
    from rewards.statements.corrections import Difference, differences
    from rewards.statements.derivation import derive
    from rewards.statements.effects import Effect, Shift, compute_effect
    from rewards.statements.journal import JournalLine, journal_lines, journal_sums
    from rewards.statements.policy import (
        Policy,
        Rules,
        changed_offers,
        frozen_rules,
        rules_on,
        running_offers,
        thawed_rules,
    )
    from rewards.statements.statement import (
        LISTS,
        CountedLine,
        LineGroup,
        Months,
        Statement,
        compute_statement,
        counted_lines,
        month_starts,
        monthly_sales,
        statement_json,
        told_statement,
        totals,
    )
else:
    __getattr__, __all__ = lazy_face(__name__)

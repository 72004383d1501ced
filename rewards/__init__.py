"""The rules of a partner program: money, days, offers, statements. No files, clock, network or templates."""

from rewards.account import Account, Credit, Partner, Sale, Subscription
from rewards.bonus import BonusEntry, BonusRule, BonusTerms
from rewards.cashback import CashbackEntry, CashbackRule
from rewards.cashback_terms import CashbackTerms
from rewards.conservation import (
    Conserved,
    LedgerTotals,
    NotConserved,
    Tally,
    Total,
    conserved_json,
    equations,
    require_conserved,
)
from rewards.corrections import Difference, differences
from rewards.currencies import MINOR_UNITS
from rewards.days import add_months, day_in_zone, day_text, parse_day, time_zone
from rewards.derivation import derive
from rewards.extension import ExtensionEntry, ExtensionTerms
from rewards.faults import Fault, Faulty, KeyPath, RewardsError, Severity, Source, suggestion, validated
from rewards.free_subscription import FreeSubscriptionEntry, FreeSubscriptionTerms, HeldSubscription
from rewards.journal import CreditIdTaken, JournalLine, journal_lines, journal_sums
from rewards.kinds import KINDS
from rewards.level_quota import LevelEntry, LevelQuotaTerms
from rewards.money import (
    Money,
    UnknownCurrency,
    UnlikeCurrencies,
    format_amount,
    minor_units,
    parse_amount,
    round_half_away,
)
from rewards.months import Months, month_starts, monthly_sales
from rewards.notice import Attachment, Category, Notice
from rewards.offers import Amendment, Offer, Version, parse_offer
from rewards.policy import Policy, Rules, rules_on
from rewards.program import Level, Program, parse_program
from rewards.rates import RateRow, Rates
from rewards.rule import Entry
from rewards.statement import (
    LISTS,
    Statement,
    assigned_level,
    canonical_json,
    compute_statement,
    statement_json,
    totals,
)
from rewards.steps import rate_text
from rewards.term_rows import Cell, Headline, LevelId, OnDay, TermRow, Value, Word
from rewards.terms import OfferTerms
from rewards.told_statement import told_statement
from rewards.toml_text import parse_toml
from rewards.window import Window, WindowSettings, parse_window

__all__ = [
    "KINDS",
    "LISTS",
    "MINOR_UNITS",
    "Account",
    "Amendment",
    "Attachment",
    "BonusEntry",
    "BonusRule",
    "BonusTerms",
    "CashbackEntry",
    "CashbackRule",
    "CashbackTerms",
    "Category",
    "Cell",
    "Conserved",
    "Credit",
    "CreditIdTaken",
    "Difference",
    "Entry",
    "ExtensionEntry",
    "ExtensionTerms",
    "Fault",
    "Faulty",
    "FreeSubscriptionEntry",
    "FreeSubscriptionTerms",
    "Headline",
    "HeldSubscription",
    "JournalLine",
    "KeyPath",
    "LedgerTotals",
    "Level",
    "LevelEntry",
    "LevelId",
    "LevelQuotaTerms",
    "Money",
    "Months",
    "NotConserved",
    "Notice",
    "Offer",
    "OfferTerms",
    "OnDay",
    "Partner",
    "Policy",
    "Program",
    "RateRow",
    "Rates",
    "RewardsError",
    "Rules",
    "Sale",
    "Severity",
    "Source",
    "Statement",
    "Subscription",
    "Tally",
    "TermRow",
    "Total",
    "UnknownCurrency",
    "UnlikeCurrencies",
    "Value",
    "Version",
    "Window",
    "WindowSettings",
    "Word",
    "add_months",
    "assigned_level",
    "canonical_json",
    "compute_statement",
    "conserved_json",
    "day_in_zone",
    "day_text",
    "derive",
    "differences",
    "equations",
    "format_amount",
    "journal_lines",
    "journal_sums",
    "minor_units",
    "month_starts",
    "monthly_sales",
    "parse_amount",
    "parse_day",
    "parse_offer",
    "parse_program",
    "parse_toml",
    "parse_window",
    "rate_text",
    "require_conserved",
    "round_half_away",
    "rules_on",
    "statement_json",
    "suggestion",
    "time_zone",
    "told_statement",
    "totals",
    "validated",
]

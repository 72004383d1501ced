"""The mailer.

Freezes notices into a batch and sends an approved one, handing each partner over at most once.
"""

from typing import TYPE_CHECKING

from rewards.faces import lazy_face

if TYPE_CHECKING:
    from mailer.addresses import Mailbox, address_digest, is_digest, parse_mailbox, sendable
    from mailer.batch.batch import Batch, FrozenMessage, Recipient, batch_file
    from mailer.batch.deflating import Deflated, Deflating, Prepared, dictionary_of
    from mailer.batch.freezing import erase_messages, freeze, freeze_deflated, prepared
    from mailer.batch.header import (
        BatchHeader,
        Totals,
        instant_text,
        message_key,
        notice_digest,
        with_own_headers,
    )
    from mailer.batch.mime import message_bytes
    from mailer.batch.unsubscribing import Tokens, Unsubscribing
    from mailer.delivery.delivery import check_sendable, deliver, start_late, stop_on_signals
    from mailer.delivery.fencing import Fences, Withdrawal, withdraw
    from mailer.delivery.patience import Patience
    from mailer.delivery.retries import Settlement, Timing, backoff, next_depth, settlement, timing
    from mailer.delivery.run import Delivery
    from mailer.delivery.warm_up import Allowance, allowance
    from mailer.errors import (
        ApprovalRefused,
        BatchError,
        BatchTampered,
        ConfigurationError,
        DecisionRefused,
        FenceRefused,
        LostPlans,
        MailerError,
        NotApproved,
        NotDue,
        OtherDigest,
        OutboxError,
        OutboxOwned,
        OutboxRestored,
        PlanCancelled,
        PlanPaused,
        SendRefused,
        TooLate,
        UnknownPlan,
    )
    from mailer.events.events import (
        FATES,
        SUPPRESSES,
        Event,
        EventKind,
        fate,
        placed,
        rank_of,
        without_addresses,
    )
    from mailer.events.inboxes import ImapInbox, Inbox, InboxError, MaildirInbox
    from mailer.events.sendgrid import Read, read_events
    from mailer.outbox.database import Sender, sole_sender
    from mailer.outbox.erasing import Erased, is_pseudonym, pseudonym
    from mailer.outbox.fates import Account, Addressed, EventHour, EventRecord, Failure
    from mailer.outbox.intake import Intake
    from mailer.outbox.moves import Claimant, Turn
    from mailer.outbox.outbox import Outbox, fates_json, outbox_file, status_json
    from mailer.outbox.records import Handed, NoticeAt, PlanRecord, Told
    from mailer.rules.approval import Approval
    from mailer.rules.fences import Fence, FenceProvider
    from mailer.rules.pace import Openings, domain_of, longest_wait, opening, rate_of, room
    from mailer.rules.states import HANDED, TRANSITIONS, Cause, Status
    from mailer.rules.suppression import Suppressed, Suppression, SuppressionReason, skip_reason
    from mailer.rules.windows import next_opening
    from mailer.settings import (
        DkimSettings,
        GroupSettings,
        MailSettings,
        RetrySettings,
        SendGridSettings,
        SmtpSettings,
        TransportName,
        UnsubscribeSettings,
        WarmUpSettings,
    )
    from mailer.transports import (
        DEFAULT_BASE_URL,
        Attempt,
        Connection,
        FolderTransport,
        Outcome,
        SendGridTransport,
        Signer,
        SmtpServer,
        SmtpTransport,
        Timeouts,
        Transport,
        parse_smtp_url,
        signer,
    )
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "DEFAULT_BASE_URL",
    "FATES",
    "HANDED",
    "SUPPRESSES",
    "TRANSITIONS",
    "Account",
    "Addressed",
    "Allowance",
    "Approval",
    "ApprovalRefused",
    "Attempt",
    "Batch",
    "BatchError",
    "BatchHeader",
    "BatchTampered",
    "Cause",
    "Claimant",
    "ConfigurationError",
    "Connection",
    "DecisionRefused",
    "Deflated",
    "Deflating",
    "Delivery",
    "DkimSettings",
    "Erased",
    "Event",
    "EventHour",
    "EventKind",
    "EventRecord",
    "Failure",
    "Fence",
    "FenceProvider",
    "FenceRefused",
    "Fences",
    "FolderTransport",
    "FrozenMessage",
    "GroupSettings",
    "Handed",
    "ImapInbox",
    "Inbox",
    "InboxError",
    "Intake",
    "LostPlans",
    "MailSettings",
    "Mailbox",
    "MaildirInbox",
    "MailerError",
    "NotApproved",
    "NotDue",
    "NoticeAt",
    "Openings",
    "OtherDigest",
    "Outbox",
    "OutboxError",
    "OutboxOwned",
    "OutboxRestored",
    "Outcome",
    "Patience",
    "PlanCancelled",
    "PlanPaused",
    "PlanRecord",
    "Prepared",
    "Read",
    "Recipient",
    "RetrySettings",
    "SendGridSettings",
    "SendGridTransport",
    "SendRefused",
    "Sender",
    "Settlement",
    "Signer",
    "SmtpServer",
    "SmtpSettings",
    "SmtpTransport",
    "Status",
    "Suppressed",
    "Suppression",
    "SuppressionReason",
    "Timeouts",
    "Timing",
    "Tokens",
    "Told",
    "TooLate",
    "Totals",
    "Transport",
    "TransportName",
    "Turn",
    "UnknownPlan",
    "UnsubscribeSettings",
    "Unsubscribing",
    "WarmUpSettings",
    "Withdrawal",
    "address_digest",
    "allowance",
    "backoff",
    "batch_file",
    "check_sendable",
    "deliver",
    "dictionary_of",
    "domain_of",
    "erase_messages",
    "fate",
    "fates_json",
    "freeze",
    "freeze_deflated",
    "instant_text",
    "is_digest",
    "is_pseudonym",
    "longest_wait",
    "message_bytes",
    "message_key",
    "next_depth",
    "next_opening",
    "notice_digest",
    "opening",
    "outbox_file",
    "parse_mailbox",
    "parse_smtp_url",
    "placed",
    "prepared",
    "pseudonym",
    "rank_of",
    "rate_of",
    "read_events",
    "room",
    "sendable",
    "settlement",
    "signer",
    "skip_reason",
    "sole_sender",
    "start_late",
    "status_json",
    "stop_on_signals",
    "timing",
    "with_own_headers",
    "withdraw",
    "without_addresses",
]

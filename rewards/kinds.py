"""The kinds of offers: a new one is its own module and a line here."""

from rewards.bonus import BONUS
from rewards.cashback import CASHBACK
from rewards.extension import EXTENSION
from rewards.free_subscription import FREE_SUBSCRIPTION
from rewards.level_quota import LEVEL_QUOTA
from rewards.rule import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (LEVEL_QUOTA, CASHBACK, EXTENSION, FREE_SUBSCRIPTION, BONUS)
}
"""By the `kind` of the front matter, in the order of computing: allowances ask for the levels attained."""

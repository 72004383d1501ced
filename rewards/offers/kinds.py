"""The kinds of offers: a new one is its own module and a line here."""

from rewards.offers.bonus import BONUS
from rewards.offers.cashback import CASHBACK
from rewards.offers.extension import EXTENSION
from rewards.offers.free_subscription import FREE_SUBSCRIPTION
from rewards.offers.kind import Kind
from rewards.offers.level_quota import LEVEL_QUOTA

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (LEVEL_QUOTA, CASHBACK, EXTENSION, FREE_SUBSCRIPTION, BONUS)
}
"""By the `kind` of the front matter, in the order of computing: allowances ask for the levels attained."""

KIND_OF_LIST: dict[str, Kind] = {kind.list: kind for kind in KINDS.values()}
"""By the list of a statement that holds its entries."""

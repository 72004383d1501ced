"""What people do on the screens. Each calls the function of the command of the same name, and adds no rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from offerpress.studio.desk import Visit
from offerpress.studio.door import invite, remove
from offerpress.studio.office_pages import check_channels


@dataclass(frozen=True, slots=True)
class Done:
    """What follows an action: the address to go to, or words to show once, such as a link."""

    to: str = "/"
    title: str = ""
    show: tuple[str, ...] = ()
    link: str = ""


def _check(visit: Visit) -> Done:
    check_channels(visit)
    return Done("/finance#check")


def _invite(visit: Visit) -> Done:
    name, link = invite(visit)
    words = (
        f"Give this link to {name} and to nobody else. It is shown only now, works once, and ends after 7 days.",
    )
    return Done("/people", f"{name} is invited", words, link)


def _remove(visit: Visit) -> Done:
    remove(visit)
    return Done("/people")


ACTIONS: Mapping[str, Callable[[Visit], Done]] = {
    "/finance/check": _check,
    "/people/invite": _invite,
    "/people/remove": _remove,
}

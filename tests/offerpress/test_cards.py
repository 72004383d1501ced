"""The pictures of shared links, of which a first build draws many in several processes."""

import pytest

from generator.public.cards import draw_card
from offerpress.build.pipeline import drawn_cards
from offerpress.build.workers import choose_workers, in_process
from rewards import Faulty

MANY, FEW = 130, 20
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{number}" height="40"><rect width="9" height="9"/></svg>'
)


@pytest.fixture(autouse=True)
def _nothing_drawn() -> None:
    """Let this process know no picture, as a new one does."""
    draw_card.cache_clear()


def cards_of(count: int) -> dict[str, str]:
    """So many cards by their paths, each of another width."""
    return {f"card-{number}.png": SVG.format(number=10 + number) for number in range(count)}


def test_many_cards_are_drawn_by_processes() -> None:
    """Every path has the picture that this process would draw, which draws none itself."""
    drawn = drawn_cards(cards_of(MANY), choose_workers(2))
    assert draw_card.cache_info().misses == 0
    assert drawn == {path: draw_card(svg) for path, svg in cards_of(MANY).items()}


def test_few_cards_start_no_process() -> None:
    """Few cards, and those of a build with one process, are drawn by this one."""
    assert drawn_cards({}, choose_workers(2)) == {}
    assert len(drawn_cards(cards_of(FEW), choose_workers(2))) == draw_card.cache_info().misses == FEW
    assert len(drawn_cards(cards_of(MANY), in_process)) == draw_card.cache_info().currsize == MANY


@pytest.mark.parametrize("count", [MANY, FEW])
def test_a_card_that_cannot_be_drawn(count: int) -> None:
    """A well-formed SVG without a size is a fault that names the picture and the template, wherever it is drawn."""
    cards = cards_of(count) | {"card-bad.png": SVG.format(number=0)}
    with pytest.raises(Faulty) as caught:
        drawn_cards(cards, choose_workers(2))
    fault = caught.value.faults[0]
    assert ("templates/site/card.svg", "correct the SVG") == (fault.file, fault.remedy)
    assert "card-bad.png" in fault.what

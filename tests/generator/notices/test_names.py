"""Names in campaigns are checked in every branch before anything is rendered."""

import pytest

from generator.notices.body import check_line, compile_body
from rewards import Fault

OFFERS = ("cashback-2023", "extension")


def name_faults(source: str) -> list[str]:
    """What is wrong with a body, as text."""
    faults: list[Fault] = []
    compile_body(source, "c.md", 1, faults, offers=OFFERS)
    return [str(fault) for fault in faults]


@pytest.mark.parametrize(
    ("source", "line", "wrong", "right"),
    [
        ("a\n\n{{ partner.nmae }}", 3, "'nmae'", "'name'"),
        ("a\n\n{{ parnter.name }}", 3, "'parnter'", "'partner'"),
        ("{% if partner.country == 'NO' %}\n{{ statement.extension }}\n{% endif %}", 2, "'extension'", "'extensions'"),
        ("{% for e in statement.cashback %}\n- {{ e.ammount }}\n{% endfor %}", 2, "'ammount'", "'amount'"),
        ("{% for e in statement.cashback|sort %}{{ e.ammount }}{% endfor %}", 1, "'ammount'", "'amount'"),
        ("{{ (statement.cashback|first).ammount }}", 1, "'ammount'", "'amount'"),
        ("{{ statement.cashback[0].ammount }}", 1, "'ammount'", "'amount'"),
        ("{% for c, a in statement.total.items() %}{{ a.rwa }}{% endfor %}", 1, "'rwa'", "'raw'"),
        ("{% for a in statement.total.values() %}{{ a.rwa }}{% endfor %}", 1, "'rwa'", "'raw'"),
        ("{% set e = statement.levels[0] %}{{ e.next_leval }}", 1, "'next_leval'", "'next_level'"),
        ("{{ statement.free_subscriptions[0].subscriptions[0].id }}", 1, "'id'", "known are"),
        ("{{ plural(3, on='a', other='b') }}", 1, "'on'", "'one'"),
        ("{{ plural(3, one='a') }}", 1, "'other'", "plural(NUMBER"),
        ("{{ offers['cashback-2032'].title }}", 1, "'cashback-2032'", "'cashback-2023'"),
        ("{{ offers['extension'].titel }}", 1, "'titel'", "'title'"),
        ("{% for o in offers.values() %}{{ o.titel }}{% endfor %}", 1, "'titel'", "'title'"),
        ("{{ site.titel }}", 1, "'titel'", "'title'"),
        ("{{ site.links.forun }}", 1, "'forun'", "'forum'"),
        ("{{ as_of.rwa }}", 1, "'rwa'", "'raw'"),
        ("{{ partner.name if partner.nmae else '' }}", 1, "'nmae'", "'name'"),
        ("{{ ('x' ~ partner.nmae)|upper }}", 1, "'nmae'", "'name'"),
        ("{{ [partner.nmae]|length }}", 1, "'nmae'", "'name'"),
        ("{{ partner.count }}", 1, "'count'", "'country'"),
        ("{% with p = partner %}{{ p.nmae }}{% endwith %}", 1, "'nmae'", "'name'"),
    ],
)  # fmt: skip
def test_misspelt_names_are_told_with_line_and_suggestion(
    source: str, line: int, wrong: str, right: str
) -> None:
    """A name that no partner has is a fault with line and suggestion, also where no sample would reach."""
    assert any(
        fault.startswith(f"c.md:{line}:") and wrong in fault and right in fault
        for fault in name_faults(source)
    ), name_faults(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ partner.id }} {{ partner.name }} {{ partner.contact_name }} {{ partner.email }}",
        "{{ partner.level }} {{ partner.language }} {{ partner.country }} {{ partner.currency }}",
        "{{ link }} {{ reference }} {{ as_of }}",
        "{{ as_of.raw }} {{ site.title }} [home]({{ site.base_url }}) {{ site.links.social }}",
        "{% for currency, amount in statement.total.items() %}{{ currency }} {{ amount.raw }}{% endfor %}",
        "{{ statement.total.EUR }} {{ statement.total['EUR'].raw }}",
        "{% for e in statement.cashback %}{{ loop.index }} {{ offers[e.offer].title }}{% endfor %}",
        "{% for e in statement.cashback if e.to_credit > 0 %}{{ e.amount }}{% else %}none{% endfor %}",
        "[offer]({{ offers['extension'].url }})",
        "{% for o in offers.values() %}[{{ o.title }}]({{ o.url }}) {% endfor %}",
        "{{ partner.name.upper() }} {{ (partner.contact_name or partner.name)|upper }}",
        "{% set n = namespace(total=0) %}{% set n.total = 1 %}{{ n.total }} {{ range(3)|list }}",
        "{{ statement.cashback|map(attribute='amount')|join(', ') }}",
        "{{ statement.cashback|length }} {{ statement.extensions|selectattr('offer')|list|length }}",
    ],
)
def test_right_names_have_no_fault(source: str) -> None:
    """Everything that campaigns may name is accepted, in loops, filters, conditions and assignments."""
    assert name_faults(source) == []


def test_faults_of_a_subject_name_their_field() -> None:
    """A subject's fault has the line and the key of the front matter."""
    faults: list[Fault] = []
    check_line("Hi {{ partner.nmae }}", "c.md", 2, "subject", faults)
    assert [(fault.line, fault.field) for fault in faults] == [(2, "subject")]

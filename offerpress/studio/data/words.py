"""What tables, columns, forms and kinds of faults are called on the screens, and what a person can do about a fault."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from offerpress.studio.state.studio import Context
from rewards import Fault

TABLE_WORDS: Mapping[str, tuple[str, str]] = {
    "partners": ("Partners", "Who takes part: number, name, address, currency, level"),
    "sales": ("Sales", "What each partner sold, and what was taken back"),
    "subscriptions": ("Subscriptions", "What runs until when"),
    "credits": ("Credits", "What was credited already"),
    "rates": ("Exchange rates", "Only if sales have other currencies than the program"),
    "levels": ("Levels by day", "Only if partners changed their level"),
}
"""The name of each table, and what it holds."""

COLUMN_WORDS: Mapping[str, str] = {
    "partner_id": "Number of the partner",
    "name": "Name of the company",
    "email": "Address for mail",
    "currency": "Currency",
    "level": "Level",
    "language": "Language",
    "country": "Country",
    "timezone": "Time zone",
    "status": "Active or closed",
    "contact_name": "Name of the contact",
    "cc": "Copy of mails to",
    "manager_name": "Name of the manager",
    "manager_email": "Address of the manager",
    "merged_into": "Number of the partner it was merged into",
    "sale_id": "Number of the sale",
    "sold_on": "Day of the sale",
    "amount": "Amount",
    "product": "Product",
    "refund_of": "Number of the sale that is taken back",
    "kind": "Kind of sale",
    "subscription_id": "Number of the subscription",
    "plan": "Plan",
    "expires_on": "Last day",
    "started_on": "First day",
    "customer": "Customer",
    "credit_id": "Number of the credit",
    "offer": "Offer",
    "credited_on": "Day of the credit",
    "on": "Day",
    "from": "From",
    "to": "To",
    "rate": "Rate",
}

ENCODING_WORDS: Mapping[str, str] = {
    "utf-8": "Unicode (UTF-8)",
    "utf-16": "Unicode (UTF-16)",
    "utf-16-le": "Unicode (UTF-16, little-endian)",
    "utf-16-be": "Unicode (UTF-16, big-endian)",
    "cp1252": "Western European (Windows-1252)",
    "iso8859-15": "Western European (ISO 8859-15)",
    "cp850": "Western European (DOS 850)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1256": "Arabic (Windows-1256)",
    "cp932": "Japanese (Shift JIS)",
    "gb18030": "Chinese (GB 18030)",
}
DELIMITER_WORDS: Mapping[str, str] = {
    "": "as found",
    ",": "comma ,",
    ";": "semicolon ;",
    "\t": "tabulator",
    "|": "bar |",
}
DAY_WORDS: Mapping[str, str] = {
    "": "2023-12-31 (year-month-day)",
    "%d.%m.%Y": "31.12.2023 (day.month.year)",
    "%d/%m/%Y": "31/12/2023 (day/month/year)",
    "%m/%d/%Y": "12/31/2023 (month/day/year)",
    "%d-%m-%Y": "31-12-2023 (day-month-year)",
    "%m-%d-%Y": "12-31-2023 (month-day-year)",
    "%Y/%m/%d": "2023/12/31 (year/month/day)",
    "%Y.%m.%d": "2023.12.31 (year.month.day)",
    "%Y%m%d": "20231231 (without marks)",
    "serial": "45291 (the number of the day in a spreadsheet)",
    "serial-1904": "43829 (the number of the day, counted from 1904)",
}
DECIMAL_WORDS: Mapping[str, str] = {
    "": "1234.56, digits and a point only",
    ".": "1234.56, also with signs such as € and ( )",
    ",": "1234,56, also with signs such as € and ( )",
}
GROUP_WORDS: Mapping[str, str] = {
    "": "1234 (no sign)",
    ".": "1.234 (point)",
    ",": "1,234 (comma)",
    " ": "1 234 (space)",
    "'": "1'234 (apostrophe)",
}

_CURES: Mapping[str, str] = {
    "encoding": "choose another encoding in the step “File”",
    "missing column": "choose in the step “Columns” where it stands",
    "missing part": "choose the columns again in the step “Columns”",
    "unmapped column": "choose it in the step “Columns”, or write there that it is something else",
    "two names": "choose one of them in the step “Columns”",
    "constant": "choose in the step “Columns” where it stands, or leave what is the same for every row",
    "unknown column": "choose it in the step “Columns” if it is one of ours; otherwise nothing need be done",
    "undeclared form": "choose its form in the step “Days, numbers and words”, or correct the file",
    "bad day": "choose its form in the step “Days, numbers and words”, or correct the file",
    "bad instant": "choose its form in the step “Days, numbers and words”, or correct the file",
    "bad amount": "choose its form in the step “Days, numbers and words”, or correct the file",
    "bad rate": "choose its form in the step “Days, numbers and words”, or correct the file",
    "unknown status": "say what it means in the step “Days, numbers and words”",
    "unknown plan": "say what it means in the step “Days, numbers and words”",
    "unknown level": "say what it means in the step “Days, numbers and words”, or add the level to the program",
    "unknown currency": "say what it means in the step “Days, numbers and words”",
    "other serials": "choose the days counted from 1904 in the step “Days, numbers and words”",
    "ragged row": "leave it out in the step “Rows”, or correct the file",
    "no end": "bring a whole export, or change the step “Rows”",
    "left out": "change the step “Rows”: this row has all values",
    "totals": "leave it out in the step “Rows”",
    "missing file": "bring the file",
    "control total": "bring a new export, or correct the control total",
    "source": "look at the step “File”",
}
"""What a person does about a kind of fault whose remedy in words of the settings would not help on a screen."""

_SETTINGS = (" = ", "[data", "declare ", "offerpress.toml")
_MOST_SHOWN = 3


def sorted_by_kind(faults: Iterable[Fault]) -> list[Context]:
    """Return the faults by kind, the largest first: the words, the number of rows, and the first of them."""
    keyed = sorted(faults, key=lambda one: (one.rule or "other", one.field, one.file))
    groups: list[Context] = []
    for (rule, field, _), found in groupby(keyed, key=lambda one: (one.rule or "other", one.field, one.file)):
        each = list(found)
        groups.append(
            {
                "kind": rule[:1].upper() + rule[1:],
                "column": COLUMN_WORDS.get(field, field),
                "file": each[0].file,
                "rows": len(each),
                "remedy": remedy_words(each[0]),
                "shown": [{"row": one.row, "what": what_words(one)} for one in each[:_MOST_SHOWN]],
                "more": max(0, len(each) - _MOST_SHOWN),
            }
        )
    return sorted(groups, key=lambda one: (-int(str(one["rows"])), str(one["kind"])))


def remedy_words(fault: Fault) -> str:
    """Return what a person does about a fault, in words of the screens."""
    if fault.rule in _CURES:
        return _CURES[fault.rule]
    return "" if any(word in fault.remedy for word in _SETTINGS) else fault.remedy


def what_words(fault: Fault) -> str:
    """Return what is wrong, in words of the screens."""
    words = fault.what
    for setting, said in (
        ("stop_at", "the text at which the table ends"),
        ("skip_last", "the number of rows left out at the end"),
        ("dates declares", "was chosen for days"),
        ("values declares", "you gave a meaning"),
        ("columns names", "the step “Columns” names"),
    ):
        words = words.replace(setting, said)
    return words.replace(" in [data] too", " for every row too")

"""What somebody made of an offer's terms, as the bytes of the file: changed terms, or an amendment from a day on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from offerpress.studio.offers.amending import day_of, values_in_force, with_amendment
from offerpress.studio.state.studio import NotDone, NotThere, Visit
from offerpress.studio.writing.front_form import FormField, FormMaker, changed_fields
from offerpress.studio.writing.typed_texts import options_of, top_values
from offerpress.writing.drafts import TextDraft
from offerpress.writing.fields import FieldValue, changed_keys
from offerpress.writing.paths import ContentPath, content_path
from offerpress.writing.texts import OpenFile, open_for
from offerpress.writing.versions import text_of
from offerpress.writing.yaml_edits import Removed
from rewards import KINDS, OfferTerms, day_text, parse_day
from rewards.offers.offer import OfferFront

FormMode = Literal["amend", "terms"]


@dataclass(frozen=True)
class OfferForm:
    """An offer's file as it was opened, and the form of a visit over it.

    `mode` is `amend` once the offer is announced: then the fields show the terms in force on `shown_on`, an ordinal.
    """

    visit: Visit
    path: ContentPath
    base: bytes
    opened: str
    mode: FormMode
    shown_on: int
    draft: TextDraft | None
    others: tuple[str, ...]

    @property
    def has_draft(self) -> bool:
        """Whether the person has a draft that the editor kept, not this form."""
        return self.draft is not None and not self.draft.form

    @property
    def slug(self) -> str:
        """The name of the offer."""
        return self.path.path.stem

    @property
    def raw(self) -> Mapping[str, object]:
        """The fields of the file as they are written."""
        return raw_of(self.path, self.base)

    @property
    def model(self) -> type[OfferTerms]:
        """The terms of the offer's kind."""
        return KINDS[str(self.raw["kind"])].terms

    @cached_property
    def shown(self) -> Mapping[str, object]:
        """The values that the fields show."""
        return self.raw if self.mode == "terms" else values_in_force(self.raw, self.model, self.shown_on)

    @cached_property
    def fields(self) -> tuple[FormField, ...]:
        """The fields as the file has them."""
        return self.fields_of(self.shown)

    def fields_of(self, values: Mapping[str, object]) -> tuple[FormField, ...]:
        """Return the fields with these values."""
        made = FormMaker(options_of(self.visit))
        front = made.fields(OfferFront, values) if self.mode == "terms" else ()
        return (*front, *made.fields(self.model, values))

    @property
    def day(self) -> str:
        """The day from which the person wants the terms to change."""
        return self.visit.query.get("from", "").strip() or day_text(self.shown_on)

    @property
    def begins(self) -> int:
        """The same day as an ordinal, the shown one while it is no real day."""
        return day_of(self.day) or self.shown_on

    @property
    def note(self) -> str:
        """What the person wrote about the change."""
        return " ".join(self.visit.query.get("note", "").split())

    @cached_property
    def typed(self) -> Mapping[str, object]:
        """The values of the fields as the person changed them."""
        values = dict(self.shown)
        for key, value in self._changes().items():
            if isinstance(value, Removed):
                values.pop(key, None)
            else:
                values[key] = value
        return values

    @property
    def is_changed(self) -> bool:
        """Whether the person changed a field."""
        return bool(self._changes())

    @cached_property
    def content(self) -> bytes:
        """The bytes of the file with the change. Raises `NotDone` and `WritingRefused`."""
        changes = self._changes()
        if not changes:
            return self.base
        if self.mode == "amend":
            try:
                parse_day(self.day)
            except ValueError as error:
                raise NotDone(f"From which day on? {error}.") from error
            return changed_keys(
                self.base,
                self.path.name,
                {"amendments": with_amendment(self.raw, self.day, self.note, changes)},
            )
        return changed_keys(self.base, self.path.name, changes)

    def _changes(self) -> Mapping[str, FieldValue | Removed]:
        changed = changed_fields(self.fields, self.visit.query) if "opened" in self.visit.query else {}
        return top_values(self.shown, changed)


def raw_of(path: ContentPath, content: bytes) -> Mapping[str, object]:
    """Return the fields of an offer's file. Raises `NotThere` where they cannot be read as an offer."""
    raw = OpenFile(path, content, "").values
    if raw is None or str(raw.get("kind", "")) not in KINDS:
        raise NotThere(
            "The fields of this offer cannot be read. Open it in the editor and correct them there."
        )
    return raw


def offer_form(visit: Visit) -> OfferForm:
    """Return the form that a visit opens, with what the person typed and did not save, or sends."""
    path = content_path(visit.site, visit.query.get("file", ""))
    if path.room != "offers" or "." in path.path.stem:
        raise NotThere("There is no such offer.")
    found = open_for(visit.site, path, visit.person.person, visit.now)
    if found.draft and found.draft.form and "opened" not in visit.query:
        visit = replace(visit, query={**found.draft.form, **visit.query})
    opened = visit.query.get("opened", "") or found.file.digest
    base = found.file.content if opened == found.file.digest else text_of(visit.site, opened)
    today = visit.current().figures.rules.as_of
    day = day_of(visit.query.get("shown", "")) or today
    others = tuple(one.name for one in found.others)
    return OfferForm(visit, path, base, opened, _mode(path, base, today), day, found.draft, others)


def _mode(path: ContentPath, base: bytes, today: int) -> FormMode:
    """Return `amend` for an offer that partners know already: its terms stay as they were until a day."""
    raw = raw_of(path, base)
    announced = day_of(str(raw.get("announced_on", "")))
    return (
        "amend" if announced is not None and announced <= today and raw.get("draft") is not True else "terms"
    )

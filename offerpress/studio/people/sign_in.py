"""Sign-in, joining by a code, invitations, and the removal of people."""

import hmac
from datetime import UTC

from offerpress.signing.passkeys import creation_options, registered_passkey
from offerpress.site.people import (
    ROLES,
    HistoryEntry,
    Passphrase,
    PeopleRefused,
    Person,
    Role,
    append_history,
    invited,
    invited_by_code,
    joined,
    read_people,
    removed,
    with_passkeys,
    write_people,
)
from offerpress.site.site import Site
from offerpress.studio.state.sessions import TOKEN_BYTES
from offerpress.studio.state.studio import (
    ROLE_TASKS,
    Context,
    Done,
    FormFields,
    NotDone,
    Pending,
    Studio,
    Visit,
)

_SALT_BYTES = 16
_LONGEST_DEVICE = 80
_WRONG = "The name and the passphrase do not belong together."
_USED = "This code was used before, has ended, or was cut off. Ask for a new invitation."


def signed_in_person(studio: Studio, site: Site, form: FormFields) -> tuple[str | None, str]:
    """Return the id of who signs in with a passphrase, or None and a sentence that says why not."""
    name = " ".join(form.get("name", "").split())
    wait = studio.throttle.opens(name.casefold(), site.now)
    if wait:
        seconds = max(1, int((wait - site.now).total_seconds()))
        return None, f"Too many wrong tries. Wait {seconds} seconds, then try again."
    people = read_people(site).values()
    found = next(
        (one for one in people if one.active and name.casefold() in {one.person, one.name.casefold()}), None
    )
    kept = found.passphrase if found else None
    # A name that nobody has takes as long, so that nobody learns who is here.
    fits = (kept or Passphrase(salt="00" * _SALT_BYTES, digest="00" * 32)).fits(form.get("passphrase", ""))
    if found is None or kept is None or not fits:
        studio.throttle.wrong(name.casefold(), site.now)
        return None, _WRONG
    studio.throttle.right(name.casefold())
    _record(site, found, "signed in")
    return found.person, ""


def joined_person(studio: Studio, site: Site, form: FormFields) -> tuple[str | None, str]:
    """Return the id of who joins by a code, or None and a sentence that says why not."""
    with studio.change:
        return _joined(studio, site, form)


def _joined(studio: Studio, site: Site, form: FormFields) -> tuple[str | None, str]:
    code, people = form.get("code", ""), read_people(site)
    if form.get("passphrase", "") != form.get("again", ""):
        return None, "The two passphrases differ. Type the same twice."
    try:
        passphrase = Passphrase.of(form.get("passphrase", ""), _salt(studio))
        if studio.first_code and hmac.compare_digest(
            studio.first_code.encode(), code.encode("utf-8", "replace")
        ):
            person, people = invited(people, form.get("name", ""), ROLES, code, "terminal", site.now)
            studio.first_code = ""
        else:
            found = invited_by_code(people, code, site.now)
            if found is None:
                return None, _USED
            person = found
    except PeopleRefused as error:
        return None, str(error)
    write_people(site, joined(people, person, passphrase))
    _record(site, person, "joined")
    return person.person, ""


def _salt(studio: Studio) -> bytes:
    """Return random bytes, which the studio's source gives as text."""
    return studio.random_text(_SALT_BYTES).encode()[:_SALT_BYTES]


def _record(site: Site, person: Person, action: str) -> None:
    at = site.now.astimezone(UTC).isoformat(timespec="seconds")
    append_history(site, HistoryEntry(at, person.person, person.name, action))


def invite_person(visit: Visit) -> Done:
    """Invite a person; the link is shown once."""
    visit.need("operator")
    code = visit.studio.random_text(24)
    given = visit.query.get("roles", "").split()
    roles: tuple[Role, ...] = tuple(one for one in ROLES if one in given)
    with visit.studio.change:
        people, by = read_people(visit.site), visit.person.person
        person, people = invited(people, visit.query.get("name", ""), roles, code, by, visit.now)
        with visit.doing("invited a person", person.name, note=", ".join(roles)):
            write_people(visit.site, people)
    whose = f"Give this link to {person.name} and to nobody else."
    words = (f"{whose} It is shown only now, works once, and ends after 7 days.",)
    return Done("/people", f"{person.name} is invited", words, f"{visit.studio.origin}/join#{code}")


def require_passphrase(visit: Visit) -> None:
    """Raise `NotDone` unless the form holds the person's passphrase; wrong ones are delayed as at the sign-in."""
    studio, person = visit.studio, visit.person
    wait = studio.throttle.opens(person.person, visit.now)
    if wait:
        raise NotDone("Too many wrong tries. Wait some minutes, then try again.")
    if person.passphrase is None or not person.passphrase.fits(visit.query.get("passphrase", "")):
        studio.throttle.wrong(person.person, visit.now)
        raise NotDone("That is not your passphrase.")
    studio.throttle.right(person.person)


def me_page(visit: Visit) -> Context:
    """Show the person's own tasks and passkeys."""
    keys = [one for one in visit.person.passkeys if one.active]
    return {"passkeys": keys, "origin": visit.studio.settings.origin}


def begin_passkey(visit: Visit) -> dict[str, object]:
    """Return what a device needs to make a passkey. The passphrase is asked again: a passkey outlives a session."""
    require_passphrase(visit)
    challenge = visit.studio.random_text(TOKEN_BYTES).encode()
    visit.studio.pending[visit.session.form_token] = Pending("passkey", visit.now, challenge)
    return creation_options(visit.person, challenge, visit.studio.settings.origin)


def keep_passkey(visit: Visit) -> Done:
    """Keep the passkey that a device made."""
    with visit.studio.change:
        pending = visit.studio.pending.pop(visit.session.form_token, None)
        if pending is None or pending.about != "passkey":
            raise NotDone("The device answered too late. Try again.")
        name = " ".join(visit.query.get("device", "").split())[:_LONGEST_DEVICE] or "Passkey"
        answer, origin = visit.query.get("made", ""), visit.studio.settings.origin
        made = registered_passkey(answer, pending.challenge, origin, name, visit.now)
        people = read_people(visit.site)
        keys = (*people[visit.person.person].passkeys, made)
        with visit.doing("added a passkey", name):
            write_people(visit.site, with_passkeys(people, visit.person.person, keys))
    return Done("/me")


def drop_passkey(visit: Visit) -> Done:
    """Take a passkey of the person out: it approves nothing any more, and what it approved stays proved."""
    with visit.studio.change:
        people, one = read_people(visit.site), visit.query.get("credential", "")
        keys = tuple(
            key.model_copy(update={"active": False}) if key.credential == one else key
            for key in people[visit.person.person].passkeys
        )
        with visit.doing("removed a passkey"):
            write_people(visit.site, with_passkeys(people, visit.person.person, keys))
    return Done("/me")


def remove_person(visit: Visit) -> Done:
    """Remove a person: their sessions end at once."""
    visit.need("operator")
    with visit.studio.change:
        one, people = visit.query.get("person", ""), read_people(visit.site)
        left = removed(people, one)
        with visit.doing("removed a person", people[one].name):
            write_people(visit.site, left)
            visit.studio.sessions.end_all_of(one)
    return Done("/people")


def people_page(visit: Visit) -> Context:
    """Show everyone with their tasks, and the form that invites."""
    visit.need("operator")
    return {
        "people": [one for one in read_people(visit.site).values() if one.active],
        "tasks": [(role, ROLE_TASKS[role]) for role in ROLES],
        "link": visit.query.get("link", ""),
        "now": visit.now,
    }

"""Every address of the studio, with what answers it. A room of the studio adds its lines here."""

from collections.abc import Callable, Mapping

from offerpress.setup.uploads import MOST_BYTES
from offerpress.studio.data.data_page import data_page
from offerpress.studio.data.wizard_actions import connect_file, remove_upload, save_step, take_table_file
from offerpress.studio.data.wizard_pages import connect_page
from offerpress.studio.offers.offer_page import keep_offer, look_offer, offer_page, save_offer, take_back
from offerpress.studio.overview.finance_page import begin_sign_off, check_all, finance_page, sign_off_journal
from offerpress.studio.overview.history_page import history_page
from offerpress.studio.overview.today_page import today_page
from offerpress.studio.partners.forgetting_pages import begin_forgetting, forget_partner, forgetting_page
from offerpress.studio.partners.partner_pages import (
    found,
    partner_page,
    revoke_link,
    search_page,
    suppress_address,
    unsuppress_address,
)
from offerpress.studio.people.sign_in import (
    begin_passkey,
    drop_passkey,
    invite_person,
    keep_passkey,
    me_page,
    people_page,
    remove_person,
)
from offerpress.studio.plans.checklist import freshness
from offerpress.studio.plans.corrections_page import corrections_page
from offerpress.studio.plans.mail_pages import mail_page, mark_looked
from offerpress.studio.plans.plan_actions import (
    approve_plan,
    begin_approval,
    begin_late,
    begin_settling,
    pause_plan,
    reject_plan,
    resume_plan,
    send_test,
    settle_unknown,
    start_sending,
    stop_plan,
    stop_sending,
    withdraw_fences,
)
from offerpress.studio.plans.planning_page import plan_campaign, planning_state
from offerpress.studio.plans.review import plan_page
from offerpress.studio.plans.standing import live_state, plans_page
from offerpress.studio.previews.draft_pages import (
    campaign_page,
    draft_mail_page,
    drafts_state,
    statement_page_now,
)
from offerpress.studio.publishing.publish_page import build_site, job_state, publish_page, publish_site
from offerpress.studio.publishing.published_file import published_file_page
from offerpress.studio.start.settings_page import save_settings, settings_page
from offerpress.studio.start.start_page import begin_here, start_page
from offerpress.studio.state.studio import Context, Done, Visit
from offerpress.studio.writing.conflict_page import conflict_page
from offerpress.studio.writing.content_list import list_page, write_new
from offerpress.studio.writing.editor_page import (
    discard_draft,
    editor_page,
    keep_typed,
    note_typing,
    save_form,
    save_typed,
)
from offerpress.studio.writing.file_actions import commit_texts, delete_text, files_page, rename_text
from offerpress.studio.writing.text_faults import check_typed
from offerpress.studio.writing.text_preview import preview_typed
from offerpress.studio.writing.translation_page import translation_page
from offerpress.studio.writing.uploads import LARGEST_UPLOAD, take_picture
from offerpress.studio.writing.versions_pages import compare_page, restore_version, versions_page

PAGES: Mapping[str, tuple[str, Callable[[Visit], Context]]] = {
    "/start": ("start/start.html", start_page),
    "/settings": ("start/settings.html", settings_page),
    "/": ("overview/today.html", today_page),
    "/plans": ("plans/plans.html", plans_page),
    "/plan": ("plans/plan.html", plan_page),
    "/corrections": ("plans/corrections.html", corrections_page),
    "/plan/mail": ("plans/mail.html", mail_page),
    "/campaign": ("previews/campaign.html", campaign_page),
    "/campaign/mail": ("previews/mail.html", draft_mail_page),
    "/partner/statement": ("previews/statement.html", statement_page_now),
    "/writing": ("writing/list.html", list_page),
    "/text": ("writing/editor.html", editor_page),
    "/text/translation": ("writing/translation.html", translation_page),
    "/text/conflict": ("writing/conflict.html", conflict_page),
    "/text/versions": ("writing/versions.html", versions_page),
    "/text/compare": ("writing/compare.html", compare_page),
    "/writing/files": ("writing/files.html", files_page),
    "/offer": ("offers/offer.html", offer_page),
    "/publish": ("publishing/publish.html", publish_page),
    "/publish/file": ("publishing/file.html", published_file_page),
    "/data": ("data/data.html", data_page),
    "/data/connect": ("data/connect.html", connect_page),
    "/partners": ("partners/partners.html", search_page),
    "/partner": ("partners/partner.html", partner_page),
    "/partner/forget": ("partners/forget.html", forgetting_page),
    "/finance": ("overview/finance.html", finance_page),
    "/history": ("overview/history.html", history_page),
    "/people": ("people/people.html", people_page),
    "/me": ("people/me.html", me_page),
}
"""The screens: a template and the function that fills it. Nothing is changed by looking."""

FACTS: Mapping[str, Callable[[Visit], object]] = {
    "/partners/found": found,
    "/plan/fresh": freshness,
    "/publish/state": job_state,
}
"""What a script of a screen reads as JSON."""

STREAMS: Mapping[str, Callable[[Visit], object]] = {
    "/plan/live": live_state,
    "/plans/live": planning_state,
    "/drafts/live": drafts_state,
}
"""What a script of a screen is told again whenever it changes. It is no use of the session."""

ASKS: Mapping[str, Callable[[Visit], dict[str, object]]] = {
    "/plan/approve/begin": begin_approval,
    "/plan/resolve/begin": begin_settling,
    "/partner/forget/begin": begin_forgetting,
    "/finance/sign-off/begin": begin_sign_off,
    "/me/passkey/begin": begin_passkey,
    "/text/check": check_typed,
    "/text/preview": preview_typed,
    "/text/draft": keep_typed,
    "/offer/draft": keep_offer,
    "/text/open": note_typing,
    "/text/save/now": save_typed,
}
"""What a script asks with a form, and gets as JSON. Each needs a form token, as an action does."""

ACTIONS: Mapping[str, Callable[[Visit], Done]] = {
    "/start/begin": begin_here,
    "/settings/save": save_settings,
    "/writing/new": write_new,
    "/text/save": save_form,
    "/text/discard": discard_draft,
    "/text/restore": restore_version,
    "/text/rename": rename_text,
    "/text/delete": delete_text,
    "/writing/commit": commit_texts,
    "/data/connect/save": save_step,
    "/data/connect/finish": connect_file,
    "/data/connect/remove": remove_upload,
    "/campaign/plan": plan_campaign,
    "/plan/test": send_test,
    "/plan/looked": mark_looked,
    "/plan/approve": approve_plan,
    "/plan/reject": reject_plan,
    "/plan/pause": pause_plan,
    "/plan/resume": resume_plan,
    "/plan/stop": stop_plan,
    "/plan/late": begin_late,
    "/plan/resolve": settle_unknown,
    "/plan/withdraw": withdraw_fences,
    "/sending/start": start_sending,
    "/sending/stop": stop_sending,
    "/partner/revoke": revoke_link,
    "/partner/suppress": suppress_address,
    "/partner/unsuppress": unsuppress_address,
    "/partner/forget": forget_partner,
    "/offer/look": look_offer,
    "/offer/save": save_offer,
    "/offer/take-back": take_back,
    "/publish/build": build_site,
    "/publish/now": publish_site,
    "/finance/sign-off": sign_off_journal,
    "/finance/check": check_all,
    "/people/invite": invite_person,
    "/people/remove": remove_person,
    "/me/passkey/add": keep_passkey,
    "/me/passkey/remove": drop_passkey,
}
"""What a form does. Each needs a form token of the person's session."""

PINGS = frozenset({"/text/open", "/publish/state"})
"""What a page says by itself: it is no use of the session, which ends without a hand all the same."""

LONG_FORMS = frozenset(
    {
        "/start/begin",
        "/offer/draft",
        "/offer/look",
        "/offer/save",
        "/text/check",
        "/text/preview",
        "/text/draft",
        "/text/save",
        "/text/save/now",
    }
)
"""The addresses whose forms hold a whole text."""

UPLOADS: Mapping[str, tuple[int, Callable[[Visit, bytes], dict[str, object]]]] = {
    "/text/picture": (LARGEST_UPLOAD, take_picture),
    "/data/upload": (MOST_BYTES, take_table_file),
}
"""What takes a file, which is the whole body: at most so many bytes. The form token stands in `X-Form-Token`."""

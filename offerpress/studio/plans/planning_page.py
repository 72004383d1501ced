"""Planning a campaign: a process of its own, whose progress a page shows, and whose result nobody has to wait for."""

import json
from datetime import datetime

from offerpress.studio.state.commands import day_options
from offerpress.studio.state.jobs import LongJob
from offerpress.studio.state.studio import MADE, Context, Done, NotDone, Visit, address_of

_SOON_SECONDS = 2.0
_NOBODY = "Nobody is left to write to, so no plan was made."


def plan_campaign(visit: Visit) -> Done:
    """Begin to plan a campaign. What is done soon is shown at once, anything longer by the page of all campaigns."""
    visit.need("writer")
    campaign, job = visit.query.get("campaign", ""), visit.studio.job
    options = day_options(visit.site)
    options += ["--corrections"] if visit.query.get("kind") == "corrections" else []
    call = ["plan", "--json", "--progress", *options, "--by", visit.person.person, "--", campaign]
    job.start(visit.site, MADE, call, visit.person.name, lambda: _keep(visit, job))
    if not job.wait(_SOON_SECONDS):
        return Done("/plans")
    if job.failure:
        raise NotDone(job.failure)
    return Done(job.to)


def _keep(visit: Visit, job: LongJob) -> None:
    """Write the plan into the history, and read it, so that its first reader need not wait."""
    made = json.loads(job.result or "{}")  # a plan for nobody says so only in words
    if not made.get("registered"):
        job.failure = _NOBODY
        return
    plan = str(made["plan"])
    with visit.site.open_outbox() as outbox:
        visit.record_kept(datetime.fromisoformat(outbox.plan(plan).made_at), MADE, plan)
    with visit.site.open_batch(plan) as batch:
        visit.studio.facts(batch)
    job.to = address_of("/plan", plan=plan)


def planning_state(visit: Visit) -> Context:
    """Return how far the planning is that runs, and where what the last one made is shown, or why it made nothing."""
    job = visit.studio.job
    if job.what != MADE:
        return {"runs": False, "text": "", "done": 0, "total": 0, "to": "", "failure": ""}
    far = f" {job.done:,} of {job.total:,} partners are done." if job.total else ""
    text = f"Planning, started by {job.started_by}.{far}" if job.runs else ""
    return {
        "runs": job.runs,
        "text": text,
        "done": job.done,
        "total": job.total,
        "to": "" if job.runs else job.to,
        "failure": "" if job.runs else job.failure,
    }

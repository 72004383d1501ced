"""How long each page of the studio takes, warm, on a site of 25,000 partners with a plan.

    python benchmarks/studio.py [--partners 25000] [--rounds 7] [--json FILE]

Every page is asked for once before it is measured. `first_s` is that first time. The search is asked for as somebody
types, a letter at a time.
"""

import argparse
import http.client
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlencode

from ours import AS_OF, CAMPAIGN, ENVIRONMENT, PROGRAM
from workload import make_site

from offerpress.site.people import ROLES, Passphrase, invited, joined, write_people
from offerpress.site.site import Site

PASSPHRASE = "four words without any sense"  # noqa: S105 - of a site that lives as long as the benchmark
PLAN, PARTNER = f"{CAMPAIGN}-1.1", "B-00000001"
PAGES = {
    "today": "/",
    "offer": "/offer?file=content/offers/cashback-2023.md",
    "publish": "/publish",
    "campaigns": "/plans",
    "plan review": f"/plan?plan={PLAN}",
    "plan freshness": f"/plan/fresh?plan={PLAN}",
    "mail": f"/plan/mail?plan={PLAN}&partner={PARTNER}",
    "search page": "/partners?find=partner",
    "partner": f"/partner?id={PARTNER}",
    "statement": f"/partner/statement?partner={PARTNER}",
    "campaign before its plan": f"/campaign?campaign={CAMPAIGN}",
    "mail before its plan": f"/campaign/mail?campaign={CAMPAIGN}&partner={PARTNER}",
    "finance": "/finance",
    "history": "/history",
    "people": "/people",
    **{
        f"search for {words!r}": f"/partners/found?find={words}"
        for words in ("pa", "part", "partner123", "B-0001")
    },
}


def main() -> None:
    """Measures and prints; with --json, writes the figures to a file."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--partners", type=int, default=25_000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measured(Path(folder) / "site", chosen.partners, chosen.rounds)
    print(json.dumps(result, indent=1))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measured(site: Path, partners: int, rounds: int) -> dict[str, object]:
    """Seconds of every page."""
    site.mkdir()
    make_site(site, partners, partners * 10, partners)
    environment = {**os.environ, **ENVIRONMENT}
    planning = [str(PROGRAM), "plan", CAMPAIGN, *AS_OF, "--by", "Mia", "--json"]
    made = subprocess.run(planning, cwd=site, env=environment, check=True, capture_output=True, text=True)
    with signed_in(site, environment) as studio:
        pages = {name: times(studio, path, rounds) for name, path in PAGES.items()}
    return {
        "partners": partners,
        "recipients": json.loads(made.stdout)["recipients"],
        "rounds": rounds,
        "ready_s": round(studio.ready_s, 1),
        "pages": pages,
        "load_average": round(os.getloadavg()[0], 1),
    }


class Running(NamedTuple):
    """A studio that runs: its process, its port, the cookie of the person who signed in, and when it was ready."""

    pid: int
    port: int
    cookie: str
    ready_s: float

    def page(self, path: str) -> bytes:
        """The body of a page."""
        return answer(self.port, "GET", path, self.cookie)[0]


@contextmanager
def signed_in(site: Path, environment: Mapping[str, str]) -> Iterator[Running]:
    """A studio in which Ada has signed in, until the end of the block."""
    with_person(site)
    command = [str(PROGRAM), "studio", *AS_OF, "--port", "0"]
    with subprocess.Popen(
        command, cwd=site, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        began = time.perf_counter()
        try:
            port = int(process.stderr.readline().split()[1].rstrip("/").rpartition(":")[2])
            while not process.stderr.readline().startswith("Ready"):
                pass
            ready = time.perf_counter() - began
            cookie = answer(port, "POST", "/sign-in", "", name="Ada", passphrase=PASSPHRASE)[1]
            yield Running(process.pid, port, cookie, ready)
        finally:
            process.terminate()


def with_person(site: Path) -> None:
    """Add Ada, with every task."""
    now = datetime.now(UTC)
    person, people = invited({}, "Ada", ROLES, "code", "benchmark", now)
    write_people(Site(site, now, {}), joined(people, person, Passphrase.of(PASSPHRASE, b"salt" * 4)))


def times(studio: Running, path: str, rounds: int) -> dict[str, float]:
    """The first time of a page, and the median and slowest of those after it."""
    found = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        studio.page(path)
        found.append(time.perf_counter() - began)
    return {
        "first_s": round(found[0], 3),
        "median_s": round(median(found[1:]), 3),
        "slowest_s": round(max(found[1:]), 3),
    }


def answer(port: int, method: str, path: str, cookie: str, **form: str) -> tuple[bytes, str]:
    """The body of an answer and the cookie that it sets; anything but a page ends the benchmark."""
    place = f"localhost:{port}"
    headers = {"Host": place, "Origin": f"http://{place}", "Cookie": cookie}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, urlencode(form), headers)
    said = connection.getresponse()
    body = said.read()
    connection.close()
    if said.status != (HTTPStatus.OK if method == "GET" else HTTPStatus.SEE_OTHER):
        raise SystemExit(f"{path}: {said.status}\n{body.decode(errors='replace')[:2000]}")
    return body, said.headers.get("Set-Cookie", "").partition(";")[0]


if __name__ == "__main__":
    main()

"""Checks the files for schedulers: their programs can read them, and their commands run."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mailer.outbox.outbox import Outbox
from mailer.rules.states import Status
from offerpress.cli import run
from tests.acceptance.conftest import (
    APPROVED,
    COMMAND,
    PLAN,
    PLANNED,
    SECRET,
    Prepare,
    after,
    copy_sample,
    take_over,
)

SCHEDULES = Path(__file__).resolve().parents[2] / "docs" / "schedules"
PROGRAM = "/opt/offerpress/bin/offerpress"


def commands() -> dict[str, list[str]]:
    """Return the command that each file calls, without the program."""
    found = {}
    for file in sorted(SCHEDULES.glob("*.service")):
        (line,) = re.findall(r"^ExecStart=(.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        found[file.name] = shlex.split(line)[1:]
    cron = (SCHEDULES / "crontab").read_text(encoding="utf-8").splitlines()[-1]
    found["crontab"] = shlex.split(cron.partition(f"{PROGRAM} ")[2])
    job = YAML(typ="safe").load(SCHEDULES / "cronjob.yaml")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    found["cronjob.yaml"] = pod["containers"][0]["command"][1:]
    return found


@pytest.fixture
def approved(tmp_path: Path, prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a site with an approved plan that is due."""
    (tmp_path / "site").mkdir()
    site = copy_sample(tmp_path / "site")
    monkeypatch.setenv("OFFERPRESS_SITE_SECRET", SECRET)
    monkeypatch.chdir(site)
    return take_over(site, prepare("approved", after(PLANNED, APPROVED)))


def test_every_file_calls_the_same_command() -> None:
    """Every file calls `send --due`, and the watching service adds `--watch`."""
    found = commands()
    assert ["send", "--due", "--watch"] == found.pop("offerpress-watch.service")
    assert {"crontab", "cronjob.yaml", "offerpress-send.service"} == set(found)
    assert all(["send", "--due"] == command for command in found.values())


def test_the_command_of_a_scheduler_sends_what_is_due(
    approved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command sends what is due, exits with 0 also when nothing is due, and logs no partner."""
    log = tmp_path / "log.jsonl"
    environment = {**os.environ, "OFFERPRESS_LOG": str(log)}
    done = subprocess.run([COMMAND, *commands()["crontab"]], check=False, cwd=approved, env=environment)
    assert 0 == done.returncode
    monkeypatch.setenv("OFFERPRESS_LOG", str(log))
    assert 0 == run(commands()["crontab"])
    with Outbox.open(approved / "private" / "outbox.sqlite") as outbox:
        accepted = outbox.counts(PLAN)[Status.ACCEPTED]
        partners = [one.partner_id for one in outbox.accounts(PLAN)]
    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert ["delivery", "command", "command"] == [line["event"] for line in lines]
    assert (PLAN, accepted, accepted, 0) == tuple(
        lines[0][name] for name in ("plan", "accepted", "now_accepted", "now_ready")
    )
    assert [("send", 0)] * 2 == [(line["command"], line["code"]) for line in lines[1:]]
    assert [] == [partner for partner in partners if partner in text]


def test_the_watching_service_ends_when_it_is_asked_to(approved: Path, tmp_path: Path) -> None:
    """The service sends what is due, waits, and ends at SIGTERM with no unknown notice."""
    log = tmp_path / "log.jsonl"
    environment = {**os.environ, "OFFERPRESS_LOG": str(log), "PYTHONUNBUFFERED": "1"}
    command = [COMMAND, *commands()["offerpress-watch.service"]]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=approved, env=environment, stderr=pipe, text=True) as service:
        assert service.stderr is not None
        said = next(line for line in service.stderr if line.startswith(PLAN))
        service.send_signal(signal.SIGTERM)
        rest = service.stderr.read()
    assert (0, True, "") == (service.returncode, "0 still ready" in said, rest)
    with Outbox.open(approved / "private" / "outbox.sqlite") as outbox:
        assert (0, 0) == (outbox.counts(PLAN)[Status.UNKNOWN], outbox.counts(PLAN)[Status.SENDING])


def test_exit_codes_tell_a_scheduler_whom_to_call(approved: Path) -> None:
    """The exit code is 1 if a person is needed, and 2 if the call is wrong."""
    assert 0 == run(["pause", PLAN])
    assert 1 == run(["send", PLAN])
    assert 0 == run(["send", "--due"])
    assert 2 == run(["send", "--watch"])
    assert 0 == run(["resume", PLAN])
    (approved / "private" / "batches" / f"{PLAN}.batch").rename(approved / "batch")
    assert 1 == run(["send", "--due"])


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` accepts the units, with this program instead of the installed one."""
    for file in SCHEDULES.glob("offerpress-*"):
        text = file.read_text(encoding="utf-8").replace(PROGRAM, sys.executable)
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    units = sorted(str(file) for file in tmp_path.iterdir())
    assert 3 == len(units)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], check=False, capture_output=True, text=True
    )
    ours = [line for line in done.stderr.splitlines() if "offerpress" in line]
    assert (0, []) == (done.returncode, ours)
    timer = (SCHEDULES / "offerpress-send.timer").read_text(encoding="utf-8")
    calendar = re.findall(r"^OnCalendar=(.*)$", timer, re.MULTILINE)
    looked = subprocess.run(["systemd-analyze", "calendar", *calendar], check=False, capture_output=True)
    assert 0 == looked.returncode


def test_cron_and_kubernetes_have_the_same_five_minutes() -> None:
    """Cron and Kubernetes run every five minutes, and the job never runs twice at once."""
    cron = (SCHEDULES / "crontab").read_text(encoding="utf-8").splitlines()[-1]
    job = YAML(typ="safe").load(SCHEDULES / "cronjob.yaml")
    assert ["*/5", "*", "*", "*", "*"] == cron.split()[:5] == job["spec"]["schedule"].split()
    assert ("batch/v1", "CronJob", "Forbid") == (
        job["apiVersion"],
        job["kind"],
        job["spec"]["concurrencyPolicy"],
    )
    assert 0 == job["spec"]["jobTemplate"]["spec"]["backoffLimit"]

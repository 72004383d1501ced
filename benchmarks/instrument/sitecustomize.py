"""Measures stages in every Python process below this folder's `PYTHONPATH`, without a line in the program.

Each process writes `PID.json` into the folder `OFFERPRESS_STAGES`: wall and CPU seconds by stage, as lists of two. A
stage counts its functions without the stages within them; `the rest` is all that no stage covers. At `SIGUSR1` a
process writes what it has counted, and begins anew: so one request to a server is measured.
"""

import atexit
import inspect
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

STAGES = {
    "digests of inputs": "offerpress.site.inputs:_input_digests,data_digests,code_digest",
    "read content": "generator.content.content:read_content",
    "read the ledger": "ledger.ledger:read",
    "freeze the ledger": "offerpress.figures.figures:_frozen ledger.freezing:freeze",
    "pages": "offerpress.figures.checking:rendered_site",
    "cards": "generator.public.cards:draw_cards",
    "statement page": "offerpress.figures.checking:statement_files",
    "campaigns": "offerpress.figures.checking:campaign_template_faults",
    "accounts": "ledger.snapshot:Snapshot.accounts",
    "figures": "rewards.statements.statement:compute_statement",
    "conservation": "rewards.statements.conservation:Tally.add",
    "lines": "rewards.statements.statement:monthly_sales,counted_lines",
    "links": "offerpress.site.keys:SiteKeys.link",
    "records": "generator.statements.page:StatementRenderer.record",
    "seal": "generator.statements.packs:seal",
    "sealed shards": "offerpress.build.sealed:SealedFolder.put,SealedFolder.keep",
    "packs": "generator.statements.packing:Packing.artifacts",
    "publish": "generator.publish:publish_tree offerpress.build.manifest:places_in",
    "manifest": "offerpress.build.manifest:write_manifest,last_build",
    "plain pages": "generator.statements.page:StatementRenderer.plain",
    "place files": "generator.publish:NewTree.place",
    "between processes": "offerpress.build.workers:_attempt,_result",
    "loop over partners": "offerpress.build.shards:ShardBuilder.build,ShardBuilder.published "
    "offerpress.plans.rendering:Rendering.shard offerpress.plans.draft:Draft.entered",
    "messages": "generator.notices.notices:CampaignRenderer.notices",
    "canonical messages": "mailer.batch.freezing:prepare_message",
    "deflate": "mailer.batch.compression:Deflater.deflated",
    "batch": "mailer.batch.freezing:freeze_deflated",
    "outbox": "offerpress.plans.planning:register_plan",
    "staleness": "offerpress.plans.staleness:refuse_stale",
    "send": "offerpress.plans.sending:send_plan",
    "facts of a screen": "offerpress.studio.plans.review:plan_page",
    "checklist": "offerpress.studio.plans.checklist:checklist",
    "render a screen": "offerpress.studio.state.studio:page",
}
_PLACES: dict[str, list[tuple[str, str]]] = {}
for _stage, _places in STAGES.items():
    for _module, _names in (place.split(":") for place in _places.split()):
        _PLACES.setdefault(_module, []).extend((name, _stage) for name in _names.split(","))

Spent = list[float]


class Clock:
    """The stage of the process, and what was spent in each.

    One thread at a time has stages: the first that enters one keeps the clock until it leaves it. What others spend
    meanwhile counts for the same stage.
    """

    def __init__(self) -> None:
        self.begin()
        self.spent["start Python"] = [0.0, time.process_time()]

    def begin(self) -> None:
        """Count from now on."""
        self.spent: dict[str, Spent] = {}
        self.stages = ["the rest"]
        self.since = (time.perf_counter(), time.process_time())
        self.thread = 0

    def turn(self) -> None:
        """Count what was spent since the last turn for the present stage."""
        now = (time.perf_counter(), time.process_time())
        found = self.spent.setdefault(self.stages[-1], [0.0, 0.0])
        found[0] += now[0] - self.since[0]
        found[1] += now[1] - self.since[1]
        self.since = now

    def enter(self, stage: str) -> bool:
        """Begin a stage, unless another thread has one; returns whether it did."""
        if self.thread not in {0, threading.get_ident()}:
            return False
        self.thread = threading.get_ident()
        self.turn()
        self.stages.append(stage)
        return True

    def leave(self) -> None:
        """End the present stage."""
        self.turn()
        self.stages.pop()
        if len(self.stages) == 1:
            self.thread = 0


CLOCK = Clock()


def _timed(function: Callable[..., object], stage: str) -> Callable[..., object]:
    """Return the function with its time counted for the stage; of a generator each step."""

    @wraps(function)
    def called(*args: object, **kwargs: object) -> object:
        entered = CLOCK.enter(stage)
        try:
            found = function(*args, **kwargs)
        finally:
            if entered:
                CLOCK.leave()
        return _stepped(found, stage) if inspect.isgenerator(found) else found

    return called


def _stepped(steps: Iterator[object], stage: str) -> Iterator[object]:
    while True:
        entered = CLOCK.enter(stage)
        try:
            one = next(steps)
        except StopIteration:
            return
        finally:
            if entered:
                CLOCK.leave()
        yield one


def _patch(module: ModuleType) -> None:
    for name, stage in _PLACES.get(module.__name__, ()):
        holder: object = module
        *classes, last = name.split(".")
        for one in classes:
            holder = getattr(holder, one)
        setattr(holder, last, _timed(getattr(holder, last), stage))


class Watcher(MetaPathFinder):
    """Counts the loading of modules, and patches those that have stages."""

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the spec as the other finders do, with its loading counted."""
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)  # type: ignore[arg-type]
            if spec is not None:
                self._watch(spec)
                return spec
        return None

    def _watch(self, spec: ModuleSpec) -> None:
        load = getattr(spec.loader, "exec_module", None)
        if load is None or inspect.isclass(spec.loader):
            return

        def loaded(module: ModuleType) -> None:
            entered = CLOCK.enter("load modules")
            try:
                load(module)
            finally:
                if entered:
                    CLOCK.leave()
            _patch(module)

        vars(spec.loader)["exec_module"] = loaded


def _write(folder: Path) -> None:
    CLOCK.turn()
    told = {"pid": os.getpid(), "argv": sys.argv[1:3], "spent": CLOCK.spent}
    beside = folder / f"{os.getpid()}.part"
    beside.write_text(json.dumps(told), encoding="utf-8")
    beside.replace(beside.with_suffix(".json"))
    CLOCK.spent = {}


def _in_worker(folder: Path) -> None:
    """Count in a forked worker what it spends itself. It ends without `atexit`, but runs finalizers."""
    CLOCK.begin()
    if util := sys.modules.get("multiprocessing.util"):
        util.register_after_fork(CLOCK, lambda _: util.Finalize(None, _write, (folder,), exitpriority=-100))


if "OFFERPRESS_STAGES" in os.environ:
    _folder = Path(os.environ["OFFERPRESS_STAGES"])
    sys.meta_path.insert(0, Watcher())
    signal.signal(signal.SIGUSR1, lambda *_: _write(_folder))
    atexit.register(_write, _folder)
    os.register_at_fork(after_in_child=lambda: _in_worker(_folder))

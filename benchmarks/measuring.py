"""What a command costs: wall time, processor time and peaks, each of the whole tree of its processes.

Memory is the sum over all processes of PSS (`/proc/PID/smaps_rollup`: a page that several share counts once in all),
looked at ten times a second, and more often at first; processor time is user and system time of the command and of
all that it waited for.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

_EVERY_S = 0.1
_AT_FIRST_S = 0.01  # a command that ends within a tenth of a second is looked at too


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time, seconds of processor time, MiB at the peak, most open files of one process."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    open_files: int = 0


@dataclass
class Peaks:
    """The most memory that all processes of a session took together, and the most files that one had open."""

    mib: float = 0.0
    open_files: int = 0


@contextmanager
def peaks_of(session: int) -> Iterator[Peaks]:
    """What the processes of a session take until the end of the block."""
    peaks, ended = Peaks(), Event()
    watcher = Thread(target=_watch, args=(session, ended, peaks))
    watcher.start()
    try:
        yield peaks
    finally:
        ended.set()
        watcher.join()


def cost_of(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Cost:
    """Runs it in `folder` until it ends; a failure ends the benchmark with what it said."""
    log = log or folder / "measured.log"
    with log.open("w") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=_as_installed(environment or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with peaks_of(process.pid) as peaks:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(
            f"{command}: {process.returncode}\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
        )
    return Cost(wall, usage.ru_utime + usage.ru_stime, peaks.mib, peaks.open_files)


def processor_seconds(process: int) -> float:
    """User and system time that a running process has used itself."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _as_installed(environment: Mapping[str, str]) -> dict[str, str]:
    """Our own environment but for what keeps Python from keeping the modules that it compiled, as installing does."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**own, **environment}


def _watch(session: int, ended: Event, peaks: Peaks) -> None:
    began = time.perf_counter()
    while not ended.wait(_EVERY_S if time.perf_counter() - began > _EVERY_S else _AT_FIRST_S):
        processes = _processes_of(session)
        peaks.mib = max(peaks.mib, sum(map(_pss_mib, processes)))
        peaks.open_files = max(peaks.open_files, *map(_open_files, processes), 0)


def _processes_of(session: int) -> list[Path]:
    """The processes of a session, which a command's children share."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError, IndexError):
                if int((place / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                    found.append(place)
    return found


def _pss_mib(process: Path) -> float:
    with suppress(OSError):
        for line in (process / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _open_files(process: Path) -> int:
    with suppress(OSError):
        return sum(1 for _ in (process / "fd").iterdir())
    return 0


def summary(costs: Sequence[Cost]) -> dict[str, float]:
    """The medians, the least and most wall time, and how many rounds there were."""
    walls = [cost.wall_s for cost in costs]
    return {
        "wall_s": round(statistics.median(walls), 3),
        "least_wall_s": round(min(walls), 3),
        "most_wall_s": round(max(walls), 3),
        "cpu_s": round(statistics.median(cost.cpu_s for cost in costs), 3),
        "peak_mib": round(statistics.median(cost.peak_mib for cost in costs), 1),
        "rounds": len(costs),
    }

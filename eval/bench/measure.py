"""Runs a program and measures what it and its children cost: processor time, memory over time, wall time."""

import ctypes
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Sample:
    """Memory of a process tree at a moment, in bytes."""

    seconds: float
    rss: int
    anon: int
    mapped: int


@dataclass
class Cost:
    code: int
    seconds: float
    cpu_seconds: float
    samples: list = field(default_factory=list)
    out: str = ""

    @property
    def peak_bytes(self):
        return max((sample.rss for sample in self.samples), default=0)

    @property
    def peak_anon_bytes(self):
        return max((sample.anon for sample in self.samples), default=0)


def run(command, log, env=None, every=0.05, watch=lambda sample: None):
    """Runs `command` to its end. Its children, orphans included, are counted; `watch` sees every sample."""
    become_reaper()
    started = time.monotonic()
    with open(log, "ab") as errors:
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
    samples, ended = [], threading.Event()

    def sampling():
        while not ended.wait(every):
            if (sample := memory(process.pid, time.monotonic() - started)) is not None:
                samples.append(sample)
                watch(sample)

    sampler = threading.Thread(target=sampling)
    sampler.start()
    out = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    cpu = usage.ru_utime + usage.ru_stime
    process.returncode = os.waitstatus_to_exitcode(status)
    ended.set()
    sampler.join()
    return Cost(process.returncode, seconds, cpu + reap(), samples, out)


def become_reaper():
    """Children whose parent ended without waiting for them become ours, so that their time is counted."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap():
    """Processor time of the orphans; waits at most 5 seconds for each to end."""
    cpu, deadline = 0.0, time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid:
            cpu += usage.ru_utime + usage.ru_stime
        else:
            time.sleep(0.01)
    return cpu


def memory(root, seconds):
    """What the tree below `root` holds; pages that its processes share count once for each."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path("/proc", name, "stat").read_text()
            except OSError:
                continue
            parents[int(name)] = int(stat.rsplit(")", 1)[1].split()[1])
    tree = {root} if root in parents else set()
    while grown := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= grown
    total = Sample(seconds, 0, 0, 0)
    for pid in tree:
        try:
            status = Path("/proc", str(pid), "status").read_text()
        except OSError:
            continue
        held = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith("Rss")}
        anon = int(held.get("RssAnon", 0)) * 1024
        mapped = (int(held.get("RssFile", 0)) + int(held.get("RssShmem", 0))) * 1024
        total.rss, total.anon, total.mapped = total.rss + anon + mapped, total.anon + anon, total.mapped + mapped
    return total if total.rss else None


def footnote():
    """The binary under test: FOOTNOTE, or what the release build left."""
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    return os.environ.get("FOOTNOTE", str(Path(target) / "release" / "footnote"))


def kept_binary(folder):
    """A copy that a build during the measurement does not replace."""
    copy = Path(folder) / "footnote"
    shutil.copy2(footnote(), copy)
    return str(copy)


def workplace(name):
    return tempfile.TemporaryDirectory(prefix=f"footnote-{name}-")


def megabytes(count):
    return round(count / 2**20)


def table(rows):
    """Prints rows of equal length, the first as the head."""
    text = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in text) for i in range(len(text[0]))]
    for number, row in enumerate(text):
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))))
        if number == 0:
            print("  ".join("-" * width for width in widths))


def show(result, rows, as_json):
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        table(rows)


def quantile(values, share):
    """The smallest value that at least `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]

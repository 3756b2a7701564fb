"""Many containers alive at once, and many states: what each more of them costs."""
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time

import bundles
import figures

LOOKS = 20


def milliseconds(words):
    """The median of a few; throws Complaint where it fails."""
    took = []
    for _ in range(LOOKS):
        begin = time.monotonic()
        complaint = figures.complaint_of(words)
        took.append((time.monotonic() - begin) * 1000)
        if complaint:
            raise figures.Complaint(f"{' '.join(words)}: {complaint}")
    return statistics.median(took)


def available_kib():
    with open("/proc/meminfo", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable"))


def containers(root, bundle, count):
    """Starts them, and looks each time that their number is a tenth more."""
    rows, before, name = [], available_kib(), f"scale{os.getpid()}"
    for begin in range(0, count, max(count // 10, 1)):
        end = min(begin + max(count // 10, 1), count)
        clock = time.monotonic()
        for number in range(begin, end):
            complaint = figures.complaint_of([*root, "run", "--detach", "--bundle", bundle, f"{name}-{number}"])
            if complaint:
                raise figures.Complaint(f"container {number}: {complaint}")
        rows.append({
            "containers": end,
            "starts_per_second": (end - begin) / (time.monotonic() - clock),
            "list_ms": milliseconds([*root, "list", "--quiet"]),
            "state_ms": milliseconds([*root, "state", f"{name}-{end // 2}"]),
            "kib_each": (before - available_kib()) / end,
        })
        row = rows[-1]
        print(f"  {end:6} alive: {row['starts_per_second']:6.1f} starts/s, list {row['list_ms']:7.2f} ms, state "
              f"{row['state_ms']:6.2f} ms, {row['kib_each']:7.0f} KiB each", flush=True)
    return rows


def remove_all(root):
    ids = subprocess.run([*root, "list", "--quiet"], capture_output=True, text=True, check=False).stdout.split()
    for one in ids:
        figures.complaint_of([*root, "delete", "--force", one])


def states(root, folder, bundle, count):
    """State directories of containers that have stopped: one is real, the others are as it."""
    words = [*root, "create", "--bundle", bundle, "one"]
    if subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        raise figures.Complaint(f"create: {figures.complaint_of(words)}")
    with open(f"{folder}/one/state.json", encoding="utf-8") as file:
        record = json.load(file)
    pid = record["pid"]
    os.kill(pid, 9)
    rows = []
    for number in range(1, count):
        shutil.copytree(f"{folder}/one", f"{folder}/copy{number}", ignore=shutil.ignore_patterns("start"))
        if number + 1 in (1, count // 100, count // 10, count):
            row = {"states": number + 1, "state_ms": milliseconds([*root, "state", "one"])}
            row["list_ms"] = milliseconds([*root, "list", "--quiet"])
            rows.append(row)
            print(f"  {number + 1:6} states: state {row['state_ms']:6.2f} ms, list {row['list_ms']:8.2f} ms", flush=True)
    figures.complaint_of([*root, "delete", "--force", "one"])
    return rows


def grow(programs, count, state_count):
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as parent:
        bundle = f"{parent}/bundle"
        bundles.make(bundle, "")
        bundles.change(bundle, lambda config: (config["linux"].pop("cgroupsPath"),
                                               config["process"].update(args=["/bin/sleep", "3600"])))
        many, left = f"{parent}/many", f"{parent}/left"
        print(f"{count} containers, each with a process that sleeps")
        try:
            rows = containers([programs.berth, "--root", many], bundle, count)
        finally:
            remove_all([programs.berth, "--root", many])
        print(f"{state_count} state directories of stopped containers")
        stopped = states([programs.berth, "--root", left], left, bundle, state_count)
        return {"scale": {"containers": rows, "states": stopped}}

#!/usr/bin/env python3
"""`berth bench cache` on a kernel with resctrl, two sockets of two cores: every condition takes its ways as jobs do, and
gives them back. The guest's caches are simulated: no figure of time is looked at, occupancies are what its masks allow.
Usage: bench_cache_guest_check.py BERTH LIBEXEC"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

BERTH, LIBEXEC = sys.argv[1:]
WAY = 2**20
WORDS = [BERTH, "bench", "cache", "--repetitions", "1", "--warm-up", "5ms", "--aggressor-memory", "1MiB",
         "--victim", "chase", "--aggressor", "read"]  # fmt: skip
ENVIRONMENT = {**os.environ, "BERTH_LIBEXEC_DIR": LIBEXEC}


def schemata():
    with open("/sys/fs/resctrl/schemata", encoding="ascii") as file:
        return file.read()


def groups():
    return [name for name in os.listdir("/sys/fs/resctrl") if name.startswith("berth")]


def check_conditions(before):
    ran = subprocess.run([*WORDS, "--run", "20ms", "--ways", "3", "--format", "json"], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    cells = {cell["condition"]: cell for cell in found["measured"]["cells"]}
    assert set(cells) == {"alone", "alone-at-mask", "shared", "partitioned", "partitioned+mba", "other-socket", "full-mask"}, cells
    assert found["left_out"] == [], found["left_out"]
    assert found["isolation_evidence"] is False and "virtual machine" in found["no_evidence_because"][0], found
    for name in ("alone-at-mask", "partitioned", "partitioned+mba"):
        assert cells[name]["victim_occupancy"] == 3 * WAY, cells[name]
    assert cells["full-mask"]["victim_occupancy"] == 11 * WAY, cells["full-mask"]
    assert "victim_occupancy" not in cells["shared"], cells["shared"]
    change = found["measured"]["mask_change"]
    first, last = change["points"][0], change["points"][-1]
    assert first["victim"] == change["ways_before"] * WAY and last["victim"] == change["ways_after"] * WAY, (first, last)
    # Counted anew only when the aggressor is scheduled again.
    assert last["others"] - first["others"] in (0, first["victim"] - last["victim"]), (first, last)
    assert schemata() == before and groups() == [], (schemata(), groups())
    assert {point["ways"] for point in found["measured"]["curve"]} >= {0, 1, 2, 4}


def running(signal_number):
    """One that has taken its ways, and is ended by a signal. How it ended."""
    with subprocess.Popen([*WORDS, "--no-curve", "--condition", "alone-at-mask", "--run", "20s"], env=ENVIRONMENT,
                          stdout=subprocess.DEVNULL) as bench:  # fmt: skip
        deadline = time.monotonic() + 60
        while not groups():
            assert time.monotonic() < deadline, "no group was made"
            time.sleep(0.05)
        shown = subprocess.run([BERTH, "show"], capture_output=True, text=True, check=True).stdout
        assert "bench cache" in shown, shown
        bench.send_signal(signal_number)
        return bench.wait(60)


def check_ended(before):
    """Who is interrupted leaves nothing; what one that was killed leaves is taken back by the next who looks."""
    assert running(signal.SIGINT) == 128 + signal.SIGINT
    assert schemata() == before and groups() == [], (schemata(), groups())
    assert running(signal.SIGKILL) == -signal.SIGKILL
    subprocess.run([BERTH, "reap"], check=True, capture_output=True)
    assert schemata() == before and groups() == [], (schemata(), groups())


def check_refused(before):
    """A policy's word counts: the condition is left out with it."""
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        with open(f"{folder}/policy.json", "w", encoding="utf-8") as file:
            json.dump({"rdt": {"rules": [{"l3Max": "2w"}]}}, file)
        ran = subprocess.run([*WORDS, "--no-curve", "--run", "20ms", "--ways", "3", "--format", "json", "--policy", f"{folder}/policy.json"],
                             env=ENVIRONMENT, capture_output=True, text=True, check=False)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    left_out = {one["what"].split(",")[1].strip(): one["why"] for one in found["left_out"] if "chase" in one["what"]}
    assert "partitioned" in left_out and "3w" in left_out["partitioned"], left_out
    assert schemata() == before and groups() == [], (schemata(), groups())


def main():
    before = schemata()
    check_conditions(before)
    check_ended(before)
    check_refused(before)


main()

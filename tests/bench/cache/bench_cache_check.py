#!/usr/bin/env python3
"""`berth bench cache` as it is called: what it writes, draws and refuses. No figure of time is looked at.
Usage: bench_cache_check.py BERTH LIBEXEC"""
import json
import os
import subprocess
import sys
import tempfile

BERTH, LIBEXEC = sys.argv[1:]
QUICK = ["--repetitions", "2", "--run", "2ms", "--warm-up", "1ms"]


def bench(*words):
    environment = {**os.environ, "BERTH_LIBEXEC_DIR": LIBEXEC}
    return subprocess.run([BERTH, "bench", "cache", *words], env=environment, capture_output=True, text=True, check=False)


def measured(folder):
    ran = bench(*QUICK, "--victim", "chase", "--victim", "requests", "--aggressor", "read", "--aggressor-memory", "1MiB",
                "--plots", folder, "--json", f"{folder}/kept.json")  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout, json.load(open(f"{folder}/kept.json", encoding="utf-8"))


def check_all(folder):
    for _ in range(4):
        printed, found = measured(folder)
        if "simulated" in found:
            break
        # Beside other tests a latency curve of a millisecond for each point need not rise with the working set.
        assert "simulated" in {one["what"] for one in found["left_out"]}, found["left_out"]
    assert found["isolation_evidence"] is False and found["no_evidence_because"], found
    assert printed.startswith("NO EVIDENCE OF ISOLATION"), printed
    cells = {(cell["victim"], cell["condition"]) for cell in found["measured"]["cells"]}
    for victim in ("chase", "requests"):
        assert (victim, "alone") in cells, cells
    for cell in found["measured"]["cells"]:
        assert [one["block"] for one in cell["repetitions"]] == [0, 1], cell
        assert {one["seed"] for one in cell["repetitions"]} == {1, 1001}, cell
        assert cell["ns"]["low"] <= cell["ns"]["median"] <= cell["ns"]["high"], cell
    ways = {point["ways"] for point in found["simulated"]["curve"]}
    assert len(ways) > 1, ways
    # What the other cores do not allow is said.
    names = {cell[1] for cell in cells} | {one["what"] for one in found["left_out"]}
    assert {"alone-at-mask", "shared", "partitioned", "partitioned+mba", "other-socket", "full-mask"} <= names, names
    return found


def check_pictures(folder, found):
    labels = {"latency": ["measured, whole cache", "simulated, "], "slowdown": ["measured, shared", "simulated, partitioned"],
              "tail": ["measured, alone"], "occupancy": ["simulated, victim"]}  # fmt: skip
    if not any("aggressor" in cell for cell in found["measured"]["cells"]):
        del labels["slowdown"]  # one core
    for name, words in labels.items():
        with open(f"{folder}/{name}.svg", encoding="utf-8") as file:
            drawn = file.read()
        for word in [*words, "NO EVIDENCE OF ISOLATION", "berth bench cache"]:
            assert word in drawn, f"{name}.svg: no {word!r}"
        with open(f"{folder}/{name}.png", "rb") as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n", name
    before = os.stat(f"{folder}/latency.svg").st_mtime_ns
    again = bench("--from", f"{folder}/figures.json", "--plots", folder)
    assert again.returncode == 0 and os.stat(f"{folder}/latency.svg").st_mtime_ns > before, again.stderr


def check_complaints(folder):
    with open(f"{folder}/other.json", "w", encoding="utf-8") as file:
        file.write("{}")
    for words, said in (
        (["--victim", "nobody"], "--victim: 'nobody': allowed is chase, chains, triad, requests"),
        (["--condition", "x"], "--condition: 'x': allowed is alone"),
        (["--run", "1h"], "--run: '1h': allowed is 1ms to 30s"),
        (["--working-set", "64"], "--working-set: '64': allowed is 4096 and more"),
        (["--ways", "0"], "--ways: Value 0 not in range"),
        (["extra"], "unexpected argument 'extra'"),
        (["--json", f"{folder}/no/such.json"], "no such file or directory"),
        (["--plots", f"{folder}/no/such"], "no such file or directory"),
        (["--from", f"{folder}/other.json", "--plots", folder], "not of berth bench cache"),
        (["--from", f"{folder}/other.json"], "--from: --plots says where"),
    ):
        ran = bench(*words)
        assert ran.returncode == 125, (words, ran)
        assert ran.stdout == "" and ran.stderr.startswith("berth: ") and ran.stderr.count("\n") == 1, (words, ran)
        assert said in ran.stderr, (words, ran.stderr)


def main():
    with tempfile.TemporaryDirectory(prefix="berth_bench_cache.") as folder:
        check_pictures(folder, check_all(folder))
        check_complaints(folder)


main()

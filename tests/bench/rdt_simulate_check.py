#!/usr/bin/env python3
"""What rdt_simulate prints and draws. Usage: rdt_simulate_check.py PROGRAM"""
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

PROGRAM = sys.argv[1]
NODES, LOADS, POLICIES = 6, 4, 6
JOBS = 2000


def run(*options):
    words = [PROGRAM, *options]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(words)}: {ran.stderr}"
    return ran.stdout


def without_times(study):
    del study["clock_cost_ns"]
    for row in study["rows"]:
        times = row.pop("decision_ns")
        assert 0 < times["p50"] <= times["p99"], times
    return study


def check_rows(study):
    assert study["simulated"] is True
    assert study["jobs"] == NODES * LOADS * POLICIES * JOBS, study["jobs"]
    assert len(study["rows"]) == NODES * LOADS * POLICIES
    for row in study["rows"]:
        refused = row["refused"]
        assert row["asked"] + row["no_cores"] <= row["jobs"] == JOBS, row
        assert refused["ways"] + refused["fragmentation"] + refused["groups"] == refused["all"] <= row["asked"], row
        assert row["changes_checked"] > 0, row
        assert 0 <= row["stranded_ways"] <= row["idle_ways"], row
        assert (row["moves"] > 0) <= (row["policy"] == "best-fit+compaction"), row
        assert (row["packed"] > 0) <= row["packing"], row


def check_svg(path, seed):
    root = xml.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == space + "svg", root.tag
    lines = root.findall(space + "polyline")
    assert len(lines) == NODES * 2 * POLICIES, len(lines)
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
        assert len(points) == LOADS, points
        assert all(0 <= x <= float(root.get("width")) and 0 <= y <= float(root.get("height")) for x, y in points)
    texts = " ".join(text.text for text in root.iter(space + "text"))
    for words in ("SIMULATED", f"seed {seed};", f"{JOBS} for each point", "best-fit+compaction, packing"):
        assert words in texts, f"'{words}' is not in the picture: {texts}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        picture = os.path.join(folder, "picture.svg")
        options = ("--jobs", str(JOBS), "--seed", "7", "--format", "json")
        first = without_times(json.loads(run(*options, "--svg", picture)))
        check_svg(picture, 7)
    check_rows(first)
    again = without_times(json.loads(run(*options, "--threads", "2")))
    assert first == again, "the same seed gave other figures"
    text = run("--jobs", "200", "--seed", "7", "--node", "8x16", "--load", "1")
    assert text.startswith("SIMULATED") and "seed 7" in text.split("\n", 1)[0], text
    table = text.split("(simulated)", 1)[1].rstrip().split("\n")[1:]
    assert len(table) == 2 + POLICIES and len({len(line) for line in table[2:]}) == 1, text
    refused = subprocess.run([PROGRAM, "--node", "9x9"], capture_output=True, check=False)
    assert refused.returncode != 0


main()

#!/usr/bin/env python3
"""That bench/starts measures what it says: few rounds, no figure of time is looked at. Usage: starts_check.py STARTS BUILD"""
import json
import os
import subprocess
import sys
import tempfile

STARTS, BUILD = sys.argv[1:]


def measured(*words):
    with tempfile.NamedTemporaryFile() as file:
        ran = subprocess.run([STARTS, "--build", BUILD, "--rounds", "4", "--json", file.name, *words],
                             capture_output=True, text=True, check=False)  # fmt: skip
        assert ran.returncode == 0, f"{words}: {ran.stderr}{ran.stdout}"
        return json.load(open(file.name, encoding="utf-8"))["results"], ran.stdout


def check_runs():
    for options in ([], ["--seccomp"], ["--rootless"]):
        results, printed = measured("run", *options)
        assert len(results) == 2, results
        for title, figures in results.items():
            assert title in printed, printed
            assert {"floor", "berth"} <= set(figures), figures
            for name, one in figures.items():
                assert one["ms"] > 0 and one["faults"] > 0 and one["rounds"] >= 4, one
                assert (name == "berth") == ("berth_ratio" not in one), one
            low, high = (figures["floor"]["berth_ratio"][key] for key in ("low", "high"))
            assert low <= figures["floor"]["berth_ratio"]["median"] <= high


def check_others():
    results, _ = measured("lifecycle")
    assert set(results) == {"create, start, delete", "exec", "state"}, results
    sizes, _ = measured("size")
    calls = {name: one["system_calls"] for name, one in sizes["size"].items()}
    assert 100 < calls["floor"] < calls["berth"], calls
    assert sizes["size"]["berth"]["beside_kib"] > 0, sizes
    many, _ = measured("scale", "--containers", "10", "--states", "100")
    assert [row["containers"] for row in many["scale"]["containers"]] == list(range(1, 11)), many
    assert many["scale"]["states"][-1]["states"] == 100, many


def check_srun():
    results, printed = measured("srun", "--private", "--tasks", "1,2")
    if not results:
        assert "left out: " in printed, printed
        print(printed)
        return
    assert list(results) == ["srun -n1", "srun -n2"], results
    for tasks, figures in zip((1, 2), results.values()):
        assert {"berth", "plain", "bare"} <= set(figures), figures
        for name in {"berth", "berth+l3"} & set(figures):
            one = figures[name]
            assert {"task_post_fork", "task_init", "exit"} <= set(one["hooks"]), one
            # Tasks write to slurmd's log at the same time: a line may be lost in another.
            assert tasks / 2 < one["hooks"]["task_init"]["calls"] <= tasks and one["hooks"]["exit"]["calls"] == 1, one
            assert one["launcher"]["own_us"] > 0 and "limits written" in one["launcher"]["steps_us"], one
            assert one["more_ms"]["low"] <= one["more_ms"]["step"] <= one["more_ms"]["high"], one
        # Whoever is missing is named.
        assert "crun" in figures or "crun" in printed, printed
        assert "berth+l3" in figures or "--l3=25% left out" in printed, printed
    assert "emulated" in results["srun -n1"].get("berth+l3", {}).get("label", "emulated"), results


def check_rdt():
    results, printed = measured("rdt")
    seen = {row["figure"] for row in results["rdt"]}
    # Joining takes a resctrl: the kernel's, or FUSE for the emulated one.
    assert {"decision", "commit", "release", "show reads"} <= seen, results
    assert "join" in seen or any("join" in name for name in results["left out"]), results
    assert all(0 < row["us"] <= row["p99_us"] for row in results["rdt"]), results
    if "berth show left out: " not in printed:
        for count in (0, 16):
            assert results[f"berth show, {count} groups"]["berth show"]["ms"] > 0, results


def check_cgroup2():
    """Where nothing but v2 is mounted, whatever this host has."""
    results, printed = measured("--cgroup2", "lifecycle")
    assert "cgroup v2 alone, its controllers: " in printed, printed
    assert all("berth" in figures for figures in results.values()), results


def check_instructions():
    """Those of children count, and of what they execute; the count ends where it is told to."""
    counter = f"{BUILD}/bench/start/instructions"

    def count(*words, status=0):
        ran = subprocess.run([counter, *words], capture_output=True, text=True, check=False)
        assert ran.returncode == status, (words, ran)
        return int(ran.stdout)

    one = count("busybox", "true")
    assert 5_000 < one < 1_000_000, one
    assert count("busybox", "env", "busybox", "true") > 1.5 * one  # executes it
    assert count("busybox", "time", "busybox", "true") > 1.5 * one  # starts it as a child
    assert count("--most", "1000", "busybox", "true", status=2) == 1001
    count("busybox", "false", status=1)


def main():
    if os.geteuid() != 0:
        print("takes root: operation not permitted")
        sys.exit(77)
    check_runs()
    check_cgroup2()
    check_instructions()
    check_others()
    check_srun()
    check_rdt()


main()

"""What a job's part of the caches costs: deciding, doing, joining and giving back, and `berth show` of a full node."""
import contextlib
import json
import os
import subprocess
import tempfile
import time

import bundles
import emulated
import figures

GROUPS = 16
PATIENCE = 60
# The first process of a PID namespace hears only of signals that it has a handler for.
SLEEPER = "trap 'exit 0' TERM; sleep 3600 & wait"
# rdt_bench's counters, as they are called here.
NAMES = {"decide": "decision", "locked": "commit", "join": "join", "give_back": "release", "read": "show reads", "draw": "show draws"}


def place_of(benchmark):
    name = benchmark.split("/")[0]
    if name.endswith("_emulated"):
        return emulated.LABEL
    if name.endswith("_in_the_kernel"):
        return "the kernel's resctrl"
    return "no kernel in it" if name.startswith(("decide", "refuse")) else "a tree of files: the kernel's part is not in it"


def functions(program, min_time):
    """rdt_bench's own figures, by ours' names; what it leaves out, with the reason."""
    if not os.access(program, os.X_OK):
        raise figures.Complaint(f"{program}: not built: it takes Google Benchmark")
    ran = subprocess.run([program, "--benchmark_format=json", f"--benchmark_min_time={min_time}"], capture_output=True, text=True,
                         check=False)  # fmt: skip
    if ran.returncode != 0:
        raise figures.Complaint(f"rdt_bench: {ran.stderr.strip()}")
    rows, left_out = [], {}
    for one in json.loads(ran.stdout)["benchmarks"]:
        name = "/".join(word for word in one["name"].split("/") if word != "real_time" and "iterations:" not in word)
        if one.get("error_occurred"):
            left_out[name] = one["error_message"]
            continue
        for counter, figure in NAMES.items():
            if f"{counter}_us_median" in one:
                rows.append({"figure": figure, "benchmark": name, "place": place_of(name),
                             "us": one[f"{counter}_us_median"], "p99_us": one[f"{counter}_us_p99"]})  # fmt: skip
    return sorted(rows, key=lambda row: list(NAMES.values()).index(row["figure"])), left_out


class Claims:
    """Launches that hold a way each and sleep, until their end."""

    def __init__(self, berth, bundle, count, environment):
        self.berth, self.bundle, self.count, self.environment = berth, bundle, count, environment
        self.launches = []

    def __enter__(self):
        for _ in range(self.count):
            words = [self.berth, "launch", "--l3=1w", "--bundle", self.bundle]
            self.launches.append(subprocess.Popen(words, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                                  stderr=subprocess.DEVNULL, start_new_session=True))  # fmt: skip
        end = time.monotonic() + PATIENCE
        while self.held() < self.count:
            if any(one.poll() is not None for one in self.launches) or time.monotonic() > end:
                held = self.held()
                self.__exit__()
                raise figures.Complaint(f"berth show with {self.count} groups: {held} launches could hold a way")
            time.sleep(0.05)
        return self

    def held(self):
        shown = subprocess.run([self.berth, "show"], env=self.environment, capture_output=True, text=True, check=False).stdout
        ours = [f"launch {one.pid}" for one in self.launches]
        return sum(any(name in line for name in ours) for line in shown.splitlines())

    def __exit__(self, *_):
        for one in self.launches:
            one.terminate()
        for one in self.launches:
            try:
                one.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


def shown(programs, rounds, stack):
    """The whole of `berth show`, without a claim and with many."""
    environment, label = dict(os.environ), "the kernel's resctrl"
    if not emulated.kernels():
        label = emulated.LABEL
        environment.update(stack.enter_context(emulated.Resctrl(programs.folder)).environment)
    more = [f"{name}={value}" for name, value in environment.items() if os.environ.get(name) != value]
    words = {"berth show": ["env", *more, programs.berth, "show"]}
    parent = stack.enter_context(tempfile.TemporaryDirectory(prefix="berth-bench-"))
    bundle, result = f"{parent}/bundle", {}
    bundles.make(bundle, "")
    bundles.change(bundle, lambda config: config["process"].update(args=["/bin/sh", "-c", SLEEPER]))
    for count in (0, GROUPS):
        with Claims(programs.berth, bundle, count, environment):
            title = f"berth show, {count} groups"
            result[title] = figures.summary(figures.in_turn(programs.timed_rounds, words, rounds))
            result[title]["berth show"]["label"] = label
            figures.show(title, result[title])
            print(f"  {label}")
    return result


def measure(programs, rounds):
    rows, left_out = functions(f"{programs.build}/bench/rdt_bench", 0.5 if rounds >= 20 else 0.05)
    print("a part of the caches, microseconds: median (99th percentile)")
    for row in rows:
        print(f"  {row['figure']:<12}{row['us']:10.1f} ({row['p99_us']:.1f})   {row['benchmark']}: {row['place']}")
    for name, why in left_out.items():
        print(f"  {name} left out: {why}")
    with contextlib.ExitStack() as stack:
        try:
            whole = shown(programs, rounds, stack)
        except figures.Complaint as complaint:
            print(f"berth show left out: {complaint}")
            whole = {}
    return {"rdt": rows, "left out": left_out, **whole}

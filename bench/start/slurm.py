"""What a container adds to a step of Slurm's."""
import contextlib
import os
import subprocess
import tempfile

import bundles
import emulated
import figures
import hook_times
import native
import peers
from private_slurm import PrivateSlurm, why_not

NOBODY = 65534
# Before each step: the node still ends the one before when srun has returned, and would do so at the cost of the next.
PAUSE_MS = 150
TRACED = 5  # steps of which the parts are told


class Skip(Exception):
    """Why nothing can be measured here at all."""


def step(slurm, tasks, *words):
    words = ["-Q", f"-n{tasks}", "--overcommit", *words, "true"]
    return slurm.step(*words) if slurm else ["srun", *words]


class Kinds:
    """The steps that are compared: name -> the words of one with so many tasks. With `slurms` of our own the plugin's
    is the first of them."""

    def __init__(self):
        self.words, self.slurms, self.labels = {}, {}, {}

    def add(self, name, slurm, *options, label=""):
        self.words[name] = lambda tasks: step(slurm, tasks, *options)
        self.slurms[name], self.labels[name] = slurm, label


def of_the_callers(bundle, ways):
    kinds = Kinds()
    kinds.add("berth", None, f"--container={bundle}")
    kinds.add("plain", None)
    if ways and emulated.kernels():
        kinds.add("berth+l3", None, f"--container={bundle}", f"--l3={ways}")
    return kinds


def of_our_own(programs, stack, bundle, ways, parent, before):
    with_berth = ["--plugin", f"{programs.build}/spank_berth.so", "--launcher", programs.berth]
    ours = stack.enter_context(PrivateSlurm(*with_berth))
    ours.hold_node(before)
    kinds = Kinds()
    kinds.add("berth", ours, f"--container={bundle}")
    kinds.add("plain", ours)
    theirs, has_crun = native.with_crun(stack, parent, bundle)
    theirs.hold_node(before)
    kinds.add("bare", theirs, label="Slurm without the plugin")
    if has_crun:
        kinds.add("crun", theirs, f"--container={bundle}", label="oci.conf, without the plugin")
    if ways and emulated.kernels():
        kinds.add("berth+l3", ours, f"--container={bundle}", f"--l3={ways}")
    elif ways:
        try:
            resctrl = stack.enter_context(emulated.Resctrl(programs.folder))
            third = stack.enter_context(PrivateSlurm(*with_berth, environment=resctrl.environment))
            third.hold_node(before)
            kinds.add("berth+l3", third, f"--container={bundle}", f"--l3={ways}", label=emulated.LABEL)
        except figures.Complaint as complaint:
            print(f"--l3={ways} left out: {complaint}")
    return kinds


def usable(kinds, tasks, before):
    """name -> words; why one cannot is printed."""
    commands = {}
    for name, words_of in kinds.words.items():
        complaint = figures.complaint_of([*before, *words_of(tasks)], "error")
        if complaint and name in ("berth", "plain"):
            raise figures.Complaint(f"{name}, {tasks} tasks: {complaint}")
        if complaint:
            why = " (until 23.02 Slurm's own containers are one for a step on a node)" if name == "crun" and tasks > 1 else ""
            print(f"  {name} left out with {tasks} tasks: {complaint}{why}")
        else:
            commands[name] = words_of(tasks)
    return commands


def traced(kinds, name, tasks, before):
    """Where the time of berth's goes, of a few steps that are not among those timed."""
    slurm = kinds.slurms[name]
    slurm.trace_time(True)
    try:
        begin, said = len(slurm.log()), ""
        for _ in range(TRACED):
            ran = subprocess.run([*before, *kinds.words[name](tasks)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 check=False)  # fmt: skip
            if ran.returncode != 0:
                raise figures.Complaint(f"{name}, {tasks} tasks: {ran.stderr.strip()}")
            said += ran.stderr
        log = slurm.await_log(lambda text: hook_times.ended_steps(text[begin:]) >= TRACED)[begin:]
    finally:
        slurm.trace_time(False)
    return {"hooks": hook_times.of_hooks(log), "launcher": hook_times.of_launchers(said)}


def show_traced(name, parts):
    print(f"  {name}: the plugin's hooks, microseconds in a step (calls, each)")
    for hook, one in parts["hooks"].items():
        print(f"    {hook:<16}{one['step_us']:8.0f} ({one['calls']:.0f}, {one['call_us']:.0f})")
    launcher = parts["launcher"]
    if launcher:
        print(f"    launcher of a task: {launcher['own_us']:.0f}, begun {launcher['before_us']:.0f} after the last hook: "
              + ", ".join(f"{step} {value:.0f}" for step, value in launcher["steps_us"].items()))


def one_count(tool, kinds, rounds, tasks, before):
    commands = usable(kinds, tasks, before)
    starts = figures.in_turn(tool, commands, rounds, PAUSE_MS, before)
    result = figures.summary(starts)
    title = f"srun -n{tasks}"
    figures.show(title, result)
    for name in commands:
        if kinds.labels[name]:
            result[name]["label"] = kinds.labels[name]
            print(f"  {name}: {kinds.labels[name]}")
    for name in commands:
        against = "bare" if name == "crun" else "plain"
        if name in ("plain", "bare") or against not in commands:
            continue
        middle, low, high = figures.difference(starts[name], starts[against])
        result[name]["more_ms"] = {"step": middle, "low": low, "high": high, "task": middle / tasks}
        print(f"  {name}: {middle:.1f} ms more than {against} ({low:.1f} to {high:.1f}), for each task {middle / tasks:.2f} ms")
    for name in commands:
        if name.startswith("berth") and kinds.slurms[name]:
            result[name].update(traced(kinds, name, tasks, before))
            show_traced(name, result[name])
    return title, result


def steps(programs, options):
    """By the caller's Slurm or, with --private, by ones of our own as nobody."""
    with contextlib.ExitStack() as stack:
        bundle, before = options.bundle, []
        if options.private:
            why = why_not()
            if why:
                raise Skip(why)
            parent = stack.enter_context(tempfile.TemporaryDirectory(prefix="berth-bench-"))
            os.chmod(parent, 0o755)
            if bundle is None:
                bundle = f"{parent}/bundle"
                bundles.make(bundle, "", rootless=True)  # crun as nobody takes no other
            before = [*peers.as_user(NOBODY, NOBODY), "env", "-C", parent]
            kinds = of_our_own(programs, stack, bundle, options.l3, parent, before)
        elif bundle is None:
            raise figures.Complaint("srun: a BUNDLE, or --private")
        else:
            kinds = of_the_callers(bundle, options.l3)
        return dict(one_count(programs.timed_rounds, kinds, options.rounds, tasks, before) for tasks in options.tasks)

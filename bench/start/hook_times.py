"""What berth's plugin and launcher tell of their times where `trace_time` asks (spank_berth(8))."""
import re
import statistics

HOOK = re.compile(r"\[(\d+\.\w+)\] berth: time: (\w+)(?: of task \d+)?: (\d+) us")
STEP = re.compile(r"berth: +(\d+) us +([+-]\d+) +(.+)")
BEGIN, END = "launcher started", "program executed next"


def ended_steps(log):
    return sum(hook == "exit" for _, hook, _ in HOOK.findall(log))


def of_hooks(log):
    """hook -> microseconds in a step (the sum of its calls) and in a call, medians of the steps in slurmd's log."""
    sums, calls = {}, {}
    for step, hook, microseconds in HOOK.findall(log):
        steps = sums.setdefault(hook, {})
        steps[step] = steps.get(step, 0) + int(microseconds)
        calls.setdefault(hook, []).append(int(microseconds))
    return {hook: {"step_us": statistics.median(sums[hook].values()), "call_us": statistics.median(calls[hook]),
                   "calls": len(calls[hook]) / len(sums[hook])} for hook in sums}  # fmt: skip


def of_launchers(said):
    """Medians of the tasks, in microseconds: from the plugin's last hook to the launcher's begin (Slurm's own work for a
    task, execve and ld.so), the launcher's steps one by one, and their sum. Tasks tell theirs at once, line by line."""
    begun, steps, ends = [], {}, []
    for at, more, name in STEP.findall(said):
        name = name.strip()
        if name == BEGIN:
            begun.append(int(at))
            continue
        steps.setdefault(name, []).append(int(more))
        if name == END:
            ends.append(int(at))
    if not begun or not ends:
        return {}
    medians = {name: statistics.median(values) for name, values in steps.items()}
    before = statistics.median(begun)
    return {"before_us": before, "own_us": statistics.median(ends) - before, "steps_us": medians}

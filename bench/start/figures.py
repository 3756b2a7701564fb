"""Commands timed in turn, and what their times say."""
import random
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass


class Complaint(Exception):
    """Why a command cannot be timed, in one line."""


@dataclass(frozen=True)
class Start:
    nanoseconds: int
    cpu_microseconds: int  # its own and that of the children that it waited for
    resident_kib: int  # the most of any of them
    faults: int

    @property
    def milliseconds(self):
        return self.nanoseconds / 1e6


def complaint_of(words, first_with=None):
    """The last line of what a command says when it fails, or the first that has a word in it, or None."""
    # Files and no pipes: a container that stays would hold a pipe open.
    with tempfile.TemporaryFile() as errors:
        ran = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, check=False)
        if ran.returncode == 0:
            return None
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip() or f"status {ran.returncode}"
        lines = said.splitlines()
        return next((line for line in lines if first_with and first_with in line), lines[-1])


def in_turn(tool, commands, rounds, pause_ms=0, before=()):
    """name -> its Starts, round by round. `commands`: name -> words, `{}` in them the round's number; `before`: words
    that `tool` (timed_rounds) is run by. Throws Complaint where one fails."""
    words = [*before, tool, str(rounds), str(pause_ms)]
    for command in commands.values():
        words += ["--", *command]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise Complaint(f"{tool}: {ran.stderr.strip()}")
    names = list(commands)
    starts = {name: [] for name in names}
    for line in ran.stdout.splitlines():
        number, turn, status, nanoseconds, user, system, resident, faults = map(int, line.split("\t"))
        if status != 0:
            command = [word.replace("{}", "again") for word in commands[names[number]]]
            raise Complaint(f"{names[number]}, round {turn}: {complaint_of([*before, *command]) or f'status {status}'}")
        starts[names[number]].append(Start(nanoseconds, user + system, resident, faults))
    return starts


def interval(values, resamples=2000):
    """The middle 95% of the medians of samples with replacement (bootstrap)."""
    chance = random.Random(1)  # the same figures give the same interval
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(resamples))
    return medians[int(resamples * 0.025)], medians[int(resamples * 0.975)]


def ratio(starts, peers):
    """Round by round: the median, and its interval."""
    ratios = [one.nanoseconds / other.nanoseconds for one, other in zip(starts, peers)]
    return (statistics.median(ratios), *interval(ratios))


def difference(starts, others):
    """Round by round, in milliseconds: the median, and its interval."""
    more = [one.milliseconds - other.milliseconds for one, other in zip(starts, others)]
    return (statistics.median(more), *interval(more))


def summary(starts):
    """What is kept of them: medians of each, the ratios of `berth` to each other one."""
    result = {}
    for name, list_of in starts.items():
        result[name] = {
            "ms": statistics.median(one.milliseconds for one in list_of),
            "cpu_ms": statistics.median(one.cpu_microseconds for one in list_of) / 1000,
            "resident_kib": max(one.resident_kib for one in list_of),
            "faults": statistics.median(one.faults for one in list_of),
            "rounds": len(list_of),
        }
        if name != "berth" and "berth" in starts:
            middle, low, high = ratio(starts["berth"], list_of)
            result[name]["berth_ratio"] = {"median": middle, "low": low, "high": high}
    return result


def show(title, figures):
    rounds = next(iter(figures.values()))["rounds"]
    print(f"{title}, medians of {rounds} rounds in turn")
    for name, one in figures.items():
        line = f"  {name:<12}{one['ms']:8.2f} ms {one['cpu_ms']:8.2f} ms of CPU {one['resident_kib']:7} KiB {one['faults']:6.0f} faults"
        if "berth_ratio" in one:
            against = one["berth_ratio"]
            line += f"   berth is {against['median']:.2f} of it ({against['low']:.2f} to {against['high']:.2f})"
        print(line)
    sys.stdout.flush()

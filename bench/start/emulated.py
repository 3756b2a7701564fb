"""The tests' emulated resctrl for whole programs, where the machine has none."""
import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile

import figures

LABEL = "emulated resctrl: its own cost included"
LOCK = "/run/berth-bench.lock"
STATE = "/run/berth"
# What berth keeps of a resctrl, and of this one as long as it is there. The claims beside it are the machine's: where they
# were elsewhere another slurmd's start would take our jobs' cgroups for those of the dead.
KEPT = ("rdt.json", "rdt.journal", "rdt-capability.json")


def kernels():
    """Whether the kernel's own is mounted."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return any(line.split()[1:3] == ["/sys/fs/resctrl", "resctrl"] for line in file)


def move(source, target):
    for name in KEPT:
        with contextlib.suppress(FileNotFoundError):
            shutil.move(f"{source}/{name}", f"{target}/{name}")


class Resctrl:
    """Mounted until its end; `environment` has a program take it for the kernel's. One at a time on a machine."""

    def __init__(self, folder):
        self.program, self.stand_in = f"{folder}/emulated_resctrl", f"{folder}/resctrl_stand_in.so"
        self.stack, self.environment = contextlib.ExitStack(), {}

    def __enter__(self):
        if not os.access(self.program, os.X_OK):
            raise figures.Complaint(f"{self.program}: not built")
        with contextlib.ExitStack() as stack:
            fcntl.flock(stack.enter_context(open(LOCK, "w", encoding="utf-8")), fcntl.LOCK_EX)
            # A session of its own: what goes with the bench's ^C must not go before what uses it.
            process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True, start_new_session=True)  # fmt: skip
            stack.callback(process.communicate)
            place = process.stdout.readline().strip()
            if not place:
                raise figures.Complaint(f"emulated_resctrl: {process.stderr.read().strip() or 'said nothing'}")
            os.makedirs(STATE, exist_ok=True)
            before = stack.enter_context(tempfile.TemporaryDirectory(prefix="berth-bench-"))
            ours = stack.enter_context(tempfile.TemporaryDirectory(prefix="berth-bench-"))
            move(STATE, before)
            stack.callback(move, before, STATE)
            stack.callback(move, STATE, ours)
            self.environment = {"LD_PRELOAD": self.stand_in, "BERTH_BENCH_RESCTRL": place}
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

"""The tests' emulated resctrl for whole programs, where the machine has none."""
import os
import shutil
import subprocess
import tempfile

import figures

LABEL = "emulated resctrl: its own cost included"


def kernels():
    """Whether the kernel's own is mounted."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return any(line.split()[1:3] == ["/sys/fs/resctrl", "resctrl"] for line in file)


class Resctrl:
    """Mounted until its end; `environment` has a program take it for the kernel's, and a folder of our own for /run/berth."""

    def __init__(self, folder):
        self.program, self.stand_in = f"{folder}/emulated_resctrl", f"{folder}/resctrl_stand_in.so"
        self.process, self.state, self.environment = None, None, {}

    def __enter__(self):
        if not os.access(self.program, os.X_OK):
            raise figures.Complaint(f"{self.program}: not built")
        # A session of its own: what goes with the bench's ^C must not go before what uses it.
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, start_new_session=True)  # fmt: skip
        place = self.process.stdout.readline().strip()
        if not place:
            said = self.process.communicate()[1].strip()
            raise figures.Complaint(f"emulated_resctrl: {said or 'said nothing'}")
        self.state = tempfile.mkdtemp(prefix="berth-bench-")
        os.chmod(self.state, 0o755)
        self.environment = {"LD_PRELOAD": self.stand_in, "BERTH_BENCH_RESCTRL": place, "BERTH_BENCH_STATE": self.state}
        return self

    def __exit__(self, *_):
        self.process.communicate()
        shutil.rmtree(self.state)

"""A Slurm of the bench's own, which goes with it."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import bundles
import figures

SCRIPT = f"{bundles.SOURCE}/tests/support/slurm/private-slurm"
PROGRAMS = ("munged", "slurmctld", "slurmd", "srun")
PATIENCE = 60  # seconds, for what a node does after srun has ended


def why_not():
    """Why there can be none here, or None."""
    for program in PROGRAMS:
        if shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") is None:
            return f"'{program}' is not installed"
    return None if os.geteuid() == 0 else "slurmd starts tasks as their users: takes root"


class PrivateSlurm:
    """With these options of `private-slurm start`; its daemons have `environment` beside the caller's."""

    def __init__(self, *options, environment=None):
        self.options, self.environment = options, {**os.environ, **(environment or {})}
        self.folder, self.job = None, None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="berth-bench-", dir="/tmp")  # sockets have short paths
        try:
            os.chmod(self.folder, 0o755)
            self._script("start", *self.options)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # Whoever is impatient now would leave daemons behind.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._script("stop")
            shutil.rmtree(self.folder, ignore_errors=True)
        finally:
            signal.signal(signal.SIGINT, before)

    def _script(self, verb, *options):
        """In a session of its own: a terminal's ^C would end it between a daemon and its pid file."""
        # A file and no pipe: the daemons would hold that open.
        with tempfile.TemporaryFile() as errors:
            script = subprocess.Popen([SCRIPT, verb, self.folder, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=errors, env=self.environment, start_new_session=True)  # fmt: skip
            try:
                status = script.wait()
            except BaseException:
                script.wait()
                raise
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
        if status != 0:
            raise figures.Complaint(f"private-slurm {verb}: {said}")

    def client(self, *words):
        """The words of a client of it."""
        return ["env", f"SLURM_CONF={self.folder}/etc/slurm.conf", *words]

    def hold_node(self, before=()):
        """From now on `step` is of a job that has the whole node. Of `srun --overcommit` by itself, whatever its number of
        tasks, all would share one CPU."""
        words = [*before, *self.client("salloc", "--exclusive", "-N1", "--no-shell")]
        ran = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        granted = re.search(r"allocation (\d+)", ran.stderr)
        if ran.returncode != 0 or not granted:
            raise figures.Complaint(f"salloc: {ran.stderr.strip()}")
        self.job = granted.group(1)

    def step(self, *words):
        return self.client("srun", *([f"--jobid={self.job}"] if self.job else []), *words)

    def trace_time(self, wanted):
        """Whether the plugin tells its times, from the next step on: slurmstepd reads the file."""
        path = f"{self.folder}/etc/plugstack.conf"
        with open(path, encoding="utf-8") as file:
            line = file.read().strip().removesuffix(" trace_time")
        with open(path, "w", encoding="utf-8") as file:
            file.write(line + (" trace_time" if wanted else "") + "\n")

    def log(self):
        """slurmd's."""
        with open(f"{self.folder}/log/slurmd.log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def await_log(self, holds):
        """The log as soon as it is as wanted."""
        end = time.monotonic() + PATIENCE
        while True:
            text = self.log()
            if holds(text):
                return text
            if time.monotonic() > end:
                raise figures.Complaint(f"{self.folder}/log/slurmd.log: not what was waited for after {PATIENCE} s")
            time.sleep(0.05)

"""The programs that are measured: the floor, berth and the runtimes beside it, on this host."""
import os
import shutil
import subprocess
import sys

import figures

CGROUPS = "/sys/fs/cgroup"
UNIFIED = f"{CGROUPS}/unified"
V2_ALONE = "BERTH_STARTS_V2"  # in the environment: we are there
IN_MEMORY = "BERTH_STARTS_RUN"  # the same
RUN = "/run"  # where runtimes keep their states
PEERS = ("crun", "runc")


class Programs:
    """Where a build of berth has what is measured and what measures."""

    def __init__(self, build):
        self.build = build
        self.berth = f"{build}/front_of_build/berth"  # as it is installed: the front and the program
        self.folder = f"{build}/bench/start"
        self.floor = f"{self.folder}/floor"
        self.timed_rounds = f"{self.folder}/timed_rounds"
        for path in (self.berth, f"{build}/berth", self.floor, self.timed_rounds):
            if not os.access(path, os.X_OK):
                sys.exit(f"starts: {path}: not there; build first: ./dev build")

    def path_of(self, name):
        return self.berth if name == "berth" else shutil.which(name)


def as_user(uid, gid):
    """Words that run a program as that user, with a HOME and a runtime folder of nobody's."""
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "env", "HOME=/tmp", "XDG_RUNTIME_DIR=/tmp"]


class Hybrid(Exception):
    """crun 1.8 refuses a host that has cgroup v2 beside v1."""


def start_again(script, **environment):
    """This program, from the start, after a shell script in a mount namespace of its own."""
    os.environ.update(environment)
    os.execvp("unshare", ["unshare", "--mount", "sh", "-c", f'{script} && exec "$0" "$@"', os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def leave_unified():
    """Where the v2 hierarchy of a hybrid host is not mounted."""
    print(f"crun refuses this hybrid host; all run without {UNIFIED}", flush=True)
    start_again(f"umount {UNIFIED}")


def on_v2_alone():
    """Where cgroup v2 is all that is mounted, once; with the controllers that no hierarchy of v1 has taken."""
    if os.environ.get(V2_ALONE) is None and os.path.ismount(f"{CGROUPS}/memory"):
        start_again(f"umount -R {CGROUPS} && mount -t cgroup2 cgroup2 {CGROUPS}", **{V2_ALONE: "1"})
    with open(f"{CGROUPS}/cgroup.controllers", encoding="ascii") as file:
        print(f"cgroup v2 alone, its controllers: {file.read().strip() or 'none'}", flush=True)


def with_run_in_memory():
    """Where /run is a tmpfs, as on each host that systemd boots: a disk's journal would be a part of every start."""
    if os.environ.get(IN_MEMORY) is None and subprocess.run(["findmnt", "-no", "FSTYPE", "-T", RUN], capture_output=True, text=True,
                                                            check=True).stdout.strip() != "tmpfs":  # fmt: skip
        print(f"{RUN} of this host is on a disk: all run with one in memory", flush=True)
        start_again(f"mount -t tmpfs -o mode=755 tmpfs {RUN}", **{IN_MEMORY: "1"})


def usable(programs, words_of, before=()):
    """name -> words, of berth and of the peers that can do it here; why one cannot is printed. `words_of`: given a
    runtime's path and name, its words with `{}` for a number."""
    commands = {}
    for name in ("berth", *PEERS):
        path = programs.path_of(name)
        if path is None:
            print(f"{name}: not installed, left out")
            continue
        words = words_of(path, name)
        complaint = figures.complaint_of([*before, *[word.replace("{}", "0") for word in words]])
        if complaint and name == "crun" and "hybrid" in complaint and os.path.ismount(UNIFIED):
            raise Hybrid
        if complaint and name == "berth":
            sys.exit(f"starts: berth: {complaint}")
        if complaint:
            print(f"{name} left out: {complaint}")
            continue
        commands[name] = words
    return commands

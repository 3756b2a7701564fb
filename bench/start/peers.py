"""The programs that are measured: the floor, berth and the runtimes beside it, on this host."""
import os
import shutil
import sys

import figures

UNIFIED = "/sys/fs/cgroup/unified"
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


def leave_unified():
    """Starts this program again where the v2 hierarchy of a hybrid host is not mounted."""
    print(f"crun refuses this hybrid host; all run without {UNIFIED}", flush=True)
    script = f'umount {UNIFIED} && exec "$0" "$@"'
    os.execvp("unshare", ["unshare", "--mount", "sh", "-c", script, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


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

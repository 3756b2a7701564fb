"""How long a container's start takes, beside the floor and other runtimes."""
import os
import tempfile

import bundles
import figures
import peers

COLD_MS = 250  # longer than an RCU grace period with the clocks of an idle machine
NOBODY = 65534


def runs(programs, rounds, rootless=False, seccomp=False):
    """`run` of true: back to back, and cold."""
    before = peers.as_user(NOBODY, NOBODY) if rootless else []
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as parent, \
         tempfile.TemporaryDirectory(prefix="berth-bench-", dir=peers.RUN) as states:  # fmt: skip
        os.chmod(parent, 0o755)
        bundle = f"{parent}/bundle"
        bundles.make(bundle, f"/berth-bench-{os.getpid()}", rootless, seccomp)
        os.chmod(states, 0o1777)
        commands = peers.usable(
            programs,
            lambda path, name: [path, "--root", f"{states}/{name}", "run", "--bundle", bundle, f"bench{os.getpid()}-{{}}"],
            before,
        )
        plan = bundles.floor_plan(bundle, programs.folder, before)
        complaint = figures.complaint_of([*before, programs.floor, plan, "0"])
        if complaint:
            print(f"floor left out: {complaint}")
        else:
            commands = {"floor": [programs.floor, plan, "{}"], **commands}
        kind = " ".join(["rootless" if rootless else "root", *(["seccomp's default profile"] if seccomp else [])])
        results = {}
        for title, count, pause in ((f"run, {kind}", rounds, 0), (f"run, {kind}, {COLD_MS} ms apart", rounds // 2, COLD_MS)):
            starts = figures.in_turn(programs.timed_rounds, commands, max(count, 5), pause, before)
            results[title] = figures.summary(starts)
            figures.show(title, results[title])
        return results


def lifecycle(programs, rounds):
    """create, start and delete as one; exec into, and state of, a container that runs."""
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as parent:
        bundle = f"{parent}/bundle"
        bundles.make(bundle, f"/berth-bench-{os.getpid()}")
        name = f"bench{os.getpid()}"
        whole = peers.usable(
            programs,
            lambda path, tag: ["sh", "-c", f'{path} create --bundle {bundle} "$0" </dev/null >/dev/null && '
                               f'{path} start "$0" && {path} delete --force "$0"', f"{name}{tag}-{{}}"],
        )
        results = {"create, start, delete": figures.summary(figures.in_turn(programs.timed_rounds, whole, rounds))}
        figures.show("create, start, delete", results["create, start, delete"])
        with running(programs, whole, parent) as ids:
            for title, verb, more in (("exec", "exec", ["/bin/true"]), ("state", "state", [])):
                commands = {tag: [programs.path_of(tag), verb, ids[tag], *more] for tag in ids}
                results[title] = figures.summary(figures.in_turn(programs.timed_rounds, commands, rounds))
                figures.show(title, results[title])
        return results


class running:
    """A container of each runtime that sleeps: tag -> id."""

    def __init__(self, programs, tags, parent):
        self.programs, self.ids = programs, {}
        for tag in tags:
            bundle = f"{parent}/{tag}"
            bundles.make(bundle, f"/berth-bench-{tag}-{os.getpid()}")
            bundles.change(bundle, lambda config: config["process"].update(args=["/bin/sleep", "600"]))
            self.ids[tag] = f"bench-{tag}-{os.getpid()}"
            words = [programs.path_of(tag), "run", "--detach", "--bundle", bundle, self.ids[tag]]
            complaint = figures.complaint_of(words)
            if complaint:
                self.__exit__()
                raise figures.Complaint(f"{tag}: {complaint}")

    def __enter__(self):
        return self.ids

    def __exit__(self, *_):
        for tag, one in self.ids.items():
            figures.complaint_of([self.programs.path_of(tag), "delete", "--force", one])

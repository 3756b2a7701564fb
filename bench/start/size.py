"""What a start costs beside time, and what stays while a container runs."""
import os
import shutil
import subprocess
import tempfile
import time

import bundles
import figures
import peers


def calls_of(words, trace):
    """How many system calls it and all that it starts make."""
    complaint = figures.complaint_of(["strace", "-f", "-c", "-o", trace, *words])
    if complaint:
        raise figures.Complaint(f"strace {words[0]}: {complaint}")
    total = 0
    with open(trace, encoding="utf-8") as file:
        for line in file:
            columns = line.split()
            if len(columns) >= 5 and columns[-1] != "total" and columns[3].isdigit():
                total += int(columns[3])
    return total


MOST_INSTRUCTIONS = 10_000_000  # of which counting takes minutes


def instructions_of(tool, words):
    """How many it and all that it starts execute in user space; None: more than are counted."""
    ran = subprocess.run([tool, "--most", str(MOST_INSTRUCTIONS), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         check=False)  # fmt: skip
    if ran.returncode == 2:
        return None
    if ran.returncode != 0:
        raise figures.Complaint(f"instructions {words[0]}: {ran.stderr.strip()}")
    return int(ran.stdout.splitlines()[-1])


def private_kib(pid):
    """Memory that this process alone has and that no file has: what it wrote to."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_Dirty"))


def beside(path, bundle, name):
    """KiB of the process that stays for a container in the foreground."""
    with subprocess.Popen([path, "run", "--bundle", bundle, name], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as parent:
        try:
            for _ in range(200):
                state = subprocess.run([path, "state", name], capture_output=True, text=True, check=False).stdout  # it may not be there yet
                if '"running"' in state:
                    break
                time.sleep(0.02)
            time.sleep(0.2)  # until it waits
            return private_kib(parent.pid)
        finally:
            figures.complaint_of([path, "delete", "--force", name])


def files_kib(name, path):
    paths = [path]
    if name == "berth":
        build = os.path.dirname(os.path.dirname(path))
        paths += [f"{build}/berth", f"{build}/berth-full"]
    return sum(os.stat(one).st_size for one in paths) // 1024


def sizes(programs, count_instructions):
    if shutil.which("strace") is None:
        raise figures.Complaint("strace: not installed")
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as parent:
        bundle, sleeping = f"{parent}/bundle", f"{parent}/sleeping"
        bundles.make(bundle, f"/berth-bench-{os.getpid()}")
        bundles.make(sleeping, f"/berth-bench-sleeping-{os.getpid()}")
        bundles.change(sleeping, lambda config: config["process"].update(args=["/bin/sleep", "600"]))
        name = f"bench{os.getpid()}"
        commands = peers.usable(programs, lambda path, _: [path, "run", "--bundle", bundle, f"{name}-{{}}"])
        commands = {"floor": [programs.floor, bundles.floor_plan(bundle, programs.folder), "{}"], **commands}
        starts = figures.summary(figures.in_turn(programs.timed_rounds, commands, 10))
        result = {}
        for tag, words in commands.items():
            one = {"resident_kib": starts[tag]["resident_kib"], "faults": starts[tag]["faults"]}
            one["system_calls"] = calls_of([word.replace("{}", "0") for word in words], f"{parent}/trace")
            if count_instructions:
                one["instructions"] = instructions_of(f"{programs.folder}/instructions", [word.replace("{}", "i") for word in words])
                if one["instructions"] is None:
                    # Its end with the counter's is no end that it could clean up after.
                    figures.complaint_of([words[0], "delete", "--force", f"{name}-i"])
            one["files_kib"] = files_kib(tag, words[0])
            if tag != "floor":
                one["beside_kib"] = beside(words[0], sleeping, f"{name}-sleeping")
            result[tag] = one
        show(result)
        return {"size": result}


def show(result):
    print("a start of true: most resident memory, page faults, system calls; the program's files; private memory of what "
          "stays beside a container in the foreground")
    for tag, one in result.items():
        calls = one["system_calls"] / result["floor"]["system_calls"]
        beside_text = f"{one['beside_kib']:6} KiB beside" if "beside_kib" in one else ""
        if "instructions" in one:
            count = one["instructions"]
            beside_text += f"; {count / 1e6:.2f} million instructions in user space" if count else f"; more than {MOST_INSTRUCTIONS // 10**6} million instructions"
        print(f"  {tag:<8}{one['resident_kib']:7} KiB {one['faults']:6.0f} faults {one['system_calls']:6} calls ({calls:.2f} of the "
              f"floor's) {one['files_kib']:6} KiB of files {beside_text}")

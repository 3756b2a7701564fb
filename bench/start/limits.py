"""The least memory and the fewest processes under which `true` starts, by halving."""
import os
import tempfile

import bundles
import figures
import peers

KIB = 1024
PAGE = 4 * KIB
MOST = 32 * 1024 * KIB
TRIES = 3  # all must do: what the kernel charges differs a little from start to start


def least_that(does, low, high, step):
    """The smallest multiple of `step` above `low` up to `high` that does; None where even `high` does not."""
    if not does(high):
        return None
    while high - low > step:
        middle = (low + high) // 2 // step * step
        if does(middle):
            high = middle
        else:
            low = middle
    return high


def starts(words):
    return all(figures.complaint_of(words) is None for _ in range(TRIES))


def runtime_tries(path, bundle, resource):
    def does(value):
        bundles.change(bundle, lambda config: config["linux"]["resources"].update({resource: {"limit": value}}))
        return starts([path, "run", "--bundle", bundle, f"bench{os.getpid()}"])

    return does


def floor_tries(programs, bundle, resource):
    def does(value):
        bundles.change(bundle, lambda config: config["linux"]["resources"].update({resource: {"limit": value}}))
        return starts([programs.floor, bundles.floor_plan(bundle, programs.folder), "0"])

    return does


def least(programs):
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as parent:
        bundle = f"{parent}/bundle"
        bundles.make(bundle, f"/berth-bench-{os.getpid()}")
        commands = peers.usable(programs, lambda path, _: [path, "run", "--bundle", bundle, f"bench{os.getpid()}-{{}}"])
        result = {}
        for resource, low, high, step in (("memory", 0, MOST, PAGE), ("pids", 0, 64, 1)):
            tries = {"floor": floor_tries(programs, bundle, resource)}
            for tag, words in commands.items():
                tries[tag] = runtime_tries(words[0], bundle, resource)
            result[resource] = {tag: least_that(does, low, high, step) for tag, does in tries.items()}
            bundles.change(bundle, lambda config, key=resource: config["linux"]["resources"].pop(key))
            show(resource, result[resource])
        return {"limits": result}


def show(resource, least_of):
    print(f"the least linux.resources.{resource}.limit under which true starts {TRIES} times of {TRIES}; the floor is "
          "what the kernel itself asks for")
    for tag, value in least_of.items():
        text = "none" if value is None else f"{value // KIB} KiB" if resource == "memory" else str(value)
        print(f"  {tag:<8}{text:>12}")

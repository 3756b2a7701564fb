"""Bundles to start, and the floor's plans for them."""
import json
import os
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
PROFILE = "/usr/share/containers/seccomp.json"  # Debian: golang-github-containers-common


def default_seccomp(profile=PROFILE):
    """The profile that docker and podman have by default, as they would write it for a container on x86-64 that has
    no capability which lifts a part of it."""
    known = json.load(open(profile, encoding="utf-8"))
    rules = []
    for rule in known["syscalls"]:
        wanted, unwanted = rule.get("includes", {}), rule.get("excludes", {})
        if wanted.get("caps") or wanted.get("arches", ["amd64"]).count("amd64") == 0:
            continue
        if "amd64" in unwanted.get("arches", []):
            continue
        kept = {key: rule[key] for key in ("names", "action", "args", "errnoRet") if rule.get(key)}
        rules.append(kept)
    return {
        "defaultAction": known["defaultAction"],
        "defaultErrnoRet": known.get("defaultErrnoRet", 1),
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": rules,
    }


def make(folder, cgroup, rootless=False, seccomp=False):
    """A bundle of busybox's `true` with what `runc spec` writes; as root in the cgroup of that path."""
    subprocess.run([f"{SOURCE}/tests/support/bundle/make-bundle", folder, "--config", "runc"], check=True)
    def fill(config):
        config["process"]["args"] = ["/bin/true"]
        if rootless:
            make_rootless(config)
        else:
            config["linux"]["cgroupsPath"] = cgroup
        if seccomp:
            config["linux"]["seccomp"] = default_seccomp()

    change(folder, fill)
    os.chmod(folder, 0o755)


def change(folder, how):
    path = f"{folder}/config.json"
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    how(config)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)


def make_rootless(config, uid=65534, gid=65534):
    """As `runc spec --rootless` changes it."""
    linux = config["linux"]
    linux["namespaces"] = [one for one in linux["namespaces"] if one["type"] not in ("network", "user")]
    linux["namespaces"].append({"type": "user"})
    linux["uidMappings"] = [{"containerID": 0, "hostID": uid, "size": 1}]
    linux["gidMappings"] = [{"containerID": 0, "hostID": gid, "size": 1}]
    linux.pop("resources", None)
    config["mounts"] = [one for one in config["mounts"] if one["type"] != "cgroup"]
    for one in config["mounts"]:
        if one["destination"] == "/sys":
            one.update(type="none", source="/sys", options=["rbind", "nosuid", "noexec", "nodev", "ro"])
        one["options"] = [word for word in one.get("options", []) if not word.startswith("gid=")]


def floor_plan(folder, programs, before=()):
    """Writes the plan for `floor` beside the bundle and gives its path."""
    words = [*before, f"{HERE}/floor_plan", folder]
    config = json.load(open(f"{folder}/config.json", encoding="utf-8"))
    if "seccomp" in config["linux"]:
        words += ["--filter", f"{folder}/filter"]
        with open(f"{folder}/filter", "wb") as file:
            subprocess.run([f"{programs}/seccomp_program", folder], stdout=file, check=True)
    with open(f"{folder}/plan", "w", encoding="utf-8") as file:
        subprocess.run(words, stdout=file, check=True)
    return f"{folder}/plan"

"""Slurm's own containers, with crun as the runtime of its oci.conf: what berth's are compared with."""
import os
import shutil

import figures
import peers
from private_slurm import PrivateSlurm

NOBODY = 65534
# As Slurm's containers page has it for crun; 22.05 has no %U, so the states are by user name. `exec` spares a shell.
OCI_CONF = """RunTimeQuery="exec crun --rootless=true --root={states}/%u state %n.%u.%j.%s.%t"
RunTimeKill="exec crun --rootless=true --root={states}/%u kill -a %n.%u.%j.%s.%t"
RunTimeDelete="exec crun --rootless=true --root={states}/%u delete --force %n.%u.%j.%s.%t"
RunTimeRun="exec crun --rootless=true --root={states}/%u run --bundle %b %n.%u.%j.%s.%t"
"""


def why_no_crun(bundle, states):
    """Why crun cannot do for nobody what a step would have it do; crun's own word on hybrid hosts is Hybrid."""
    if shutil.which("crun") is None:
        return "crun is not installed"
    words = ["crun", "--rootless=true", f"--root={states}/probe", "run", "--bundle", bundle, f"bench{os.getpid()}"]
    complaint = figures.complaint_of([*peers.as_user(NOBODY, NOBODY), *words])
    if complaint and "hybrid" in complaint and os.path.ismount(peers.UNIFIED):
        raise peers.Hybrid
    return complaint


def with_crun(stack, parent, bundle):
    """A Slurm without berth, and whether it runs this bundle by crun: if not, the reason is printed. Slurm makes the
    containers itself where oci.conf is, so it is not the Slurm that has the plugin."""
    states = f"{parent}/crun"
    os.mkdir(states)
    os.chmod(states, 0o1777)
    complaint = why_no_crun(bundle, states)
    if complaint:
        print(f"crun by oci.conf left out: {complaint}")
    slurm = stack.enter_context(PrivateSlurm())
    if complaint:
        return slurm, False
    with open(f"{slurm.folder}/etc/oci.conf", "w", encoding="utf-8") as file:
        file.write(OCI_CONF.format(states=states))
    return slurm, True

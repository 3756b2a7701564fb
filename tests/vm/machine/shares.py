"""The directories of the host that the guest sees, each served by a virtiofsd of its own."""
import ctypes
import os
import shlex
import signal
import socket
import subprocess

from . import places


def die_with_parent():
    """Run in a child before exec: it must not outlive `vm`, however that ends."""
    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


class Share:
    """One virtiofsd and the connection to it that QEMU will use. No names in the file system: the
    sockets are abstract, the mount is in a mount name space that only virtiofsd is in."""

    def __init__(self, tag, directory, writable, errors):
        self.tag = tag
        point = places.built(os.path.join('mnt', tag))
        os.makedirs(point, exist_ok=True)
        mount = f'mount --bind {shlex.quote(directory)} {shlex.quote(point)}'
        if not writable:
            mount += f' && mount -o remount,ro,bind {shlex.quote(point)}'
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind('')
            listener.listen(1)
            serve = [places.program('usr/lib/qemu/virtiofsd'), '-f', f'--fd={listener.fileno()}',
                     '-o', f'source={point}', '-o', 'sandbox=chroot', '-o', 'xattr',
                     '-o', 'cache=auto' if writable else 'cache=always',
                     '-o', 'log_level=err', '--thread-pool-size=0']
            self.process = subprocess.Popen(
                ['unshare', '--mount', '--propagation', 'private', 'sh', '-c',
                 f'{mount} && exec {shlex.join(serve)}'],
                env={**os.environ, 'LD_LIBRARY_PATH': places.library_path()},
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                pass_fds=[listener.fileno()], preexec_fn=die_with_parent)
            self.connection = socket.socket(socket.AF_UNIX)
            self.connection.connect(listener.getsockname())

    def close(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()

"""image.py KERNEL_PACKAGE BUSYBOX GUEST OUT, called by `prepare`: writes the initramfs. It has
busybox, the modules of the unpacked kernel package and the scripts of guest/; a boot appends the
command."""
import lzma
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from machine import cpio  # noqa: E402

SCRIPTS = ('start', 'systemd', 'serve')
MODULES = ('virtio_pci', 'virtio_console', 'fuse', 'virtiofs', 'overlay', 'msr', 'loop', 'dummy', 'veth',
           'macvlan',
           # What criu looks at sockets with, and what it asks the kernel for as it begins.
           'unix_diag', 'tcp_diag', 'udp_diag', 'netlink_diag', 'af_packet_diag', 'nf_tables',
           'nf_conntrack_netlink', 'tun')


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def modules(package):
    """Names and contents of MODULES and of what they need, in the order to load them."""
    top = os.path.join(package, 'lib', 'modules')
    top = os.path.join(top, os.listdir(top)[0])
    paths = {}
    for folder, _, names in os.walk(os.path.join(top, 'kernel')):
        for name in names:
            if '.ko' in name:
                paths[name.split('.ko')[0].replace('-', '_')] = os.path.join(folder, name)
    builtin = {os.path.basename(line.strip()).split('.ko')[0].replace('-', '_')
               for line in open(os.path.join(top, 'modules.builtin'), encoding='ascii')}
    loaded = {}

    def load(name):
        if name in loaded or name in builtin:
            return
        if name not in paths:
            sys.exit(f'the kernel package has no module {name}')
        data = read(paths[name])
        data = lzma.decompress(data) if paths[name].endswith('.xz') else data
        needs = re.search(rb'\0depends=([^\0]*)\0', data)
        for need in needs.group(1).decode().split(',') if needs else ():
            if need:
                load(need.replace('-', '_'))
        loaded[name] = data

    for name in MODULES:
        load(name)
    return loaded


def initramfs(package, busybox, guest):
    archive = [cpio.directory(d) for d in ('bin', 'dev', 'proc', 'sys', 'modules', 'guest', 'command')]
    archive += [cpio.character_device('dev/console', 5, 1),
                cpio.file('bin/busybox', read(busybox), 0o755), cpio.link('bin/sh', 'busybox'),
                cpio.file('init', read(os.path.join(guest, 'init')), 0o755),
                *(cpio.file(f'guest/{name}', read(os.path.join(guest, name))) for name in SCRIPTS)]
    loaded = modules(package)
    archive += [cpio.file(f'modules/{name}.ko', data) for name, data in loaded.items()]
    archive += [cpio.file('modules/order', '\n'.join(loaded).encode() + b'\n'), cpio.trailer()]
    return b''.join(archive)


if __name__ == '__main__':
    *where, out = sys.argv[1:]
    with open(out, 'wb') as f:
        f.write(initramfs(*where))

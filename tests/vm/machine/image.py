"""image.py KERNEL_PACKAGE BUSYBOX GUEST OUT_KERNEL OUT_INITRD, called by `prepare`: the kernel and
the initramfs from the unpacked package. The initramfs is busybox, the modules and the scripts of
guest/; a boot appends the command to it."""
import lzma
import os
import re
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from machine import cpio  # noqa: E402

MODULES = ('virtio_pci', 'virtio_console', 'fuse', 'virtiofs', 'overlay', 'msr')


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def replace(path, data):
    """In one step: another boot may be reading the old file."""
    with open(path + '.new', 'wb') as f:
        f.write(data)
    os.rename(path + '.new', path)


def kernel(package):
    """The ELF file inside the bzImage: unpacking xz in the guest would take 3 s of each boot."""
    boot = os.path.join(package, 'boot')
    image = read(os.path.join(boot, next(n for n in os.listdir(boot) if n.startswith('vmlinuz'))))
    offset, length = struct.unpack_from('<II', image, 0x248)  # payload_offset, payload_length
    offset += (image[0x1f1] + 1) * 512  # behind the sectors of the setup code
    payload = image[offset:offset + length]
    if not payload.startswith(b'\xfd7zXZ\0'):
        return image  # some other packing, quick to unpack
    return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload)


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
    archive = [cpio.directory(d) for d in ('bin', 'dev', 'proc', 'sys', 'modules', 'command')]
    archive += [cpio.character_device('dev/console', 5, 1),
                cpio.file('bin/busybox', read(busybox), 0o755), cpio.link('bin/sh', 'busybox'),
                cpio.file('init', read(os.path.join(guest, 'init')), 0o755),
                cpio.file('start', read(os.path.join(guest, 'start')))]
    loaded = modules(package)
    archive += [cpio.file(f'modules/{name}.ko', data) for name, data in loaded.items()]
    archive += [cpio.file('modules/order', '\n'.join(loaded).encode() + b'\n'), cpio.trailer()]
    return b''.join(archive)


def main(package, busybox, guest, out_kernel, out_initrd):
    replace(out_initrd, initramfs(package, busybox, guest))
    replace(out_kernel, kernel(package))


if __name__ == '__main__':
    main(*sys.argv[1:])

"""Writes archives in cpio's newc format, which the kernel unpacks as its initramfs."""
import stat


def _entry(name, mode, data=b'', device=(0, 0)):
    path = name.encode() + b'\0'
    fields = (1, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
    head = b'070701' + b''.join(b'%08X' % field for field in fields) + path
    return _padded(head) + _padded(data)


def _padded(data):
    return data + b'\0' * (-len(data) % 4)


def directory(name):
    return _entry(name, stat.S_IFDIR | 0o755)


def file(name, data, mode=0o644):
    return _entry(name, stat.S_IFREG | mode, data)


def link(name, target):
    return _entry(name, stat.S_IFLNK | 0o777, target.encode())


def character_device(name, major, minor):
    return _entry(name, stat.S_IFCHR | 0o600, device=(major, minor))


def trailer():
    return _entry('TRAILER!!!', 0)

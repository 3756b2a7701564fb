"""Where the produced files are: below BERTH_VM_DIR, by default build/vm of the repository."""
import os

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPOSITORY = os.path.dirname(os.path.dirname(SOURCE))
BUILT = os.path.abspath(os.environ.get('BERTH_VM_DIR') or os.path.join(REPOSITORY, 'build', 'vm'))
UNPACKED = os.path.join(BUILT, 'root')


def built(name):
    return os.path.join(BUILT, name)


def program(name):
    """A file of the unpacked packages, or the system's own when it was installed already."""
    unpacked = os.path.join(UNPACKED, name)
    return unpacked if os.path.exists(unpacked) else '/' + name


def library_path():
    folders = ('usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu')
    return ':'.join(os.path.join(UNPACKED, folder) for folder in folders)

"""One boot: starts virtiofsd and QEMU, holds our ends of what they write to, and ends them."""
import os
import shlex
import socket
import subprocess
import sys
import time

from . import cpio, places, qemu
from .shares import Share, die_with_parent


def memory_file(name, data=b''):
    fd = os.memfd_create(name)
    with open(fd, 'wb', closefd=False) as f:
        f.write(data)
    return fd


def contents(fd):
    with open(fd, 'rb', closefd=False) as f:
        f.seek(0)
        return f.read().decode(errors='replace')


def scratch():
    """Where the guest mounts a tmpfs: /tmp, unless that would hide what COMMAND works on."""
    hidden = any((path + '/').startswith('/tmp/') for path in (os.getcwd(), places.REPOSITORY))
    return '' if hidden else '/tmp'


def initrd(options, writable):
    values = {'cwd': os.getcwd(), 'host': 'vm', 'scratch': scratch(),
              'stdin': 'yes' if options.stdin else '',
              'systemd': 'yes' if options.systemd else '',
              'resctrl': 'yes' if options.resctrl and options.rdt != 'off' else '',
              'writable': ' '.join(f'{tag}={path}' for tag, path in writable)}
    conf = ''.join(f'{name}={shlex.quote(value)}\n' for name, value in values.items())
    with open(places.built('initrd'), 'rb') as f:
        common = f.read()
    return common + cpio.file('command/conf', conf.encode()) + cpio.file(
        'command/command', options.command.encode() + b'\n') + cpio.trailer()


def environment(options):
    variables = {'PATH': os.environ.get('PATH', '/usr/bin:/bin'),
                 'LD_LIBRARY_PATH': places.library_path(),
                 'QEMU_MODULE_DIR': places.program('usr/lib/x86_64-linux-gnu/qemu')}
    if options.rdt != 'off':
        variables.update(LD_PRELOAD=places.built('rdtsim.so'), RDTSIM=options.rdt)
        if options.rdt_log:
            variables['RDTSIM_LOG'] = os.path.abspath(options.rdt_log)
    return variables


class Guest:
    def __init__(self, options):
        self.started = time.monotonic()
        self.cpus = options.sockets * options.cores * options.threads
        self.process, self.shares, self.ports = None, [], {}
        self.console, self.errors = memory_file('console'), memory_file('errors')
        writable = [(f'rw{i}', os.path.abspath(path)) for i, path in enumerate(options.rw)]
        self.image = memory_file('initrd', initrd(options, writable))
        try:
            self.shares.append(Share('root', '/', False, self.errors))
            for tag, path in writable:
                self.shares.append(Share(tag, path, True, self.errors))
            self.start_qemu(options)
        except BaseException:
            self.close()
            raise

    def start_qemu(self, options):
        theirs = {}
        for name in (*qemu.PORTS, 'monitor'):
            self.ports[name], theirs[name] = socket.socketpair()
        self.monitor = self.ports.pop('monitor')
        fds = {name: end.fileno() for name, end in theirs.items()}
        monitor = fds.pop('monitor')
        words = qemu.command(options, self.image, self.console, monitor, fds, self.shares)
        self.process = subprocess.Popen(
            words, env=environment(options), stdin=subprocess.DEVNULL, stdout=self.errors,
            stderr=self.errors, preexec_fn=die_with_parent,
            pass_fds=[self.image, self.console, monitor, *fds.values(),
                      *(share.connection.fileno() for share in self.shares)])
        for end in theirs.values():
            end.close()
        for share in self.shares:
            share.connection.close()

    def age(self):
        return time.monotonic() - self.started

    def where(self):
        """Where each CPU is, twice: tells a guest that hangs from one that is slow."""
        seen = []
        self.monitor.settimeout(2)
        try:
            for cpu in [*range(self.cpus)] * 2:
                self.monitor.sendall(b'cpu %d\ninfo registers\n' % cpu)
                time.sleep(0.2)
                text = self.monitor.recv(1 << 16).decode(errors='replace')
                seen += [f'  cpu {cpu} {line}' for line in text.splitlines() if 'RIP=' in line]
        except OSError as error:
            seen.append(f'  QEMU does not answer: {error}')
        return '\n'.join(seen)

    def tell(self, why):
        print(f'vm: {why}', file=sys.stderr)
        for title, fd in (('QEMU and virtiofsd', self.errors), ('the console', self.console)):
            text = contents(fd)[-3000:]
            if text.strip():
                print(f'vm: from {title}:\n{text}', file=sys.stderr)

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        for share in self.shares:
            share.close()
        for end in self.ports.values():
            end.close()
        if self.process:
            self.monitor.close()
        for fd in (self.image, self.console, self.errors):
            os.close(fd)

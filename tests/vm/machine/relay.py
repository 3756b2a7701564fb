"""Passes the output of the command through until the guest tells its exit status."""
import enum
import os
import select
import socket
import sys
import time

STDIN = 0


class End(enum.Enum):
    EXITED = 'the command exited'
    NO_BOOT = 'the guest did not come up'
    TIMEOUT = 'the command took too long'
    DIED = 'the guest ended by itself'


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


class Relay:
    def __init__(self, guest, options):
        self.guest, self.options = guest, options
        self.status = self.ready = None
        self.lines = b''
        self.sources = {guest.ports['ctl']: self.control,
                        guest.ports['out']: lambda data: write_all(1, data),
                        guest.ports['err']: lambda data: write_all(2, data)}

    def control(self, data):
        *lines, self.lines = (self.lines + data).split(b'\n')
        for line in lines:
            word, *rest = line.split()
            if word == b'ready':
                self.ready = time.monotonic()
                if self.options.times:
                    print(f'vm: up after {self.guest.age():.2f} s', file=sys.stderr)
                if self.options.stdin:
                    self.sources[STDIN] = None
            elif word == b'exit':
                self.status = int(rest[0])
                self.guest.process.kill()  # all output is in our sockets by now

    def stdin(self):
        data = os.read(STDIN, 1 << 16)
        if data:
            self.guest.ports['in'].sendall(data)
        else:
            self.guest.ports['in'].shutdown(socket.SHUT_WR)
            del self.sources[STDIN]

    def pass_on(self, source):
        if source == STDIN:
            self.stdin()
            return
        try:
            data = source.recv(1 << 16)
        except ConnectionResetError:
            data = b''
        if data:
            self.sources[source](data)
        else:
            del self.sources[source]

    def left(self):
        if self.ready is None:
            return self.options.boot_timeout - self.guest.age()
        return self.options.timeout - (time.monotonic() - self.ready)

    def run(self):
        while any(source != STDIN for source in self.sources):
            left = self.left()
            if left <= 0:
                return End.NO_BOOT if self.ready is None else End.TIMEOUT
            for source in select.select(list(self.sources), [], [], left)[0]:
                self.pass_on(source)
        return End.DIED if self.status is None else End.EXITED

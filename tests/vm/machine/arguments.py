"""The command line of `vm`."""
import argparse
import shlex

USAGE = """vm [options] 'COMMAND'
       vm [options] -- PROGRAM [ARGUMENT...]

Boots the guest, runs COMMAND in it as root (with bash, in the current directory), passes its output
through and exits with its status. Exits 77 if this machine cannot have the guest, 124 if COMMAND
took too long, 125 if the guest failed."""


def parse(words=None):
    parser = argparse.ArgumentParser(prog='vm', usage=USAGE)
    add = parser.add_argument
    add('command', nargs='+', help='one word: for the shell; more: a program and its arguments')
    add('--sockets', type=int, default=2, help='each with an L3 and a NUMA node (default 2)')
    add('--cores', type=int, default=2, help='in a socket (default 2)')
    add('--threads', type=int, default=1, help='in a core (default 1)')
    add('--memory', type=int, default=2048, metavar='MIB')
    add('--rdt', default='', metavar='NAME=VALUE,...',
        help='changes the simulated RDT, e.g. ways=20,clos=4,mba=0 (README.md); "off": has none')
    add('--rdt-log', metavar='FILE', help='gets a line for each write to a register of RDT')
    add('--resctrl', action=argparse.BooleanOptionalAction, default=True,
        help='mount /sys/fs/resctrl (default, if there is RDT)')
    add('--systemd', action='store_true', help='with systemd as process 1, and a D-Bus')
    add('--rw', action='append', default=[], metavar='DIRECTORY',
        help='shared for writing, under its own name; all else is written to memory')
    add('--append', default='', metavar='WORDS', help="added to the kernel's command line")
    add('-i', '--stdin', action='store_true', help='pass standard input through')
    add('--timeout', type=float, default=600, metavar='S', help='for COMMAND (default 600)')
    add('--boot-timeout', type=float, default=60, metavar='S', help='for one boot (default 60)')
    add('--tries', type=int, default=3, help='boots tried until one comes up (default 3)')
    add('--console', metavar='FILE', help='gets the console of the last boot')
    add('-t', '--times', action='store_true', help='tell on standard error how long the boot took')
    options = parser.parse_args(words)
    if min(options.sockets, options.cores, options.threads, options.tries) < 1:
        parser.error('--sockets, --cores, --threads and --tries are 1 or more')
    if len(options.command) == 1:
        options.command = options.command[0]
    else:
        options.command = 'exec ' + shlex.join(options.command)
    return options

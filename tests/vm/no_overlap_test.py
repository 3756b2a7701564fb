#!/usr/bin/env python3
"""The reader of the log of RDT's registers, on logs made up for it: it must find what is there."""
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'no_overlap')
sys.dont_write_bytecode = True


def mask(socket, register, value):
    return socket, 0xc90 + register, value


def cdp(socket, on):
    return socket, 0xc81, int(on)


def mark(exclusive, closid, *sockets):
    return 0, 0xc8c, closid | exclusive << 8 | sum(1 << s for s in sockets) << 16


BOOT = [mask(s, n, 0x7ff) for s in (0, 1) for n in range(8)]


class NoOverlap(unittest.TestCase):
    def run_on(self, events, *options):
        with tempfile.NamedTemporaryFile('w', suffix='.log') as f:
            for number, event in enumerate(events):
                line = event
                if not isinstance(event, str):
                    socket, msr, value = event
                    line = f'1700000000.{number:06d} socket={socket} apic={2 * socket} msr={msr:#x} value={value:#x}'
                f.write(line + '\n')
            f.flush()
            ran = subprocess.run([PROGRAM, *options, f.name], stdout=subprocess.PIPE, text=True, check=False)
            return ran.returncode, ran.stdout.replace(f.name, 'LOG')

    def expect_overlaps(self, events, *wanted, options=('--exclusive', '0')):
        """`wanted`: (line, socket, CLOSID, CLOSID), all of them."""
        status, said = self.run_on(events, *options)
        self.assertEqual(status, 1 if wanted else 0, said)
        lines = said.splitlines()
        if not wanted:
            self.assertIn('no overlap', said)
            return
        self.assertEqual(len(lines), len(wanted), said)
        for line, (number, socket, one, other) in zip(lines, wanted):
            self.assertTrue(line.startswith(f'LOG:{number}: '), line)
            self.assertIn(f' socket {socket}: CLOSIDs {one} and {other} overlap: ', line)

    def test_the_default_shrinks_first(self):
        self.expect_overlaps(BOOT + [mask(0, 0, 0x7f0), mask(0, 1, 0xf), mark(True, 1, 0),
                                     mark(False, 1, 0), mask(0, 0, 0x7ff)])

    def test_the_default_shrinks_too_late(self):
        self.expect_overlaps(BOOT + [mask(0, 1, 0xf), mark(True, 1, 0), mask(0, 0, 0x7f0)],
                             (len(BOOT) + 2, 0, 0, 1))

    def test_the_default_grows_too_early(self):
        self.expect_overlaps(BOOT + [mask(0, 0, 0x7f0), mask(0, 1, 0xf), mark(True, 1, 0),
                                     mask(0, 0, 0x7ff), mark(False, 1, 0)],
                             (len(BOOT) + 4, 0, 0, 1))

    def test_another_socket_is_another_cache(self):
        events = BOOT + [mask(0, 0, 0x7f0), mask(0, 1, 0xf), mask(1, 1, 0x600)]
        self.expect_overlaps(events + [mark(True, 1, 0)])
        self.expect_overlaps(events + [mark(True, 1)], (len(events) + 1, 1, 0, 1))
        self.expect_overlaps(events + [mark(True, 1, 1)], (len(events) + 1, 1, 0, 1))

    def test_a_slide_through_a_neighbour_and_one_in_the_right_order(self):
        start = BOOT + [mask(0, 1, 0xf), mask(0, 2, 0xf0), mask(0, 0, 0x700), mark(True, 1, 0), mark(True, 2, 0)]
        ended = start + [mark(False, 1, 0)]
        self.expect_overlaps(ended + [mask(0, 2, 0xf)])
        self.expect_overlaps(start + [mask(0, 2, 0x3c), mask(0, 2, 0xf0)], (len(start) + 1, 0, 1, 2))

    def test_each_overlap_is_told_once_and_again_when_it_comes_back(self):
        start = BOOT + [mask(0, 1, 0xf), mask(0, 0, 0x7f0), mark(True, 1, 0)]
        at = len(start)
        self.expect_overlaps(start + [mask(0, 0, 0x7f8), mask(0, 0, 0x7fc), mask(0, 0, 0x7f0), mask(0, 0, 0x7ff)],
                             (at + 1, 0, 0, 1), (at + 4, 0, 0, 1))

    def test_code_and_data_of_one_class_may_overlap_those_of_two_may_not(self):
        start = [cdp(0, True)] + BOOT + [mask(0, 0, 0x7f0), mask(0, 1, 0x7f0), mask(0, 2, 0xf), mask(0, 3, 0xf),
                                         mark(True, 1, 0)]
        self.expect_overlaps(start)
        self.expect_overlaps(start + [mask(0, 3, 0x1f)], (len(start) + 1, 0, 0, 1))
        self.expect_overlaps(start + [cdp(0, False)], (len(start) + 1, 0, 0, 1))

    def test_a_mask_that_was_never_written_may_be_any(self):
        self.expect_overlaps([mask(0, 0, 0x7f0), mark(True, 1, 0)], (2, 0, 0, 1))

    def test_a_list_in_the_place_of_marks(self):
        events = [mask(0, 1, 0xf), mask(0, 2, 0xf0), mask(1, 2, 0xf)]
        self.expect_overlaps(events + [mask(1, 1, 0xf0)], (1, 0, 1, 2), (3, 1, 1, 2), options=('--exclusive', '1,2'))
        self.expect_overlaps(events + [mask(0, 2, 0x1f)], (1, 0, 1, 2), (4, 0, 1, 2),
                             options=('--exclusive', '1@0,2'))

    def test_nothing_to_compare_is_no_proof(self):
        for events, options in ((BOOT, ('--exclusive', '0')), ([], ('--exclusive', '0,1')), (BOOT, ()),
                                (BOOT + [mark(True, 1, 0), mark(False, 1, 0)], ())):
            status, said = self.run_on(events, *options)
            self.assertEqual((status, 'nothing to compare' in said), (2, True), said)

    def test_a_line_that_is_none_of_the_log(self):
        status, said = self.run_on(BOOT + ['qemu: dead'], '--exclusive', '0,1')
        self.assertEqual(status, 2)
        self.assertIn('not a line of the log', said)


if __name__ == '__main__':
    unittest.main()

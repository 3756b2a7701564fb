#!/bin/bash
# The guest as its users see it: output, exit status, sharing, the log of the registers, other machines.
# shellcheck disable=SC2317 # functions are called through check
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

check() { # WHAT COMMAND...
  if "${@:2}"; then
    echo "ok: $1"
  else
    echo "FAILED: $1"
    failed=1
  fi
}
boot() { # EXPECTED-STATUS ARGUMENT...: output to $work/out and $work/err
  "$here/vm" "${@:2}" >"$work/out" 2>"$work/err"
  local status=$?
  if [ "$status" = 77 ] && [ "$1" != 77 ]; then
    cat "$work/err" >&2
    exit 77
  fi
  [ "$status" = "$1" ] && return
  cat "$work/out" "$work/err"
  echo "exit status $status in place of $1"
  return 1
}
logged() { grep -q "$1" "$work/log"; }

export HWLOC_XMLFILE=/nonexistent SLURM_JOB_ID=1
mkdir "$work/rw"
check 'two sockets' boot 0 --rdt l2,l2cdp --rdt-log "$work/log" --rw "$work/rw" "'$here/selftest.sh' && echo written >'$work/rw/result'"
cat "$work/out"
check 'the result is outside' grep -qx written "$work/rw/result"
check 'nothing else is' test ! -e "$here/written"
check 'the mask of socket 1 was loaded there' logged 'socket=1 .*msr=0xc9[1-9a-f] value=0xf0$'
check 'and that of socket 0' logged 'socket=0 .*msr=0xc9[1-9a-f] value=0xf$'
check 'not the one on the other' eval '! logged "socket=0 .*msr=0xc9[1-9a-f] value=0xf0$"'
check 'the delay of socket 1' logged 'socket=1 .*msr=0xd5[1-9a-f] value=0x32$'
check 'the L2 mask of the last core' logged 'socket=1 apic=3 msr=0xd11 value=0xff$'
check 'no other one has it' test "$(grep -c 'msr=0xd1. value=0xff$' "$work/log")" = 1
check 'masks for code and data of the L3' logged 'socket=1 .*msr=0xc93 value=0x3$'
check 'each its own' logged 'socket=1 .*msr=0xc92 value=0xc$'
check 'and of the L2' logged 'socket=1 apic=3 msr=0xd13 value=0xff00$'
"$here/no_overlap" --exclusive 0 "$work/log" >"$work/overlaps"
check 'no_overlap finds what overlaps' test "$?$(sed 's/.* socket/ socket/' "$work/overlaps")" = \
  '1 socket 1: CLOSIDs 0 and 1 overlap: 7f8 and f'

check 'one socket' boot 0 --sockets 1 --rdt-log "$work/log" "$here/selftest.sh" 1
check 'its mask' logged 'socket=0 .*msr=0xc9[1-9a-f] value=0xf0$'

check 'no RDT' boot 3 --rdt off --stdin \
  "test ! -e /sys/fs/resctrl && ! grep -q resctrl /proc/filesystems && cat; echo to stderr >&2; exit 3" <<<'to stdin'
check 'standard input and output' grep -qx 'to stdin' "$work/out"
check 'standard error' grep -qx 'to stderr' "$work/err"
check 'a command that takes too long' boot 124 --timeout 1 'sleep 60'
check 'a guest that does not come up' boot 125 --tries 2 --boot-timeout 20 --append 'init=/nonexistent rdinit=/nonexistent' true
check 'is tried again' test "$(grep -c '^vm: the guest' "$work/err")" = 2
exit $failed

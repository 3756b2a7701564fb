#!/bin/bash
# no_overlap_on_a_kernel.sh PROGRAM: runs it in a guest whose RDT registers are logged, and reads in the log that no
# two exclusive holders ever had the same way, while claims came, went and were moved.
set -euo pipefail
program=${1:?many_claims_test}
vm=$(cd "$(dirname "${BASH_SOURCE[0]}")/../vm" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$vm/vm" --timeout 500 --rdt ways=20,mba=0,shareable=0,rmids=1000,scale=64 --rdt-log "$work/log" -- \
  "$vm/suite" --each 400 "'$program'" || exit
grep -c 'msr=0xc9' "$work/log" | sed 's/$/ writes of L3 masks in the log/'
"$vm/no_overlap" --exclusive 0 "$work/log"

#!/bin/bash
# selftest.sh [SOCKETS]: in the guest: is it the machine the README promises? selftest_host.sh looks from outside.
set -u
sockets=${1:-2}
resctrl=/sys/fs/resctrl
failed=0

is() { # WHAT IS EXPECTED
  if [ "$2" = "$3" ]; then
    echo "ok: $1"
  else
    echo "FAILED: $1: '$2' in place of '$3'"
    failed=1
  fi
}
per_socket() { # VALUE: e.g. 0=7ff;1=7ff
  local s list=
  for ((s = 0; s < sockets; s++)); do list+=";$s=$1"; done
  echo "${list#;}"
}
schemata() { # GROUP RESOURCE: without the kernel's padding
  sed -n "s/^ *\($2:.*\)/\1/p" "$resctrl/$1/schemata" | sed 's/= */=/g; s/=0*\([0-9a-f]\)/=\1/g'
}
keeps() { # WHAT RESOURCE DOMAIN VALUE: written to g0 it is read back, in that domain
  echo "$2:$3=$4" >$resctrl/g0/schemata
  is "$1" "$(schemata g0 "$2" | tr ':;' '\n' | grep "^$3=")" "$3=$4"
}
remount() { # OPTIONS: g0 is new then, the only group
  rmdir $resctrl/g0 2>/dev/null
  umount $resctrl && mount -t resctrl ${1:+-o $1} resctrl $resctrl && mkdir $resctrl/g0
  is "mounted with '$1'" $? 0
}

is 'resctrl is mounted' "$(findmnt -no FSTYPE $resctrl)" resctrl
is 'L3 domains and their 11 ways' "$(schemata . L3)" "L3:$(per_socket 7ff)"
is 'MBA domains' "$(schemata . MB)" "MB:$(per_socket 100)"
is 'one L3 a socket' "$(sort -u /sys/devices/system/cpu/cpu*/cache/index3/shared_cpu_list | wc -l)" "$sockets"
is 'one node a socket' "$(echo /sys/devices/system/node/node[0-9]* | wc -w)" "$sockets"
is 'the L3 has the ways of CAT' "$(cat /sys/devices/system/cpu/cpu0/cache/index3/ways_of_associativity)" 11
is 'monitoring' "$(xargs <$resctrl/info/L3_MON/mon_features)" 'llc_occupancy mbm_total_bytes mbm_local_bytes'

made=0
while error=$(LC_ALL=C mkdir "$resctrl/g$made" 2>&1); do made=$((made + 1)); done
is 'groups until none is left' "$made" 7
is 'then ENOSPC' "${error##*: }" 'No space left on device'
for ((g = 1; g < made; g++)); do rmdir "$resctrl/g$g"; done

last=$((sockets - 1))
if [ "$sockets" = 2 ]; then masks='0=f;1=f0'; else masks='0=f0'; fi # the host looks for 0xf0 on the last socket
echo "L3:$masks" >$resctrl/g0/schemata
is 'masks are read back' "$(schemata g0 L3)" "L3:$masks"
keeps 'bandwidth is read back' MB $last 50
is 'a mask with a hole is refused' "$( (echo 'L3:0=5' >$resctrl/g0/schemata) 2>/dev/null || echo refused)" refused
sleep 60 &
task=$!
echo $task >$resctrl/g0/tasks
is "a task's group" "$(tr '\n' ' ' <"/proc/$task/cpu_resctrl_groups")" 'res:g0 mon: '
kill $task

# g0 has CLOSID 1. no_overlap has to see on the host that ways are taken from the default group before they are given,
# and that this is then undone, too early.
here=$(dirname "$0")
echo "L3:$last=7f0" >$resctrl/schemata
echo "L3:$last=f" >$resctrl/g0/schemata
"$here/mark" exclusive 1 $last
echo "L3:$last=7f8" >$resctrl/schemata
"$here/mark" shared 1 $last
is 'marks' $? 0
echo "L3:$last=7ff" >$resctrl/schemata

if [ -d $resctrl/info/L2 ]; then
  cores=$(cat /sys/devices/system/cpu/cpu*/cache/index2/id | sort -n | uniq)
  is 'L2 domains' "$(schemata . L2)" "L2:$(for core in $cores; do printf ';%s=ffff' "$core"; done | cut -c 2-)"
  core=${cores##*$'\n'} # the last
  keeps 'L2 masks' L2 "$core" ff
  remount cdp,cdpl2
  keeps L3CODE L3CODE $last 3
  keeps L3DATA L3DATA $last c
  keeps L2CODE L2CODE "$core" ff00
  keeps L2DATA L2DATA "$core" f
  remount mba_MBps
  is 'no limit in MB/s' "$(schemata . MB)" "MB:$(per_socket 4294967295)"
  keeps 'MB/s' MB $last 500
  keeps 'L3 beside MB/s' L3 $last 7
  remount ''
fi
rmdir $resctrl/g0

is 'cgroup v2 alone' "$(findmnt -rno FSTYPE -t cgroup,cgroup2 | xargs)" cgroup2
for d in /sys/fs/cgroup /sys/fs/cgroup/system.slice; do
  is "controllers in $d" "$(tr ' ' '\n' <$d/cgroup.subtree_control | grep -xE 'cpuset|cpu|io|memory|pids' | xargs)" \
    'cpuset cpu io memory pids'
done
is 'an address besides 127.0.0.1' "$(getent ahostsv4 "$(hostname)" | awk 'NR == 1 {print $1}')" 10.77.0.1
is 'user name spaces' "$(setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Ur id -u)" 0
is 'seccomp filters' "$(grep -ow errno /proc/sys/kernel/seccomp/actions_avail)" errno
mkdir /tmp/lower /tmp/upper /tmp/work /tmp/merged
is 'an overlay on /tmp' "$(unshare -m sh -c 'mount -t overlay -o lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work o /tmp/merged && findmnt -no FSTYPE /tmp/merged')" overlay
is "the host's environment stays outside" "$(env | grep -E '^(HWLOC|SLURM|LD)_')" ''
touch "$(dirname "$0")/written" && rm "$(dirname "$0")/written"
is 'writes go to memory' $? 0
exit $failed

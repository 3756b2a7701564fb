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
schemata() { sed -n "s/^ *\($2:.*\)/\1/p" "$resctrl/$1/schemata"; } # GROUP RESOURCE

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
if [ "$sockets" = 2 ]; then masks='0=00f;1=0f0'; else masks='0=0f0'; fi # the host looks for 0xf0 on the last socket
echo "L3:$masks" >$resctrl/g0/schemata
is 'masks are read back' "$(schemata g0 L3)" "L3:$masks"
echo "MB:$last=50" >$resctrl/g0/schemata
is 'bandwidth is read back' "$(schemata g0 MB | grep -o "$last=.*" | tr -d ' ')" "$last=50"
is 'a mask with a hole is refused' "$( (echo 'L3:0=5' >$resctrl/g0/schemata) 2>/dev/null || echo refused)" refused
sleep 60 &
task=$!
echo $task >$resctrl/g0/tasks
is "a task's group" "$(tr '\n' ' ' <"/proc/$task/cpu_resctrl_groups")" 'res:g0 mon: '
kill $task
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

# shellcheck shell=bash disable=SC2154
# The files below DIR/etc of private-slurm, which sources this: from the variables that its options
# set, and `dir`, `nodes`, `ctld_port`, `slurmd_port` and `tracking`.

write_slurm_conf() {
  local shape parameters='' task_plugin=task/affinity number
  shape=$(slurmd -C | head -n 1)
  shape=${shape#NodeName=* }
  shape=${shape// Gres=*/}
  if [[ -n $sockets ]]; then
    shape="CPUs=$((sockets * cores)) Sockets=$sockets CoresPerSocket=$cores ThreadsPerCore=1"
    shape+=" RealMemory=${memory:-1024}"
    parameters='SlurmdParameters=config_overrides'
  elif [[ -n $memory ]]; then
    shape="${shape%%RealMemory=*}RealMemory=$memory"
    parameters='SlurmdParameters=config_overrides'
  fi
  # Without a default a job would get all of the node's memory, and the next one would wait.
  local cpus=${shape#CPUs=} mib=${shape##*RealMemory=}
  cpus=${cpus%% *}
  # task/affinity refuses to lay tasks out on CPUs that are claimed only.
  if ((cpus > $(nproc --all))); then task_plugin=task/none; fi
  [[ $tracking != cgroup ]] || task_plugin=task/cgroup,$task_plugin
  cat >"$dir/etc/slurm.conf" <<CONF
ClusterName=private
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=$ctld_port
SlurmdPort=$slurmd_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.socket
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
TmpFS=$dir/tmp
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
SlurmdDebug=info
PlugStackConfig=$dir/etc/plugstack.conf
# Unlike those of any other private Slurm, so that nothing named by job and user collides.
FirstJobId=$ctld_port
ProctrackType=proctrack/$tracking
TaskPlugin=$task_plugin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=$((mib / cpus))
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
KillWait=2
MessageTimeout=30
SchedulerParameters=batch_sched_delay=0,sched_interval=2
MailProg=/bin/true
$parameters
${prolog:+Prolog=$prolog}
${epilog:+Epilog=$epilog}
${task_prolog:+TaskProlog=$task_prolog}
${job_submit:+JobSubmitPlugins=lua}
$conf_lines
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  for ((number = 0; number < ${#nodes[@]}; number++)); do
    cat >>"$dir/etc/slurm.conf" <<CONF
NodeName=${nodes[number]} NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$((slurmd_port + number)) $shape ${gres:+Gres=$gres} State=UNKNOWN
CONF
  done
  # Named only where it is wanted: slurmd refuses cgroup/v2 on a hybrid hierarchy even unused.
  cat >"$dir/etc/cgroup.conf" <<CONF
CgroupPlugin=$([[ $tracking == cgroup ]] && echo cgroup/v2 || echo autodetect)
IgnoreSystemd=yes
ConstrainCores=yes
ConstrainRAMSpace=yes
ConstrainDevices=no
CONF
}

# The plugin is loaded by srun too, as its user, and the launcher is run by that user: copies below
# DIR are within every user's reach and root's own, whatever the modes of a build folder are.
write_plugstack() {
  local line=''
  if [[ -n $plugin ]]; then
    install -m 755 -- "$plugin" "$dir/lib/spank_berth.so"
    line="required $dir/lib/spank_berth.so"
  fi
  if [[ -n $policy ]]; then
    install -m 644 -- "$policy" "$dir/policy/policy.json"
    if [[ -d ${policy%.json}.d ]]; then cp -r -- "${policy%.json}.d" "$dir/policy/policy.d"; fi
    line+=" policy=$dir/policy/policy.json"
  fi
  if [[ -n $launcher ]]; then
    install -m 755 -- "$launcher" "$dir/bin/berth"
    line+=" launcher=$dir/bin/berth"
  fi
  line+=$plugin_arguments
  [[ -z $line || -n $plugin ]] || die "--policy, --launcher and --plugin-argument need --plugin"
  echo "$line" >"$dir/etc/plugstack.conf"
}

write_gres_and_job_submit() {
  printf '%s' "$gres_lines" >"$dir/etc/gres.conf"
  if [[ -n $job_submit ]]; then install -m 644 -- "$job_submit" "$dir/etc/job_submit.lua"; fi
}

-- slurmctld's job_submit.lua: makes `--l3` of spank_berth a request for the generic resource l3way,
-- so that jobs queue for L3 cache as they do for cores. See slurm-gres.md beside berth's README.
-- A site with a job_submit.lua of its own takes account_l3 and the table over, and calls it likewise.
-- Written for Slurm 22.05 (Lua 5.1).

-- One L3 of the nodes of a partition ("*": of all others), for `--l3=50%` and `--l3=8MiB`, and for a
-- refusal that says how many there are. Without an entry only `--l3=4w` is taken.
-- `berth gres` on such a node prints the entry.
--   ways: all of them; grantable: those that neither I/O shares nor the policy's rdt.floorWays keeps,
--   as counted in gres.conf; way_bytes: the size of one, left out where nobody knows it.
local l3_of = {
  -- ["*"] = { ways = 11, grantable = 9, way_bytes = 2560 * 1024 },
}

local OPTION = "_SLURM_SPANK_OPTION_spank_berth_l3="  -- as Slurm names it in spank_job_env
local INVALID_GRES = 2072  -- ESLURM_INVALID_GRES of slurm_errno.h, which Lua is not told

local BYTES = { B = 1, kB = 1e3, MB = 1e6, GB = 1e9, KiB = 2 ^ 10, MiB = 2 ^ 20, GiB = 2 ^ 30 }

local function default_partition(part_list)
  for name, partition in pairs(part_list) do
    if partition.flag_default ~= 0 then return name end
  end
end

-- The text behind `--l3=`, nil where the job has none.
local function asked_amount(job_desc)
  for _, entry in pairs(job_desc.spank_job_env or {}) do
    if entry:sub(1, #OPTION) == OPTION then return entry:sub(#OPTION + 1) end
  end
end

-- Rounded up as berth does it; nil where the size of the cache would have to be known.
local function ways_of(amount, l3)
  local number, unit = amount:match("^(%d+)([%a%%]+)$")
  number = tonumber(number)
  if unit == "w" then return number end
  if l3 and unit == "%" then return math.ceil(number * l3.ways / 100) end
  if l3 and l3.way_bytes and BYTES[unit] then return math.ceil(number * BYTES[unit] / l3.way_bytes) end
end

local function has_flag(flags, flag)
  return math.floor(flags / flag) % 2 == 1
end

local function with(list, more)
  return list and list ~= "" and list .. "," .. more or more
end

local function refuse(...)
  slurm.log_user("berth: %s", string.format(...))
  return INVALID_GRES
end

-- In Slurm 22.05 no option of srun can ask for a count on each socket, so it is put in here. On one
-- socket the count of the node and of the socket together keep the job from taking ways of two
-- sockets. On more, the count of the socket alone is given to each socket that the job gets; with
-- exactly one node the total too, lest it spreads over more sockets than it asked for.
local function ask_for_ways(job_desc, ways)
  local sockets = job_desc.sockets_per_node
  local other_gres = job_desc.tres_per_node or job_desc.tres_per_socket or job_desc.tres_per_job or
                     job_desc.tres_per_task
  if sockets == slurm.NO_VAL16 then sockets = 1 end
  job_desc.sockets_per_node = sockets
  job_desc.tres_per_socket = with(job_desc.tres_per_socket, "gres:l3way:" .. ways)
  if sockets == 1 then
    job_desc.tres_per_node = with(job_desc.tres_per_node, "gres:l3way:" .. ways)
  elseif job_desc.min_nodes == 1 and job_desc.max_nodes == 1 then
    job_desc.tres_per_job = with(job_desc.tres_per_job, "gres:l3way:" .. ways * sockets)
  end
  if not has_flag(job_desc.bitflags, slurm.GRES_ENFORCE_BIND) then
    job_desc.bitflags = job_desc.bitflags + slurm.GRES_ENFORCE_BIND
  end
  -- The ways are the job's, not a step's: else steps side by side would wait for each other.
  if job_desc.environment and not other_gres then job_desc.environment["SLURM_GRES"] = "none" end
end

-- Returns what slurm_job_submit is to return. `part_list` as slurm_job_submit has it.
function account_l3(job_desc, part_list)
  local amount = asked_amount(job_desc)
  if (job_desc.tres_per_node or ""):find("l3way", 1, true) then
    return refuse("--gres=l3way gives no cache, and is implied: ask with --l3, as in --l3=4w")
  end
  if not amount then return slurm.SUCCESS end
  local l3 = l3_of[job_desc.partition or default_partition(part_list)] or l3_of["*"]
  local ways = ways_of(amount, l3)
  if not ways then
    return refuse("--l3=%s: slurmctld does not know the size of the caches here: ask for ways, as in --l3=4w",
                  amount)
  end
  if l3 and ways > l3.grantable then
    return refuse("--l3=%s: %d ways asked, jobs can have %d of the %d of a socket", amount, ways,
                  l3.grantable, l3.ways)
  end
  if has_flag(job_desc.bitflags, slurm.GRES_DISABLE_BIND) then
    return refuse("--l3 and --gres-flags=disable-binding exclude each other")
  end
  ask_for_ways(job_desc, ways)
  return slurm.SUCCESS
end

function slurm_job_submit(job_desc, part_list, submit_uid)
  return account_l3(job_desc, part_list)
end

function slurm_job_modify(job_desc, job_ptr, part_list, modify_uid)
  return slurm.SUCCESS
end

return slurm.SUCCESS

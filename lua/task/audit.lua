-- task/audit: what an audit wants to know of some tasks, at one moment: their records, and where they stand.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
-- DERIVES task:<id> task:<id>:parents task:<id>:children held:<worker>:<boot> scheduled queue:<name>:<status>
--         queue:<name>:waiting queue:<name>:key:<key> flow:<id>:key:<key>
-- ARGV
--   1  index      text    the index that names them, behind the prefix of the shard; '' where they were found by themselves
--   2  whole      text    '1': with where they stand, their edges and their key
--   3  count      int     how many tasks; then their ids
-- REPLY
--   { 'audited', of each task: its score in `index` or '', its score in the index of its status or '', '1' if it waits for a
--     place of its group, how many parents and children it has, the task that has its key or '', the status of that task,
--     how many words, then field and value in turn; 0 words: there is no such task }
-- COST  2 per task; with whole 6 per task, 2 more for one with a key
local index, whole, count = take(3)

local NAMES = { 'status', 'queue', 'priority', 'worker', 'boot', 'fence', 'version', 'attempt', 'max_attempts', 'crashes',
  'max_crashes', 'timeout_ms', 'created_ms', 'pending_ms', 'run_at_ms', 'finished_ms', 'finished_by', 'progress',
  'progress_ms', 'result', 'result_until_ms', 'outcome', 'key', 'flow', 'group', 'parents', 'children', 'open_parents',
  'draft', 'kind' }

local function read_named(id)
  local values, row, flat = redis.call('HMGET', task_key(id), unpack(NAMES)), {}, {}
  for at, name in ipairs(NAMES) do
    if values[at] then
      row[name] = values[at]
      flat[#flat + 1], flat[#flat + 2] = name, values[at]
    end
  end
  return row, flat
end

local function queue_named(row) return queue_key(row.queue or 'default') end

local function index_named(row)
  if row.status == 'running' then return held_key(row.worker or '', row.boot or '') end
  if row.status == 'scheduled' then return SHARD .. 'scheduled' end
  return queue_named(row) .. ':' .. row.status
end

local function waits(id, row)
  if row.status ~= 'pending' or not row.group then return '' end
  local member = waiting_member(id, row, tonumber(row.pending_ms or row.created_ms or 0))
  return redis.call('ZSCORE', queue_named(row) .. ':waiting', member) and '1' or ''
end

-- Whose key it is, and whether that one lives.
local function key_holder(row)
  if not row.key then return '', '' end
  local holder = redis.call('GET', (row.flow and flow_key(row.flow) or queue_named(row)) .. ':key:' .. row.key) or ''
  return holder, holder ~= '' and redis.call('HGET', task_key(holder), 'status') or ''
end

local reply = { 'audited' }
for _ = 1, tonumber(count) do
  local id = take()
  local row, flat = read_named(id)
  local named = index ~= '' and redis.call('ZSCORE', SHARD .. index, id) or ''
  local score, waiting, parents, children, holder, state = '', '', '0', '0', '', ''
  if whole == '1' and row.status and not row.draft then
    score, waiting = redis.call('ZSCORE', index_named(row), id) or '', waits(id, row)
    holder, state = key_holder(row)
    if row.parents or row.open_parents then parents = digits(redis.call('ZCARD', task_key(id) .. ':parents')) end
    if row.children then children = digits(redis.call('ZCARD', task_key(id) .. ':children')) end
  end
  for _, word in ipairs({ named, score, waiting, parents, children, holder, state, digits(#flat) }) do
    reply[#reply + 1] = word
  end
  for _, word in ipairs(flat) do reply[#reply + 1] = word end
end
return reply

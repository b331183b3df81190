-- lib/audit: what an audit counts anew.

-- Holders that may hold something: those that have a lease, and the current boots of all workers.
local function holders(leases, workers)
  local names, known = redis.call('ZRANGE', leases, 0, -1), {}
  for _, name in ipairs(names) do known[name] = true end
  for _, worker in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
    local name = worker .. ':' .. (redis.call('HGET', SHARD .. 'worker:' .. worker, 'boot') or '')
    if not known[name] then names[#names + 1] = name end
  end
  return names
end

local function bump(counts, queue, name)
  counts[queue] = counts[queue] or {}
  counts[queue][name] = (counts[queue][name] or 0) + 1
end

-- How many tasks of each queue run, are scheduled, and run in each group, by the tasks themselves: three tables by queue. Or
-- nil, and how many there are, where these are more than `limit`.
local function count_anew(leases, workers, scheduled, limit)
  local helds, total = {}, redis.call('ZCARD', scheduled) + redis.call('ZCARD', workers) + redis.call('ZCARD', leases)
  if total > limit then return nil, total end
  for _, name in ipairs(holders(leases, workers)) do
    local held = SHARD .. 'held:' .. name
    helds[#helds + 1], total = held, total + redis.call('ZCARD', held)
  end
  if total > limit then return nil, total end
  local running, waiting, groups = {}, {}, {}
  for _, held in ipairs(helds) do
    for _, id in ipairs(redis.call('ZRANGE', held, 0, -1)) do
      local row = redis.call('HMGET', task_key(id), 'status', 'queue', 'group', 'worker', 'boot')
      -- One that is also held by another runs once, where its record says.
      if row[1] == 'running' and held_key(row[4] or '', row[5] or '') == held then
        bump(running, row[2] or 'default', 'running')
        if row[3] then bump(groups, row[2] or 'default', row[3]) end
      end
    end
  end
  for _, id in ipairs(redis.call('ZRANGE', scheduled, 0, -1)) do
    local row = redis.call('HMGET', task_key(id), 'status', 'queue')
    if row[1] == 'scheduled' then bump(waiting, row[2] or 'default', 'scheduled') end
  end
  return { running = running, scheduled = waiting, groups = groups }, total
end

-- Calls `tell` with each count of a queue that differs: its hash, the field, what it says, how many there are.
local function differing(queue, counted, tell)
  local key = SHARD .. 'queue:' .. queue
  for _, field in ipairs({ 'running', 'scheduled' }) do
    local said, there = redis.call('HGET', key, field) or '0', (counted[field][queue] or {})[field] or 0
    if tonumber(said) ~= there then tell(key, field, said, there) end
  end
  local seen, groups = {}, redis.call('HGETALL', key .. ':groups')
  for at = 1, #groups, 2 do
    local there = (counted.groups[queue] or {})[groups[at]] or 0
    seen[groups[at]] = true
    if tonumber(groups[at + 1]) ~= there then tell(key .. ':groups', groups[at], groups[at + 1], there) end
  end
  for group, there in pairs(counted.groups[queue] or {}) do
    if not seen[group] then tell(key .. ':groups', group, '0', there) end
  end
end

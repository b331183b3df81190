-- lib/groups: what many tasks of a queue share. Queues may let groups take turns, and may limit how many of each run.
--
-- How many of each group run is always counted. All else costs something only where a queue of this shard has rules for
-- its groups. A pending task whose group has all its places taken waits outside of the index that claimers read, so that
-- others pass it for nothing; one comes back whenever a place is free. What came back in vain is set aside again by the
-- claim that meets it: the limit is kept there, whatever the indexes say.

local function queue_of(row) return row.queue or 'default' end

local index_keys = {}
local function index_key(queue, status)
  local keys = index_keys[status]
  if not keys then
    keys = {}
    index_keys[status] = keys
  end
  if not keys[queue] then keys[queue] = SHARD .. 'queue:' .. queue .. ':' .. status end
  return keys[queue]
end

-- Strict priority, then first come first served by Redis's clock.
local function pending_score(row, at_ms)
  return digits((9 - (row.priority or 5)) * PRIORITY_BAND + at_ms)
end

local group_rules_of = {}

-- Has any queue of this shard rules for its groups?
local function has_rules()
  if RULED == nil then RULED = redis.call('HGET', META, 'ruled') == '1' end
  return RULED
end

-- The rules of a queue: how many of a group may run at most, whether groups take turns, and whose turn it is.
local function group_rules(queue)
  local rules = group_rules_of[queue]
  if not rules then
    local at = redis.call('HMGET', queue_key(queue), 'group_concurrency', 'fair', 'turn')
    rules = { most = at[1] and tonumber(at[1]), fair = at[2] == '1', turn = tonumber(at[3] or 0), running = {}, turns = {}, heads = {} }
    group_rules_of[queue] = rules
  end
  return rules
end

-- What this call changes of a group: how many of it run, and how many places of it in the index became free.
local function change_of(queue, group)
  local list = GROUPED[queue] or bucket(GROUPED, queue)
  list.of = list.of or {}
  local change = list.of[group]
  if not change then
    change = { group = group, by = 0, left = 0 }
    list.size = list.size + 1
    list.of[group], list[list.size] = change, change
  end
  return change
end

local function count_running(queue, row, by)
  count(queue, 'running', by)
  if not row.group then return end
  local change = change_of(queue, row.group)
  change.by = change.by + by
end

-- May another task of this group run?
local function has_place(queue, group)
  local rules = group_rules(queue)
  if not rules.most then return true end
  if not rules.running[group] then
    rules.running[group] = tonumber(redis.call('HGET', queue_key(queue) .. ':groups', group) or 0)
  end
  local change = GROUPED[queue] and GROUPED[queue].of[group]
  return rules.running[group] + (change and change.by or 0) < rules.most
end

-- Whose turn it is among the tasks of a priority: that of the first of them.
local function turn_of(queue, front)
  local heads = group_rules(queue).heads
  if not heads[front] then
    local low = front * PRIORITY_BAND
    local first = redis.call('ZRANGE', index_key(queue, 'pending'), digits(low), '(' .. digits(low + PRIORITY_BAND), 'BYSCORE',
      'LIMIT', 0, 1, 'WITHSCORES')[2]
    heads[front] = first and first - low or group_rules(queue).turn
  end
  return heads[front]
end

-- Groups that take turns have a virtual time for each priority, which passes by one with each task of the same group: a
-- group that has just come stands where the turn is, and one that has submitted a thousand stands in all of the next
-- thousand turns. Answers the turn, and under which name the next one of the group is remembered.
local function take_turn(queue, group, front)
  local rules, name = group_rules(queue), digits(front) .. ' ' .. group
  local last = rules.turns[name] or tonumber(redis.call('ZSCORE', queue_key(queue) .. ':turns', name) or 0)
  local turn = math.max(turn_of(queue, front), last)
  rules.turns[name] = turn + 1
  return turn, name
end

local function waiting_key(queue) return queue_key(queue) .. ':waiting' end

local function pending_since(row) return tonumber(row.pending_ms or row.created_ms or NOW.ms) end

local function set_aside(queue, id, row, since_ms) enter(waiting_key(queue), '0', waiting_member(id, row, since_ms)) end

-- The score of a task among the pending ones.
local function place_score(queue, row, since_ms)
  if not has_rules() or not group_rules(queue).fair then return pending_score(row, since_ms) end
  local turn, name = take_turn(queue, row.group or '', 9 - (row.priority or 5))
  enter(queue_key(queue) .. ':turns', digits(turn + 1), name)
  return pending_score(row, turn)
end

local function enter_pending(queue, id, row, since_ms)
  if row.group and has_rules() and not has_place(queue, row.group) then return set_aside(queue, id, row, since_ms) end
  enter(index_key(queue, 'pending'), place_score(queue, row, since_ms), id)
  hint(queue, 1)
end

-- A task that leaves for anything but a run may have stood in the way of one that waits.
local function leave_pending(queue, id, row, to)
  if row.group and has_rules() then
    if redis.call('ZREM', waiting_key(queue), waiting_member(id, row, pending_since(row))) == 1 then return end
    if to ~= 'running' then
      local change = change_of(queue, row.group)
      change.left = change.left + 1
    end
  end
  leave(index_key(queue, 'pending'), id)
end

-- A pending task gets another priority. Its age stays what it is; where groups take turns, it takes a later one.
local function reorder(id, row, priority)
  local queue, since_ms = queue_of(row), pending_since(row)
  local waits = row.group and has_rules() and redis.call('ZREM', waiting_key(queue), waiting_member(id, row, since_ms)) == 1
  local moved = { group = row.group, priority = priority }
  if waits then return set_aside(queue, id, moved, since_ms) end
  enter(index_key(queue, 'pending'), place_score(queue, moved, since_ms), id)
end

-- Lets the first of those that wait in a group back among the pending; answers how many came.
local function bring_back(queue, group, size)
  local waiting, range = waiting_key(queue), { '[' .. group .. ' ', '(' .. group .. '!' }
  local members = redis.call('ZRANGE', waiting, range[1], range[2], 'BYLEX', 'LIMIT', 0, size)
  if #members == 0 then return 0 end
  redis.call('ZREM', waiting, unpack(members))
  local fair, back = group_rules(queue).fair, {}
  for at, member in ipairs(members) do
    local front, since_ms, id = string.match(member, ' (%d)(%d+) (%S+)$')
    local turn, name = tonumber(since_ms), nil
    if fair then
      turn, name = take_turn(queue, group, tonumber(front))
      redis.call('ZADD', queue_key(queue) .. ':turns', digits(turn + 1), name)
    end
    back[2 * at - 1], back[2 * at] = pending_score({ priority = 9 - front }, turn), id
  end
  redis.call('ZADD', index_key(queue, 'pending'), unpack(back))
  return #members
end

-- Has a queue any rule that a claim has to know?
local LIMITING = { 'concurrency', 'rate_count', 'aging_ms', 'fair', 'group_concurrency', 'regroup' }
local function mark_limited(queue)
  local key, limited = queue_key(queue), false
  for at = 1, #LIMITING do limited = limited or redis.call('HEXISTS', key, LIMITING[at]) == 1 end
  if limited then redis.call('HSET', key, 'limited', '1') else redis.call('HDEL', key, 'limited') end
end

-- After another limit was set those that wait come back, group by group, a piece at a time, behind the group `after` ('' is
-- the beginning).
-- Whoever sets it or claims goes on with that.
local function regroup(queue, after)
  local room, came = REGROUP_TASKS_MAX, 0
  while room > 0 do
    local from = after == '' and '-' or '(' .. after .. '!'
    local member = redis.call('ZRANGE', waiting_key(queue), from, '+', 'BYLEX', 'LIMIT', 0, 1)[1]
    if not member then
      redis.call('HDEL', queue_key(queue), 'regroup')
      mark_limited(queue)
      return came, false
    end
    local group = string.match(member, '^%S+')
    local size = math.min(room, group_rules(queue).most or room)
    local back = bring_back(queue, group, size)
    came, room = came + back, room - back - 1
    -- Without a limit all of a group come, however many pieces that takes; with one, as many as may run.
    if back < size or size == group_rules(queue).most then after = group end
  end
  redis.call('HSET', queue_key(queue), 'regroup', after)
  return came, true
end

write_groups = function(queue, list)
  local counts, came = queue_key(queue) .. ':groups', 0
  for at = 1, list.size do
    local change = list[at]
    local group = change.group
    if change.by ~= 0 and redis.call('HINCRBY', counts, group, digits(change.by)) == 0 then redis.call('HDEL', counts, group) end
    local room = change.left + math.max(-change.by, 0)
    if room > 0 and has_rules() then came = came + bring_back(queue, group, room) end
  end
  -- What runs has been written, so it is read anew.
  if group_rules_of[queue] then group_rules_of[queue].running, group_rules_of[queue].heads = {}, {} end
  if came > 0 then write_hints(queue, came) end
end

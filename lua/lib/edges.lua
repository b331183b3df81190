-- lib/edges: what the end of a task means for those that wait for it.
--
-- An edge is open while the child is in `waiting` or in `parked` of its parent, and `open_parents` of the child counts
-- its open edges. Whoever takes a child out of there counts it down, in the same script, so an edge is counted once
-- however often its parent ends, is rerun, or is unlinked.

-- Does this end of a parent close the edge to a child with this policy?
local function closes(parent_status, policy)
  return parent_status == 'completed' or policy == 'run'
end

local function unblock(id, row, now, by, why)
  local later = row.run_at_ms and tonumber(row.run_at_ms) > now.ms
  return move(id, row, 'unblock', now, { to = later and 'scheduled' or 'pending', due_ms = row.run_at_ms, actor = by,
    set = { 'open_parents', '0' }, why = why, line = ' ' .. why })
end

-- An edge to this child is closed. The last one lets it go on, if it waits at all. Answers what that weighs.
local function count_down(child, state, now, why)
  local left = math.max((state[2] or 1) - 1, 0)
  if left == 0 and state[1] == 'blocked' then
    unblock(child, read(task_key(child)), now, NOBODY, why)
    return WEIGHT_OF_MOVE
  end
  redis.call('HSET', task_key(child), 'open_parents', digits(left))
  return 1
end

-- A child whose policy is `cancel` ends with its parent; one that has ended stays as it is.
local function cancel_child(child, now, parent, status)
  cancel(child, read(task_key(child)), now, NOBODY, 'parent=' .. parent .. ' ended ' .. status)
  return WEIGHT_OF_MOVE
end

-- Passes the end of a parent on to one child, which `parked` keeps if the edge stays open.
local function pass_to(child, score, parent, now, parked)
  local state = redis.call('HMGET', task_key(child), 'status', 'open_parents', 'on_parent_failure')
  if not state[1] then return 1 end
  if closes(parent.status, state[3]) then return count_down(child, state, now, 'parent=' .. parent.id) end
  parked[#parked + 1], parked[#parked + 2] = score, child
  if state[3] ~= 'cancel' or TERMINAL[state[1]] then return 1 end
  return cancel_child(child, now, parent.id, parent.status)
end

-- Passes the end of a parent on to those that wait for it, as many as there is room for; answers whether none is left.
-- Nothing else is between looking at them and taking them away, so what was passed on is taken away at once.
local function pass_piece(parent, room, now)
  local waiting, parked, done = task_key(parent.id) .. ':waiting', {}, 0
  local size = math.min(math.max(room.left, 1), CASCADE_PIECE)
  local flat = redis.call('ZRANGE', waiting, 0, size - 1, 'WITHSCORES')
  while room.left > 0 and 2 * done < #flat do
    room.left = room.left - pass_to(flat[2 * done + 1], flat[2 * done + 2], parent, now, parked)
    done = done + 1
  end
  if done > 0 then redis.call('ZREMRANGEBYRANK', waiting, 0, done - 1) end
  if #parked > 0 then redis.call('ZADD', task_key(parent.id) .. ':parked', unpack(parked)) end
  return 2 * done == #flat and done < size
end

-- Records an edge. Answers whether it is 'open', 'held' by a parent that ended, or 'closed' from the start.
local function connect(parent, status, child, policy, now)
  redis.call('ZADD', task_key(child) .. ':parents', now.digits, parent)
  redis.call('ZADD', task_key(parent) .. ':children', now.digits, child)
  redis.call('HINCRBY', task_key(parent), 'children', 1)
  if TERMINAL[status] and closes(status, policy) then return 'closed' end
  local state = TERMINAL[status] and 'held' or 'open'
  redis.call('ZADD', task_key(parent) .. (state == 'held' and ':parked' or ':waiting'), now.digits, child)
  return state
end

-- Is the edge open, held by a parent that ended, or closed?
local function edge_state(parent, child)
  if redis.call('ZSCORE', task_key(parent) .. ':waiting', child) then return 'open' end
  return redis.call('ZSCORE', task_key(parent) .. ':parked', child) and 'held' or 'closed'
end

-- One edge fewer at a task that is still there; no count is kept of none.
local function lower(id, field)
  local key = task_key(id)
  if redis.call('HEXISTS', key, field) == 1 and redis.call('HINCRBY', key, field, -1) <= 0 then
    redis.call('HDEL', key, field)
  end
end

-- Passes on the ends of this call while there is room; a child that ends by it is the next. What is left stays noted.
local function pass_on(room)
  local now = NOW
  while ENDED.first <= ENDED.size and room.left > 0 do
    local parent = ENDED[ENDED.first]
    while room.left > 0 do
      room.left = room.left - 1
      if pass_piece(parent, room, now) then
        ENDED.first = ENDED.first + 1
        break
      end
    end
  end
end

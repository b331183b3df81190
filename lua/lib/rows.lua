-- lib/rows: tasks as they are answered to readers: field and value in turn, long values fetched from beside the hash.

-- A task that is still a draft does not exist yet.
local function is_draft(flat)
  for at = 1, #flat, 2 do
    if flat[at] == 'draft' then return true end
  end
end

-- Appends how many words a task has, and the words; `names` are the values that may be long. No words: no such task.
local function answer_row(reply, key, flat, names)
  if is_draft(flat) then flat = {} end
  if #flat > 0 then
    for _, name in ipairs(names) do
      local long = redis.call('GET', key .. ':' .. name)
      if long then flat[#flat + 1], flat[#flat + 2] = name, long end
    end
  end
  local at = #reply + 1
  reply[at] = digits(#flat)
  for word = 1, #flat do reply[at + word] = flat[word] end
end

-- What a list shows of a task.
local LISTED = { 'reason', 'tags' }

-- Appends a task and its id if it exists and is of this queue, or any; answers whether it did.
local function answer_listed(reply, id, queue)
  local key = task_key(id)
  if queue ~= '' and (redis.call('HGET', key, 'queue') or 'default') ~= queue then return false end
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return false end
  reply[#reply + 1] = id
  answer_row(reply, key, flat, LISTED)
  return true
end

-- The rank, counted upwards, of the first entry of an index that is after the place where the last page ended. The entry
-- itself may be gone by now, so the place is found by halves: O(log² n), whatever lies between.
local function rank_after(index, total, score, id, order)
  local low, high = 0, total
  while low < high do
    local middle = math.floor((low + high) / 2)
    local entry = redis.call('ZRANGE', index, middle, middle, 'WITHSCORES')
    local at = tonumber(entry[2])
    local before = at < score or (at == score and (entry[1] < id or (entry[1] == id and order == 'up')))
    if before then low = middle + 1 else high = middle end
  end
  return low
end

-- Where a page begins, counted in its own order.
local function first_rank(index, total, order, rank, after_score, after_id)
  if after_score == '' then return tonumber(rank) end
  local upwards = rank_after(index, total, tonumber(after_score), after_id, order)
  return order == 'up' and upwards or total - upwards
end

local function entries_of(index, order, rank, size)
  if order == 'up' then return redis.call('ZRANGE', index, rank, rank + size - 1, 'WITHSCORES') end
  return redis.call('ZRANGE', index, rank, rank + size - 1, 'REV', 'WITHSCORES')
end

-- lib/rows: tasks as they are answered to readers: field and value in turn, long values fetched from beside the hash.

-- Appends how many words a task has, and the words; `names` are the values that may be long. No words: no such task.
local function answer_row(reply, key, flat, names)
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

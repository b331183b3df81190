-- lib/cache: results that answer the next submission of the same words.

local function cache_key(digest) return SHARD .. 'cache:' .. digest end

-- A task has completed whose result may be used again: it is found under the digest of its words until its time is over.
local function offer_result(id, row)
  if row.cache then redis.call('SET', cache_key(row.cache), id, 'PX', row.cache_ttl_ms) end
end

-- A task is about to go, and with it what it is found by.
local function withdraw_result(id, row, keys)
  if row.cache and redis.call('GET', cache_key(row.cache)) == id then keys[#keys + 1] = cache_key(row.cache) end
end

-- A task that completed within this time with the same kind, queue and payload, and its version. The digest only leads to
-- it: what is the same is compared byte by byte. One that was rerun, or whose result is gone, is none.
local function usable_result(digest, within_ms, kind, task)
  local id = redis.call('GET', cache_key(digest))
  if not id then return nil end
  local row = redis.call('HMGET', task_key(id), 'status', 'version', 'finished_ms', 'result_until_ms', 'kind', 'queue', 'payload')
  if row[1] ~= 'completed' or row[3] + within_ms <= NOW.ms then return nil end
  if row[4] and tonumber(row[4]) <= NOW.ms then return nil end
  if row[5] ~= kind or (row[6] or 'default') ~= task.queue then return nil end
  local payload = row[7] or redis.call('GET', task_key(id) .. ':payload') or ''
  if payload == task.payload then return id, row[2] end
end

-- task/running: a page of the running tasks, holder by holder.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
--   2  workers    zset    workers by registration
-- DERIVES worker:<id> held:<worker>:<boot> task:<id> task:<id>:reason task:<id>:tags
-- ARGV
--   1  worker_rank  int   where the last page ended: the rank of the worker
--   2  task_rank  int     and of the task in what it holds
--   3  skip       int     how many tasks to pass over from there
--   4  limit      int     how many tasks
--   5  queue      text    only of this queue, or ''
-- REPLY
--   { 'listed', '1' if there is more, worker_rank, task_rank and skip to go on from, count, then of each task:
--     id, how many words, field and value in turn }
-- COST  3 per worker and 3 per task; at most 200 workers and 500 tasks are looked at
local workers = KEYS[2]
local worker_rank, task_rank, skip_arg, limit, queue = take(5)
local rank, from, page_size = tonumber(worker_rank), tonumber(task_rank), tonumber(limit)
local skip, found, looked, words = tonumber(skip_arg), 0, 0, {}

-- Passes over what the holder has, as far as that goes, without reading it.
local function pass_over(held)
  if skip == 0 then return end
  local passed = math.min(skip, math.max(redis.call('ZCARD', held) - from, 0))
  from, skip = from + passed, skip - passed
end

-- A page that is full ends before the next task that is there, so that it says truly whether there is more.
local names = redis.call('ZRANGE', workers, rank, rank + SWEEP_HOLDERS_MAX - 1)
local more, full = #names == SWEEP_HOLDERS_MAX and '1' or '', false
for _, worker in ipairs(names) do
  local boot = redis.call('HGET', SHARD .. 'worker:' .. worker, 'boot') or ''
  local held = held_key(worker, boot)
  pass_over(held)
  local ids = skip == 0 and redis.call('ZRANGE', held, from, from + SCAN_MAX) or {}
  for _, id in ipairs(ids) do
    if found >= page_size or looked >= SCAN_MAX then
      more, full = '1', true
      break
    end
    if answer_listed(words, id, queue) then found = found + 1 end
    from, looked = from + 1, looked + 1
  end
  if full then break end
  rank, from = rank + 1, 0
end

local reply = { 'listed', more, digits(rank), digits(from), digits(skip), digits(found) }
for _, word in ipairs(words) do reply[#reply + 1] = word end
return reply

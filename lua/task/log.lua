-- task/log: append lines to the log of a running task; only its holder may.
--
-- CLASS  grow
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  task       hash    the task
--   4  log        stream  its log
-- ARGV
--   1  worker     text    must be the holder
--   2  fence      int     the number handed out by the claim
--   3  count      int     how many lines; then of each: level, text
-- REPLY
--   { 'appended', how many lines were ever appended }
--   { 'refused', 'schema_too_new' | 'unknown_task' | 'fenced' | 'not_running', '' }
-- COST  3 + 1 per line
local task, log = KEYS[3], KEYS[4]
local worker, fence, line_count = take(3)

if shard_state() then return refused('schema_too_new') end
local row = redis.call('HMGET', task, 'status', 'worker', 'fence', 'attempt', 'log_lines')
if not row[1] then return refused('unknown_task') end
if row[2] ~= worker or row[3] ~= fence then return refused('fenced') end
if row[1] ~= 'running' then return refused('not_running') end
if line_count == '0' then return { 'appended', row[5] or '0' } end

for _ = 1, tonumber(line_count) do
  local level, text = take(2)
  redis.call('XADD', log, 'MAXLEN', '~', LOG_LINES_MAX, '*', 'level', level, 'attempt', (row[4] or 0) + 1, 'text', text)
end
return { 'appended', digits(redis.call('HINCRBY', task, 'log_lines', line_count)) }

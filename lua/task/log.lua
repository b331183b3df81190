-- task/log: append lines to the log of a running task; only its holder may.
--
-- CLASS  grow
-- USES   refused
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  task       hash    the task
--   4  log        stream  its log
-- DERIVES task:<id>:refused
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  worker     text    must be the holder
--   3  fence      int     the number handed out by the claim
--   4  count      int     how many lines; then of each: level, text
-- REPLY
--   { 'appended', how many lines were ever appended }
--   { 'refused', 'schema_too_new' | 'unknown_task' | 'fenced' | 'not_running', '' }
-- COST  3 + 1 per line; 5 if it is refused
local task, log = KEYS[3], KEYS[4]
local now_arg, worker, fence, line_count = take(4)

if shard_state() then return refused('schema_too_new') end
local row = redis.call('HMGET', task, 'status', 'worker', 'fence', 'attempt', 'log_lines', 'draft')
if not row[1] or row[6] then return refused('unknown_task') end
local code = (row[2] ~= worker or row[3] ~= fence) and 'fenced' or row[1] ~= 'running' and 'not_running'
if code then
  now_from(now_arg)
  note_refused(task, worker, fence, 'log', code)
  return refused(code)
end
if line_count == '0' then return { 'appended', row[5] or '0' } end

for _ = 1, tonumber(line_count) do
  local level, text = take(2)
  redis.call('XADD', log, 'MAXLEN', '~', LOG_LINES_MAX, '*', 'level', level, 'attempt', (row[4] or 0) + 1, 'text', text)
end
return { 'appended', digits(redis.call('HINCRBY', task, 'log_lines', line_count)) }

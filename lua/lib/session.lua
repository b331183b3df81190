-- lib/session: how a session ends, and how long what there is of it is kept.

-- What ended is remembered for as long as an access token of it may live.
local function end_session(session, sessions, ended, sid, why, ended_ms)
  redis.call('DEL', session)
  redis.call('ZREM', sessions, sid)
  redis.call('SET', ended, why, 'PX', ended_ms)
end

-- Keeps a key until that time, if it would go sooner.
local function keep_until(key, until_ms)
  local left = redis.call('PTTL', key)
  if left < until_ms - NOW.ms then redis.call('PEXPIRE', key, digits(until_ms - NOW.ms)) end
end

-- Writes a session of generation 1 and its place in the index. `more` is what the caller knows of it, as fields and
-- values.
local function write_session(session, sessions, sid, epoch, idle_ms, absolute_ms, more)
  local absolute = NOW.ms + absolute_ms
  local expires = math.min(absolute, NOW.ms + idle_ms)
  redis.call('HSET', session, 'gen', '1', 'epoch', epoch, 'created_at', NOW.digits, 'rotated_at', NOW.digits, 'auth_time',
    NOW.digits, 'expires_at', digits(expires), 'absolute_at', digits(absolute), unpack(more))
  redis.call('PEXPIRE', session, digits(expires - NOW.ms))
  redis.call('ZADD', sessions, digits(absolute), sid)
  keep_until(sessions, absolute)
  return digits(expires), digits(absolute)
end


-- lib/webhook: deliveries that wait for their receivers, in one shard.

-- What a shard knows of a webhook: its version, the id that it was made under, and its state.
local function watched(text)
  local version, id, state = string.match(text or '', '^(%d+) (%S+) (%S+) ')
  return version and { version = tonumber(version), id = id, state = state }
end

local function beside_webhook(name, what) return SHARD .. 'webhook:' .. name .. ':' .. what end

-- Since when a delivery waits, and its id.
local function delivery_words(delivery)
  local since, id = string.match(delivery, '^(%d+) (%S+)')
  return tonumber(since), id
end

-- How often a delivery failed.
local function failures(tries, id)
  return tonumber(string.match(redis.call('HGET', tries, id) or '0', '^%d+'))
end

-- The latest attempts are remembered for whoever looks.
local function note_attempt(name, words)
  local key = beside_webhook(name, 'latest')
  redis.call('ZADD', key, NOW.digits, table.concat(words, ' '))
  redis.call('ZREMRANGEBYRANK', key, 0, -WEBHOOK_LATEST_MAX - 1)
end

local function forget_delivery(name, delivery, id)
  redis.call('ZREM', beside_webhook(name, 'due'), delivery)
  redis.call('HDEL', beside_webhook(name, 'tries'), id)
end

-- What is given up last leaves nothing by which the receiver could show that it works: the next one tells.
local function give_up(name, delivery, id, how)
  local counts = beside_webhook(name, 'counts')
  forget_delivery(name, delivery, id)
  redis.call('HINCRBY', counts, 'given_up', 1)
  if redis.call('EXISTS', beside_webhook(name, 'due')) == 0 then redis.call('HDEL', counts, 'failing_ms') end
  note_attempt(name, how)
end

-- lib/once: a call that carries an op id is carried out once; its repeats get the first answer.

-- The first answer to this op id, its tag replaced by 'replayed'; a refusal if it belonged to another request; or nil.
local function remembered(op, digest)
  local record = redis.call('GET', op)
  if not record then return nil end
  local known, words = string.match(record, '^(%S*) (.*)$')
  if known ~= digest then return refused('idempotency_mismatch') end
  local reply = { 'replayed' }
  for word in string.gmatch(words, '([^,]*),') do reply[#reply + 1] = word end
  return reply
end

-- Ids, statuses, versions and codes have no comma.
local function remember(op, digest, reply, retention_ms)
  local words = #reply > 1 and table.concat(reply, ',', 2) .. ',' or ''
  redis.call('SET', op, digest .. ' ' .. words, 'PX', retention_ms)
end

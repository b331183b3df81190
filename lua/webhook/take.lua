-- webhook/take: hand out deliveries that are due, under a lease. One whose holder dies is due again when that is over.
--
-- CLASS  drain
-- USES   webhook
-- KEYS
--   1  meta       hash    the shard
--   2  filters    hash    what the shard knows of each webhook
-- DERIVES webhook:<name>:due webhook:<name>:tries webhook:<name>:counts webhook:<name>:latest
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  lease_ms   int     for how long nobody else gets them
--   3  webhooks   int     how many are known to the caller; then of each: name, version, id, and how many it takes, 0 for none
-- REPLY
--   { 'taken', how many were given up, how many webhooks the caller should look at, their names,
--     then of each delivery: name, how often it failed, its words }
--   { 'refused', 'schema_too_new', '' }
-- COST  2 + 1 per webhook, 3 per delivery, 7 per one that is given up
local filters = KEYS[2]
local now_arg, lease_ms, count = take(3)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end
local known, flat = {}, redis.call('HGETALL', filters)
for at = 1, #flat, 2 do known[flat[at]] = watched(flat[at + 1]) end

local odd, taken, given_up = {}, {}, 0
local old_ms = now.ms - WEBHOOK_AGE_MS_MAX
local function waiting(name, until_ms, most)
  return redis.call('ZRANGE', beside_webhook(name, 'due'), '-inf', until_ms, 'BYSCORE', 'LIMIT', 0, most)
end
local function let_go(name, delivery, id)
  local failed = failures(beside_webhook(name, 'tries'), id)
  give_up(name, delivery, id, { id, 'given_up', '0', '0', digits(failed), 'it waited for a day' })
  given_up = given_up + 1
end
-- What nobody came for in a day goes first, and takes no place from the rest.
local function see_to(name, room)
  for _, delivery in ipairs(waiting(name, digits(old_ms), math.max(0, WEBHOOK_DROPS_MAX - given_up))) do
    local _, id = delivery_words(delivery)
    let_go(name, delivery, id)
  end
  if room == 0 then return end
  local leased = {}
  for _, delivery in ipairs(waiting(name, now.digits, room)) do
    local since, id = delivery_words(delivery)
    if since <= old_ms then
      let_go(name, delivery, id)
    else
      leased[#leased + 1], leased[#leased + 2] = digits(now.ms + lease_ms), delivery
      taken[#taken + 1] = { name, digits(failures(beside_webhook(name, 'tries'), id)), delivery }
    end
  end
  if #leased > 0 then redis.call('ZADD', beside_webhook(name, 'due'), unpack(leased)) end
end

for _ = 1, tonumber(count) do
  local name, version, id, room = take(4)
  local here = known[name]
  known[name] = nil
  -- Who knows an older word would deliver against what was said since, and a shard that knows a later one than the first has
  -- outlived it.
  if not here or here.id ~= id or here.version ~= tonumber(version) then
    odd[#odd + 1] = name
  elseif here.state ~= 'disabled' then
    see_to(name, tonumber(room))
  end
end
for name in pairs(known) do odd[#odd + 1] = name end

local reply = { 'taken', digits(given_up), digits(#odd) }
for _, name in ipairs(odd) do reply[#reply + 1] = name end
for _, one in ipairs(taken) do
  for _, word in ipairs(one) do reply[#reply + 1] = word end
end
return reply

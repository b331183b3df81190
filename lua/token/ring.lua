-- token/ring: agree with all gateways on the keys that seal refresh tokens; only their fingerprints come here.
--
-- CLASS  grow
-- KEYS
--   1  meta       hash    of all logins
-- ARGV
--   1  store_id   for a store that has none
--   2  first      the kid that signs
--   3  count      of keys
--      then of each key: its kid, its fingerprint
-- REPLY
--   { 'agreed', store_id }
--   { 'refused', 'other_bytes', the kid }
--   { 'refused', 'first_missing', the kid that others sign with }
-- COST  2
local meta = KEYS[1]
local store_id, first, count = take(3)

local known = {}
local flat = redis.call('HGETALL', meta)
for at = 1, #flat, 2 do known[flat[at]] = flat[at + 1] end
local ours, fields = {}, {}
for _ = 1, tonumber(count) do
  local kid, fingerprint = take(2)
  ours[kid] = true
  local stored = known['kid:' .. kid]
  if stored and stored ~= fingerprint then return { 'refused', 'other_bytes', kid } end
  table.insert(fields, 'kid:' .. kid)
  table.insert(fields, fingerprint)
end
local shared = known.primary_kid
if shared and not ours[shared] then return { 'refused', 'first_missing', shared } end
if known.store_id then store_id = known.store_id end
redis.call('HSET', meta, 'store_id', store_id, 'primary_kid', first, unpack(fields))
return { 'agreed', store_id }

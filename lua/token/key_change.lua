-- token/key_change: change fields of an API key that there is; or note that it was used; or remove it.
--
-- CLASS  drain
-- KEYS
--   1  key        hash
-- ARGV
--   1  what       set, touch or remove
--   2  injected_ms
--      then of each field: its name, its value
-- REPLY
--   { 'changed' }
--   { 'refused', 'unknown' }
-- COST  3
local key = KEYS[1]
local what, injected_ms = take(2)

if redis.call('EXISTS', key) == 0 then return { 'refused', 'unknown' } end
if what == 'remove' then
  redis.call('DEL', key)
elseif what == 'touch' then
  redis.call('HSET', key, 'last_used_at', now_from(injected_ms).digits)
else
  redis.call('HSET', key, take(#ARGV - 2))
end
return { 'changed' }

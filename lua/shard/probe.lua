-- shard/probe: may this user run every command that the scripts use on the keys of the shard?
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
-- ARGV
--   1  count      int     how many commands; then of each: how many words, and the words
-- REPLY
--   { 'probed', the first word of each command that is denied }
-- COST  1 per command
local reply = { 'probed' }
for _ = 1, tonumber(take()) do
  local words = { take(tonumber(take())) }
  if not redis.acl_check_cmd(unpack(words)) then reply[#reply + 1] = words[1] end
end
return reply

-- token/note: note that a refresh token came once more.
--
-- Beside the rotation, which says what it comes to and writes nothing of it. A repeat says the same thing twice. Two streams
-- are written so: one of each user, which goes when nothing happens, and one of all, for those that ended a session.
--
-- CLASS  drain
-- KEYS
--   1  notes        stream
-- ARGV
--   1  max          entries that are kept
--   2  keep_ms      for how long they are kept after the last one; '' for ever
--   3  outcome      what was answered
--   4  sid
--   5  user_id      whose session it is; '' where the key says so
--   6  generation   of the token that came
--   7  ip           a pseudonym of the address that it came from
-- REPLY
--   { 'noted' }
-- COST  2
local notes = KEYS[1]
local max, keep_ms, outcome, sid, user_id, generation, ip = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]

redis.call('XADD', notes, 'MAXLEN', max, '*', 'outcome', outcome, 'sid', sid, 'user_id', user_id, 'generation', generation, 'ip', ip)
if keep_ms ~= '' then redis.call('PEXPIRE', notes, keep_ms) end
return { 'noted' }

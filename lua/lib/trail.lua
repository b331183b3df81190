-- lib/trail: what operators did, the latest so many.

local function note_trail(trail, pairs) redis.call('XADD', trail, 'MAXLEN', TRAIL_MAX, '*', unpack(pairs)) end

-- lib/bands: the priorities of a pending index, one band of scores each. One table, as scripts have few names to spare.
local bands = { last = 9 }

-- A score that no task gave, however small or large, belongs to the first band or to the last.
function bands.of(score) return math.max(0, math.min(bands.last, math.floor(score / PRIORITY_BAND))) end

-- Calls `meet(id, score, range)` for the first entry of each priority in use; `range` is where those of the priority stand,
-- without a gap between two. There are ten steps at most, whatever the scores say.
function bands.each(pending, meet)
  local low = '-inf'
  for _ = 0, bands.last do
    local entry = redis.call('ZRANGE', pending, low, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
    if not entry[2] then return end
    local score = tonumber(entry[2])
    local band = bands.of(score)
    local from, above = digits(band * PRIORITY_BAND), digits((band + 1) * PRIORITY_BAND)
    meet(entry[1], score, { low = band == 0 and '-inf' or from, high = band == bands.last and '+inf' or '(' .. above })
    if band == bands.last then return end
    low = above
  end
end

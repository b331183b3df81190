-- lib/words: what every script starts with: numbers in words, arguments in order, the time, and how it says no.

-- `..` and tostring keep 14 digits of a number; this keeps all that a double has. A batch says the same few numbers
-- over and over, so each is put into words once.
local digit_texts = {}
local function digits(number)
  local text = digit_texts[number]
  if not text then
    text = string.format('%.0f', number)
    digit_texts[number] = text
  end
  return text
end

local taken = 0
-- The next `count` arguments, in order.
local function take(count)
  local first = taken + 1
  taken = taken + (count or 1)
  return unpack(ARGV, first, taken)
end

-- The time of this call: by Redis's clock; only tests inject one, in ms.
local NOW
local function now_from(injected_ms)
  local time = injected_ms ~= '' and { injected_ms / 1000, 0 } or redis.call('TIME')
  local us = time[1] * 1000000 + time[2]
  local ms = math.floor(us / 1000)
  NOW = { us = us, ms = ms, digits = digits(ms) }
  return NOW
end

local function refused(code, detail) return { 'refused', code, detail or '' } end


-- lib/operate: the frame of an operator's call on many tasks: each is named once, each gets three words of answer.

-- Calls `act(id, row)` for every task named, which answers a version, or nil and the code of a refusal.
local function operate(op, digest, keep_ms, tag, size, act)
  local answer = remembered(op, digest)
  if answer then return answer end
  local reply = { tag }
  for _ = 1, size do
    local id = take()
    local row = read(task_key(id))
    local version, code
    if row then version, code = act(id, row) else code = 'unknown_task' end
    reply[#reply + 1] = version and tag or 'refused'
    reply[#reply + 1] = version and row.status or code
    reply[#reply + 1] = version and digits(version) or (row and row.status or '')
  end
  write_batch()
  remember(op, digest, reply, keep_ms)
  return reply
end

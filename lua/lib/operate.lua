-- lib/operate: the frame of an operator's call on many tasks: each is named once, each gets three words of answer.

-- Calls `act(id, row)` for every task named, which answers a version, or nil and the code of a refusal. A call that
-- moved nothing leaves nothing behind: its repeat may as well be judged anew. `finally` does with the room that is left.
local function operate(op, digest, keep_ms, tag, size, act, finally)
  local answer = remembered(op, digest)
  if answer then return answer end
  local reply, moved = { tag }, false
  for _ = 1, size do
    local id = take()
    local row = read(task_key(id))
    local before, version, code = row and row.version, nil, nil
    if row then version, code = act(id, row) else code = 'unknown_task' end
    moved = moved or (version and digits(version) ~= before)
    reply[#reply + 1] = version and tag or 'refused'
    reply[#reply + 1] = version and row.status or code
    reply[#reply + 1] = version and digits(version) or (row and row.status or '')
  end
  if finally then finally({ left = math.max(CASCADE_ROOM - WEIGHT_OF_MOVE * size, 0) }) end
  write_batch()
  if moved then remember(op, digest, reply, keep_ms) end
  return reply
end

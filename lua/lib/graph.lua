-- lib/graph: searches the graph of tasks. Iteratively, and no further than a limit.

-- The way from one task to another along one side, 'children' or 'parents': ids from the last back to the first; false
-- where there is none; nil where the limit came first.
local function way(from, to, side, looks)
  local came_from, stack, size = { [from] = '' }, { from }, 1
  while size > 0 do
    local id = stack[size]
    size = size - 1
    local others = redis.call('ZRANGE', task_key(id) .. ':' .. side, 0, looks)
    looks = looks - 1 - #others
    for _, other in ipairs(others) do
      if not came_from[other] then
        came_from[other], size = id, size + 1
        stack[size] = other
      end
    end
    if came_from[to] then
      local ids, at = { to }, to
      while at ~= from do
        at = came_from[at]
        ids[#ids + 1] = at
      end
      return ids
    end
    if looks <= 0 then return nil end
  end
  return false
end

-- An edge closes a circle if its parent can be reached from its child. Answers nil, or the code of the refusal, and the
-- circle, of which a long one is cut short.
local function circle(parent, above, child, row)
  if parent == child then return 'dependency_cycle', child end
  if not row.children or not above.parents then return nil end
  local back, found = way(child, parent, 'children', GRAPH_LOOKS_MAX), {}
  if back == false then return nil end
  if back then
    for at = #back, 1, -1 do found[#found + 1] = back[at] end
  else
    found = way(parent, child, 'parents', GRAPH_LOOKS_UP_MAX)
    if found == false then return nil end
    if not found then return 'graph_too_large' end
  end
  return 'dependency_cycle', table.concat(found, ' ', 1, math.min(#found, CIRCLE_IDS_MAX))
end

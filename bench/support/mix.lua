-- wrk's part of bench/soak: mixes the routes, checks each answer, and reports at the end.
--
-- wrk does not count requests that are never answered. So each request has an id that the answer must repeat, and
-- requests still pending at the end are examined.

local UPLOAD = string.rep("0123456789abcdef", 4096)
local UPLOADED = "65536 "
local ROUTES = {
  { method = "GET", path = "/plain", right = function(body) return body == "plain\n" end },
  { method = "GET", path = "/alloc", right = function(body) return #body == 64 end },
  { method = "GET", path = "/sleep", right = function(body) return body == "slept\n" end },
  { method = "POST", path = "/upload", body = UPLOAD,
    right = function(body) return body:sub(1, #UPLOADED) == UPLOADED and #body == #UPLOADED + 64 end },
  { method = "GET", path = "/stream", right = function(body) return #body == 65536 end },
}

-- Seconds after which a request that is pending at the end counts as forgotten.
local OVERDUE = 5

-- These are global because wrk reads a thread's globals at the end.
sent, wrong, unknown, first = 0, 0, 0, nil
pending, since, seconds = {}, {}, {}

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function request()
  sent = sent + 1
  local index = sent % #ROUTES + 1
  local route = ROUTES[index]
  -- wrk builds the first one only to inspect it.
  if sent > 1 then
    pending[sent] = index
    since[sent] = os.time()
  end
  return wrk.format(route.method, route.path, { ["x-request-id"] = sent, ["Host"] = wrk.headers["Host"] }, route.body)
end

function response(status, headers, body)
  local id = tonumber(headers["x-request-id"])
  local index = id and pending[id]
  if index then
    pending[id], since[id] = nil, nil
    if status ~= 200 or not ROUTES[index].right(body) then wrong = wrong + 1 end
  else
    unknown = unknown + 1
  end
  local now = os.time()
  first = first or now
  local second = now - first + 1
  seconds[second] = (seconds[second] or 0) + 1
end

-- An answer without a valid id, such as a 500, counts as unknown, not also as a forgotten request.
local function forgotten(now, others)
  local count = -others
  for _, thread in ipairs(threads) do
    for _, time in pairs(thread:get("since")) do
      if now - time > OVERDUE then count = count + 1 end
    end
  end
  return math.max(count, 0)
end

-- The fewest answers in a second, not counting the first and the last, which are partial.
local function slowest_second(duration)
  local least
  for second = 2, math.floor(duration) - 1 do
    local count = 0
    for _, thread in ipairs(threads) do count = count + (thread:get("seconds")[second] or 0) end
    if not least or count < least then least = count end
  end
  return least or -1
end

local function sum(name)
  local total = 0
  for _, thread in ipairs(threads) do total = total + thread:get(name) end
  return total
end

function done(summary, latency)
  local errors = summary.errors
  local duration = summary.duration / 1e6
  local facts = {
    requests = summary.requests, seconds = duration, bytes = summary.bytes,
    connect_errors = errors.connect, read_errors = errors.read, write_errors = errors.write,
    timeouts = errors.timeout, bad_statuses = errors.status,
    wrong_answers = sum("wrong"), unknown_answers = sum("unknown"), forgotten = forgotten(os.time(), sum("unknown")),
    slowest_second = slowest_second(duration),
    p50_ms = latency:percentile(50) / 1000, p99_ms = latency:percentile(99) / 1000, max_ms = latency.max / 1000,
  }
  local parts = {}
  for name, value in pairs(facts) do parts[#parts + 1] = string.format('"%s":%.3f', name, value) end
  io.write("RESULT {", table.concat(parts, ","), "}\n")
end

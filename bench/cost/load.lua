-- SPDX-License-Identifier: Apache-2.0
-- Sends one request again and again, a write with a new key each time, and ends with one line of figures.

local key, number = os.getenv("COST_KEY"), 0
wrk.method = os.getenv("COST_METHOD")
wrk.path = os.getenv("COST_PATH")
wrk.headers["Authorization"] = os.getenv("COST_AUTHORIZATION")
if key ~= "" then
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = os.getenv("COST_BODY")
end

function init()
  if key == "" then plain = wrk.format() end
end

function request()
  if key == "" then return plain end
  number = number + 1
  wrk.headers["Idempotency-Key"] = key .. "-" .. number
  return wrk.format()
end

function done(summary, latency)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("cost: %d %d %.0f %.0f\n", summary.requests, bad,
    latency:percentile(50), latency:percentile(99)))
end

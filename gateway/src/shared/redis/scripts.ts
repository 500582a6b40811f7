/**
 * What runs inside Redis, each in one atomic step. Times are Redis' own. A process is known there by a name that it changes whenever it
 * was cut off: `members` has the names that are alive, by the time until which they are. What a name that is not alive holds counts
 * for nothing and is removed when it is met, and nothing that is sent under it acts any more.
 */

const clock = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function whole(n) return string.format('%.0f', n) end
local living
local function lives(name)
  if not living then
    living = {}
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. whole(now), '+inf')) do living[member] = true end
  end
  return living[name]
end
local function mine()
  local till = redis.call('ZSCORE', KEYS[1], ARGV[1])
  return till and tonumber(till) > now
end
`

/**
 * KEYS: members, one per claim. ARGV: name, TTL of money and of places in ms, then four per claim: kind, amount, limit, and the
 * window's length or the balance that an unknown money bucket begins with ('' when it was not asked for, '?' when nobody can tell).
 * Answers {0, now, used, reserved, endsAt, …} when all is taken, {1, now, index, used, reserved, endsAt} for the first without room,
 * {2, index, …} for buckets whose balance is needed, {3} when the name is not alive.
 */
export const takeScript = `${clock}
if not mine() then return {3} end
local me = ARGV[1]
local known = {}

local function money(key, seed)
  local flat = redis.call('HGETALL', key)
  local spent
  local reserved = 0
  for i = 1, #flat, 2 do
    if flat[i] == 'spent' then
      spent = tonumber(flat[i + 1])
    else
      local name = string.sub(flat[i], 3)
      if name == me or lives(name) then
        reserved = reserved + tonumber(flat[i + 1])
      else
        redis.call('HDEL', key, flat[i])
      end
    end
  end
  if not spent and seed ~= '' then
    if seed == '?' then return {used = 0, reserved = reserved, ends = 0, unsure = true} end
    redis.call('HSET', key, 'spent', seed)
    redis.call('PEXPIRE', key, ARGV[2])
    spent = tonumber(seed)
  end
  return spent and {used = spent, reserved = reserved, ends = 0}
end

local function window(key, length)
  local found = redis.call('HMGET', key, 'used', 'ends')
  if found[1] and found[2] and tonumber(found[2]) > now then
    return {used = tonumber(found[1]), reserved = 0, ends = tonumber(found[2])}
  end
  return {used = 0, reserved = 0, ends = now + tonumber(length), fresh = true}
end

local function slots(key)
  local flat = redis.call('HGETALL', key)
  local used = 0
  for i = 1, #flat, 2 do
    if flat[i] == me or lives(flat[i]) then
      used = used + tonumber(flat[i + 1])
    else
      redis.call('HDEL', key, flat[i])
    end
  end
  return {used = used, reserved = 0, ends = 0}
end

local needed = {}
local got = {0, now}
for i = 2, #KEYS do
  local key = KEYS[i]
  local at = 4 + (i - 2) * 4
  local kind, amount, limit, extra = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
  local state = known[key]
  if not state then
    if kind == 'm' then state = money(key, extra) elseif kind == 'w' then state = window(key, extra) else state = slots(key) end
    if state then known[key] = state else needed[#needed + 1] = i - 2 end
  end
  if state then
    local want = amount
    if kind == 'w' and want < 1 then want = 1 end
    local free = limit < 0 or (kind == 'm' and amount <= 0) or state.used + state.reserved + want <= limit
    if not free and #needed == 0 then return {1, now, i - 2, state.used, state.reserved, state.ends} end
    if kind == 'm' then state.reserved = state.reserved + amount else state.used = state.used + amount end
    got[#got + 1] = state.used
    got[#got + 1] = state.reserved
    got[#got + 1] = state.ends
  end
end
if #needed > 0 then return {2, unpack(needed)} end

for i = 2, #KEYS do
  local key = KEYS[i]
  local at = 4 + (i - 2) * 4
  local kind, amount = ARGV[at], ARGV[at + 1]
  local state = known[key]
  if kind == 'm' then
    if amount ~= '0' then redis.call('HINCRBY', key, 'r:' .. me, amount) end
    redis.call('PEXPIRE', key, ARGV[2])
  elseif kind == 'w' then
    if state.fresh then
      redis.call('HSET', key, 'used', amount, 'ends', whole(state.ends))
      redis.call('PEXPIREAT', key, whole(state.ends))
      state.fresh = false
    else
      redis.call('HINCRBY', key, 'used', amount)
    end
  else
    redis.call('HINCRBY', key, me, 1)
    redis.call('PEXPIRE', key, ARGV[3])
  end
end
return got
`

/**
 * KEYS: members, the name's sequence, one per change. ARGV: name, its number of this sending, '' or for how long the name is alive
 * from now (which makes it known), TTL of money, of places and of the sequence in ms, then three per change:
 *   give    reserved, spent     a request ended: money
 *   free    -, -                a request ended: its place
 *   window  delta, endsAt       a request ended: correction, only in that very window
 *   spend   amount, -           spent, where the bucket is known
 *   raise   balance, -          at least that is spent, where the bucket is known
 *   correct balance, -          exactly that is spent, where the bucket is known
 *   reserve amount, -           all that this name has reserved
 *   places  count, -            all places that this name has
 *   since   amount, endsAt      counted while cut off, in the window that runs
 * Answers {0, now, …} with the ends of the windows counted in by `since`, or {3} when the name is not alive.
 */
export const applyScript = `${clock}
local me, number, alive = ARGV[1], ARGV[2], ARGV[3]
if alive == '' then
  if not mine() then return {3} end
else
  redis.call('ZADD', KEYS[1], whole(now + tonumber(alive)), me)
end
redis.call('SET', KEYS[2], number, 'PX', ARGV[6])
local answer = {0, now}

local function put(key, field, amount, ttl)
  if amount > 0 then
    redis.call('HSET', key, field, whole(amount))
    redis.call('PEXPIRE', key, ttl)
  else
    redis.call('HDEL', key, field)
  end
end

local function add(key, amount)
  if redis.call('HEXISTS', key, 'spent') == 1 then redis.call('HINCRBY', key, 'spent', amount) end
end

local change = {}
function change.give(key, reserved, spent)
  if spent ~= '0' then add(key, spent) end
  local held = redis.call('HGET', key, 'r:' .. me)
  if held and reserved ~= '0' then put(key, 'r:' .. me, tonumber(held) - tonumber(reserved), ARGV[4]) end
end
function change.free(key)
  local held = redis.call('HGET', key, me)
  if held then put(key, me, tonumber(held) - 1, ARGV[5]) end
end
function change.window(key, delta, ends)
  if redis.call('HGET', key, 'ends') == ends then redis.call('HINCRBY', key, 'used', delta) end
end
function change.spend(key, amount) add(key, amount) end
function change.raise(key, balance)
  local spent = redis.call('HGET', key, 'spent')
  if spent and tonumber(spent) < tonumber(balance) then redis.call('HSET', key, 'spent', balance) end
end
function change.correct(key, balance)
  if redis.call('HEXISTS', key, 'spent') == 1 then redis.call('HSET', key, 'spent', balance) end
end
function change.reserve(key, amount) put(key, 'r:' .. me, tonumber(amount), ARGV[4]) end
function change.places(key, count) put(key, me, tonumber(count), ARGV[5]) end
function change.since(key, amount, ends)
  local found = redis.call('HMGET', key, 'used', 'ends')
  if found[1] and found[2] and tonumber(found[2]) > now then
    redis.call('HSET', key, 'used', whole(math.max(0, tonumber(found[1]) + tonumber(amount))))
    ends = found[2]
  elseif tonumber(ends) > now and tonumber(amount) > 0 then
    redis.call('HSET', key, 'used', amount, 'ends', ends)
    redis.call('PEXPIREAT', key, ends)
  end
  answer[#answer + 1] = tonumber(ends)
end

for i = 3, #KEYS do
  local at = 7 + (i - 3) * 3
  change[ARGV[at]](KEYS[i], ARGV[at + 1], ARGV[at + 2])
end
return answer
`

/**
 * KEYS: members, one sequence per name. ARGV: the names, which are dead from now on, so that nothing sent under them and still on its
 * way acts. Answers {now, number, …}: the last sending of each that acted, -1 where Redis does not remember the name.
 */
export const fenceScript = `${clock}
local answer = {now}
for i = 1, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[i])
  answer[#answer + 1] = tonumber(redis.call('GET', KEYS[i + 1]) or '-1')
end
return answer
`

/** KEYS: members, the name's sequence. ARGV: name, how long it is alive from now, TTL of the sequence. Answers {now, names alive}, or {now, -1}. */
export const beatScript = `${clock}
if not mine() then return {now, -1} end
redis.call('ZADD', KEYS[1], whole(now + tonumber(ARGV[2])), ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole(now))
return {now, redis.call('ZCARD', KEYS[1])}
`

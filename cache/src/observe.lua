-- Counts one sighting and answers all its figures. Everything is read before anything is written, so that a key of another type
-- changes nothing. Constants stand before this text. Answer: whole numbers in the order that `answer.rs` reads them.
--
-- i:<id>      time and answer, for an hour   c:<entity>      hash: f first, l last, h has sketches, <window>:<bucket> "count sum"
-- d:<entity>  values by last time, newest kept   h:<entity>:<day>  HyperLogLog of a day's values
-- e:<entity>  people by last time                p:<person>      entities by last time
-- w:<person>  "latitude longitude time"          f:<person>      flag
local P, id, now, me, place = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]

local function whole(value)
  local number = tonumber(value)
  if not number or number ~= math.floor(number) then
    error('not a whole number in a counter')
  end
  return number
end

local function text(number)
  return string.format('%.0f', number)
end

local known = redis.call('GET', P .. 'i:' .. id)
if known then
  local answer = {}
  for number in string.gmatch(known, '%S+') do
    answer[#answer + 1] = whole(number)
  end
  -- The caller's clock counts, not ours: the first number is when it was answered.
  if now - table.remove(answer, 1) <= ANSWER_KEPT then
    return answer
  end
end

-- Read.
local seen = {}
for at = 6, #ARGV, 4 do
  local one = { entity = ARGV[at], amount = tonumber(ARGV[at + 1]), value = ARGV[at + 2], links = ARGV[at + 3] == '1' }
  one.fields = {}
  local flat = redis.call('HGETALL', P .. 'c:' .. one.entity)
  for i = 1, #flat, 2 do
    one.fields[flat[i]] = flat[i + 1]
  end
  one.first = one.fields.f and whole(one.fields.f)
  one.last = one.fields.l and whole(one.fields.l)
  one.buckets, one.gone = {}, {}
  for field, value in pairs(one.fields) do
    local window, bucket = string.match(field, '^(%d):(%-?%d+)$')
    if window then
      local count, sum = string.match(value, '^(%d+) (%d+)$')
      if not count then
        error('not a bucket in a counter')
      end
      window, bucket = tonumber(window), tonumber(bucket)
      local length = WINDOWS[window]
      if bucket < math.floor(now / length[1]) - length[2] then
        one.gone[#one.gone + 1] = field
      else
        one.buckets[field] = { window, bucket, tonumber(count), tonumber(sum) }
      end
    end
  end
  redis.call('ZCARD', P .. 'd:' .. one.entity)
  if one.links then
    redis.call('ZCARD', P .. 'e:' .. one.entity)
  end
  seen[#seen + 1] = one
end
redis.call('ZCARD', P .. 'p:' .. me)
local previous = redis.call('GET', P .. 'w:' .. me)
local latitude, longitude, since = 0, 0, -1
if previous then
  local a, b, c = string.match(previous, '^(%-?%d+) (%-?%d+) (%-?%d+)$')
  if not a then
    error('not a place')
  end
  latitude, longitude, since = tonumber(a), tonumber(b), math.max(0, now - tonumber(c))
end

-- The newest of some values by last time. Time never goes back for a value.
local function touch(key, value, at_most, kept)
  local last = redis.call('ZSCORE', key, value)
  redis.call('ZADD', key, last and math.max(tonumber(last), now) or now, value)
  local surplus = redis.call('ZCARD', key) - at_most
  if surplus > 0 then
    redis.call('ZREMRANGEBYRANK', key, 0, surplus - 1)
  end
  redis.call('EXPIRE', key, kept)
end

local function sketch(entity, value, at)
  local key = P .. 'h:' .. entity .. ':' .. text(math.floor(at / DAY))
  redis.call('PFADD', key, value)
  redis.call('EXPIRE', key, COUNTS_KEPT)
end

-- Exact while all values of the window are known; above, an estimate, and in windows of an hour and less "that many or more".
local function distinct(one, window)
  local start = (math.floor(now / WINDOWS[window][1]) - WINDOWS[window][2]) * WINDOWS[window][1]
  local number = redis.call('ZCOUNT', P .. 'd:' .. one.entity, start, '+inf')
  if number < EXACT or window <= 3 then
    return number
  end
  local keys = {}
  for day = math.floor(start / DAY), math.floor(now / DAY) do
    keys[#keys + 1] = P .. 'h:' .. one.entity .. ':' .. text(day)
  end
  return math.max(number, redis.call('PFCOUNT', unpack(keys)))
end

-- Write, entity by entity.
local answer = { 0, 0, 0, since, latitude, longitude }
for _, one in ipairs(seen) do
  local key = P .. 'c:' .. one.entity
  local sets = { 'f', text(math.min(one.first or now, now)), 'l', text(math.max(one.last or now, now)) }
  if one.value ~= '' then
    local values = P .. 'd:' .. one.entity
    touch(values, one.value, EXACT, COUNTS_KEPT)
    if one.fields.h then
      sketch(one.entity, one.value, now)
    elseif redis.call('ZCARD', values) > EXACT / 2 then
      local all = redis.call('ZRANGE', values, 0, -1, 'WITHSCORES')
      for i = 1, #all, 2 do
        sketch(one.entity, all[i], tonumber(all[i + 1]))
      end
      sets[#sets + 1] = 'h'
      sets[#sets + 1] = '1'
    end
  end
  local counts, sums = {}, {}
  for window, length in ipairs(WINDOWS) do
    local current = math.floor(now / length[1])
    local field = window .. ':' .. text(current)
    local bucket = one.buckets[field] or { window, current, 0, 0 }
    bucket[3] = bucket[3] + 1
    bucket[4] = math.min(bucket[4] + one.amount, MOST)
    one.buckets[field] = bucket
    sets[#sets + 1] = field
    sets[#sets + 1] = text(bucket[3]) .. ' ' .. text(bucket[4])
    counts[window], sums[window] = 0, 0
  end
  for _, bucket in pairs(one.buckets) do
    local window = bucket[1]
    if bucket[2] <= math.floor(now / WINDOWS[window][1]) then
      counts[window] = counts[window] + bucket[3]
      sums[window] = math.min(sums[window] + bucket[4], MOST)
    end
  end
  if #one.gone > 0 then
    redis.call('HDEL', key, unpack(one.gone))
  end
  redis.call('HSET', key, unpack(sets))
  redis.call('EXPIRE', key, COUNTS_KEPT)
  for window = 1, #WINDOWS do
    answer[#answer + 1] = counts[window]
    answer[#answer + 1] = sums[window]
    answer[#answer + 1] = distinct(one, window)
  end
  answer[#answer + 1] = one.first and math.max(0, now - one.first) or -1
  answer[#answer + 1] = one.last and math.max(0, now - one.last) or -1
  local people = 0
  if one.links then
    touch(P .. 'e:' .. one.entity, me, LINKED, LINKS_KEPT)
    touch(P .. 'p:' .. me, one.entity, LINKED, LINKS_KEPT)
    people = redis.call('ZCARD', P .. 'e:' .. one.entity)
  end
  answer[#answer + 1] = people
end

-- People at one step and at two; no more than LOOKED of them.
local looked = 0
local function around(person, found, order, barred)
  for _, entity in ipairs(redis.call('ZREVRANGE', P .. 'p:' .. person, 0, -1)) do
    for _, other in ipairs(redis.call('ZREVRANGE', P .. 'e:' .. entity, 0, -1)) do
      if looked >= LOOKED then
        return
      end
      if not found[other] and not barred[other] then
        found[other] = true
        order[#order + 1] = other
        looked = looked + 1
      end
    end
  end
end
local function flagged(people)
  local keys = {}
  for i, person in ipairs(people) do
    keys[i] = P .. 'f:' .. person
  end
  return #keys > 0 and redis.call('EXISTS', unpack(keys)) or 0
end
local near, near_order, far_order = {}, {}, {}
around(me, near, near_order, { [me] = true })
table.sort(near_order)
near[me] = true
local far = {}
for _, person in ipairs(near_order) do
  if looked >= LOOKED then
    break
  end
  around(person, far, far_order, near)
end
answer[1], answer[2], answer[3] = flagged(near_order), flagged(far_order), flagged({ me })
if place ~= '' then
  redis.call('SET', P .. 'w:' .. me, place .. ' ' .. text(now), 'EX', COUNTS_KEPT)
end
local line = { text(now) }
for _, number in ipairs(answer) do
  line[#line + 1] = text(number)
end
redis.call('SET', P .. 'i:' .. id, table.concat(line, ' '), 'EX', ANSWER_KEPT)
return answer

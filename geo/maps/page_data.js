// From bytes to shapes, places and values.

function fromBase64(text) {
  const raw = atob(text.trim());
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function readStatic(bytes) {
  return JSON.parse(new TextDecoder().decode(await inflate(bytes)));
}

// Zigzag base-128 numbers, lowest seven bits first; multiplication keeps sizes beyond 2^31 exact.
function readNumbers(bytes, start, count) {
  const numbers = new Float64Array(count);
  let at = start;
  for (let i = 0; i < count; i += 1) {
    let value = 0;
    let power = 1;
    let byte = bytes[at++];
    while (byte > 127) {
      value += (byte & 127) * power;
      power *= 128;
      byte = bytes[at++];
    }
    value += byte * power;
    numbers[i] = value % 2 ? -(value + 1) / 2 : value / 2;
  }
  return numbers;
}

// A block is the length of its header, the header, and numbers measure by measure.
function openBlock(raw) {
  const length = new DataView(raw.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + length)));
  const places = new Map();
  let at = 4 + length;
  for (const measure of head.measures) {
    places.set(measure.id, { ...measure, at });
    at += measure.bytes;
  }
  return { raw, head, places };
}

// The starting values, shared by scenarios.
class Start {
  constructor(raw) {
    Object.assign(this, openBlock(raw));
  }

  values(measure) {
    const place = this.places.get(measure);
    const values = readNumbers(this.raw, place.at, this.head.counties);
    for (let i = 0, sum = 0; i < values.length; i += 1) values[i] = (sum += values[i]) * place.step;
    for (const i of place.missing) values[i] = NaN;
    return values;
  }
}

// One scenario; a measure is decoded when it is first asked for.
class Scenario {
  constructor(raw, start) {
    const block = openBlock(raw);
    Object.assign(this, block.head, { raw, start, places: block.places, ready: new Map() });
  }

  has(measure) {
    return this.places.has(measure);
  }

  values(measure) {
    if (!this.ready.has(measure)) this.ready.set(measure, this.decode(this.places.get(measure)));
    return this.ready.get(measure);
  }

  decode(place) {
    const before = this.start.values(place.id);
    const after = this.years.map(() => before.slice());
    if (place.step) addChanges(after, readNumbers(this.raw, place.at, before.length * after.length), place.step);
    for (const values of after) for (const i of place.missing) values[i] = NaN;
    return { before, after };
  }

  at(measure, year) {
    const { after } = this.values(measure);
    return after[clamp(year - this.years[0], 0, after.length - 1)];
  }
}

function addChanges(after, twice, step) {
  const years = after.length;
  for (let i = 0; i < after[0].length; i += 1) {
    for (let t = 0, slope = 0, level = 0; t < years; t += 1) {
      slope += twice[i * years + t];
      level += slope;
      after[t][i] += level * step;
    }
  }
}

async function readStart(bytes) {
  return new Start(await inflate(bytes));
}

// Columns to rows.
function rows(table) {
  const names = Object.keys(table);
  if (!names.length) return [];
  return table[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, table[name][i]])));
}

function readArcs({ arcs, transform }) {
  const [[sx, sy], [tx, ty]] = [transform.scale, transform.translate];
  return arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([dx, dy]) => [(y += dy) * sy + ty, (x += dx) * sx + tx]);
  });
}

function stitch(ring, arcs) {
  const points = [];
  for (const number of ring) {
    const arc = number < 0 ? arcs[~number].slice().reverse() : arcs[number];
    points.push(...(points.length ? arc.slice(1) : arc));
  }
  return points;
}

function readRing(numbers) {
  const points = [];
  for (let i = 0, x = 0, y = 0; i < numbers.length; i += 2) {
    x += numbers[i];
    y += numbers[i + 1];
    points.push([y / 1000, x / 1000]);
  }
  return points;
}

// Which arcs divide counties, cities or provinces, and which bound the region or Xiongan.
function sortArcs(shapes, counties, arcs) {
  const owners = arcs.map(() => []);
  shapes.forEach((polygons, county) => {
    for (const number of polygons.flat(2)) owners[number < 0 ? ~number : number].push(counties[county]);
  });
  const mesh = { county: [], city: [], province: [], outer: [], xiongan: [] };
  owners.forEach(([one, two], i) => {
    if (!one) return;
    mesh[borderKind(one, two)].push(arcs[i]);
    if (one.xiongan !== (two ? two.xiongan : false)) mesh.xiongan.push(arcs[i]);
  });
  return mesh;
}

function borderKind(one, two) {
  if (!two) return "outer";
  if (one.province !== two.province) return "province";
  return one.city_code !== two.city_code ? "city" : "county";
}

function insideRing([lat, lng], ring) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [[y1, x1], [y2, x2]] = [ring[i], ring[j]];
    if (y1 > lat !== y2 > lat && lng < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

class Region {
  constructor(data) {
    this.hash = data.hash;
    this.catalog = data.catalog;
    this.counties = rows(data.counties);
    this.cities = rows(data.cities);
    this.sites = rows(data.sites);
    this.corridors = rows(data.corridors);
    this.links = rows(data.rail_links);
    this.stations = rows(data.stations);
    this.institutions = rows(data.institutions);
    this.destinations = rows(data.destinations);
    this.neighbours = rows(data.neighbours);
    for (const item of this.neighbours) item.shape = item.rings.map((polygon) => polygon.map(readRing));
    this.shapeCounties(data.topology);
    this.number();
    this.place();
  }

  shapeCounties(topology) {
    const arcs = readArcs(topology);
    this.counties.forEach((county, i) => {
      county.shape = topology.shapes[i].map((polygon) => polygon.map((ring) => stitch(ring, arcs)));
    });
    this.mesh = sortArcs(topology.shapes, this.counties, arcs);
  }

  number() {
    this.countyAt = new Map(this.counties.map((county, i) => [county.code, i]));
    this.cityOf = new Map(this.cities.map((city) => [city.code, city]));
    const byId = (list) => new Map(list.map((item) => [item.id, item]));
    this.byType = {
      county: new Map(this.counties.map((county) => [county.code, county])),
      city: this.cityOf,
      site: byId(this.sites),
      institution: byId(this.institutions),
      station: byId(this.stations),
      corridor: byId(this.corridors),
    };
    this.links.forEach((link, i) => (link.id = String(i)));
    this.byType.link = byId(this.links);
  }

  // An institution whose spot is unknown stands in its county, and says so.
  place() {
    for (const item of this.institutions) {
      const home = this.byType.county.get(item.county_code);
      if (item.lat !== null || !home) continue;
      Object.assign(item, { lat: home.lat, lon: home.lon, rough: true });
    }
  }

  county(code) {
    return this.byType.county.get(code);
  }

  countyUnder(point) {
    return this.counties.find((county) =>
      county.shape.some((rings) => insideRing(point, rings[0]) && !rings.slice(1).some((hole) => insideRing(point, hole))),
    );
  }

  // Where a mover arrives: the named destination of the county, else its middle.
  arrival(code) {
    const named = this.destinations.find((item) => item.code === code && item.lat !== null);
    const place = named || this.county(code);
    return place ? [place.lat, place.lon] : null;
  }
}

// Search: Chinese, pinyin with or without spaces and tones, initials, English.
function plainText(text) {
  return String(text || "")
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[\s'’·.,()（）-]/g, "");
}

function initials(pinyin) {
  return String(pinyin || "")
    .split(/\s+/)
    .map((syllable) => syllable[0] || "")
    .join("");
}

function searchIndex(region) {
  const types = [
    ["county", region.counties],
    ["city", region.cities],
    ["institution", region.institutions],
    ["site", region.sites],
    ["station", region.stations],
  ];
  return types.flatMap(([type, items]) =>
    items.map((item) => ({
      type,
      item,
      keys: [item.name_zh, item.name_en, item.pinyin].map(plainText).filter(Boolean),
      initials: initials(item.pinyin),
    })),
  );
}

const SEARCH_LIMIT = 12;

function searchScore(entry, query) {
  if (entry.keys.includes(query)) return 0;
  if (entry.keys.some((key) => key.startsWith(query))) return 1;
  if (query.length > 1 && entry.initials === query) return 2;
  return entry.keys.some((key) => key.includes(query)) ? 3 : 9;
}

function searchFor(index, text) {
  const query = plainText(text);
  if (!query) return [];
  return index
    .map((entry, i) => [searchScore(entry, query), i, entry])
    .filter(([score]) => score < 9)
    .sort((x, y) => x[0] - y[0] || x[1] - y[1])
    .slice(0, SEARCH_LIMIT)
    .map(([, , entry]) => entry);
}

// Classes and colours. Both scales stay apart for readers who confuse red and green; lightness alone orders them.

const TEALS = ["#edf5f3", "#d3e8e3", "#aed7d0", "#7fbfba", "#4fa1a4", "#2f7f8c", "#1f566f"];
const BROWNS = ["#f1bd95", "#d67b45", "#9b4314"]; // a little less … much less
const BLUES = ["#b0d5dc", "#5da2b8", "#215f7e"]; // a little more … much more
const NEUTRAL = "#f6f3ed";
const MISSING = "#cbcbc5";
const MANY_ZEROS = 0.3; // from this share on, zero has a class of its own

// Sectors differ by colour within a group, by form between groups, and by letter everywhere.
const SECTORS = {
  integrated_circuits: ["clusters", "#0068b3"],
  network_security: ["clusters", "#7a3e9d"],
  power_equipment: ["clusters", "#e39b00"],
  biopharmaceuticals: ["clusters", "#d0538f"],
  new_energy_vehicles: ["industries", "#008763"],
  intelligent_connected_vehicles: ["industries", "#8a2252"],
  biomedicine: ["industries", "#d95b6b"],
  hydrogen_energy: ["industries", "#3aa6dd"],
  robotics: ["industries", "#3b2f8f"],
  artificial_intelligence: ["research", "#d55a00"],
  life_sciences: ["research", "#6d8b1c"],
  aerospace: ["research", "#47689a"],
};
const GROUPS = ["clusters", "industries", "research"];
const KINDS =
  "university hospital government state_enterprise industrial_plant research_institute market_wholesale financial school".split(
    " ",
  );
const STATUSES = ["moved", "under_construction", "announced", "candidate"];

function nice(value, up = false) {
  if (!value) return 0;
  const power = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  const steps = Math.abs(value) / power;
  const whole = up ? Math.ceil(steps - 1e-9) : Math.round(steps);
  return Math.sign(value) * Number((whole * power).toPrecision(3));
}

function quantile(sorted, share) {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
}

function digitsFor(size, least) {
  if (!(size > 0)) return least;
  return clamp(1 - Math.floor(Math.log10(size)), least, least + 4);
}

// A class holds values from its lower bound (included) to its upper bound.
class Classes {
  constructor(kind, bounds, colours, digits, none = -1) {
    Object.assign(this, { kind, bounds, colours, digits, none });
  }

  of(value) {
    if (!Number.isFinite(value)) return -1;
    const inner = this.bounds.slice(1, -1);
    let found = 0;
    while (found < inner.length && value >= inner[found]) found += 1;
    return found;
  }

  colour(value) {
    const found = this.of(value);
    return found < 0 ? MISSING : this.colours[found];
  }

  counts(values) {
    const counts = this.colours.map(() => 0);
    let missing = 0;
    for (const value of values) {
      const found = this.of(value);
      if (found < 0) missing += 1;
      else counts[found] += 1;
    }
    return { counts, missing };
  }
}

function finite(arrays) {
  return arrays.flatMap((array) => Array.from(array)).filter(Number.isFinite);
}

function spreadColours(colours, count) {
  if (count === 1) return [colours[Math.floor(colours.length / 2)]];
  return Array.from({ length: count }, (_, i) => colours[Math.round((i * (colours.length - 1)) / (count - 1))]);
}

// Quantile classes with rounded bounds; many zeros get a class of their own.
function sequentialClasses(arrays, digits) {
  const sorted = finite(arrays).sort((x, y) => x - y);
  if (!sorted.length) return new Classes("sequential", [0, 1], [TEALS[0]], digits);
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (low < 0 && high > 0) return divergingClasses(arrays, digits);
  const zeros = sorted.filter((value) => value === 0).length / sorted.length;
  const own = low >= 0 && zeros > MANY_ZEROS;
  const source = own ? sorted.filter((value) => value > 0) : sorted;
  if (!source.length || low === high) return new Classes("sequential", [low, high], [TEALS[1]], digits);
  const count = own ? TEALS.length - 1 : TEALS.length;
  const inner = Array.from({ length: count - 1 }, (_, i) => nice(quantile(source, (i + 1) / count)));
  const first = own ? [Math.min(nice(source[0]), source[0])] : [];
  const bounds = [...new Set([...first, ...inner])].filter((bound) => bound > low && bound <= high);
  const shown = digitsFor(bounds[0] || high, digits);
  const colours = spreadColours(TEALS, bounds.length + 1);
  if (own) colours[0] = NEUTRAL;
  return new Classes("sequential", [low, ...bounds, high], colours, shown, own ? 0 : -1);
}

// Symmetric about zero, with a class for what rounds to no change.
function divergingClasses(arrays, digits) {
  const sizes = finite(arrays).map(Math.abs).sort((x, y) => x - y);
  const most = sizes.length ? sizes.at(-1) : 0;
  const shown = digitsFor(most, digits);
  const none = 0.5 * 10 ** -shown;
  const real = sizes.filter((size) => size >= none);
  if (!real.length) return new Classes("diverging", [-none, none], [NEUTRAL], shown, 0);
  const limit = nice(most, true);
  const inner = [nice(quantile(real, 0.55)), nice(quantile(real, 0.88))];
  const steps = [...new Set([none, ...inner])].filter((step) => step >= none && step < limit);
  const sides = steps.length;
  const bounds = [-limit, ...steps.slice().reverse().map((step) => -step), ...steps, limit];
  const pick = (colours) => spreadColours(colours, sides);
  return new Classes("diverging", bounds, [...pick(BROWNS).reverse(), NEUTRAL, ...pick(BLUES)], shown, sides);
}

// Contrast of figures on a class's colour.
function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return r * 0.299 + g * 0.587 + b * 0.114 > 128 ? "#16232f" : "#ffffff";
}

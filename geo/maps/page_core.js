// Small tools: elements without markup, texts, numbers, and one state that everything follows.

const SVG_SPACE = "http://www.w3.org/2000/svg";
const MINUS = "\u2212";
const DASH = "\u2013";
const NO_BREAK = "\u00a0";

// A property is set by kind: on… listens, aria and data go by name, everything else is an attribute.
function dress(node, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else if (name === "value") node.value = value;
    else if (name === "checked" || name === "disabled" || name === "hidden") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}

function el(tag, properties = {}, ...children) {
  const node = dress(document.createElement(tag), properties);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function svg(tag, properties = {}, ...children) {
  const node = dress(document.createElementNS(SVG_SPACE, tag), properties);
  node.append(...children.flat().filter(Boolean));
  return node;
}

function button(label, press, properties = {}) {
  return el("button", { type: "button", onclick: press, ...properties }, label);
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

function known(value) {
  return value !== null && value !== undefined && value !== "" && !Number.isNaN(value);
}

// Rounds like Python's format: the exact binary value, ties to the even figure.
function fixed(magnitude, digits) {
  const plain = magnitude.toFixed(digits);
  const exact = magnitude.toFixed(Math.min(100, digits + 40));
  const rest = exact.slice(exact.indexOf(".") + 1 + digits);
  if (!/^50*$/.test(rest)) return plain;
  const cut = exact.slice(0, exact.length - rest.length).replace(/\.$/, "");
  return Number(cut.at(-1)) % 2 === 0 ? cut : plain;
}

function grouped(text) {
  const [whole, part] = text.split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part === undefined ? spaced : `${spaced}.${part}`;
}

// The same rule as geo.words.number: 1,234,567 in English, 万 and 亿 in Chinese.
function formatNumber(value, language, digits = 0, sign = false) {
  if (!known(value) || !Number.isFinite(value)) return DASH;
  let magnitude = Math.abs(value);
  let suffix = "";
  let shown = digits;
  if (language === "zh" && magnitude >= 1e5) {
    suffix = magnitude >= 1e8 ? "亿" : "万";
    magnitude /= magnitude >= 1e8 ? 1e8 : 1e4;
    shown = magnitude < 10 ? 2 : magnitude < 1000 ? 1 : 0;
  }
  const body = grouped(fixed(magnitude, shown));
  const lead = !/[1-9]/.test(body) ? "" : value < 0 ? MINUS : sign ? "+" : "";
  return lead + body + suffix;
}

// Short form for a legend: 1.5k, 12k and 1.2M in English, 1,234 as it is; Chinese is short by itself.
function shortNumber(value, language, digits = 0, sign = false) {
  const size = Math.abs(value);
  if (language === "zh" || size < 1e3 || (size < 1e4 && size % 100)) return formatNumber(value, language, digits, sign);
  const [power, suffix] = size >= 1e9 ? [1e9, "bn"] : size >= 1e6 ? [1e6, "M"] : [1e3, "k"];
  const scaled = value / power;
  return formatNumber(scaled, "en", Math.abs(scaled) < 10 && scaled % 1 ? 1 : 0, sign) + suffix;
}

// Texts of the page. A key without a text shows its last part, so that a user's own sector still has a name.
class Texts {
  constructor(words, language) {
    this.words = words;
    this.language = language;
  }

  has(key) {
    return key in this.words[this.language];
  }

  say(key, values = {}) {
    const text = this.words[this.language][key];
    if (text === undefined) return String(key).split(".").pop();
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  }

  name(item) {
    return (this.language === "zh" ? item.name_zh || item.name_en : item.name_en || item.name_zh) || item.id || "";
  }

  other(item) {
    const name = this.language === "zh" ? item.name_en : item.name_zh;
    return name === this.name(item) ? "" : name || "";
  }

  pick(names) {
    return names ? names[this.language] || names.en || names.zh || "" : "";
  }

  number(value, digits = 0, sign = false) {
    return formatNumber(value, this.language, digits, sign);
  }

  short(value, digits = 0, sign = false) {
    return shortNumber(value, this.language, digits, sign);
  }
}

// What is drawn anew keeps the focus: on the control of the same name, at the same place where several share it.
const REACHED = "button, select, input, summary, [tabindex]";

function focusName(node) {
  const data = Object.values(node.dataset).join(" ");
  const row = node.closest("tr");
  return [node.tagName, row?.dataset.code || row?.dataset.id || "", node.classList[0] || "", data || node.textContent].join("|");
}

function keepingFocus(box, draw) {
  const held = document.activeElement !== box && box.contains(document.activeElement) ? document.activeElement : null;
  const at = held ? [...box.querySelectorAll(REACHED)].indexOf(held) : -1;
  const name = held ? focusName(held) : "";
  draw();
  if (at < 0) return;
  const all = [...box.querySelectorAll(REACHED)];
  const same = all.filter((node) => focusName(node) === name);
  // in another language the names are others, the places are not
  const found = same.includes(all[at]) ? all[at] : same[0] || (all[at]?.tagName === held.tagName ? all[at] : null);
  if (found) found.focus({ preventScroll: true });
}

// One state; whoever draws says which keys it follows. A change runs each follower once.
class State {
  constructor(values) {
    this.values = values;
    this.followers = [];
    this.kept = () => {};
  }

  follow(keys, draw) {
    this.followers.push([new Set(keys.split(" ")), draw]);
  }

  set(patch) {
    const changed = Object.keys(patch).filter((key) => this.values[key] !== patch[key]);
    if (!changed.length) return;
    Object.assign(this.values, patch);
    for (const [keys, draw] of this.followers) {
      if (changed.some((key) => keys.has(key))) draw();
    }
    this.kept();
  }
}

const HIDDEN_AT_FIRST = ["status:candidate", "layer:corridors", "layer:rail", "layer:roads", "layer:trips"];

function firstState(language) {
  return {
    language,
    mode: "difference",
    measure: "",
    a: -1,
    b: 0,
    year: 0,
    swipe: 0.5,
    hidden: new Set(HIDDEN_AT_FIRST),
    tiles: false,
    selected: null,
    explained: false,
    open: "",
    layers: true,
    legend: true,
    table: false,
    twin: "counties",
    charts: false,
    sort: "",
    playing: false,
    facts: false,
    factYear: 0,
    pace: "normal",
    modeBefore: "difference",
    view: null,
  };
}

const KEPT = "mode measure a b year swipe selected layers legend table twin charts sort view facts factYear pace modeBefore".split(" ");

// The reader's own state, and what was sent when it was stored: what is sent anew since goes before it.
function storedState(name) {
  try {
    const stored = JSON.parse(sessionStorage.getItem(name) || "{}");
    const kept = Object.fromEntries([...KEPT, "hidden"].filter((key) => key in stored).map((key) => [key, stored[key]]));
    return { kept, sent: stored.sent || {} };
  } catch {
    return { kept: {}, sent: {} }; // storage may be closed to this frame; the map then opens as new
  }
}

function storeState(name, app) {
  const kept = Object.fromEntries(KEPT.map((key) => [key, app.state[key]]));
  try {
    sessionStorage.setItem(name, JSON.stringify({ ...kept, ...sideIds(app), hidden: [...app.state.hidden], sent: app.sent }));
  } catch {
    // as above: nothing is lost but the place to return to
  }
}

// What differs from what was sent last; a link that is opened says everything anew.
function differing(sent, last) {
  if (sent.opening !== last.opening) return sent;
  return Object.fromEntries(Object.entries(sent).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(last[key])));
}

// --- sides by id: a scenario keeps its id while its place in the list shifts ----------------------------

// A file has no ids: there nothing shifts, and places do.
function idsOf(ids, scenarios) {
  return ids && ids.length ? ids : scenarios.map((_, i) => String(i));
}

function sideId(app, side) {
  return app.ids[side] || "";
}

function sideIds(app) {
  return { a: sideId(app, app.state.a), b: sideId(app, app.state.b) };
}

// Read what is sent or stored: "a" and "b" as places or ids, "hidden" as a list. A scenario that is gone is none.
function readPatch(app, patch) {
  const { opening, ...read } = patch;
  if (Array.isArray(read.hidden)) read.hidden = new Set(read.hidden);
  for (const key of ["a", "b"]) if (typeof read[key] === "string") read[key] = app.ids.indexOf(read[key]);
  if (read.b < 0) delete read.b;
  return read;
}

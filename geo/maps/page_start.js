// Putting it together: the frame, what follows what, the live frame's protocol, the file's start.

const NARROW = 640;
const MEDIUM = 1040;
const PATIENCE = 20000; // milliseconds to wait for an answer to a move

function makeParts() {
  const part = (name, tag = "div", more = {}) => el(tag, { class: `jjj-${name} ${more.card === false ? "" : "jjj-card"}`, ...more.set });
  return {
    controls: part("controls"),
    search: part("search"),
    info: part("info", "aside", { set: { hidden: true } }),
    layers: part("layers", "aside"),
    legend: part("legend", "section"),
    time: part("time"),
    table: part("table", "section", { set: { hidden: true } }),
    charts: part("charts", "section", { set: { hidden: true } }),
    about: part("about", "section", { set: { hidden: true } }),
    zoom: part("zoom"),
    tools: part("tools", "nav"),
    scale: part("scale", "div", { card: false }),
    note: part("note", "div", { card: false }),
    message: part("message", "div", { set: { hidden: true, role: "status", "aria-live": "polite" } }),
  };
}

function buildFrame(app) {
  const box = (name, ...children) => el("div", { class: `jjj-${name}` }, children);
  app.parts = makeParts();
  const { zoom, scale, note, message, about } = app.parts;
  app.boxes = { left: box("left"), right: box("right"), middle: box("middle"), sheet: box("sheet") };
  app.root.replaceChildren(el("h1", { class: "jjj-title" }), el("div", { class: "jjj-map" }), ...Object.values(app.boxes), zoom, scale, note, about, message);
}

// The same cards, laid out for a wide or a narrow frame.
function arrange(app) {
  const width = app.root.clientWidth;
  const tier = width < NARROW ? "narrow" : width < MEDIUM ? "medium" : "wide";
  if (app.tier === tier) return;
  const narrow = tier === "narrow";
  Object.assign(app, { tier, narrow });
  for (const name of ["narrow", "medium", "wide"]) app.root.classList.toggle(name, name === tier);
  const { controls, search, info, layers, legend, time, table, charts, tools } = app.parts;
  const { left, right, middle, sheet } = app.boxes;
  if (narrow) {
    left.replaceChildren(search, controls);
    middle.replaceChildren(legend, time, tools);
    sheet.replaceChildren(info, layers, table, charts);
  } else {
    left.replaceChildren(controls, search, info);
    right.replaceChildren(tools, layers, table, charts, legend);
    middle.replaceChildren(time);
  }
  if (!app.map) return;
  drawOpen(app);
  drawNote(app);
}

function drawOpen(app) {
  const { state, parts, narrow } = app;
  parts.layers.hidden = !layersOpen(app);
  parts.controls.classList.toggle("unfolded", state.open === "fields");
  parts.legend.classList.toggle("slim", narrow && state.open !== "legend");
  drawTools(app);
}

// A wide map shows its list of layers; elsewhere it opens when asked for.
function layersOpen(app) {
  return app.tier === "wide" ? app.state.layers && !app.state.table && !app.state.charts : app.state.open === "layers";
}

function drawZoom(app) {
  const say = (key) => app.texts.say(key);
  const labelled = (sign, key, press) => button(sign, press, { "aria-label": say(key), title: say(key) });
  app.parts.zoom.replaceChildren(
    labelled("+", "map.zoom.in", () => app.map.zoomIn()),
    labelled(MINUS, "map.zoom.out", () => app.map.zoomOut()),
    labelled("⌂", "map.zoom.home", () => fitRegion(app)),
  );
}

function openOn(app, name) {
  const { state, narrow, tier } = app;
  const shut = { table: false, charts: false };
  if (name in shut) return app.store.set({ ...shut, [name]: !state[name], open: "" });
  if (name === "layers" && tier === "wide") return app.store.set({ layers: !state.layers || state.table || state.charts, ...shut });
  return app.store.set({ open: state.open === name ? "" : name, ...(narrow || name === "layers" ? shut : {}) });
}

function toolButton(app, name) {
  const { state, texts } = app;
  const on = { table: state.table, charts: state.charts, layers: layersOpen(app) }[name] ?? state.open === name;
  return button(texts.say(`map.tools.${name}`), () => openOn(app, name), { "aria-pressed": String(on), "data-tool": name });
}

function drawTools(app) {
  const focus = document.activeElement && app.parts.tools.contains(document.activeElement) ? document.activeElement.dataset.tool : null;
  const names = app.narrow ? ["layers", "legend", ...(app.scenarios.length ? ["fields"] : []), "table", "charts", "about"] : ["layers", "table", "charts", "about"];
  const buttons = names.map((name) => toolButton(app, name));
  const other = app.texts.language === "zh" ? "en" : "zh";
  if (!app.live) buttons.push(button(other === "zh" ? "中文" : "English", () => app.store.set({ language: other }), { lang: other, class: "jjj-language", "data-tool": "language" }));
  app.parts.tools.replaceChildren(...buttons);
  app.parts.tools.setAttribute("aria-label", app.texts.say("map.tools.label"));
  if (focus) app.parts.tools.querySelector(`[data-tool="${focus}"]`)?.focus();
}

function drawNote(app) {
  const { texts, settings } = app;
  const review = settings.review_number || texts.say("map.about.no_review");
  const parts = [texts.say("map.schematic"), `${texts.say("map.about.review")}${texts.language === "zh" ? "：" : ": "}${review}`];
  app.parts.note.textContent = [...parts, ...(app.narrow ? [] : [texts.say("map.credit")])].join(" · ");
}

function drawWords(app) {
  app.texts.language = app.state.language;
  document.documentElement.lang = app.state.language === "zh" ? "zh-Hans" : "en";
  app.root.querySelector(".jjj-title").textContent = app.texts.say("map.title");
  app.map.getContainer().setAttribute("aria-label", app.texts.say("map.aria"));
  app.map.getContainer().setAttribute("role", "application");
  app.parts.divider.querySelector(".jjj-handle").setAttribute("aria-label", app.texts.say("map.swipe"));
  for (const name of ["layers", "info", "legend", "table", "charts", "about"]) app.parts[name].setAttribute("aria-label", app.texts.say(`map.panel.${name}`));
  drawGlyphs(app);
  drawZoom(app);
  drawNote(app);
  drawScale(app);
  drawSearch(app);
  drawLayers(app);
  drawOpen(app);
}

function drawGlyphs(app) {
  for (const entry of app.marks) if (entry.keys[0].startsWith("sector:")) entry.marker.box.replaceChildren(sectorSymbol(app, entry.item.sector, app.glyph(entry.item.sector)));
}

function drawNumbers(app) {
  drawValues(app);
  drawFlows(app);
  drawLegend(app);
  drawTime(app);
  drawInfo(app);
  drawTable(app);
  drawCharts(app);
}

// Who follows what; the first that runs is the one that reads the values anew.
function followAll(app) {
  const { store } = app;
  store.follow("mode measure a b year", () => drawNumbers(app));
  store.follow("mode measure a b", () => drawControls(app));
  store.follow("mode a b year", () => drawMovers(app));
  store.follow("playing", () => {
    playYears(app);
    drawTime(app);
  });
  store.follow("selected explained", () => drawInfo(app));
  store.follow("hidden tiles", () => markLayers(app));
  store.follow("table twin charts sort", () => drawTable(app));
  store.follow("open layers table charts", () => drawOpen(app));
  store.follow("open", () => drawAbout(app));
  store.follow("language", () => {
    drawWords(app);
    drawAll(app);
  });
  followFacts(app);
  followTiles(app);
  followCharts(app);
}

function drawAll(app) {
  drawControls(app);
  drawNumbers(app);
  drawMovers(app);
  drawAbout(app);
}

// Stored or sent states may name what is no longer there.
function soundState(app) {
  Object.assign(app.state, sound(app, app.state));
}

function sound(app, state) {
  const { scenarios } = app;
  const count = scenarios.length;
  const patch = { a: count ? clamp(state.a, START, count - 1) : START, b: count ? clamp(state.b, 0, count - 1) : 0 };
  const offered = app.measures.filter((measure) => measure.before || hasYears(app, measure));
  if (!offered.some((measure) => measure.id === state.measure)) {
    const moving = offered.filter((measure) => hasYears(app, measure));
    patch.measure = (moving.find((measure) => measure.group !== "base") || moving[0] || offered[0] || { id: "" }).id;
  }
  const range = yearRange(app);
  if (range) patch.year = state.year ? clamp(state.year, range[0], range[1]) : range[1];
  Object.assign(patch, soundFacts(app, state));
  if (!count || !MODES.includes(state.mode) || patch.facts) patch.mode = "baseline";
  return patch;
}

// The reader's own state counts, unless something else was sent since it was stored.
function openingState(app, boot) {
  const { kept, sent } = storedState(boot.storage);
  const now = boot.state || {};
  return { ...firstState(boot.settings.language), ...readPatch(app, now), ...readPatch(app, kept), ...readPatch(app, differing(now, sent)) };
}

function makeApp(root, fixed, scenarios, boot) {
  const texts = new Texts(fixed.words, boot.settings.language);
  const { settings, live, send } = boot;
  const sendOn = (event) => {
    Object.assign(app, { toldAt: Date.now(), answering: event.type === "explain" });
    send(event);
  };
  const app = { root, texts, scenarios, settings, live, send: sendOn, toldAt: 0, ids: idsOf(boot.ids, scenarios), sent: boot.state || {}, timings: {}, classCache: {}, edition: 0 };
  noteAnswers(app);
  app.state = openingState(app, boot);
  app.store = new State(app.state);
  app.store.kept = () => {
    storeState(boot.storage, app);
    tellSoon(app);
  };
  app.region = new Region(fixed.region);
  app.measures = fixed.measures;
  readFacts(app);
  app.glyph = (sector) => (texts.has(`map.glyph.${sector}`) ? texts.say(`map.glyph.${sector}`) : "");
  app.tell = (message) => tell(app, message);
  app.select = (type, id) => app.store.set({ selected: { type, id }, open: "" });
  app.move = (item, county) => askMove(app, item, county);
  root.addEventListener("keydown", (event) => escapePanel(app, event));
  return app;
}

// Escape closes the panel that is open and gives the focus back to the button that opened it.
function escapePanel(app, event) {
  if (event.key !== "Escape") return;
  const { open, table, charts, selected } = app.state;
  const name = open || (table ? "table" : charts ? "charts" : selected ? "info" : "");
  if (!name) return;
  closePanel(app, name);
  app.parts.tools.querySelector(`[data-tool="${name}"]`)?.focus();
}

// Shown at once, dashed; Python answers with a scenario that holds the move.
function askMove(app, item, county) {
  const year = app.state.year || new Date().getFullYear();
  app.pending = { institution: item.id, origin: item.county_code, destination: county.code, start: year, years: 1 };
  drawMovers(app);
  setTimeout(() => forgetAsked(app), PATIENCE);
  app.tell(app.texts.say("map.move.sent", { name: app.texts.name(item), place: app.texts.name(county) }));
  app.send({ type: "move", institution: item.id, destination: county.code });
}

// Python has answered, or never will: a refused move leaves no trace.
function forgetAsked(app) {
  if (!app.pending) return;
  app.pending = null;
  drawMovers(app);
}

function buildApp(root, fixed, scenarios, own, boot) {
  const started = performance.now();
  const app = makeApp(root, fixed, scenarios, boot);
  Object.assign(app, { ranges: boot.ranges, apart: boot.apart, apartAsked: "" });
  soundState(app);
  buildFrame(app);
  arrange(app);
  buildMap(app);
  buildSwipe(app);
  buildMarks(app);
  buildSearch(app);
  buildOwn(app, own);
  buildFlows(app, boot.flows);
  buildTime(app);
  followAll(app);
  drawWords(app);
  drawAll(app);
  markSelected(app);
  new ResizeObserver(() => {
    arrange(app);
    sizeMaps(app);
  }).observe(root);
  app.timings.build = performance.now() - started;
  app.store.kept();
  return app;
}

// New scenarios, words or states from outside: only what differs is drawn.
function updateApp(app, fresh, settings, sent) {
  const patch = differing(sent, app.sent);
  app.sent = sent;
  if (fresh.own) takeOwn(app, fresh.own);
  if (fresh.apart) app.apart = fresh.apart;
  if (fresh.scenarios) takeScenarios(app, fresh, patch);
  else if (fresh.ranges) app.ranges = fresh.ranges;
  takeState(app, patch);
  forgetAsked(app);
  if ((fresh.ranges || fresh.apart) && !fresh.scenarios) {
    drawInfo(app);
    drawTable(app);
  }
  app.settings = settings;
  app.store.set({ language: settings.language });
  drawNote(app);
  app.store.kept();
}

function takeOwn(app, own) {
  setOwn(app, own);
  drawLayers(app);
  drawInfo(app);
  drawAbout(app);
}

// Both sides follow their scenarios; one that is gone leaves its place to the start, or to the one that is sent.
function takeScenarios(app, { scenarios, ids, ranges, flows }, patch) {
  const held = sideIds(app);
  Object.assign(app, { scenarios, ids: idsOf(ids, scenarios), pending: null });
  if (ranges) app.ranges = ranges;
  app.edition += 1;
  for (const half of [app, app.spare].filter(Boolean)) setFlows(half, flows);
  const { a, b } = { b: 0, ...readPatch(app, { b: app.sent.b ?? 0 }), ...readPatch(app, held), ...readPatch(app, patch) };
  Object.assign(app.state, { a, b });
  soundState(app);
  buildTime(app);
  drawLayers(app);
  drawAll(app);
  drawOpen(app);
  markLayers(app);
}

// A state that is sent; a place on the map goes to the map itself, without one it shows the whole region.
function takeState(app, patch) {
  if (!Object.keys(patch).length) return;
  const read = readPatch(app, patch);
  app.store.set({ ...read, ...sound(app, { ...app.state, ...read }) });
  if (!("view" in read)) return;
  if (read.view) app.map.setView([read.view[0], read.view[1]], read.view[2], { animate: false });
  else fitRegion(app);
}

// --- what Python is told of the view: when it asks, and while the reader presents it --------------------

const TOLD = "mode measure year swipe selected layers legend table twin charts sort facts factYear pace".split(" ");
const SETTLED = 900; // milliseconds without a change until a presented view is told

function viewNow(app) {
  const { state } = app;
  const { lat, lng } = app.map.getCenter();
  const place = [lat, lng, app.map.getZoom()].map((value) => Math.round(value * 1e4) / 1e4);
  const told = Object.fromEntries(TOLD.map((key) => [key, state[key]]));
  return { ...told, ...sideIds(app), hidden: [...state.hidden].sort(), view: atHome(app) ? null : place };
}

function tellView(app) {
  clearTimeout(app.tellTimer);
  const view = viewNow(app);
  const text = JSON.stringify(view);
  if (text === app.told) return;
  app.told = text;
  app.send({ type: "view", view });
}

function tellSoon(app) {
  if (!app.watched || !app.map) return;
  clearTimeout(app.tellTimer);
  app.tellTimer = setTimeout(() => app.watched && tellView(app), SETTLED);
}

// Asked by a number that rises; watched while it is presented.
function answer(app, { ask, watch }, last) {
  app.watched = Boolean(watch);
  if (ask && ask !== last.ask) {
    app.told = "";
    tellView(app);
  } else if (watch && !last.watch) tellSoon(app);
}

// --- hooks for tests and benchmarks ---------------------------------------------------------------------

function hooks(app) {
  app.root.dataset.ready = "true";
  const timed = (work) => {
    const started = performance.now();
    work();
    void app.root.offsetHeight; // the time a reader waits includes the layout
    return performance.now() - started;
  };
  return {
    app,
    timings: app.timings,
    toggle: (key) => timed(() => toggleKey(app, key.includes(":") ? key : `sector:${key}`)),
    set: (patch) => timed(() => app.store.set(readPatch(app, patch))),
    state: () => ({ ...app.state, hidden: [...app.state.hidden] }),
    now: () => ({ before: [...app.now.before], after: [...app.now.after], change: app.now.change, bounds: app.now.classes.bounds, colours: app.now.classes.colours, none: app.now.classes.none }),
    shown: (type) => app.marks.filter((entry) => entry.shown && entry.marker.options.type === type).length,
    find: (text) => searchFor(app.index, text).map(({ type, item }) => `${type}:${item.id || item.code}`),
    number: formatNumber,
    move: (id, code) => app.move(app.region.byType.institution.get(id), app.region.county(code)),
  };
}

// --- live: Streamlit's component protocol, by hand -------------------------------------------------------

function post(type, more) {
  window.parent.postMessage({ isStreamlitMessage: true, type, ...more }, "*");
}

let lastNumber = 0;

function sendEvent(event) {
  lastNumber = Math.max(lastNumber + 1, Date.now());
  post("streamlit:setComponentValue", { value: { seq: lastNumber, ...event }, dataType: "json" });
}

async function fetchBytes(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

// What was read once is kept by name; names are hashes of the content.
function makeReader(read) {
  const kept = new Map();
  return async (name) => {
    if (!kept.has(name)) kept.set(name, await read(await fetchBytes(name)));
    return kept.get(name);
  };
}

async function readPairs(pairs, read) {
  return new Map(await Promise.all(Object.entries(pairs).map(async ([key, one]) => [key, one ? await read(one) : null])));
}

function live(root) {
  const [readFixed, readFirst, readRaw, readOwn, readSpread, readStreams] = [readStatic, readStart, inflate, readStatic, readRanges, readFlows].map(makeReader);
  const readRun = async ([start, values]) => new Scenario(await readRaw(values), await readFirst(start));
  let app = null;
  let last = {};
  const render = async (args) => {
    if (args.height !== last.height) post("streamlit:setFrameHeight", { height: args.height });
    const fixed = await readFixed(args.static);
    const scenarios = await Promise.all(args.scenarios.map(readRun));
    const own = await Promise.all(args.own.map(readOwn));
    const ranges = await Promise.all((args.ranges || []).map((name) => (name ? readSpread(name) : null)));
    const apart = await readPairs(args.apart || {}, readSpread);
    const flows = args.flows ? await readStreams(args.flows) : null;
    const sent = args.state || {};
    if (!app || args.static !== last.static) {
      if (app) removeMaps(app);
      app = buildApp(root, fixed, scenarios, own, { ranges, apart, flows, ids: args.ids, settings: args.settings, state: sent, live: true, storage: `jjj:${args.storage}`, send: sendEvent });
      window.jjj = hooks(app);
    } else {
      const changed = (...names) => names.some((name) => JSON.stringify(args[name]) !== JSON.stringify(last[name]));
      const fresh = { scenarios: changed("scenarios", "flows", "ids") ? scenarios : null, own: changed("own") ? own : null, ranges: changed("ranges") ? ranges : null, apart: changed("apart") ? apart : null, ids: args.ids, flows };
      updateApp(app, fresh, args.settings, sent);
    }
    answer(app, args, last);
    last = args;
  };
  let queue = Promise.resolve();
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || !event.data || event.data.type !== "streamlit:render") return;
    queue = queue.then(() => render(event.data.args)).catch((error) => fail(root, error));
  });
  post("streamlit:componentReady", { apiVersion: 1 });
}

// --- one file: everything is inside ----------------------------------------------------------------------

async function fromFile(root, block) {
  const data = JSON.parse(block.textContent);
  const fixed = await readStatic(fromBase64(data.static));
  const starts = await Promise.all(data.starts.map((text) => readStart(fromBase64(text))));
  const scenarios = await Promise.all(data.scenarios.map(async ([start, text]) => new Scenario(await inflate(fromBase64(text)), starts[start])));
  const own = await Promise.all(data.own.map((text) => readStatic(fromBase64(text))));
  const ranges = await Promise.all(data.ranges.map((text) => (text ? readRanges(fromBase64(text)) : null)));
  const apart = await readPairs(data.apart, (text) => readRanges(fromBase64(text)));
  const flows = await readFlows(fromBase64(data.flows));
  const app = buildApp(root, fixed, scenarios, own, { ranges, apart, flows, settings: data.settings, state: data.state, live: false, storage: `jjj:${data.name}`, send: () => {} });
  window.jjj = hooks(app);
}

function fail(root, error) {
  const old = typeof DecompressionStream === "undefined";
  const reason = old ? "This browser is too old for the map. 浏览器版本过旧，无法显示地图。" : `The map could not be drawn. 地图无法显示。 ${error.message}`;
  root.replaceChildren(el("p", { class: "jjj-failed", role: "alert" }, reason));
  console.error(error);
}

function start() {
  const root = document.getElementById("jjj");
  const block = document.getElementById("jjj-data");
  if (block) fromFile(root, block).catch((error) => fail(root, error));
  else live(root);
}

start();

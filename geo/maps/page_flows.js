// Flows between counties: road links by change of delay, and the pairs whose commuting changes most.

const ROADS = "layer:roads";
const TRIPS = "layer:trips";
const SOME_TRIPS = 0.5; // a smaller change is none in whole numbers
const MORE = BLUES[2];
const LESS = BROWNS[2];
const CASING = "#33434f";
const QUIET = "#a9b1b5"; // the casing of a link whose delay does not change
const ROAD_WIDTH = { s: 3.4, m: 5, l: 7.5 };
const TRIP_WIDTH = { s: 4.2, m: 5.5, l: 7 };
const TWINS = ["counties", "roads", "trips"];

// Links and pairs with their starting values; what a scenario makes of them is decoded when first asked for.
class Flows {
  constructor(raw) {
    Object.assign(this, openBlock(raw), { ready: new Map() });
    this.links = this.ends("link");
    this.pairs = this.ends("pair");
    for (const name of ["km", "free", "flow", "delay"]) this[name] = this.level(name);
  }

  level(id) {
    const place = this.places.get(id);
    const values = readNumbers(this.raw, place.at, place.count);
    for (let i = 0, sum = 0; i < values.length; i += 1) values[i] = (sum += values[i]) * place.step;
    return values;
  }

  ends(name) {
    const [one, two] = [this.level(`${name}.0`), this.level(`${name}.1`)];
    return Array.from(one, (first, i) => [first, two[i]]);
  }

  path(id, before, years) {
    const place = this.places.get(id);
    const after = Array.from({ length: years }, () => before.slice());
    if (place.step && before.length) addChanges(after, readNumbers(this.raw, place.at, place.count), place.step);
    return after;
  }

  of(side, years) {
    if (!this.ready.has(side)) {
      const before = this.level(`${side}.before`);
      const made = { flow: this.path(`${side}.flow`, this.flow, years), delay: this.path(`${side}.delay`, this.delay, years) };
      this.ready.set(side, { ...made, before, trips: this.path(`${side}.trips`, before, years) });
    }
    return this.ready.get(side);
  }
}

async function readFlows(bytes) {
  return bytes && bytes.length ? new Flows(await inflate(bytes)) : null;
}

// --- of the two sides that are compared ------------------------------------------------------------------

// A scenario of the comparison that was run without flows, if any.
function withoutFlows(app) {
  const { left, right } = comparedSides(app);
  return [left, right].find((side) => side !== START && !app.flows.head.held[side]) ?? null;
}

function flowReady(app) {
  return Boolean(app.flows) && withoutFlows(app) === null;
}

function flowValues(app, side, name, year) {
  const { flows, scenarios, state } = app;
  if (side === START && name !== "trips") return flows[name];
  const asked = side === START ? state.b : side;
  // before any move the pairs of a scenario start from its own number of commuters
  const holder = flows.head.held[asked] ? asked : flows.head.held.indexOf(true);
  const { years } = scenarios[holder];
  const own = flows.of(holder, years.length);
  return side === START ? own.before : own[name][clamp(year - years[0], 0, years.length - 1)];
}

function flowYears(app) {
  const { left, right } = comparedSides(app);
  const side = right === START ? left : right;
  return side === START ? [app.state.year] : app.scenarios[side].years;
}

// Kept for one pair of sides: colours and widths mean the same in every year.
function flowScale(app) {
  const { left, right } = comparedSides(app);
  const key = [left, right, app.edition].join();
  if (app.flowScale && app.flowScale.key === key) return app.flowScale;
  const change = (name) => flowYears(app).map((year) => changeValues(flowValues(app, right, name, year), flowValues(app, left, name, year)));
  const most = change("trips").reduce((top, values) => values.reduce((high, value) => Math.max(high, Math.abs(value)), top), 0);
  app.flowScale = { key, classes: divergingClasses(change("delay"), 1), trips: most, flow: app.flows.flow.reduce((x, y) => Math.max(x, y), 1) };
  return app.flowScale;
}

function meanMinutes(free, flow, delay) {
  return flow > 0 ? free + (60 * delay) / flow : free;
}

// Worked out when first asked for: while both layers are off and their tables closed, a year costs nothing.
function flowsNow(app) {
  if (!app.flowsFresh) Object.assign(app, { flowsKept: describeFlows(app), flowsFresh: true });
  return app.flowsKept;
}

// One description of what is shown; map, legend, table, tips and panel all read it.
function describeFlows(app) {
  if (!flowReady(app)) return null;
  const { left, right } = comparedSides(app);
  const { year } = app.state;
  const both = (name) => [flowValues(app, left, name, year), flowValues(app, right, name, year)];
  const [flow, delay, trips] = [both("flow"), both("delay"), both("trips")];
  const roads = app.flows.links.map((_, i) => {
    const [one, two] = [0, 1].map((side) => ({ flow: flow[side][i], delay: delay[side][i], minutes: meanMinutes(app.flows.free[i], flow[side][i], delay[side][i]) }));
    return { at: i, item: app.roads[i], before: one, after: two, change: two.delay - one.delay };
  });
  const pairs = app.flows.pairs.map((_, i) => ({ at: i, item: app.pairs[i], before: trips[0][i], after: trips[1][i], change: trips[1][i] - trips[0][i] }));
  const real = pairs.filter((pair) => Math.abs(pair.change) >= SOME_TRIPS).sort((x, y) => Math.abs(y.change) - Math.abs(x.change) || x.at - y.at);
  return { left, right, roads, pairs, shown: real.slice(0, app.flows.head.most), real: real.length, scale: flowScale(app) };
}

// --- items that can be chosen ----------------------------------------------------------------------------

function flowItem(app, kind, ends, sign, words) {
  const [one, two] = ends.map((i) => app.region.counties[i]);
  const join = (name) => `${one[name] || one.name_en || one.name_zh} ${sign} ${two[name] || two.name_en || two.name_zh}`;
  return {
    id: `${one.code}-${two.code}`,
    kind,
    one,
    two,
    name_en: join("name_en"),
    name_zh: join("name_zh"),
    status: words.status,
    get source() {
      return app.texts.pick(words.source);
    },
  };
}

function setFlows(app, flows) {
  for (const layer of [...(app.roadLayers || []).flatMap((road) => road.layers), ...(app.tripLayers || [])]) layer.remove();
  Object.assign(app, { flows, roadLayers: null, tripLayers: [], tripKey: "", flowScale: null, flowsFresh: false });
  const { road, trip } = flows ? flows.head.words : {};
  app.roads = flows ? flows.links.map((ends) => flowItem(app, "road", ends, DASH, road)) : [];
  app.pairs = flows ? flows.pairs.map((ends) => flowItem(app, "pair", ends, "→", trip)) : [];
  app.region.byType.road = new Map(app.roads.map((item, at) => [item.id, Object.assign(item, { at })]));
  app.region.byType.pair = new Map(app.pairs.map((item, at) => [item.id, Object.assign(item, { at })]));
}

function centre(county) {
  return [county.lat, county.lon];
}

// --- on the map ------------------------------------------------------------------------------------------

function reachOf(app, points, pane, tip, choose) {
  const reach = L.polyline(points, { pane, renderer: app.flowRenderers[pane], opacity: 0, weight: 10, className: "jjj-reach" });
  reach.bindTooltip(tip, { sticky: true, className: "jjj-tip", opacity: 1 });
  return reach.on("click", choose);
}

function makeRoads(app) {
  app.roadLayers = app.roads.map((item, at) => {
    const points = [centre(item.one), centre(item.two)];
    const casing = L.polyline(points, still("roads", app.flowRenderers.roads, {}));
    const line = L.polyline(points, still("roads", app.flowRenderers.roads, { className: "jjj-road" }));
    const reach = reachOf(app, points, "roads", () => roadTip(app, at), () => app.select("road", item.id));
    return { layers: [casing, line, reach], look: "" };
  });
}

function drawRoads(app) {
  const on = flowReady(app) && !app.state.hidden.has(ROADS) && !showsFirst(app);
  app.map.getPane("roads").style.display = on ? "" : "none";
  if (!on) return;
  if (!app.roadLayers) makeRoads(app);
  const { classes, flow } = flowsNow(app).scale;
  const widest = ROAD_WIDTH[app.root.dataset.scale];
  const moved = [];
  flowsNow(app).roads.forEach((road, i) => {
    const drawn = app.roadLayers[i];
    const found = classes.of(road.change);
    const weight = Math.round(10 * (0.9 + widest * Math.sqrt(road.after.flow / flow))) / 10;
    const chosen = isChosen(app, "road", road.item);
    const quiet = found === classes.none;
    const look = [classes.colours[found], quiet, weight, chosen].join();
    if (!quiet) moved.push([Math.abs(road.change), drawn]);
    if (drawn.look === look) return;
    drawn.look = look;
    drawn.layers[0].setStyle({ color: chosen ? "#000000" : quiet ? QUIET : CASING, weight: weight + (chosen ? 5 : quiet ? 1 : 2), opacity: quiet && !chosen ? 0.45 : 0.85 });
    drawn.layers[1].setStyle({ color: classes.colours[found], weight, opacity: quiet ? 0.6 : 1 });
  });
  for (const { layers } of app.roadLayers) {
    for (const layer of layers) if (!app.map.hasLayer(layer)) layer.addTo(app.map);
    skipByTab(layers[2]);
  }
  // what changes most lies on top
  for (const [, { layers }] of moved.sort((x, y) => x[0] - y[0])) for (const layer of layers) layer.bringToFront();
}

function tripPaths(app, pair, most, widest) {
  const points = arcPoints(centre(pair.item.one), centre(pair.item.two));
  const renderer = app.flowRenderers.trips;
  const colour = pair.change > 0 ? MORE : LESS;
  const weight = 1 + widest * Math.sqrt(Math.abs(pair.change) / most);
  const chosen = isChosen(app, "pair", pair.item);
  return [
    L.polyline(points, still("trips", renderer, { color: chosen ? "#000000" : "#ffffff", weight: weight + (chosen ? 3.6 : 1.6), opacity: chosen ? 1 : 0.8 })),
    L.polyline(points, still("trips", renderer, { color: colour, weight, opacity: 0.9, className: "jjj-trip" })),
    L.circleMarker(centre(pair.item.two), still("trips", renderer, { radius: 1.6 + weight * 0.5, color: "#ffffff", weight: 1, fill: true, fillColor: colour, fillOpacity: 1 })),
    reachOf(app, points, "trips", () => tripTip(app, pair.item.at), () => app.select("pair", pair.item.id)),
  ];
}

function drawTrips(app) {
  const on = flowReady(app) && !app.state.hidden.has(TRIPS) && !showsFirst(app);
  app.map.getPane("trips").style.display = on ? "" : "none";
  if (!on) return;
  const { shown, scale } = flowsNow(app);
  const widest = TRIP_WIDTH[app.root.dataset.scale];
  const chosen = app.state.selected && app.state.selected.type === "pair" ? app.state.selected.id : "";
  const key = JSON.stringify([scale.key, widest, chosen, shown.map((pair) => [pair.at, pair.change])]);
  if (key === app.tripKey) return;
  app.tripKey = key;
  for (const layer of app.tripLayers) layer.remove();
  // the largest first, so that they lie below the many small ones
  app.tripLayers = shown.flatMap((pair) => tripPaths(app, pair, scale.trips, widest));
  for (const layer of app.tripLayers) layer.addTo(app.map);
  app.tripLayers.forEach(skipByTab);
}

function isChosen(app, type, item) {
  const { selected } = app.state;
  return Boolean(selected) && selected.type === type && selected.id === item.id;
}

// What changes from A to B lies on the map of B.
function drawFlows(app) {
  app.flowsFresh = false;
  drawRoads(app);
  drawTrips(app);
  if (app.second) drawFlows(app.second);
}

function buildFlows(app, flows) {
  app.flowRenderers = { roads: pathsIn("roads"), trips: pathsIn("trips") };
  setFlows(app, flows);
  const again = () => {
    drawRoads(app);
    drawTrips(app);
  };
  app.map.on("zoomend", again);
  app.store.follow("selected", again);
  app.store.follow("hidden", () => {
    again();
    drawLegend(app);
  });
}

// --- words about one link or pair -------------------------------------------------------------------------

function roadRows(app, road) {
  const { texts } = app;
  const row = (key, name, unit, digits, more = digits) => ({ label: texts.say(key), unit: texts.say(unit), digits, more, before: road.before[name], after: road.after[name] });
  return [row("map.flows.delay", "delay", "unit.vehicle_hours", 1), row("map.flows.flow", "flow", "unit.vehicles_per_hour", 0), row("map.flows.minutes", "minutes", "unit.minutes", 1, 2)];
}

function tripRows(app, pair) {
  return [{ label: app.texts.say("map.flows.trip_count"), unit: app.texts.say("unit.trips"), digits: 0, more: 0, before: pair.before, after: pair.after }];
}

function flowTip(app, item, detail, list) {
  const { texts } = app;
  const line = ({ label, unit, digits, more, before, after }) =>
    el("div", { class: "jjj-tipline" }, el("span", {}, label), el("b", {}, `${texts.number(after, digits)} (${texts.number(after - before, more, true)})${NO_BREAK}${unit}`));
  return el("div", {}, el("strong", {}, texts.name(item)), el("div", { class: "jjj-tipname" }, detail), list.map(line));
}

function roadTip(app, at) {
  return flowsNow(app) ? flowTip(app, app.roads[at], flowNames(app), roadRows(app, flowsNow(app).roads[at])) : "";
}

function tripTip(app, at) {
  return flowsNow(app) ? flowTip(app, app.pairs[at], flowNames(app), tripRows(app, flowsNow(app).pairs[at])) : "";
}

function flowNames(app) {
  const { left, right } = comparedSides(app);
  return app.texts.say("map.legend.minus", { a: sideName(app, left), b: sideName(app, right) });
}

function flowNumbers(app, list) {
  const { texts } = app;
  const { left, right } = comparedSides(app);
  const head = [texts.say("map.measure"), ...[left, right].map((side) => (side === START ? texts.say("map.start_short") : texts.pick(app.scenarios[side].name))), texts.say("map.change")];
  const body = list.map(({ label, unit, digits, more, before, after }) =>
    el("tr", {}, el("th", { scope: "row" }, label, el("small", {}, unit)), [before, after].map((value) => el("td", {}, texts.number(value, digits))), el("td", {}, texts.number(after - before, more, true))),
  );
  return el("table", { class: "jjj-numbers" }, el("thead", {}, el("tr", {}, head.map((text) => el("th", { scope: "col" }, text)))), el("tbody", {}, body));
}

function flowMissing(app) {
  const side = withoutFlows(app);
  return el("p", { class: "jjj-hint" }, app.texts.say("map.flows.missing", { name: app.texts.pick(app.scenarios[side].name) }));
}

function flowBody(app, kind, item, list) {
  return list ? [flowNumbers(app, list), explainFlow(app, kind, item, list)] : [flowMissing(app)];
}

function roadInfo(app, item) {
  const { texts, flows } = app;
  const now = flowsNow(app);
  const length = `${texts.number(flows.km[item.at], 1)}${NO_BREAK}${texts.say("unit.km")}`;
  const free = `${texts.number(flows.free[item.at], 1)}${NO_BREAK}${texts.say("unit.minutes")}`;
  const lines = [fact(app, texts.say("map.between"), `${placeName(app, item.one.code)} ${DASH} ${placeName(app, item.two.code)}`), fact(app, texts.say("map.length"), length), fact(app, texts.say("map.flows.free"), free), fact(app, texts.say("map.time.year"), app.state.year)];
  const hints = ["map.flows.both", "map.flows.part_of"].map((key) => el("p", { class: "jjj-hint" }, texts.say(key)));
  return [facts(lines), ...flowBody(app, "road", item, now && roadRows(app, now.roads[item.at])), ...hints];
}

function pairInfo(app, item) {
  const { texts } = app;
  const now = flowsNow(app);
  const lines = [fact(app, texts.say("map.flows.home"), placeName(app, item.one.code)), fact(app, texts.say("map.flows.work"), placeName(app, item.two.code)), fact(app, texts.say("map.time.year"), app.state.year)];
  return [facts(lines), ...flowBody(app, "pair", item, now && tripRows(app, now.pairs[item.at]))];
}

// --- in the list of layers and the legend -------------------------------------------------------------------

function arcSymbol() {
  const symbol = svg("svg", { viewBox: "0 0 20 20", class: "jjj-symbol", "aria-hidden": "true" });
  symbol.append(svg("path", { d: "M2 16Q7 3 16 9", fill: "none", stroke: MORE, "stroke-width": 2.6, "stroke-linecap": "round" }), svg("circle", { cx: 16, cy: 9, r: 3, fill: MORE }));
  return symbol;
}

function flowPart(app) {
  if (!app.scenarios.length) return null;
  const { texts, flows } = app;
  if (!flows) return el("section", {}, el("p", { class: "jjj-hint" }, texts.say("map.flows.nothing")));
  return el("section", { class: "jjj-flows" }, layerRow(app, ROADS, lineSymbol(MORE, 4), texts.say("map.flows.roads"), flows.links.length), layerRow(app, TRIPS, arcSymbol(), texts.say("map.flows.trips"), flows.head.most));
}

function twinButton(app, twin) {
  const name = app.texts.say(`map.flows.${twin}`);
  return button(app.texts.say("map.flows.table"), () => app.store.set({ table: true, twin, open: "" }), { class: "jjj-totwin", "data-totwin": twin, "aria-label": app.texts.say("map.flows.table_of", { name }) });
}

function flowFacts(app, { status, source }) {
  return el("div", { class: "jjj-facts" }, el("span", { class: "jjj-badge" }, app.texts.say(`status.${status}`)), el("span", {}, app.texts.pick(source)));
}

function flowLegend(app, twin, title, ...parts) {
  return el("section", { class: "jjj-flowlegend", "data-legend": twin, "aria-label": app.texts.say(`map.flows.${twin}`) }, el("div", { class: "jjj-head" }, el("h3", {}, title), twinButton(app, twin)), ...(flowsNow(app) ? parts.flat() : [flowMissing(app)]));
}

function roadsLegend(app) {
  const { texts, flows } = app;
  const now = flowsNow(app);
  if (!now) return flowLegend(app, "roads", texts.say("map.flows.roads_legend"));
  const { classes, flow } = now.scale;
  const { counts } = classes.counts(now.roads.map((road) => road.change));
  const chips = el("div", { class: "jjj-chips", role: "list", "aria-label": texts.say("map.flows.roads_legend") }, counts.map((count, i) => swatch(app, classes, i, count, "map.flows.count")));
  const width = el("p", { class: "jjj-hint" }, texts.say("map.flows.width_roads", { most: texts.number(flow) }));
  return flowLegend(app, "roads", texts.say("map.flows.roads_legend"), chips, boundRow(app, classes), noneRow(app, classes), width, flowFacts(app, flows.head.words.road));
}

function colourKey(app, colour, key) {
  const chip = el("i", { class: "jjj-dot" });
  chip.style.background = colour;
  return el("span", { class: "jjj-key" }, chip, app.texts.say(key));
}

function pairsShown(app) {
  const { shown, real } = flowsNow(app);
  if (!shown.length) return app.texts.say("map.flows.none");
  const values = { count: shown.length, all: real, smallest: app.texts.number(shown.at(-1).change, 0, true) };
  return app.texts.say(real > shown.length ? "map.flows.pairs" : "map.flows.pairs_few", values);
}

function tripsLegend(app) {
  const { texts, flows } = app;
  const now = flowsNow(app);
  if (!now) return flowLegend(app, "trips", texts.say("map.flows.trips_legend"));
  const keys = el("div", { class: "jjj-keys" }, colourKey(app, LESS, "map.flows.less"), colourKey(app, MORE, "map.flows.more"));
  const width = `${texts.say("map.flows.width_trips", { most: texts.number(now.scale.trips) })} ${texts.say("map.flows.dot")}`;
  const lines = [pairsShown(app), width].map((text) => el("p", { class: "jjj-hint" }, text));
  return flowLegend(app, "trips", texts.say("map.flows.trips_legend"), keys, lines, flowFacts(app, flows.head.words.trip));
}

function flowLegends(app) {
  if (!app.flows) return [];
  const { hidden } = app.state;
  return [hidden.has(ROADS) ? null : roadsLegend(app), hidden.has(TRIPS) ? null : tripsLegend(app)].filter(Boolean);
}

// --- their tables: everything that can be seen or pressed on the map ---------------------------------------

function twinOf(app) {
  return app.flows && TWINS.includes(app.state.twin) ? app.state.twin : "counties";
}

function twinBar(app) {
  if (!app.flows) return null;
  const name = { counties: "map.type.county", roads: "map.flows.road", trips: "map.flows.of_pair" };
  const one = (twin) => button(app.texts.say(name[twin]), () => app.store.set({ twin }), { "aria-pressed": String(twinOf(app) === twin), "data-twin": twin });
  return el("div", { class: "jjj-twins", role: "group", "aria-label": app.texts.say("map.flows.twin") }, TWINS.map(one));
}

function numberCell(app, value, digits, sign = false, more = "") {
  return el("td", { class: `number ${more}`, "data-value": String(value) }, app.texts.number(value, digits, sign));
}

function flowRow(app, type, entry, cells) {
  const name = button(app.texts.name(entry.item), () => app.select(type, entry.item.id), { class: "jjj-link" });
  return el("tr", { "data-id": entry.item.id }, el("th", { scope: "row" }, name), cells);
}

function roadsTwin(app) {
  const { classes } = flowsNow(app).scale;
  const order = flowsNow(app).roads.slice().sort((x, y) => Math.abs(y.change) - Math.abs(x.change) || x.at - y.at);
  const heads = [["map.flows.flow", "unit.vehicles_per_hour", "place"], ["map.flows.minutes", "unit.minutes", "place"]];
  const body = order.map((road) => flowRow(app, "road", road, [numberCell(app, road.after.flow, 0, false, "place"), numberCell(app, road.after.minutes, 1, false, "place"), numberCell(app, road.before.delay, 1), numberCell(app, road.after.delay, 1), numberCell(app, road.change, classes.digits, true)]));
  return { title: "map.flows.roads_legend", heads, body, name: "map.flows.road" };
}

function tripsTwin(app) {
  const body = flowsNow(app).shown.map((pair) => flowRow(app, "pair", pair, [numberCell(app, pair.before, 0), numberCell(app, pair.after, 0), numberCell(app, pair.change, 0, true)]));
  return { title: "map.flows.trips_legend", heads: [], body, name: "map.flows.of_pair", note: pairsShown(app) };
}

function flowTable(app) {
  if (!flowsNow(app)) return flowMissing(app);
  const { texts } = app;
  const { title, heads, body, name, note } = twinOf(app) === "roads" ? roadsTwin(app) : tripsTwin(app);
  const { left, right } = comparedSides(app);
  const head = (text, more = "number") => el("th", { scope: "col", class: more }, text);
  const cells = [head(texts.say(name), ""), ...heads.map(([key, unit, more]) => head(`${texts.say(key)} (${texts.say(unit)})`, `number ${more}`)), head(sideName(app, left)), head(sideName(app, right)), head(texts.say("map.change"))];
  const caption = el("caption", {}, [texts.say(title), flowNames(app), note].filter(Boolean).join(" — "));
  return el("table", { class: "jjj-flowtable" }, caption, el("thead", {}, el("tr", {}, cells)), el("tbody", {}, body));
}

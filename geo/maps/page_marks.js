// Sites, institutions, movers, corridors and rail.

const GOLDEN_ANGLE = 2.399963;
const TOGETHER = 4; // pixels: closer marks are spread
const FORMS = {
  clusters: "M10 2a8 8 0 1 0 0 16a8 8 0 1 0 0-16z",
  industries: "M10 1l9 9l-9 9l-9-9z",
  research: "M10 1.5l9.5 16.5h-19z",
  square: "M4 1.5h12a2.5 2.5 0 0 1 2.5 2.5v12a2.5 2.5 0 0 1-2.5 2.5h-12a2.5 2.5 0 0 1-2.5-2.5v-12a2.5 2.5 0 0 1 2.5-2.5z",
};
// Drawn for this map on a field of 20: what kind of institution a square stands for.
const GLYPHS = {
  university: "M10 5l7 3.2l-7 3.2l-7-3.2zM6 10.6v3c2.4 1.9 5.6 1.9 8 0v-3l-4 1.8z",
  hospital: "M8.2 4.5h3.6v3.7h3.7v3.6h-3.7v3.7h-3.6v-3.7h-3.7v-3.6h3.7z",
  government: "M10 4l6.5 3.3v1.2h-13v-1.2zM5 9.5h2v4.5h-2zM9 9.5h2v4.5h-2zM13 9.5h2v4.5h-2zM3.5 14.8h13v1.4h-13z",
  state_enterprise: "M5 16v-11.5h6v11.5zM12 16v-7.5h3.5v7.5zM6.3 6h1.3v1.5h-1.3zM8.6 6h1.3v1.5h-1.3zM6.3 9h1.3v1.5h-1.3zM8.6 9h1.3v1.5h-1.3z",
  industrial_plant: "M4 16v-8l4 2.6v-2.6l4 2.6v-6h3.5v11.4z",
  research_institute: "M8 4h4v1.4h-.7v3.2l4 6.2c.4.7 0 1.4-.8 1.4h-9c-.8 0-1.2-.7-.8-1.4l4-6.2v-3.2h-.7z",
  market_wholesale: "M4 5h12l1 4h-14zM4.5 10h11v6h-4v-3.8h-3v3.8h-4z",
  financial: "M5.6 4h2.1l2.3 3.8l2.3-3.8h2.1l-2.9 4.7h2.1v1.4h-2.6v1.2h2.6v1.4h-2.6v3.3h-1.8v-3.3h-2.6v-1.4h2.6v-1.2h-2.6v-1.4h2.1z",
  school: "M3.5 5c2.4-.6 4.6-.2 6 .9v9.6c-1.5-1-3.7-1.3-6-.8zM10.5 5.9c1.4-1.1 3.6-1.5 6-.9v9.7c-2.3-.5-4.5-.2-6 .8z",
};

function sectorLook(sector) {
  return SECTORS[sector] || ["clusters", "#5b6670"];
}

function sectorSymbol(app, sector, label = "") {
  const [group, colour] = sectorLook(sector);
  const symbol = svg("svg", { viewBox: "0 0 20 20", class: "jjj-symbol", "aria-hidden": "true" });
  symbol.append(svg("path", { d: FORMS[group], fill: colour, stroke: "#fff", "stroke-width": 1.6 }));
  if (label) symbol.append(svg("text", { x: 10, y: group === "research" ? 16 : 13.2, fill: inkOn(colour) }, label));
  return symbol;
}

const FRAMES = {
  moved: { fill: "#1c2b38", stroke: "#ffffff" },
  under_construction: { fill: "#1c2b38", stroke: "#ffb000" },
  announced: { fill: "#56687a", stroke: "#ffffff" },
  candidate: { fill: "#ffffff", stroke: "#1c2b38", "stroke-dasharray": "2.6 2" },
  expected: { fill: "#ffffff", stroke: "#a34700" },
  later: { fill: "#7f8c97", stroke: "#ffffff" },
};

function institutionSymbol(item, hollow = false) {
  const frame = FRAMES[hollow ? "candidate" : item.institution_status] || FRAMES.announced;
  const symbol = svg("svg", { viewBox: "0 0 20 20", class: "jjj-symbol", "aria-hidden": "true" });
  symbol.append(svg("path", { d: FORMS.square, "stroke-width": 1.8, ...frame, "stroke-dasharray": hollow ? null : frame["stroke-dasharray"] }));
  const ink = frame.fill === "#ffffff" ? "#1c2b38" : "#ffffff";
  if (GLYPHS[item.kind]) symbol.append(svg("path", { d: GLYPHS[item.kind], fill: ink }));
  return symbol;
}

function mark(app, item, options, symbol) {
  const box = el("div", { class: `jjj-mark ${options.look}` }, symbol);
  const icon = L.divIcon({ html: box, className: "jjj-anchor", iconSize: [0, 0] });
  const marker = L.marker([item.lat, item.lon], { icon, keyboard: false, ...options });
  marker.box = box;
  marker.bindTooltip(() => markTip(app, options.type, item), { className: "jjj-tip", direction: "top", offset: [0, -8], opacity: 1 });
  return marker;
}

function placed(items) {
  return items.filter((item) => item.lat !== null && item.lat !== undefined);
}

function siteMark(app, item) {
  const marker = mark(app, item, { pane: "sites", look: "site", type: "site" }, sectorSymbol(app, item.sector, app.glyph(item.sector)));
  marker.on("click", () => app.select("site", item.id));
  return { item, marker, keys: [`sector:${item.sector}`] };
}

function stationMark(app, item) {
  const dot = svg("svg", { viewBox: "0 0 20 20", class: "jjj-symbol", "aria-hidden": "true" });
  dot.append(svg("circle", { cx: 10, cy: 10, r: 7, fill: "#fff", stroke: "#4a3f6b", "stroke-width": 4 }));
  const marker = mark(app, item, { pane: "stations", look: "station", type: "station" }, dot);
  marker.on("click", () => app.select("station", item.id));
  return { item, marker, keys: ["layer:rail"] };
}

function institutionMark(app, item) {
  const options = { pane: "institutions", look: "institution", type: "institution", draggable: app.live };
  const marker = mark(app, item, options, institutionSymbol(item));
  marker.on("click", () => app.select("institution", item.id));
  if (app.live) watchDrag(app, item, marker);
  return { item, marker, keys: ["layer:institutions", `kind:${item.kind}`, `status:${item.institution_status}`] };
}

// A drop inside a county asks for a move; anywhere else the mark goes home and says so.
function watchDrag(app, item, marker) {
  marker.on("dragstart", () => {
    marker.closeTooltip();
    marker.unbindTooltip();
  });
  marker.on("dragend", () => {
    const at = app.map.latLngToContainerPoint(marker.getLatLng()).add(marker.shift || [0, 0]);
    const spot = app.map.containerPointToLatLng(at);
    marker.setLatLng([item.lat, item.lon]);
    marker.bindTooltip(() => markTip(app, "institution", item), { className: "jjj-tip", direction: "top", offset: [0, -8], opacity: 1 });
    const county = app.region.countyUnder([spot.lat, spot.lng]);
    if (county) app.move(item, county);
    else app.tell(app.texts.say("map.drop_outside", { name: app.texts.name(item) }));
  });
}

function buildMarks(app) {
  app.marks = [
    ...placed(app.region.stations).map((item) => stationMark(app, item)),
    ...placed(app.region.sites).map((item) => siteMark(app, item)),
    ...placed(app.region.institutions).map((item) => institutionMark(app, item)),
  ];
  buildLines(app);
  showMarks(app);
  app.map.on("zoomend", () => spread(app));
  app.store.follow("hidden", () => {
    drawMovers(app);
    showMarks(app);
    showLines(app);
  });
}

// A mark is made once; after that, showing is adding to its pane or taking from it.
function showMarks(app) {
  const { hidden } = app.state;
  for (const entry of app.marks) {
    entry.shown = !entry.keys.some((key) => hidden.has(key));
    if (!entry.drawn && entry.shown) {
      entry.marker.addTo(app.map);
      entry.drawn = true;
    }
    const node = entry.drawn ? entry.marker.getElement() : null;
    if (node && node.hidden === entry.shown) node.hidden = !entry.shown;
  }
  spread(app);
}

// Marks that share a spot are set on a spiral, in pixels, so that each can be seen and taken.
function spread(app) {
  const heaps = new Map();
  const entries = [...app.marks.filter((entry) => entry.shown && !entry.keys.includes("layer:rail")), ...(app.movers || [])];
  for (const entry of entries) {
    const point = app.map.latLngToLayerPoint(entry.marker.getLatLng());
    const cell = `${Math.round(point.x / TOGETHER)},${Math.round(point.y / TOGETHER)}`;
    if (heaps.has(cell)) heaps.get(cell).push(entry);
    else heaps.set(cell, [entry]);
  }
  const scale = app.root.dataset.scale;
  for (const shared of heaps.values()) {
    const small = scale === "s" && shared.every((entry) => entry.marker.box.classList.contains("institution"));
    const gap = small ? 3.2 : { s: 5.2, m: 8.5, l: 11 }[scale];
    shared.forEach((entry, i) => shift(entry.marker, i ? gap * Math.sqrt(i) * 1.25 : 0, i * GOLDEN_ANGLE));
  }
}

function shift(marker, radius, angle) {
  const next = [Math.round(radius * Math.cos(angle)), Math.round(radius * Math.sin(angle))];
  if (marker.shift && marker.shift[0] === next[0] && marker.shift[1] === next[1]) return;
  marker.shift = next;
  marker.box.style.setProperty("--dx", `${marker.shift[0]}px`);
  marker.box.style.setProperty("--dy", `${marker.shift[1]}px`);
}

// --- lines ------------------------------------------------------------------------------------------

function latLngs(lines) {
  return lines.map((line) => line.map(([lon, lat]) => [lat, lon]));
}

function lineLayer(app, type, item, style) {
  const line = L.polyline(latLngs(item.lines), { pane: "lines", interactive: false, smoothFactor: 0, ...style, renderer: app.lineRenderer });
  const reach = L.polyline(latLngs(item.lines), { pane: "lines", renderer: app.lineRenderer, opacity: 0, weight: 12, className: "jjj-reach" });
  reach.bindTooltip(() => markTip(app, type, item), { sticky: true, className: "jjj-tip", opacity: 1 });
  reach.on("click", () => app.select(type, item.id));
  return [line, reach];
}

function buildLines(app) {
  app.lineRenderer = pathsIn("lines");
  const corridors = app.region.corridors.flatMap((item) => {
    const [, colour] = sectorLook(item.sectors && item.sectors[0]);
    const dash = item.status === "unverified" ? "7 6" : null;
    return lineLayer(app, "corridor", item, { color: colour, weight: 6, opacity: 0.6, dashArray: dash, lineCap: "round" });
  });
  const rail = app.region.links.flatMap((item) => {
    const open = !item.state || item.state === "open";
    return lineLayer(app, "link", item, { color: "#4a3f6b", weight: 2, opacity: 0.9, dashArray: open ? null : "4 4" });
  });
  app.lines = { corridors: L.featureGroup(corridors), rail: L.featureGroup(rail) };
  showLines(app);
}

function showLines(app) {
  for (const [name, group] of Object.entries(app.lines)) {
    if (app.state.hidden.has(`layer:${name}`)) group.remove();
    else group.addTo(app.map).eachLayer(skipByTab);
  }
}

// --- movers: hollow where they leave, filled where they arrive, an arc between ------------------------

function activeMoves(app) {
  const { mode, a, b } = app.state;
  const scenario = mode === "baseline" ? null : app.scenarios[showsFirst(app) ? a : b];
  return scenario ? scenario.moves.filter((move) => move.start <= app.state.year) : [];
}

function moveEnds(app, move) {
  const item = app.region.byType.institution.get(move.institution);
  const home = item && item.lat !== null ? item : app.region.county(move.origin);
  const end = app.region.arrival(move.destination);
  if (!home || home.lat === null || !end) return null;
  const named = item || { id: "", kind: move.kind, name_en: move.name || "", name_zh: move.name || "" };
  return { item: named, known: Boolean(item), from: [home.lat, home.lon], to: end, move };
}

function arcPoints([lat1, lng1], [lat2, lng2]) {
  const [dy, dx] = [lat2 - lat1, lng2 - lng1];
  const [my, mx] = [(lat1 + lat2) / 2 + dx * 0.16, (lng1 + lng2) / 2 - dy * 0.16];
  return Array.from({ length: 25 }, (_, i) => {
    const t = i / 24;
    const [p, q, r] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
    return [p * lat1 + q * my + r * lat2, p * lng1 + q * mx + r * lng2];
  });
}

function arcsOf(ends, renderer, pending) {
  const points = arcPoints(ends.from, ends.to);
  const weight = clamp(Math.sqrt(ends.move.posts || 0) / 45, 1.1, 3.2);
  const dashArray = pending ? "5 5" : null;
  return [
    L.polyline(points, still("arcs", renderer, { color: "#ffffff", weight: weight + 1.6, opacity: 0.5 })),
    L.polyline(points, still("arcs", renderer, { color: "#7a1250", weight, opacity: 0.8, dashArray })),
  ];
}

function moverMark(app, ends) {
  const place = { ...ends.item, lat: ends.to[0], lon: ends.to[1] };
  const { state } = ends.move;
  const look = state ? `institution mover fact-${state}` : "institution mover";
  const marker = mark(app, place, { pane: "movers", look, type: "institution" }, institutionSymbol({ ...ends.item, institution_status: state ? FACT_LOOKS[state] : "moved" }));
  marker.bindTooltip(() => (state ? factTip(app, ends) : moveTip(app, ends)), { className: "jjj-tip", direction: "top", offset: [0, -8], opacity: 1 });
  if (ends.known) marker.on("click", () => app.select("institution", ends.item.id));
  return { marker, ends };
}

function hiddenMover(app, { item, known }) {
  const { hidden } = app.state;
  if (hidden.has("layer:institutions")) return true;
  return known && (hidden.has(`kind:${item.kind}`) || hidden.has(`status:${item.institution_status}`));
}

function drawMovers(app) {
  if (app.second) drawMovers(app.second);
  app.arcRenderer ||= pathsIn("arcs");
  const pending = app.pending && !showsFirst(app) ? [app.pending] : [];
  const moves = app.state.facts ? factMoves(app) : activeMoves(app);
  const ends = [...moves, ...pending].map((move) => moveEnds(app, move)).filter(Boolean);
  const shown = ends.filter((end) => !hiddenMover(app, end));
  const same = JSON.stringify([app.edition, app.state.language, app.pending, shown.map(({ move }) => [move.institution, move.origin, move.destination, move.state || move.start]), app.state.facts && app.state.factYear]);
  if (same === app.moverKey) return;
  for (const layer of app.moverLayers || []) layer.remove();
  app.moverKey = same;
  app.movers = shown.map((end) => moverMark(app, end));
  app.moverLayers = [...shown.flatMap((end) => arcsOf(end, app.arcRenderer, end.move === app.pending || (end.move.state && end.move.state !== "open"))), ...app.movers.map(({ marker }) => marker)];
  for (const layer of app.moverLayers) layer.addTo(app.map);
  // of the published facts only what is open has left its place
  const gone = shown.filter((end) => end.known && (!end.move.state || end.move.state === "open"));
  hollowOrigins(app, new Set(gone.map((end) => end.item.id)));
  spread(app);
}

function hollowOrigins(app, gone) {
  for (const entry of app.marks) {
    if (entry.marker.options.type !== "institution") continue;
    const hollow = gone.has(entry.item.id);
    const look = hollow ? "hollow" : factLook(app, entry.item);
    if ((entry.look || "") === look) continue;
    entry.look = look;
    entry.marker.box.replaceChildren(institutionSymbol(look && !hollow ? { ...entry.item, institution_status: look } : entry.item, hollow));
    entry.marker.box.classList.toggle("hollow", hollow);
  }
}

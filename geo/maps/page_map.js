// The map: own basemap, counties in two clipped panes, borders, labels.

const PANES = {
  land: 210,
  fillA: 300,
  fillB: 301,
  borders: 320,
  roads: 330,
  lines: 340,
  select: 350,
  arcs: 360,
  trips: 365,
  stations: 400,
  sites: 410,
  institutions: 420,
  movers: 430,
  labels: 440,
};
const TOUCHED = new Set(["fillA", "fillB", "stations", "sites", "institutions", "movers"]);
const LAND = "#ece9e2";
const LAND_EDGE = "#cdc8be";
const SEA = "#c9dde8";
const ROOM = [
  [31, 103],
  [47, 131],
];
const BEYOND = 20; // degrees by which the surroundings run on past their own edge
const TILES = "https://tile.openstreetmap.org/{z}/{x}/{y}.png";

// who asked the system for less motion gets no zoom that glides and no drag that runs on
const LESS_MOTION = matchMedia("(prefers-reduced-motion: reduce)").matches;
const STILL = { zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, inertia: false };

function makeMap(app) {
  const map = L.map(app.box || app.root.querySelector(".jjj-map"), {
    zoomControl: false,
    attributionControl: false,
    zoomSnap: 0.25,
    zoomDelta: 0.5,
    wheelPxPerZoomLevel: 110,
    minZoom: 5,
    maxZoom: 13,
    maxBounds: ROOM,
    maxBoundsViscosity: 0.8,
    scrollWheelZoom: !app.live,
    ...(LESS_MOTION ? STILL : {}),
  });
  for (const [name, order] of Object.entries(PANES)) {
    map.createPane(name).style.zIndex = order;
    if (!TOUCHED.has(name)) map.getPane(name).style.pointerEvents = "none";
  }
  // taking the focus must not scroll the page: the map would slip from under the pointer and lose the click
  const box = map.getContainer();
  box.focus = () => HTMLElement.prototype.focus.call(box, { preventScroll: true });
  // inside a page that scrolls, the wheel belongs to the page until the map is taken up
  if (app.live) map.once("mousedown focus", () => map.scrollWheelZoom.enable());
  return map;
}

function pathsIn(pane) {
  return L.svg({ pane, padding: 0.4 });
}

// Clickable only where asked: a line under the pointer must not hide its county.
function still(pane, renderer, style) {
  return { pane, renderer, interactive: false, smoothFactor: 0, fill: false, ...style };
}

function edgesOf(neighbours) {
  const points = neighbours.flatMap((item) => item.shape.flat(2));
  const [lats, lngs] = [points.map((point) => point[0]), points.map((point) => point[1])];
  return [Math.min(...lats), Math.max(...lats), Math.min(...lngs), Math.max(...lngs)];
}

// The surroundings are cut to a box; past it they run straight on, so that no view shows the cut.
function runOn(ring, [south, north, west, east]) {
  const out = (low, value, high) => (value <= low ? low - BEYOND : value >= high ? high + BEYOND : value);
  const far = ring.map(([lat, lng]) => [out(south, lat, north), out(west, lng, east)]);
  const cut = ring.map(([lat, lng], i) => far[i][0] !== lat || far[i][1] !== lng);
  return ring.flatMap((point, i) => {
    if (!cut[i]) return [point];
    const [before, after] = [cut.at(i - 1), cut[(i + 1) % cut.length]];
    return [...(before ? [] : [point]), far[i], ...(after ? [] : [point])];
  });
}

// A ring's stretches that do not lie on the box.
function inner(ring, [south, north, west, east]) {
  const stretches = [[]];
  for (const point of ring) {
    const cut = point[0] <= south || point[0] >= north || point[1] <= west || point[1] >= east;
    stretches.at(-1).push(point);
    if (cut) stretches.push([point]);
  }
  const onBox = (line) => line.length === 2 && line.every(([lat, lng]) => lat <= south || lat >= north || lng <= west || lng >= east);
  return stretches.filter((line) => line.length > 1 && !onBox(line));
}

function drawLand(app) {
  const renderer = pathsIn("land");
  const looks = {
    province: { fill: true, fillColor: LAND, fillOpacity: 1, stroke: false },
    sea: { fill: true, fillColor: SEA, fillOpacity: 1, stroke: false },
  };
  const order = { sea: 0, province: 1 };
  const edges = edgesOf(app.region.neighbours);
  const sorted = app.region.neighbours.slice().sort((x, y) => (order[x.kind] ?? 1) - (order[y.kind] ?? 1));
  const shapes = sorted.map((item) =>
    L.polygon(item.shape.map((polygon) => polygon.map((ring) => runOn(ring, edges))), still("land", renderer, looks[item.kind] || looks.province)),
  );
  app.land = L.featureGroup(shapes).addTo(app.map);
  const lines = sorted.flatMap((item) => item.shape.flat().flatMap((ring) => inner(ring, edges)));
  L.polyline(lines, still("land", renderer, { color: LAND_EDGE, weight: 1, opacity: 1 })).addTo(app.map);
}

// A path that listens for focus would be a stop for the tab key; search and table lead there instead.
function skipByTab(layer) {
  if (layer.getElement()) layer.getElement().setAttribute("tabindex", "-1");
}

function drawCounties(app, pane) {
  const renderer = pathsIn(pane);
  const style = { pane, renderer, smoothFactor: 0, stroke: false, fillOpacity: 1, fillColor: MISSING };
  const layers = app.region.counties.map((county, i) => {
    const layer = L.polygon(county.shape, style);
    layer.county = i;
    return layer;
  });
  const group = L.featureGroup(layers)
    .on("click", (event) => app.select("county", app.region.counties[event.layer.county].code))
    .bindTooltip((layer) => countyTip(app, layer.county), { sticky: true, className: "jjj-tip", opacity: 1 })
    .addTo(app.map);
  layers.forEach(skipByTab);
  return { group, layers, colours: [] };
}

const BORDERS = {
  county: { color: "#ffffff", weight: 0.7, opacity: 0.75 },
  city: { color: "#ffffff", weight: 1.5, opacity: 0.95 },
  province: { color: "#3c4f5c", weight: 1.7, opacity: 0.85 },
  outer: { color: "#3c4f5c", weight: 1.4, opacity: 0.75 },
};

function drawBorders(app) {
  const renderer = pathsIn("borders");
  const casing = { color: "#ffffff", weight: 4, opacity: 0.75 };
  L.polyline([...app.region.mesh.province, ...app.region.mesh.outer], still("borders", renderer, casing)).addTo(app.map);
  for (const [kind, style] of Object.entries(BORDERS)) {
    L.polyline(app.region.mesh[kind], still("borders", renderer, { ...style, className: `jjj-border-${kind}` })).addTo(app.map);
  }
  const outline = app.region.mesh.xiongan;
  L.polyline(outline, still("borders", renderer, { color: "#ffffff", weight: 4.5, opacity: 0.9 })).addTo(app.map);
  L.polyline(outline, still("borders", renderer, { color: "#b3004b", weight: 2, opacity: 1 })).addTo(app.map);
  app.outline = pathsIn("select");
}

// Fill only what changes: 199 attributes at most, none when a class stays.
function paint(side, values, classes) {
  side.layers.forEach((layer, i) => {
    const colour = classes.colour(values[i]);
    if (side.colours[i] === colour) return;
    side.colours[i] = colour;
    layer.options.fillColor = colour;
    if (layer._path) layer._path.setAttribute("fill", colour);
  });
}

function markSelected(app) {
  if (app.marked) app.marked.remove();
  app.marked = null;
  const chosen = app.state.selected;
  const county = chosen && chosen.type === "county" ? app.region.county(chosen.id) : null;
  if (!county) return;
  const look = still("select", app.outline, { color: "#101820", weight: 2.6, opacity: 1 });
  app.marked = L.polygon(county.shape, look).addTo(app.map);
}

// --- labels: both languages, the larger in Chinese; less important ones give way -------------------

// A city's label leaves out the word for city, as maps do.
function labelName(item, look) {
  const name = item.name_zh || "";
  return look === "city" || look === "capital" ? name.replace(/市$/, "") : name;
}

function labelElement(item, look) {
  const lines = [el("span", { class: "zh", lang: "zh" }, labelName(item, look))];
  if (item.name_en && item.name_en !== item.name_zh) lines.push(el("span", { class: "en", lang: "en" }, item.name_en));
  return el("div", { class: `jjj-label ${look}`, "aria-hidden": "true" }, lines);
}

const LABEL_SIZES = { capital: [19, 10], city: [13, 11], province: [16, 12], sea: [16, 12], county: [11, 9] };
const BIG = new Set(["110000", "120000"]);
const COUNTY_LABELS_FROM = 8.75;

function labelItems(region) {
  const cities = region.cities.map((item) => ({ item, look: BIG.has(item.code) ? "capital" : "city", from: 5.5 }));
  const around = region.neighbours
    .filter((item) => item.lat !== null && item.lat !== undefined && item.name_zh)
    .map((item) => ({ item, look: item.kind === "sea" ? "sea" : "province", from: 5 }));
  const counties = region.counties.map((item) => ({ item, look: "county", from: COUNTY_LABELS_FROM }));
  const rank = { capital: 0, sea: 1, province: 2, city: 3, county: 4 };
  return [...cities, ...around, ...counties].sort((x, y) => rank[x.look] - rank[y.look]);
}

function labelBox(entry, point) {
  const [zh, en] = LABEL_SIZES[entry.look];
  const latin = entry.look === "county" ? 0 : (entry.item.name_en || "").length * en * 0.56;
  const half = Math.max(labelName(entry.item, entry.look).length * zh, latin) / 2;
  return [point.x - half, point.y - zh, point.x + half, point.y + (entry.look === "county" ? 2 : en)];
}

function overlaps(one, two) {
  return one[0] < two[2] && two[0] < one[2] && one[1] < two[3] && two[1] < one[3];
}

function labelMarker(app, entry) {
  const icon = L.divIcon({ html: labelElement(entry.item, entry.look), className: "jjj-anchor", iconSize: [0, 0] });
  return L.marker([entry.item.lat, entry.item.lon], { icon, pane: "labels", interactive: false, keyboard: false });
}

function layLabels(app) {
  const [zoom, bounds, taken] = [app.map.getZoom(), app.map.getBounds().pad(0.2), []];
  for (const entry of app.labels) {
    const inSight = zoom >= entry.from && bounds.contains([entry.item.lat, entry.item.lon]);
    const box = inSight ? labelBox(entry, app.map.latLngToLayerPoint([entry.item.lat, entry.item.lon])) : null;
    const free = box && !taken.some((other) => overlaps(other, box));
    if (free) taken.push(box);
    if (free && !entry.marker) entry.marker = labelMarker(app, entry);
    if (free) entry.marker.addTo(app.map);
    else if (entry.marker) entry.marker.remove();
  }
}

// --- view -------------------------------------------------------------------------------------------

function regionBounds(app) {
  return L.latLngBounds(app.region.counties.flatMap((county) => county.shape.flatMap((rings) => rings[0])));
}

// Leave room for the cards that lie over the map.
function fitRegion(app) {
  const width = app.root.clientWidth;
  const wide = app.tier !== "narrow";
  const right = app.tier === "wide" ? 282 : 12;
  app.map.fitBounds(app.bounds, {
    paddingTopLeft: [{ wide: Math.min(330, width * 0.22), medium: 100, narrow: 8 }[app.tier], wide ? 40 : 104],
    paddingBottomRight: [right, wide ? 84 : 200],
    animate: false,
    ...(app.state.mode === "beside" ? BESIDE_ROOM[app.tier] : {}),
  });
  app.home = { center: app.map.getCenter(), zoom: app.map.getZoom() };
}

function keepView(app) {
  const center = app.map.getCenter();
  app.store.set({ view: [center.lat, center.lng, app.map.getZoom()] });
}

function scaleOfSight(app) {
  const zoom = app.map.getZoom();
  app.root.dataset.scale = zoom < 7.5 ? "s" : zoom < 9.25 ? "m" : "l";
}

function drawScale(app) {
  const size = app.map.getSize();
  const y = size.y / 2;
  const metres = app.map.distance(app.map.containerPointToLatLng([0, y]), app.map.containerPointToLatLng([90, y]));
  const power = 10 ** Math.floor(Math.log10(metres));
  const step = [5, 2, 1].find((factor) => factor * power <= metres) * power;
  const bar = app.root.querySelector(".jjj-scale");
  bar.style.width = `${(90 * step) / metres}px`;
  bar.textContent = step >= 1000 ? `${step / 1000} ${app.texts.say("unit.km")}` : `${step} ${app.texts.say("map.metres")}`;
}

function buildMap(app) {
  app.map = makeMap(app);
  app.bounds = regionBounds(app);
  const view = app.state.view;
  if (view) app.map.setView([view[0], view[1]], view[2]);
  else fitRegion(app);
  scaleOfSight(app);
  drawLand(app);
  app.sides = { a: drawCounties(app, "fillA"), b: drawCounties(app, "fillB") };
  drawBorders(app);
  app.labels = labelItems(app.region);
  layLabels(app);
  app.map.on("zoomend", () => scaleOfSight(app));
  app.map.on("moveend", () => {
    layLabels(app);
    drawScale(app);
    keepView(app);
  });
  app.store.follow("selected", () => markSelected(app));
}

// --- online tiles: asked for, never needed ----------------------------------------------------------

function followTiles(app) {
  app.store.follow("tiles", () => drawTiles(app));
}

function drawTiles(app) {
  if (app.tileLayer) app.tileLayer.remove();
  app.tileLayer = null;
  app.land.eachLayer((layer) => layer.setStyle({ fillOpacity: app.state.tiles ? 0 : 1 }));
  if (!app.state.tiles) return;
  if (location.protocol === "file:") refuseTiles(app, "map.tiles.file");
  else openTiles(app);
}

function openTiles(app) {
  app.tileLayer = L.tileLayer(TILES, { maxZoom: 13, opacity: 0.75 });
  app.tileLayer.once("tileerror", () => refuseTiles(app, "map.tiles.error"));
  app.tileLayer.addTo(app.map);
}

function refuseTiles(app, key) {
  app.tell(app.texts.say(key));
  app.store.set({ tiles: false });
}

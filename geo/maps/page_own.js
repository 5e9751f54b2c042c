// A reader's own layers: shapes in panes above the counties, names and properties as text.

// Apart from the choropleth's teals, browns and blues, and from one another.
const OWN_COLOURS = ["#c800c8", "#e0002d", "#5a00d6", "#5c6600", "#a34700", "#007a33", "#0048b3", "#2b2b2b"];
const OWN_ORDER = 341; // over fills, borders and lines; under the choice and the marks
const OWN_SCALE = 1e5; // shapes come as whole numbers of 1e-5 degree

function ownPoints(numbers) {
  const points = [];
  for (let i = 0, x = 0, y = 0; i < numbers.length; i += 2) {
    x += numbers[i];
    y += numbers[i + 1];
    points.push([y / OWN_SCALE, x / OWN_SCALE]);
  }
  return points;
}

const OWN_READ = {
  point: ownPoints,
  line: (parts) => parts.map(ownPoints),
  area: (parts) => parts.map((rings) => rings.map(ownPoints)),
};

function ownItems(layer) {
  return layer.shapes.map((shape, at) => ({
    id: `${layer.id}:${at}`,
    at,
    layer,
    name_en: layer.name_en[at],
    name_zh: layer.name_zh[at],
    source: layer.name,
    family: shape ? shape[0] : "",
    points: shape ? OWN_READ[shape[0]](shape[1]) : [],
  }));
}

// A row without a name goes by its number.
function ownNamed(app, item) {
  if (item.name_en || item.name_zh) return item;
  const name = app.texts.say("map.own.feature", { number: item.at + 1 });
  return { ...item, name_en: name, name_zh: name };
}

function ownPaths(item, colour, place) {
  if (item.family === "point") {
    const style = { ...place, radius: 5.5, color: "#ffffff", weight: 1.5, fillColor: colour, fillOpacity: 0.95 };
    return item.points.map((point) => L.circleMarker(point, style));
  }
  if (item.family === "line") return [L.polyline(item.points, { ...place, color: colour, weight: 3.2, opacity: 0.95 })];
  return [L.polygon(item.points, { ...place, color: colour, weight: 2, opacity: 0.95, fillColor: colour, fillOpacity: 0.2 })];
}

function drawOwn(app, data, slot) {
  const pane = `own${slot}`;
  if (!app.map.getPane(pane)) {
    const made = app.map.createPane(pane);
    Object.assign(made.style, { zIndex: OWN_ORDER, pointerEvents: "none" });
    made.classList.add("jjj-own");
  }
  const layer = { ...data, pane, key: `own:${data.id}`, colour: OWN_COLOURS[slot % OWN_COLOURS.length], renderer: pathsIn(pane) };
  layer.items = ownItems(layer);
  const paths = layer.items.flatMap((item) => {
    item.paths = ownPaths(item, layer.colour, { pane, renderer: layer.renderer });
    for (const path of item.paths) path.item = item;
    return item.paths;
  });
  layer.group = L.featureGroup(paths)
    .on("click", (event) => app.select("own", event.layer.item.id))
    .bindTooltip((path) => ownTip(app, path.item), { sticky: true, className: "jjj-tip", opacity: 1 })
    .addTo(app.map);
  paths.forEach(skipByTab);
  return layer;
}

function ownTip(app, item) {
  const named = ownNamed(app, item);
  return el("div", {}, el("strong", {}, app.texts.name(named)), el("small", {}, app.texts.other(named)), el("div", { class: "jjj-tipname" }, item.layer.name));
}

// Called when the list changes, not when a layer is switched on or off.
function setOwn(app, list) {
  for (const layer of app.own || []) {
    layer.group.remove();
    layer.renderer.remove();
  }
  app.ownMarked = null;
  app.own = list.map((data, slot) => drawOwn(app, data, slot));
  app.ownItem = new Map(app.own.flatMap((layer) => layer.items.map((item) => [item.id, item])));
  app.index = [...searchIndex(app.region), ...ownIndex(app)];
  showOwn(app);
  markOwn(app);
  ownBeside(app);
}

function showOwn(app) {
  for (const layer of app.own) app.map.getPane(layer.pane).style.display = app.state.hidden.has(layer.key) ? "none" : "";
}

function chosenOwn(app) {
  const { selected } = app.state;
  return selected && selected.type === "own" ? app.ownItem.get(selected.id) || null : null;
}

function markOwn(app) {
  const chosen = chosenOwn(app);
  if (app.ownMarked && app.ownMarked !== chosen) {
    const { family, paths, layer } = app.ownMarked;
    for (const path of paths) path.setStyle(family === "point" ? { color: "#ffffff", weight: 1.5 } : { color: layer.colour });
  }
  for (const path of chosen ? chosen.paths : []) path.setStyle({ color: "#101820", ...(chosen.family === "point" ? { weight: 2.6 } : {}) });
  app.ownMarked = chosen;
}

function ownIndex(app) {
  return app.own.flatMap((layer) =>
    layer.items
      .map((item) => ({ type: "own", item, keys: [...new Set([item.name_en, item.name_zh].map(plainText))].filter(Boolean), initials: "" }))
      .filter((entry) => entry.keys.length),
  );
}

function showOwnItem(app, item) {
  const bounds = L.featureGroup(item.paths).getBounds();
  if (bounds.isValid()) app.map.fitBounds(bounds, { maxZoom: Math.max(app.map.getZoom(), 10), padding: [120, 120] });
}

function showOwnLayer(app, layer) {
  if (app.state.hidden.has(layer.key)) toggleKey(app, layer.key);
  const bounds = layer.group.getBounds();
  if (bounds.isValid()) app.map.fitBounds(bounds, { maxZoom: 12, padding: [90, 90] });
}

function buildOwn(app, list) {
  setOwn(app, list);
  app.store.follow("hidden", () => showOwn(app));
  app.store.follow("selected", () => markOwn(app));
}

// --- in the list of layers, in the panel of what was chosen, and among the sources ----------------------

function ownSymbol(layer) {
  const symbol = svg("svg", { viewBox: "0 0 20 20", class: "jjj-symbol", "aria-hidden": "true" });
  const shape = {
    point: () => svg("circle", { cx: 10, cy: 10, r: 6, fill: layer.colour, stroke: "#fff", "stroke-width": 1.5 }),
    line: () => svg("path", { d: "M2 15L8 7L12 12L18 4", fill: "none", stroke: layer.colour, "stroke-width": 3 }),
    area: () => svg("path", { d: "M3 5L12 2L18 9L14 18L4 15z", fill: layer.colour, "fill-opacity": 0.25, stroke: layer.colour, "stroke-width": 2 }),
  };
  symbol.append(shape[layer.kind]());
  return symbol;
}

function ownConverted(app, layer) {
  if (!layer.converted_from) return "";
  const error = !known(layer.error_m) ? DASH : layer.error_m < 0.001 ? `<${NO_BREAK}0.001` : app.texts.number(layer.error_m, 3);
  return app.texts.say("map.own.converted", { system: layer.converted_from, error });
}

function ownNotes(app, layer) {
  const placeless = layer.placeless ? app.texts.say("map.own.placeless", { count: app.texts.number(layer.placeless) }) : "";
  return [ownConverted(app, layer), placeless].filter(Boolean);
}

function ownRow(app, layer) {
  const row = layerRow(app, layer.key, ownSymbol(layer), layer.name, layer.count);
  const label = app.texts.say("map.own.zoom_of", { name: layer.name });
  row.lastChild.before(button(app.texts.say("map.own.zoom"), () => showOwnLayer(app, layer), { class: "jjj-solo", "data-zoom": layer.key, "aria-label": label }));
  return [row, ...ownNotes(app, layer).map((note) => el("p", { class: "jjj-hint jjj-ownnote" }, note))];
}

function ownPart(app) {
  if (!app.own.length) return null;
  return el("section", { class: "jjj-ownlayers" }, layerHead(app, app.texts.say("map.own.title"), [], false), app.own.flatMap((layer) => ownRow(app, layer)));
}

function ownInfo(app, item) {
  const { layer } = item;
  const values = layer.values.map((column) => column[item.at]);
  const lines = layer.fields.map((field, i) => fact(app, field, values[i]));
  const cut = values.some((value) => value && value.length > layer.limit);
  const notes = [cut ? app.texts.say("map.own.cut", { limit: layer.limit }) : "", ownConverted(app, layer)].filter(Boolean);
  return [facts(lines), ...notes.map((note) => el("p", { class: "jjj-hint" }, note))];
}

function aboutOwn(app) {
  if (!app.own.length) return [];
  const { texts } = app;
  const one = (layer) => el("section", {}, el("h3", {}, layer.name), facts([fact(app, texts.say("map.about.rows"), texts.number(layer.count))]), ownNotes(app, layer).map((note) => el("p", { class: "jjj-hint" }, note)));
  return [el("h2", {}, texts.say("map.own.title")), ...app.own.map(one)];
}

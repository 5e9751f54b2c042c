// The list of layers: sectors in groups, lines, institutions by kind and by status, online tiles.

function tally(items, field) {
  const counts = new Map();
  for (const item of items) counts.set(item[field], (counts.get(item[field]) || 0) + 1);
  return counts;
}

function sectorsOf(group) {
  return Object.keys(SECTORS).filter((sector) => SECTORS[sector][0] === group);
}

function hideOnly(app, all, hide) {
  const hidden = new Set(app.state.hidden);
  for (const key of all) {
    if (hide(key)) hidden.add(key);
    else hidden.delete(key);
  }
  app.store.set({ hidden });
}

function toggleKey(app, key) {
  hideOnly(app, [key], () => !app.state.hidden.has(key));
}

// Alone; pressed again, all return.
function soloKey(app, key, all) {
  const alone = all.every((other) => app.state.hidden.has(other) === (other !== key));
  hideOnly(app, all, (other) => !alone && other !== key);
}

function layerRow(app, key, symbol, label, count, all) {
  const box = el("input", { type: "checkbox", checked: !app.state.hidden.has(key), onchange: () => toggleKey(app, key), "data-key": key });
  const tail = [el("span", { class: "jjj-count" }, known(count) ? app.texts.number(count) : "")];
  if (all) {
    const solo = button(app.texts.say("map.layers.solo"), () => soloKey(app, key, all), { class: "jjj-solo", "data-solo": key, "aria-label": app.texts.say("map.layers.solo_of", { name: label }) });
    tail.unshift(solo);
  }
  return el("div", { class: "jjj-row" }, el("label", {}, box, symbol, el("span", { class: "jjj-name" }, label)), tail);
}

function layerHead(app, label, keys, actions = true) {
  const press = (hide) => () => hideOnly(app, keys, () => hide);
  const buttons = actions ? [button(app.texts.say("map.layers.all"), press(false), { class: "jjj-all" }), button(app.texts.say("map.layers.none"), press(true), { class: "jjj-none" })] : [];
  return el("div", { class: "jjj-head" }, el("h3", {}, label), buttons);
}

function groupHead(app, group, keys, count) {
  const shown = keys.filter((key) => !app.state.hidden.has(key)).length;
  const box = el("input", { type: "checkbox", checked: shown === keys.length, onchange: () => hideOnly(app, keys, () => shown === keys.length), "data-group": group });
  box.indeterminate = shown > 0 && shown < keys.length;
  return el("div", { class: "jjj-row group" }, el("label", {}, box, el("span", { class: "jjj-name" }, app.texts.say(`sector_group.${group}`))), el("span", { class: "jjj-count" }, app.texts.number(count)));
}

function sectorPart(app) {
  const counts = tally(app.region.sites, "sector");
  const all = Object.keys(SECTORS).map((sector) => `sector:${sector}`);
  const groups = GROUPS.flatMap((group) => {
    const sectors = sectorsOf(group);
    const sum = sectors.reduce((total, sector) => total + (counts.get(sector) || 0), 0);
    const keys = sectors.map((sector) => `sector:${sector}`);
    const list = sectors.map((sector) =>
      layerRow(app, `sector:${sector}`, sectorSymbol(app, sector, app.glyph(sector)), app.texts.say(`sector.${sector}`), counts.get(sector) || 0, all),
    );
    return [groupHead(app, group, keys, sum), ...list];
  });
  return el("section", { class: "jjj-sectors" }, layerHead(app, app.texts.say("map.layers.sectors"), all), groups);
}

function lineSymbol(colour, width) {
  const symbol = svg("svg", { viewBox: "0 0 20 20", class: "jjj-symbol", "aria-hidden": "true" });
  symbol.append(svg("path", { d: "M1 14L8 7L12 12L19 5", fill: "none", stroke: colour, "stroke-width": width, "stroke-linecap": "round" }));
  return symbol;
}

function linePart(app) {
  const { texts, region } = app;
  return el(
    "section",
    {},
    layerRow(app, "layer:corridors", lineSymbol("#c98a2b", 4), texts.say("map.layers.corridors"), region.corridors.length),
    layerRow(app, "layer:rail", lineSymbol("#4a3f6b", 2.4), texts.say("map.layers.rail"), region.links.length),
  );
}

function institutionPart(app) {
  const { texts, region } = app;
  const [kinds, statuses] = [tally(region.institutions, "kind"), tally(region.institutions, "institution_status")];
  const row = (prefix, name, look, count, all) => layerRow(app, `${prefix}:${name}`, institutionSymbol(look), texts.say(prefix === "kind" ? `kind.${name}` : `institution_status.${name}`), count, all);
  const kindKeys = KINDS.map((kind) => `kind:${kind}`);
  const statusKeys = STATUSES.map((status) => `status:${status}`);
  return el(
    "section",
    { class: "jjj-institutions" },
    layerRow(app, "layer:institutions", institutionSymbol({ kind: "state_enterprise", institution_status: "moved" }), texts.say("map.layers.institutions"), region.institutions.length),
    fold(app, "status", texts.say("map.layers.by_status"), statusKeys, STATUSES.map((status) => row("status", status, { institution_status: status }, statuses.get(status) || 0, statusKeys)), true),
    fold(app, "kind", texts.say("map.layers.by_kind"), kindKeys, KINDS.map((kind) => row("kind", kind, { kind, institution_status: "moved" }, kinds.get(kind) || 0, kindKeys)), false),
  );
}

// A part that folds, and stays as the reader left it when the list is drawn anew.
function fold(app, name, label, keys, list, open) {
  app.folds ||= {};
  const details = el("details", { open: app.folds[name] ?? open, ontoggle: () => (app.folds[name] = details.open) }, el("summary", {}, label), layerHead(app, "", keys), list);
  return details;
}

function tilePart(app) {
  if (!app.live) return null;
  const box = el("input", { type: "checkbox", checked: app.state.tiles, onchange: () => app.store.set({ tiles: box.checked }), "data-key": "tiles" });
  return el("section", {}, el("div", { class: "jjj-row" }, el("label", {}, box, lineSymbol("#9aa5ad", 2), el("span", { class: "jjj-name" }, app.texts.say("map.layers.tiles")))), el("p", { class: "jjj-hint" }, app.texts.say("map.layers.tiles_help")));
}

function drawLayers(app) {
  const { layers } = app.parts;
  const focus = layers.contains(document.activeElement) ? document.activeElement : null;
  const again = focus && (focus.dataset.key ? `[data-key="${focus.dataset.key}"]` : focus.dataset.solo ? `[data-solo="${focus.dataset.solo}"]` : focus.dataset.group ? `[data-group="${focus.dataset.group}"]` : null);
  const body = el("div", { class: "jjj-body" }, [ownPart(app), sectorPart(app), linePart(app), flowPart(app), institutionPart(app), tilePart(app)].filter(Boolean));
  const top = app.parts.layersBody ? app.parts.layersBody.scrollTop : 0;
  layers.replaceChildren(panelHead(app, "layers", app.texts.say("map.layers.title")), body);
  app.parts.layersBody = body;
  body.scrollTop = top;
  if (again && layers.querySelector(again)) layers.querySelector(again).focus();
}

// After a toggle only the boxes change; the list is built anew when its words do.
function markLayers(app) {
  const { hidden } = app.state;
  for (const box of app.parts.layers.querySelectorAll("input[data-key]")) {
    if (box.dataset.key !== "tiles") box.checked = !hidden.has(box.dataset.key);
    else box.checked = app.state.tiles;
  }
  for (const box of app.parts.layers.querySelectorAll("input[data-group]")) {
    const keys = sectorsOf(box.dataset.group).map((sector) => `sector:${sector}`);
    const shown = keys.filter((key) => !hidden.has(key)).length;
    box.checked = shown === keys.length;
    box.indeterminate = shown > 0 && shown < keys.length;
  }
}

function panelHead(app, name, title) {
  const close = button("✕", () => closePanel(app, name), { class: "jjj-close", "aria-label": app.texts.say("map.close") });
  return el("header", {}, el("h2", {}, title), close);
}

function closePanel(app, name) {
  if (app.state.open === name) app.store.set({ open: "" });
  if (name === "layers") app.store.set({ layers: false });
  if (name === "table" || name === "charts") app.store.set({ [name]: false });
  if (name === "info") app.store.set({ selected: null });
}

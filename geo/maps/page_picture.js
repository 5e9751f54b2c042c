// A picture of the map: drawn anew as one SVG from what the screen shows; the PNG is that SVG on a canvas.
//
// Only nodes and presentation attributes: text stays text, and no policy on styles stands in the way.

const PICTURE = { edge: 24, gap: 14, least: 760, region: 34, column: 460, sharp: 2800, most: 1.6e7 };
const PAPER = "#ffffff";
const INK = "#16232f";
const SOFT = "#4d5c68";
const PEN = ["stroke", "stroke-opacity", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "fill", "fill-opacity", "fill-rule"];
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

// --- what part of the map, and how large --------------------------------------------------------------------

// What is in sight of the region, with some room around it; all that is in sight where the region is not.
function frameOf(app) {
  const size = app.map.getSize();
  const [one, two] = [app.bounds.getNorthWest(), app.bounds.getSouthEast()].map((corner) => app.map.latLngToContainerPoint(corner));
  const at = app.state.mode === "swipe" ? [app.state.swipe * size.x] : [];
  const low = { x: Math.min(one.x - PICTURE.region, ...at.map((x) => x - 120)), y: one.y - PICTURE.region };
  const high = { x: Math.max(two.x + PICTURE.region, ...at.map((x) => x + 120)), y: two.y + PICTURE.region };
  const from = { x: clamp(low.x, 0, size.x), y: clamp(low.y, 0, size.y) };
  const to = { x: clamp(high.x, 0, size.x), y: clamp(high.y, 0, size.y) };
  const seen = to.x - from.x > 80 && to.y - from.y > 80;
  return seen ? { x: from.x, y: from.y, width: to.x - from.x, height: to.y - from.y } : { x: 0, y: 0, width: size.x, height: size.y };
}

// From places to points of the frame, finer than the whole pixels of the screen and `k` times as large.
function placing({ map }, frame, k) {
  const zoom = map.getZoom();
  const corner = map.project(map.getCenter(), zoom).subtract(map.getSize().divideBy(2)).add([frame.x, frame.y]);
  return (place) => map.project(place, zoom).subtract(corner).multiplyBy(k);
}

// --- shapes ---------------------------------------------------------------------------------------------------

function ringsOf(places) {
  if (!places.length) return [];
  return places[0].lat === undefined ? places.flatMap(ringsOf) : [places];
}

// Neighbours round their common corners alike, so leaving out what falls together opens no gap.
function outline(layer, place) {
  const end = layer instanceof L.Polygon ? "Z" : "";
  const tenth = (value) => Math.round(value * 10) / 10;
  return ringsOf(layer.getLatLngs())
    .map((ring) => {
      const points = ring.map(place).map(({ x, y }) => `${tenth(x)} ${tenth(y)}`);
      return `M${points.filter((point, i) => i === 0 || point !== points[i - 1]).join("L")}${end}`;
    })
    .join("");
}

// The look comes from the screen, rules of the style sheet included.
function penOf(node) {
  const pen = Object.fromEntries(PEN.map((name) => [name, node.getAttribute(name)]));
  if (pen.stroke && pen.stroke !== "none") pen.stroke = getComputedStyle(node).stroke || pen.stroke;
  return pen;
}

function shapeNode(half, layer, place) {
  const pen = penOf(layer.getElement());
  if (layer instanceof L.CircleMarker) {
    const { x, y } = place(layer.getLatLng());
    return svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: layer.getRadius(), ...pen });
  }
  const node = svg("path", { d: outline(layer, place), ...pen });
  if (layer.options.pane === "land" && half.state.tiles && pen.fill !== "none") node.setAttribute("fill-opacity", 1);
  return layer.county === undefined ? node : countyNode(half, layer.county, node);
}

function countyNode(half, i, node) {
  const { region, texts, now } = half;
  const county = region.counties[i];
  const values = half.half || now.mode !== "beside" ? now.shown : now.before;
  const unit = texts.pick(now.measure.unit);
  dress(node, { class: "county", "data-code": county.code });
  node.append(svg("title", {}, `${county.name_en} ${county.name_zh}: ${texts.number(values[i], now.classes.digits, now.mode === "difference")} ${unit}`));
  return node;
}

// --- marks and labels ------------------------------------------------------------------------------------------

function symbolNode(symbol, x, y, size, family) {
  const group = svg("g", { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${(size / 20).toFixed(3)})` });
  for (const part of symbol.children) {
    const look = getComputedStyle(part);
    if (look.display === "none") continue;
    const copy = part.cloneNode(true);
    if (part.tagName === "text") dress(copy, { "font-family": family, "font-size": parseFloat(look.fontSize) || 8, "font-weight": 700, "text-anchor": "middle" });
    group.append(copy);
  }
  return group;
}

// Marks of one spot keep their distance in pixels, as on the screen.
function markNode(layer, box, draw) {
  const [point, size] = [draw.place(layer.getLatLng()), box.offsetWidth * draw.swell];
  const [dx, dy] = (layer.shift || [0, 0]).map((step) => step * draw.swell);
  const node = symbolNode(box.firstElementChild, point.x + dx - size / 2, point.y + dy - size / 2, size, draw.family);
  const { opacity } = getComputedStyle(box);
  return dress(node, { opacity: opacity === "1" ? null : opacity });
}

// A pale edge below the letters keeps them readable on dark counties; two nodes, as not every viewer knows paint-order.
function labelNode(label, { x, y }, { width, height }) {
  const lines = [...label.children].map((line) => [line, getComputedStyle(line)]);
  const [half, tall] = [label.offsetWidth / 2, label.offsetHeight / 2];
  if (x < half || y < tall || x > width - half || y > height - tall) return null; // no half names at the edge
  const heights = lines.map(([, look]) => parseFloat(look.fontSize) * 1.2);
  let top = y - heights.reduce((sum, height) => sum + height, 0) / 2;
  return svg("g", {}, lines.flatMap(([line, look], i) => {
    const text = look.textTransform === "uppercase" ? line.textContent.toUpperCase() : line.textContent;
    const set = { x: x.toFixed(1), y: (top + heights[i] * 0.79).toFixed(1), "text-anchor": "middle", lang: line.lang, "font-size": parseFloat(look.fontSize), "font-weight": look.fontWeight, "font-style": look.fontStyle };
    top += heights[i];
    const edge = parseFloat(look.webkitTextStrokeWidth) || 0;
    const pale = edge ? svg("text", { ...set, "aria-hidden": "true", fill: "none", stroke: "#ffffff", "stroke-opacity": 0.88, "stroke-width": edge, "stroke-linejoin": "round" }, text) : null;
    return [pale, svg("text", { ...set, fill: look.color }, text)];
  }));
}

// --- one map: pane by pane, in the order and with the cuts of the screen ------------------------------------------

function layersByPane(map) {
  const panes = new Map();
  map.eachLayer((layer) => {
    const node = layer.getElement && layer.getElement();
    if (!node || node.hidden || !(layer instanceof L.Path || layer instanceof L.Marker)) return;
    const name = layer.options.pane;
    panes.set(name, [...(panes.get(name) || []), layer]);
  });
  const depth = (name) => Number(getComputedStyle(map.getPane(name)).zIndex) || 0;
  const shown = [...panes].filter(([name]) => getComputedStyle(map.getPane(name)).display !== "none");
  return shown.sort(([one], [two]) => depth(one) - depth(two));
}

function asOnScreen(one, two) {
  return one.getElement().compareDocumentPosition(two.getElement()) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
}

// A swipe cuts panes by a polygon in their own pixels.
function cutOf(map, name, { frame, k }, id) {
  const numbers = (map.getPane(name).style.clipPath.match(/-?[\d.]+(?=px)/g) || []).map(Number);
  if (numbers.length < 6) return null;
  const shift = map.layerPointToContainerPoint([0, 0]).subtract([frame.x, frame.y]);
  const points = numbers.map((number, i) => (number + (i % 2 ? shift.y : shift.x)) * k);
  return svg("clipPath", { id }, svg("polygon", { points: points.map((point) => point.toFixed(1)).join(" ") }));
}

function layerNode(half, layer, draw) {
  if (layer instanceof L.Path) return Number(layer.options.opacity) === 0 ? null : shapeNode(half, layer, draw.place);
  const [mark, label] = [".jjj-mark", ".jjj-label"].map((kind) => layer.getElement().querySelector(kind));
  if (label) return labelNode(label, draw.place(layer.getLatLng()), draw);
  return mark ? markNode(layer, mark, draw) : null;
}

function mapNode({ half, width, height, k }, frame, id, family) {
  const draw = { frame, k, width, height, family, place: placing(half, frame, k), swell: clamp(k, 1, 1.5) };
  const node = svg("g", { id, "clip-path": `url(#${id}-frame)` });
  node.append(svg("clipPath", { id: `${id}-frame` }, svg("rect", { width, height })), svg("rect", { width, height, fill: LAND }));
  for (const [name, layers] of layersByPane(half.map)) {
    const cut = cutOf(half.map, name, draw, `${id}-${name}`);
    const pane = svg("g", { class: name, "clip-path": cut ? `url(#${id}-${name})` : null }, cut);
    pane.append(...layers.sort(asOnScreen).map((layer) => layerNode(half, layer, draw)).filter(Boolean));
    node.append(pane);
  }
  return node;
}

// --- text that keeps to a width ----------------------------------------------------------------------------------

function ruler(family) {
  const pen = document.createElement("canvas").getContext("2d");
  return (text, size, weight = 400) => {
    pen.font = `${weight} ${size}px ${family}`;
    return pen.measureText(text).width;
  };
}

// Between words, between Chinese characters, and inside a word that is longer than a line.
function wrapped(text, fits) {
  const lines = [""];
  for (const part of text.match(/[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+\s*|\s+/gu) || []) {
    if (fits((lines.at(-1) + part).trimEnd())) lines[lines.length - 1] += part;
    else if (fits(part.trimEnd())) lines.push(part);
    else for (const letter of part) fits(lines.at(-1) + letter) ? (lines[lines.length - 1] += letter) : lines.push(letter);
  }
  return lines.map((line) => line.trimEnd()).filter((line, i) => line || i === 0);
}

// Nodes from the top down; `y` is where the next one starts.
class Column {
  constructor(x, y, width, measure) {
    Object.assign(this, { x, y, width, measure, nodes: [] });
  }

  say(text, { size = 12, weight = 400, fill = INK, indent = 0, after = 3 } = {}) {
    if (!text) return;
    for (const line of wrapped(text, (part) => this.measure(part, size, weight) <= this.width - indent)) {
      this.nodes.push(svg("text", { x: this.x + indent, y: (this.y + size).toFixed(1), "font-size": size, "font-weight": weight, fill }, line));
      this.y += size * 1.35;
    }
    this.y += after;
  }

  swatch(colour, text) {
    this.nodes.push(svg("rect", { x: this.x, y: this.y + 1, width: 13, height: 13, rx: 3, fill: colour, stroke: "#b9bfc2" }));
    this.say(text, { indent: 20 });
  }
}

// --- legend and foot -----------------------------------------------------------------------------------------------

function chipNodes(app, column) {
  const { classes } = app.now;
  const step = column.width / classes.colours.length;
  classes.colours.forEach((fill, i) => column.nodes.push(svg("rect", { class: "class", x: (column.x + i * step).toFixed(1), y: column.y, width: step.toFixed(1), height: 18, fill })));
  classes.bounds.forEach((_, i) => {
    if (classes.kind === "diverging" && (i === classes.none || i === classes.none + 1)) return;
    const anchor = i === 0 ? "start" : i === classes.bounds.length - 1 ? "end" : "middle";
    column.nodes.push(svg("text", { x: (column.x + i * step).toFixed(1), y: column.y + 31, "font-size": 11, "text-anchor": anchor, fill: INK }, boundText(app, classes, i)));
  });
  column.y += 40;
}

function legendColumn(app, column) {
  const { now, texts } = app;
  chipNodes(app, column);
  const none = noneRow(app, now.classes);
  if (none) column.swatch(now.classes.colours[now.classes.none], none.textContent);
  const { missing } = now.classes.counts(now.shown);
  if (missing) column.swatch(MISSING, texts.say("map.legend.missing", { count: missing }));
  if (!now.moving && app.state.mode !== "baseline") column.say(texts.say("map.legend.fixed"), { fill: SOFT });
  const total = regionLine(app);
  if (total) column.say(total.textContent);
}

function factColumn(app, column) {
  const { texts, now, settings } = app;
  const colon = texts.language === "zh" ? "：" : ": ";
  const fact = (key, value) => value && column.say(`${texts.say(key)}${colon}${value}`, { fill: SOFT });
  fact("map.unit", texts.pick(now.measure.unit));
  fact("map.status", texts.say(`status.${now.measure.status}`));
  fact("map.source", texts.pick(now.measure.source));
  const both = [...new Set(["en", "zh"].map((language) => app.texts.words[language]["map.schematic"]))];
  column.say(both.join(" · "), { fill: SOFT });
  fact("map.about.review", settings.review_number || texts.say("map.about.no_review"));
  column.say(texts.say("map.credit"), { fill: SOFT });
  if (settings.date) column.say(texts.say("map.picture.made", { date: settings.date }), { fill: SOFT });
}

// What the marks in sight stand for.
function symbolKey(app) {
  const { texts, state } = app;
  const shown = app.marks.filter((entry) => entry.shown);
  const has = (key) => shown.some((entry) => entry.keys.includes(key));
  const sectors = Object.keys(SECTORS).filter((sector) => has(`sector:${sector}`));
  const stages = STATUSES.filter((status) => has(`status:${status}`));
  const lines = [["corridors", "#c98a2b", 4], ["rail", "#4a3f6b", 2.4]].filter(([name]) => !state.hidden.has(`layer:${name}`));
  const moving = [app, app.second].some((half) => half && half.movers && half.movers.length);
  return [
    ...sectors.map((sector) => [sectorSymbol(app, sector, app.glyph(sector)), texts.say(`sector.${sector}`)]),
    ...stages.map((stage) => [institutionSymbol({ institution_status: stage }), texts.say(`institution_status.${stage}`)]),
    ...lines.map(([name, colour, width]) => [lineSymbol(colour, width), texts.say(`map.layers.${name}`)]),
    ...(moving ? [[lineSymbol("#7a1250", 2), texts.say("map.picture.arcs")]] : []),
    ...app.own.filter((layer) => !state.hidden.has(layer.key)).map((layer) => [ownSymbol(layer), layer.name]),
  ];
}

function symbolRows(app, column, family) {
  let x = 0;
  for (const [symbol, name] of symbolKey(app)) {
    const text = name.length > 60 ? `${name.slice(0, 59)}…` : name;
    const width = 20 + column.measure(text, 11) + 16;
    if (x && x + width > column.width) [x, column.y] = [0, column.y + 20];
    column.nodes.push(symbolNode(symbol, column.x + x, column.y, 14, family));
    column.nodes.push(svg("text", { x: (column.x + x + 19).toFixed(1), y: column.y + 11, "font-size": 11, fill: INK }, text));
    x += width;
  }
  column.y += x ? 26 : 0;
}

// --- the sheet -------------------------------------------------------------------------------------------------------

function nameBar(text, { x, y, width }, measure) {
  const short = wrapped(text, (part) => measure(part, 13, 600) <= width - 20);
  const line = short.length > 1 ? `${short[0]}…` : text;
  return [svg("rect", { x, y, width, height: 24, fill: "#0f4f6b" }), svg("text", { x: x + width / 2, y: y + 16.5, "text-anchor": "middle", "font-size": 13, "font-weight": 600, fill: "#ffffff" }, line)];
}

function scaleNodes(app, frame, k) {
  const bar = app.root.querySelector(".jjj-scale");
  const length = parseFloat(bar.style.width) * k;
  const [x, y] = [10, frame.height * k - 10];
  return [
    svg("path", { d: `M${x} ${y - 6}V${y}H${(x + length).toFixed(1)}V${y - 6}`, fill: "none", stroke: "#37424a", "stroke-width": 1.6 }),
    svg("text", { x: x + 4, y: y - 5, "font-size": 11, fill: INK }, bar.textContent),
  ];
}

// Where the maps lie on the sheet: one, or two beside or above one another.
function spots(app, frame) {
  const { second, narrow, state } = app;
  const count = second && !narrow ? 2 : 1;
  const k = Math.max(1, (PICTURE.least - PICTURE.gap) / (frame.width * count));
  const [width, height] = [frame.width * k, frame.height * k];
  const one = (half, name, x, row) => ({ half, name, x, row, width, height, k });
  if (!second) return [one(app, "", 0, 0)];
  const names = [sideName(app, state.a), sideName(app, state.b)];
  return [one(app, names[0], 0, 0), one(second, names[1], narrow ? 0 : width + PICTURE.gap, narrow ? 1 : 0)];
}

function mapsOn(app, column, frame, family) {
  const list = spots(app, frame);
  const ids = list.length > 1 ? ["map-a", "map-b"] : ["map"];
  const top = column.y;
  list.forEach((spot, i) => {
    const bar = spot.name ? 24 : 0;
    const [x, y] = [column.x + spot.x, top + spot.row * (spot.height + bar + PICTURE.gap)];
    if (bar) column.nodes.push(...nameBar(spot.name, { x, y, width: spot.width }, column.measure));
    const move = `translate(${x.toFixed(1)} ${(y + bar).toFixed(1)})`;
    column.nodes.push(svg("g", { transform: move }, mapNode(spot, frame, ids[i], family)));
    column.nodes.push(svg("g", { transform: move }, swipeNodes(app, frame, spot.k, column.measure), i ? null : scaleNodes(app, frame, spot.k)));
    column.y = y + bar + spot.height;
  });
  column.y += PICTURE.gap;
}

function swipeNodes(app, frame, k, measure) {
  if (app.state.mode !== "swipe") return [];
  const at = (app.state.swipe * app.map.getSize().x - frame.x) * k;
  const [left, right] = [sideName(app, app.state.a), sideName(app, app.state.b)];
  const wide = frame.width * k;
  return [
    ...nameBar(left, { x: 0, y: 0, width: clamp(at, 0, wide) }, measure),
    ...nameBar(right, { x: clamp(at, 0, wide), y: 0, width: clamp(wide - at, 0, wide) }, measure),
    svg("rect", { x: at - 1.5, y: 0, width: 3, height: frame.height * k, fill: "#ffffff" }),
  ];
}

function sheetWidth(app, frame) {
  return Math.max(...spots(app, frame).map((spot) => spot.x + spot.width));
}

function drawPicture(app) {
  const family = getComputedStyle(app.root).fontFamily;
  const measure = ruler(family);
  const frame = frameOf(app);
  const width = sheetWidth(app, frame);
  const main = new Column(PICTURE.edge, PICTURE.edge - 6, width, measure);
  main.say(app.texts.say("map.title"), { fill: SOFT });
  main.say(legendTitle(app), { size: 20, weight: 700 });
  main.say(legendSides(app), { size: 13, after: 8 });
  mapsOn(app, main, frame, family);
  symbolRows(app, main, family);
  const wide = width >= PICTURE.column * 1.6;
  const legend = new Column(main.x, main.y, wide ? PICTURE.column : width, measure);
  legendColumn(app, legend);
  const facts = wide ? new Column(main.x + PICTURE.column + 30, main.y, width - PICTURE.column - 30, measure) : new Column(main.x, legend.y + 4, width, measure);
  factColumn(app, facts);
  const size = { width: Math.ceil(width + 2 * PICTURE.edge), height: Math.ceil(Math.max(legend.y, facts.y) + PICTURE.edge - 8) };
  const title = `${legendTitle(app)}. ${legendSides(app)}`;
  const sheet = svg("svg", { ...size, viewBox: `0 0 ${size.width} ${size.height}`, role: "img", lang: document.documentElement.lang, "font-family": family });
  sheet.append(svg("title", {}, title), svg("rect", { width: size.width, height: size.height, fill: PAPER }), ...main.nodes, ...legend.nodes, ...facts.nodes);
  return sheet;
}

// --- out of the page ----------------------------------------------------------------------------------------------------

// A text may hold what no XML file may.
function fitForXml(node) {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let one = walker.currentNode; one; one = walker.nextNode()) {
    if (one.nodeType === Node.TEXT_NODE) one.data = one.data.replace(NOT_XML, "\ufffd");
    else for (const attribute of one.attributes) attribute.value = attribute.value.replace(NOT_XML, "\ufffd");
  }
  return node;
}

function svgBlob(sheet) {
  return new Blob([new XMLSerializer().serializeToString(fitForXml(sheet)), "\n"], { type: "image/svg+xml" });
}

// Two to four times as fine as the screen: wide enough for a page in print, within what telephones can hold.
async function pngBlob(sheet) {
  const [width, height] = [Number(sheet.getAttribute("width")), Number(sheet.getAttribute("height"))];
  const scale = clamp(Math.min(PICTURE.sharp / width, Math.sqrt(PICTURE.most / (width * height))), 2, 4);
  const address = URL.createObjectURL(svgBlob(sheet));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = el("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw new Error(`${canvas.width} × ${canvas.height}`);
    return blob;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function pictureName(app, kind) {
  const when = app.state.mode === "baseline" ? "start" : app.state.year || "start";
  return `jingjinji-${app.now.measure.id.replace(/[^\w-]+/g, "-")}-${when}.${kind}`;
}

const KEPT_FOR = 60000; // milliseconds a browser has to read what it saves

function handOut(blob, name) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_FOR);
}

async function savePicture(app, kind) {
  const name = pictureName(app, kind);
  try {
    const sheet = drawPicture(app);
    handOut(kind === "svg" ? svgBlob(sheet) : await pngBlob(sheet), name);
    app.tell(app.texts.say("map.picture.saved", { name }));
  } catch (error) {
    app.tell(app.texts.say("map.picture.failed", { reason: error.message }));
  }
}

function pictureRow(app) {
  const one = (kind) => button(app.texts.say(`map.picture.${kind}`), () => savePicture(app, kind), { "aria-label": app.texts.say(`map.picture.${kind}_label`), "data-picture": kind });
  return el("div", { class: "jjj-picture" }, el("span", {}, app.texts.say("map.picture.label")), ["svg", "png"].map(one));
}

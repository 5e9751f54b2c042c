// Two maps side by side: left A, right B, and whatever one does the other follows.
//
// The right map is a second app that inherits everything from the first but its map and what lies on it, so that
// the same functions draw both. It is made when first asked for and kept, hidden, while other modes are shown.

const ALIKE = 1; // pixels by which both maps may differ: a pane lies on whole pixels
// What the cards leave free of each map when the whole region is shown.
const BESIDE_ROOM = {
  wide: { paddingTopLeft: [12, 140], paddingBottomRight: [12, 58] },
  medium: { paddingTopLeft: [8, 150], paddingBottomRight: [8, 190] },
  narrow: { paddingTopLeft: [6, 6], paddingBottomRight: [6, 6] },
};
const LEAST_SHARE = 0.42; // of a narrow frame's height that both maps keep together, whatever is open

function ownToSecond(box) {
  return { box, half: "right", second: null, spare: null, marked: null, movers: null, moverLayers: null, moverKey: "", arcRenderer: null, roadLayers: null, tripLayers: null, tripKey: "", flowsFresh: false, tileLayer: null, own: null, ownMarked: null };
}

// The left one of two maps; in every other mode the only map shows B.
function showsFirst(app) {
  return app.state.mode === "beside" && !app.half;
}

function makeSecond(app) {
  const box = el("div", { class: "jjj-map second" });
  app.root.querySelector(".jjj-map").after(box);
  const second = Object.assign(Object.create(app), ownToSecond(box));
  // it follows the same state, but only while it is shown
  second.store = { set: (patch) => app.store.set(patch), follow: (keys, draw) => app.store.follow(keys, () => app.second && draw()) };
  second.map = makeMap(second);
  second.map.setView(app.map.getCenter(), app.map.getZoom());
  second.map.on("zoomend", () => scaleOfSight(second));
  second.map.on("moveend", () => layLabels(second));
  drawLand(second);
  second.sides = { a: drawCounties(second, "fillA") };
  drawBorders(second);
  second.labels = labelItems(app.region);
  buildMarks(second);
  buildFlows(second, app.flows);
  followTiles(second);
  second.store.follow("selected", () => markSelected(second));
  second.store.follow("language", () => drawGlyphs(second));
  second.store.follow("hidden", () => showOwn(second));
  second.store.follow("selected", () => markOwn(second));
  bind(app, second);
  return second;
}

// What may have changed while it was hidden.
function refreshSecond(app) {
  const { second } = app;
  second.led = false;
  second.map.invalidateSize({ animate: false, pan: false });
  second.map.setView(app.map.getCenter(), app.map.getZoom(), { animate: false });
  ownBeside(app);
  for (const draw of [showMarks, showLines, showOwn, markOwn, markSelected, drawGlyphs, drawTiles, layLabels]) draw(second);
}

// A reader's own layers lie on both maps.
function ownBeside(app) {
  const { second } = app;
  if (!second || second.ownFrom === app.own) return;
  second.ownFrom = app.own;
  setOwn(second, app.own);
}

// --- together: the map that is moved leads, the other goes where it went -------------------------------

function viewOf({ map }) {
  return { center: map.getCenter(), zoom: map.getZoom() };
}

function alike(map, one, two) {
  if (one.zoom !== two.zoom) return false;
  return map.project(one.center, one.zoom).distanceTo(map.project(two.center, two.zoom)) <= ALIKE;
}

// As a drag does it: the pane moves at once, its content is drawn anew when the movement ends.
function slide(half, center) {
  const { map } = half;
  const pane = map.getPane("mapPane");
  const offset = map.project(center).subtract(map.project(map.getCenter())).round();
  L.DomUtil.setPosition(pane, L.DomUtil.getPosition(pane).subtract(offset));
  half.slid = true;
  map.fire("move");
}

function goTo(half, { center, zoom }, event) {
  // two fingers pass through sizes between the steps; setView would jump from step to step
  if (event.pinch) half.map._move(center, zoom, { pinch: true, round: false });
  else if (half.map.getZoom() === zoom) slide(half, center);
  else {
    half.led = event.type === "zoomanim";
    half.map.setView(center, zoom, { animate: half.led });
  }
}

// Quiet: what it does now was asked for by the other one and is no news to it.
function quietly(half, work) {
  half.quiet = true;
  work();
  half.quiet = false;
}

function mirror(app, from, to, event, view = viewOf(from)) {
  if (!app.second || from.quiet || from.led) return;
  if (!alike(from.map, view, viewOf(to))) quietly(to, () => goTo(to, view, event));
  if (event.type !== "moveend" || !to.slid) return;
  to.slid = false;
  quietly(to, () => to.map.fire("moveend"));
}

function bindOne(app, from, to) {
  from.map.on("move moveend", (event) => mirror(app, from, to, event));
  from.map.on("zoomanim", (event) => mirror(app, from, to, event, { center: event.center, zoom: event.zoom }));
  // after a zoom that was led: the leader may be further by now
  from.map.on("zoomend", () => {
    if (!from.led) return;
    from.led = false;
    mirror(app, to, from, { type: "zoomanim" });
  });
  // a map that still glides stops when the other one is taken up
  from.map.getContainer().addEventListener("pointerdown", () => app.second && quietly(to, () => to.map.stop()));
  mirrorTips(app, from, to);
}

function bind(app, second) {
  bindOne(app, app, second);
  bindOne(app, second, app);
}

// The county under the pointer, with the number of the other map, at the same spot there.
function mirrorTips(app, from, to) {
  const tip = L.tooltip({ className: "jjj-tip jjj-echo", opacity: 1 });
  let shown = -1;
  const close = () => {
    shown = -1;
    to.map.closeTooltip(tip);
  };
  from.sides.a.group.on("mouseover mousemove", ({ layer, latlng }) => {
    if (!app.second) return;
    tip.setLatLng(latlng);
    if (shown !== layer.county) tip.setContent(halfTip(to, layer.county));
    if (shown < 0) to.map.openTooltip(tip);
    shown = layer.county;
  });
  from.sides.a.group.on("mouseout", close);
  from.map.on("movestart zoomstart", close);
}

function halfTip(half, i) {
  const { texts, now, region, state } = half;
  const first = showsFirst(half);
  const county = region.counties[i];
  return el(
    "div",
    {},
    el("strong", {}, texts.name(county)),
    el("small", {}, texts.other(county)),
    el("div", { class: "jjj-tipname" }, texts.pick(now.measure.name)),
    valueLine(half, sideName(half, first ? state.a : state.b), (first ? now.before : now.after)[i]),
  );
}

// --- where the two maps lie ----------------------------------------------------------------------------

// Beside the right column of a wide frame, over the whole of a medium one, between the cards of a narrow one.
function roomOfBoth(app) {
  const { root, boxes, tier, state } = app;
  const frame = root.getBoundingClientRect();
  if (tier !== "narrow") return { top: 0, bottom: 0, right: tier === "wide" || state.table ? boxes.right.offsetWidth + 20 : 0 };
  // a legend or fields unfolded for a moment lie over the maps
  if (app.room && app.room.height === frame.height && ["legend", "fields"].includes(state.open)) return app.room;
  const top = boxes.left.getBoundingClientRect().bottom - frame.top + 6;
  const bottom = frame.bottom - boxes.middle.getBoundingClientRect().top + 6;
  app.room = { top, right: 0, bottom: Math.max(0, Math.min(bottom, frame.height * (1 - LEAST_SHARE) - top)), height: frame.height };
  return app.room;
}

function placeHalves(app) {
  const room = roomOfBoth(app);
  for (const name of ["top", "right", "bottom"]) app.root.style.setProperty(`--both-${name}`, `${Math.round(room[name])}px`);
  if (!app.second) return;
  for (const half of [app, app.second]) quietly(half, () => half.map.invalidateSize({ animate: false }));
  mirror(app, app, app.second, { type: "moveend" });
}

function sizeMaps(app) {
  if (!app.second) return void app.map.invalidateSize({ animate: false });
  placeHalves(app);
  nameHalves(app); // left and right, or above and below
  drawLegend(app);
}

function atHome(app) {
  return Boolean(app.home) && app.home.zoom === app.map.getZoom() && app.map.project(app.home.center).distanceTo(app.map.project(app.map.getCenter())) < 3;
}

// A view of the whole region stays one; any other keeps its middle and its scale.
function keepingHome(app, change) {
  const home = atHome(app);
  change();
  if (home) fitRegion(app);
  drawScale(app);
}

function openBeside(app) {
  keepingHome(app, () => {
    if (!app.parts.names) buildNames(app);
    placeHalves(app);
    app.map.invalidateSize({ animate: false });
    if (app.spare) app.spare.box.hidden = false;
    else app.spare = makeSecond(app);
    app.second = app.spare;
    refreshSecond(app);
  });
}

function closeBeside(app) {
  keepingHome(app, () => {
    app.second.map.fire("movestart"); // takes tips off
    app.second.box.hidden = true;
    app.second = null;
    app.map.invalidateSize({ animate: false });
  });
  app.map.getContainer().setAttribute("aria-label", app.texts.say("map.aria"));
}

function removeMaps(app) {
  if (app.spare) app.spare.map.remove();
  if (app.boxWatch) app.boxWatch.disconnect();
  app.map.remove();
}

// --- names, and what the values say ----------------------------------------------------------------------

function buildNames(app) {
  app.parts.names = ["first", "last"].map((name) => el("div", { class: `jjj-half ${name}` }));
  app.root.querySelector(".jjj-map").after(...app.parts.names);
  app.boxWatch = new ResizeObserver(() => app.second && placeHalves(app));
  for (const box of [app.boxes.left, app.boxes.middle, app.boxes.right]) app.boxWatch.observe(box);
}

function nameHalves(app) {
  const { texts, state, narrow } = app;
  const names = [sideName(app, state.a), sideName(app, state.b)];
  const keys = narrow ? ["map.beside.upper", "map.beside.lower"] : ["map.beside.left", "map.beside.right"];
  [app, app.second].forEach((half, i) => {
    app.parts.names[i].textContent = names[i];
    app.parts.names[i].title = names[i];
    half.map.getContainer().setAttribute("aria-label", texts.say("map.beside.aria", { which: texts.say(keys[i], { name: names[i] }), what: texts.say("map.aria") }));
    half.map.getContainer().setAttribute("role", "application");
  });
}

// Both maps are painted with the same classes; there is no other place that colours the right one.
function drawBeside(app) {
  const on = app.state.mode === "beside";
  if (on !== Boolean(app.second)) (on ? openBeside : closeBeside)(app);
  if (!on) return;
  paint(app.second.sides.a, app.now.after, app.now.classes);
  nameHalves(app);
}

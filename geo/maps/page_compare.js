// What the counties show: start, scenario, both sides of a swipe, or the difference.

const START = -1;

function measureOf(app) {
  return app.measures.find((measure) => measure.id === app.state.measure) || app.measures[0];
}

// A measure without years describes the region as it is; no scenario changes it.
function hasYears(app, measure) {
  return app.scenarios.some((scenario) => scenario.has(measure.id));
}

function emptyValues(app) {
  return new Float64Array(app.region.counties.length).fill(NaN);
}

function startValues(app, measure) {
  if (measure.before) return measure.before.map((value) => (value === null ? NaN : value));
  const scenario = [app.scenarios[app.state.b], ...app.scenarios].find((one) => one && one.has(measure.id));
  return scenario ? scenario.values(measure.id).before : emptyValues(app);
}

function sideValues(app, measure, side) {
  const scenario = app.scenarios[side];
  if (!scenario || measure.before) return startValues(app, measure);
  return scenario.has(measure.id) ? scenario.at(measure.id, app.state.year) : emptyValues(app);
}

function changeValues(after, before) {
  return Array.from(after, (value, i) => value - before[i]);
}

function everyYear(app, measure, side) {
  const scenario = app.scenarios[side];
  return scenario && scenario.has(measure.id) ? scenario.values(measure.id).after : [];
}

// Classes hold for all years and both sides, so that a colour means the same while the years pass.
function levelClasses(app, measure) {
  const { a, b } = app.state;
  const some = (years) => years.filter((_, i) => i % 6 === 0 || i === years.length - 1);
  const arrays = [startValues(app, measure), ...some(everyYear(app, measure, a)), ...some(everyYear(app, measure, b))];
  return measure.scale === "diverging" ? divergingClasses(arrays, measure.digits) : sequentialClasses(arrays, measure.digits);
}

function changeClasses(app, measure) {
  const { a, b } = app.state;
  const [one, two] = [everyYear(app, measure, a), everyYear(app, measure, b)];
  const before = startValues(app, measure);
  const shift = two.length ? app.scenarios[b].years[0] - (one.length ? app.scenarios[a].years[0] : 0) : 0;
  const arrays = two.map((after, t) => {
    const other = one.length ? one[clamp(t + shift, 0, one.length - 1)] : before;
    return changeValues(after, other);
  });
  return divergingClasses(arrays, measure.digits);
}

function classesFor(app, kind) {
  const measure = measureOf(app);
  const key = [kind, measure.id, app.state.a, app.state.b, app.edition].join();
  if (app.classCache.key !== key || !app.classCache[kind]) {
    app.classCache = { key, [kind]: kind === "change" ? changeClasses(app, measure) : levelClasses(app, measure) };
  }
  return app.classCache[kind];
}

// The two sides that the mode compares: every number, heading and explanation takes them from here.
function comparedSides(app) {
  const { mode, a, b } = app.state;
  return { left: ["swipe", "beside", "difference"].includes(mode) ? a : START, right: mode === "baseline" ? START : b };
}

// One description of what is on the map; map, legend, table and tips all read it.
function describe(app) {
  const measure = measureOf(app);
  const { mode } = app.state;
  const { left, right } = comparedSides(app);
  const before = sideValues(app, measure, left);
  const after = sideValues(app, measure, right);
  const change = changeValues(after, before);
  const kind = mode === "difference" ? "change" : "level";
  const classes = classesFor(app, kind);
  const shown = { baseline: before, scenario: after, swipe: after, beside: after, difference: change }[mode];
  return { measure, mode, left, right, before, after, change, classes, shown, moving: hasYears(app, measure) };
}

function sideName(app, side) {
  const scenario = app.scenarios[side];
  if (!scenario) return app.texts.say("map.start");
  return `${app.texts.pick(scenario.name)} · ${app.state.year}`;
}

function drawValues(app) {
  const started = performance.now();
  app.now = describe(app);
  const { mode, classes, before, shown } = app.now;
  const swipe = mode === "swipe";
  paint(app.sides.a, swipe || mode === "beside" ? before : shown, classes);
  app.map.getPane("fillB").style.display = swipe ? "" : "none";
  if (swipe) paint(app.sides.b, shown, classes);
  app.root.dataset.mode = mode;
  drawSwipe(app);
  drawBeside(app);
  app.timings.values = performance.now() - started;
}

// --- swipe: both panes lie on one another and are clipped at the divider -------------------------------

// What belongs to the scenario on the right.
const ON_B = ["roads", "arcs", "trips", "movers"];

function clipPane(app, name, from, to) {
  const size = app.map.getSize();
  const [low, high] = [app.map.containerPointToLayerPoint([from * size.x, 0]), app.map.containerPointToLayerPoint([to * size.x, size.y])];
  const corners = [`${low.x}px ${low.y}px`, `${high.x}px ${low.y}px`, `${high.x}px ${high.y}px`, `${low.x}px ${high.y}px`];
  app.map.getPane(name).style.clipPath = `polygon(${corners.join(",")})`;
}

function drawSwipe(app) {
  const on = app.state.mode === "swipe";
  const { divider } = app.parts;
  divider.hidden = !on;
  for (const name of ["fillA", "fillB", ...ON_B]) app.map.getPane(name).style.clipPath = "";
  if (!on) return;
  const at = app.state.swipe;
  clipPane(app, "fillA", 0, at);
  for (const name of ["fillB", ...ON_B]) clipPane(app, name, at, 1);
  divider.style.left = `${at * 100}%`;
  const handle = divider.querySelector(".jjj-handle");
  handle.setAttribute("aria-valuenow", Math.round(at * 100));
  const [left, right] = divider.querySelectorAll(".jjj-side");
  left.textContent = sideName(app, app.state.a);
  right.textContent = sideName(app, app.state.b);
}

const SWIPE_KEYS = { ArrowLeft: -0.02, ArrowRight: 0.02, ArrowDown: -0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };

function moveSwipe(app, share) {
  app.store.set({ swipe: clamp(share, 0.02, 0.98) });
}

function buildSwipe(app) {
  const handle = el("div", {
    class: "jjj-handle",
    role: "slider",
    tabindex: "0",
    "aria-orientation": "horizontal",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
    onkeydown: (event) => {
      if (!(event.key in SWIPE_KEYS)) return;
      event.preventDefault();
      moveSwipe(app, app.state.swipe + SWIPE_KEYS[event.key]);
    },
  });
  const divider = el("div", { class: "jjj-divider", hidden: true }, el("span", { class: "jjj-side left" }), el("span", { class: "jjj-side right" }), handle);
  const drag = (event) => {
    const box = app.root.getBoundingClientRect();
    moveSwipe(app, (event.clientX - box.left) / box.width);
  };
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", drag);
    event.stopPropagation();
  });
  for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => handle.removeEventListener("pointermove", drag));
  app.parts.divider = divider;
  app.root.querySelector(".jjj-map").after(divider);
  app.map.on("move zoomend resize", () => drawSwipe(app));
  app.store.follow("swipe", () => drawSwipe(app));
}

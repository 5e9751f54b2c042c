// How far a scenario's changes may go: 10 to 90 % of draws of the assumptions, where they were drawn.

class Ranges {
  constructor(raw) {
    Object.assign(this, openBlock(raw), { ready: new Map() });
  }

  // Low and high by year and county.
  ends(measure) {
    if (!this.ready.has(measure)) this.ready.set(measure, this.decode(this.places.get(measure)));
    return this.ready.get(measure);
  }

  decode(place) {
    const { years, counties } = this.head;
    const numbers = readNumbers(this.raw, place.at, 2 * years * counties);
    return [0, 1].map((end) => {
      const rows = Array.from({ length: years }, () => new Float64Array(counties));
      addChanges(rows, numbers.subarray(end * years * counties, (end + 1) * years * counties), place.step);
      for (const row of rows) for (const i of place.missing) row[i] = NaN;
      return rows;
    });
  }
}

async function readRanges(bytes) {
  return new Ranges(await inflate(bytes));
}

// Ranges of the change on the map: against the start, or between two scenarios where they are known.
function rangesOf(app) {
  const { left } = comparedSides(app);
  const { b } = app.state;
  if (left === START) return app.ranges[b] || null;
  const key = apartKey(left, b);
  if (app.live && !app.apart.has(key) && left !== b && (app.ranges[left] || app.ranges[b])) askApart(app, `${sideIds(app).a} ${sideIds(app).b}`);
  return app.apart.get(key) || null;
}

function apartKey(a, b) {
  return `${Math.min(a, b)}-${Math.max(a, b)}`;
}

const ASKED_AFTER = 400; // milliseconds on the same two scenarios
const APART_FROM = 1500; // milliseconds after anything else was told: the component holds one event at a time
const ASKED_AGAIN = 8000; // milliseconds until an answer may be missed
const ASKED_MOST = 3;

// The live map tells Python which two scenarios are looked at, for the ranges between them.
function askApart(app, two) {
  if (app.apartAsked === two) return;
  Object.assign(app, { apartAsked: two, apartTries: 0 });
  soonApart(app, ASKED_AFTER);
}

function soonApart(app, wait) {
  clearTimeout(app.apartTimer);
  app.apartTimer = setTimeout(() => {
    const since = Date.now() - app.toldAt;
    if (since < APART_FROM || app.answering) soonApart(app, APART_FROM);
    else tellApart(app);
  }, wait);
}

// What is told draws the page anew, which would close the answer to a question; while that is open it covers
// the map, so that nothing moves there.
function noteAnswers(app) {
  const back = () => {
    if (Date.now() - app.toldAt > APART_FROM) app.answering = false;
  };
  for (const name of ["pointermove", "pointerdown", "keydown"]) app.root.addEventListener(name, back, { passive: true });
}

// The sides as they are now: the list may have shifted since.
function tellApart(app) {
  const { left } = comparedSides(app);
  const { b } = app.state;
  // Python names also what is still being drawn
  if (left === START || left === b || app.apart.has(apartKey(left, b)) || app.apartTries >= ASKED_MOST) return;
  app.apartTries += 1;
  app.send({ type: "apart", a: left, b });
  soonApart(app, ASKED_AGAIN);
}

// The range of the change on the map for a county, null where there is none.
function rangeOf(app, measure, i) {
  const ranges = rangesOf(app);
  const scenario = app.scenarios[app.state.b];
  if (!ranges || !scenario || !ranges.places.has(measure.id)) return null;
  const at = clamp(app.state.year - scenario.years[0], 0, ranges.head.years - 1);
  const found = ranges.ends(measure.id).map((rows) => rows[at][i]);
  // a range of nothing would say no more than the number, and less exactly
  if (!found.every(Number.isFinite) || found[0] === found[1]) return null;
  // kept as the later in the list less the earlier
  return comparedSides(app).left > app.state.b ? [0 - found[1], 0 - found[0]] : found;
}

function rangeText(app, measure, found) {
  const [low, high] = found.map((value) => app.texts.number(value, measure.digits, true));
  return low === high ? low : app.texts.say("range.span", { low, high });
}

function rangeLabel(app) {
  const ranges = rangesOf(app);
  return ranges ? app.texts.say("range.label", { draws: ranges.head.draws }) : "";
}

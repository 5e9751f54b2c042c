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
  return app.apart.get(`${Math.min(left, b)}-${Math.max(left, b)}`) || askApart(app, left, b);
}

const ASKED_AFTER = 400; // milliseconds on the same two scenarios

// The live map asks Python for the ranges between two scenarios that are looked at, once.
function askApart(app, a, b) {
  const two = `${sideIds(app).a} ${sideIds(app).b}`;
  if (!app.live || a === b || !(app.ranges[a] || app.ranges[b]) || app.apartAsked === two) return null;
  app.apartAsked = two;
  clearTimeout(app.apartTimer);
  app.apartTimer = setTimeout(() => app.apartAsked === two && app.send({ type: "apart", a, b }), ASKED_AFTER);
  return null;
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

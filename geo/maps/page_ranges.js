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

function rangesOf(app) {
  return comparedSides(app).left === START ? app.ranges[app.state.b] : null;
}

// The range of the change on the map for a county, null where there is none.
function rangeOf(app, measure, i) {
  const ranges = rangesOf(app);
  const scenario = app.scenarios[app.state.b];
  if (!ranges || !scenario || !ranges.places.has(measure.id)) return null;
  const at = clamp(app.state.year - scenario.years[0], 0, ranges.head.years - 1);
  const found = ranges.ends(measure.id).map((rows) => rows[at][i]);
  return found.every(Number.isFinite) ? found : null;
}

function rangeText(app, measure, found) {
  const [low, high] = found.map((value) => app.texts.number(value, measure.digits, true));
  return low === high ? low : app.texts.say("range.span", { low, high });
}

function rangeLabel(app) {
  const ranges = rangesOf(app);
  return ranges ? app.texts.say("range.label", { draws: ranges.head.draws }) : "";
}

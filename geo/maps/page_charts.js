// Charts of what the map shows, drawn from the numbers in the page by the rules of geo/comparison.py.

const SIDE_LOOKS = { start: ["#6b7680", "2 3"], a: [BROWNS[2], "7 3"], b: [BLUES[2], "none"] };
const MOST_BARS = 8; // counties that gain, and as many that lose
const BAR_ROW = 24; // height of a bar and of the button beside it: targets of WCAG 2.2
const [CHART_INK, CHART_SOFT, CHART_LINE] = ["#16232f", "#4d5c68", "#d5dbe0"];
const FILE_WIDTH = 640;
const LETTER_WIDTH = 6.2; // width of a Latin letter at 11 px; a Chinese one is twice as wide

// --- numbers ------------------------------------------------------------------------------------------

// A difference that cannot be read off is none.
function settledChange(change, digits) {
  return Math.abs(change) < 0.5 * 10 ** -digits * (1 - 1e-9) ? 0 : change;
}

// Which of start, A and B the mode speaks of; the last two are compared.
function chartSides(app) {
  const { texts, scenarios, state, now } = app;
  const alone = state.mode === "baseline" || !now.moving;
  const left = alone ? START : now.left;
  const two = left !== START;
  const side = (key, index) => {
    const name = texts.pick(scenarios[index].name);
    const letter = key.toUpperCase();
    return { key, side: index, name: two ? texts.say("map.charts.letter", { letter, name }) : name, short: two ? letter : texts.say("map.scenario") };
  };
  const list = [{ key: "start", side: START, name: texts.say("map.start"), short: texts.say("map.start_short") }];
  if (two) list.push(side("a", left));
  if (!alone) list.push(side("b", state.b));
  return { alone, left, list, pair: list.slice(-2) };
}

// A measure by county; null where the page does not hold it.
function countyValues(app, id, side, year) {
  const scenario = app.scenarios[side];
  if (scenario) return scenario.has(id) ? scenario.at(id, year) : null;
  const measure = app.measures.find((one) => one.id === id);
  return measure && (measure.before || hasYears(app, measure)) ? startValues(app, measure) : null;
}

// Over several counties: the sum, or the weighted mean, or NaN where none is formed.
function pooledNumber(app, measure, side, year, inside) {
  const values = countyValues(app, measure.id, side, year);
  if (!values) return NaN;
  if (inside.length === 1) return values[inside[0]];
  const [table, column] = measure.across.split(".");
  const sum = table === "sum";
  const weights = sum ? null : column ? app.region.counties.map((county) => county[column]) : countyValues(app, table, side, year);
  if (!sum && !weights) return NaN;
  let [top, total] = [0, 0];
  for (const i of inside) {
    if (!Number.isFinite(values[i])) continue;
    const weight = sum ? 1 : weights[i] || 0;
    top += weight * values[i];
    total += weight;
  }
  return total > 0 ? (sum ? top : top / total) : NaN;
}

// The region's number before anything moves is the model's own, too: that of a year in which no county has changed yet.
function regionStart(app, measure, inside) {
  const some = [app.scenarios[app.state.b], ...app.scenarios].filter((one) => one && one.has(measure.id) && one.regional[measure.id]);
  const still = some.find((one) => {
    const { before, after } = one.values(measure.id);
    return after[0].every((value, i) => Object.is(value, before[i]));
  });
  if (still) return still.regional[measure.id][0] ?? NaN;
  return some.length && measure.across !== "sum" ? NaN : pooledNumber(app, measure, START, 0, inside);
}

function placeNumber(app, measure, side, year, place) {
  if (!place.whole) return pooledNumber(app, measure, side, year, place.inside);
  if (side === START) return regionStart(app, measure, place.inside);
  const { regional, years } = app.scenarios[side];
  const series = regional[measure.id];
  return series ? (series[clamp(year - years[0], 0, series.length - 1)] ?? NaN) : pooledNumber(app, measure, side, year, place.inside);
}

function insideOf(app, city) {
  return app.region.counties.flatMap((county, i) => (county.city_code === city.code ? [i] : []));
}

// The chosen county or city, else the region.
function chartPlace(app) {
  const { type } = app.state.selected || {};
  const item = type === "county" || type === "city" ? chosenItem(app) : null;
  if (!item) return { name: app.texts.say("map.charts.region"), whole: true, inside: app.region.counties.map((_, i) => i) };
  return { name: app.texts.name(item), inside: type === "city" ? insideOf(app, item) : [app.region.countyAt.get(item.code)] };
}

// One place, compared; alone, only its first value means something.
function comparedRow(app, item, values) {
  const { digits } = app.now.measure;
  const change = settledChange(values[1] - values[0], digits);
  return { item, values, change, percent: Math.abs(values[0]) >= 0.5 * 10 ** -digits ? (100 * change) / Math.abs(values[0]) : NaN };
}

// Counties that differ, the largest gain first and the largest loss last; ties in the order of the counties.
function countyChanges(app, { pair }) {
  const [before, after] = pair.map(({ side }) => countyValues(app, app.now.measure.id, side, app.state.year));
  if (!before || !after) return [];
  const found = app.region.counties.map((item, i) => comparedRow(app, item, [before[i], after[i]]));
  const side = (sign) => found.filter((row) => sign * row.change > 0).sort((x, y) => sign * (y.change - x.change));
  return [...side(1), ...side(-1).reverse()];
}

function cityRows(app, { pair, alone }) {
  const rows = app.region.cities.map((item) => comparedRow(app, item, pair.map(({ side }) => pooledNumber(app, app.now.measure, side, app.state.year, insideOf(app, item)))));
  return rows.filter((row) => Number.isFinite(alone ? row.values[0] : row.change));
}

// The map's classes, kept while measure and sides stay: they hold for all years.
function mapClasses(app, make) {
  const key = [app.now.measure.id, app.state.a, app.state.b, app.edition].join();
  if (app.chartClasses?.key !== key) app.chartClasses = { key };
  return (app.chartClasses[make.name] ||= make(app, app.now.measure));
}

// --- drawing: attributes only, so that a saved file looks the same --------------------------------------

function textWidth(text) {
  return Array.from(text).reduce((sum, letter) => sum + (letter >= "\u2e80" ? 2 : 1), 0) * LETTER_WIDTH;
}

function cutText(text, room) {
  let short = String(text);
  if (textWidth(short) <= room) return short;
  short = Array.from(short).slice(0, Math.max(1, Math.floor(room / LETTER_WIDTH)));
  while (short.length > 1 && textWidth(short.join("")) > room - LETTER_WIDTH) short.pop();
  return `${short.join("")}…`;
}

function svgText(x, y, text, more = {}) {
  return svg("text", { x, y, "font-size": 11, fill: CHART_INK, ...more }, String(text));
}

function svgLine(x1, y1, x2, y2, more = {}) {
  return svg("line", { x1, y1, x2, y2, stroke: CHART_LINE, ...more });
}

function svgPicture(width, height, children) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height }, children);
}

function roundStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find((times) => times * power >= raw * (1 - 1e-9));
}

// Rounding stays flat: never less than ten last digits, or a thousandth of the number.
function valueAxis(numbers, digits) {
  let [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const more = Math.max(10 * 10 ** -digits, 1e-3 * Math.max(Math.abs(low), Math.abs(high))) - (high - low);
  [low, high] = [low - Math.max(more, 0) / 2, high + Math.max(more, 0) / 2];
  const step = roundStep((high - low) / 4);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  return { step, low: first * step, high: last * step, ticks: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step) };
}

// As many decimals as the step needs, so that no two ticks read the same.
function tickText(app, value, { step, low, high }) {
  const size = Math.max(Math.abs(low), Math.abs(high));
  const units = app.texts.language === "zh" ? [[1e8, "亿"], [1e5, "万"]] : [[1e9, "bn"], [1e6, "M"]];
  const [from, suffix] = units.find(([least]) => size >= least) || [1, ""];
  const power = from === 1e5 ? 1e4 : from;
  const digits = Math.max(0, -Math.floor(Math.log10(step / power) + 1e-9));
  return value ? formatNumber(value / power, "en", digits) + suffix : "0";
}

function yearTicks(years) {
  const [first, last] = [years[0], years.at(-1)];
  const between = years.filter((year) => year % 10 === 0 && year - first > 4 && last - year > 4);
  return [...new Set([first, ...between, last])];
}

// Names at the ends of the lines, pushed apart where they would lie on one another.
function endLabels(lines, x, y, height) {
  const ends = lines.map((one) => ({ one, at: y(one.values.findLast(Number.isFinite)) })).sort((p, q) => p.at - q.at);
  ends.forEach((end, i) => (end.at = Math.max(end.at, i ? ends[i - 1].at + 12 : 8)));
  for (let i = ends.length - 1, floor = height; i >= 0; floor = ends[i].at - 12, i -= 1) ends[i].at = Math.min(ends[i].at, floor);
  return ends.map(({ one, at }) => svgText(x, at + 4, one.short, { fill: SIDE_LOOKS[one.key][0], "font-weight": 650 }));
}

function drawLines(app, { lines, years }, width) {
  const axis = valueAxis(lines.flatMap((one) => one.values.filter(Number.isFinite)), app.now.measure.digits);
  const marks = axis.ticks.map((tick) => tickText(app, tick, axis));
  const [left, right, top, bottom] = [Math.max(...marks.map(textWidth)) + 6, width - Math.max(...lines.map((one) => textWidth(one.short))) - 8, 22, 178];
  const x = (year) => left + ((year - years[0]) * (right - left)) / Math.max(1, years.at(-1) - years[0]);
  const y = (value) => bottom - ((value - axis.low) * (bottom - top)) / (axis.high - axis.low);
  const path = (values) => values.map((value, t) => (Number.isFinite(value) ? `${t && Number.isFinite(values[t - 1]) ? "L" : "M"}${x(years[t]).toFixed(1)} ${y(value).toFixed(1)}` : "")).join("");
  const now = clamp(app.state.year, years[0], years.at(-1));
  const read = svg("g");
  const node = svgPicture(width, 200, [
    svgText(0, 10, cutText(app.texts.pick(app.now.measure.unit), width - 20), { fill: CHART_SOFT }),
    ...axis.ticks.flatMap((tick, i) => [svgLine(left, y(tick), right, y(tick)), svgText(left - 5, y(tick) + 4, marks[i], { "text-anchor": "end", fill: CHART_SOFT })]),
    ...yearTicks(years).map((year) => svgText(x(year), 194, year, { "text-anchor": "middle", fill: CHART_SOFT })),
    svgLine(x(now), top, x(now), bottom, { stroke: CHART_INK, "stroke-dasharray": "4 3", "data-year": now }),
    ...lines.map(({ key, values }) => svg("path", { d: path(values), fill: "none", stroke: SIDE_LOOKS[key][0], "stroke-width": 2.2, "stroke-dasharray": SIDE_LOOKS[key][1], "data-line": key })),
    ...endLabels(lines, right + 5, y, bottom),
    read,
  ]);
  const show = (year) => {
    const dots = lines.map(({ key, values }) => [key, values[year - years[0]]]).filter(([, value]) => Number.isFinite(value));
    read.replaceChildren(svgLine(x(year), top, x(year), bottom, { stroke: CHART_INK }), ...dots.map(([key, value]) => svg("circle", { cx: x(year), cy: y(value), r: 3.6, fill: SIDE_LOOKS[key][0], stroke: "#fff", "stroke-width": 1.5 })));
  };
  show(now);
  return { node, show, yearAt: (at) => clamp(Math.round(years[0] + ((at - left) * (years.at(-1) - years[0])) / (right - left)), years[0], years.at(-1)) };
}

// Bars about zero, each with its number; names stand beside the picture, in a saved file inside it.
function drawBars(rows, width, inFile) {
  const [low, high] = [Math.min(0, ...rows.map((row) => row.value)), Math.max(0, ...rows.map((row) => row.value))];
  const room = (sign) => Math.max(4, ...rows.filter((row) => (row.value < 0) === sign).map((row) => textWidth(row.text) + 8));
  const [start, end] = [(inFile ? 200 : 0) + (low < 0 ? room(true) : 4), width - room(false)];
  const x = (value) => start + ((value - low) * (end - start)) / (high - low || 1);
  const bars = rows.flatMap(({ value, text, colour, name }, i) => [
    svg("rect", { x: Math.min(x(0), x(value)), y: i * BAR_ROW + 5, width: Math.abs(x(value) - x(0)), height: 14, fill: colour, stroke: CHART_SOFT, "stroke-width": 0.4, "data-value": value }),
    svgText(x(value) + (value < 0 ? -4 : 4), i * BAR_ROW + 16, text, { "text-anchor": value < 0 ? "end" : "start" }),
    inFile ? svgText(0, i * BAR_ROW + 16, cutText(name, 190)) : null,
  ]);
  return svgPicture(width, rows.length * BAR_ROW, [...bars, svgLine(x(0), 0, x(0), rows.length * BAR_ROW, { stroke: CHART_SOFT })]);
}

// For each class one bar a side; the class's colour stands before its name.
function drawClasses(rows, sides, width) {
  const each = 14 * sides.length + 8;
  const left = Math.max(...rows.map((row) => textWidth(row.name))) + 24;
  const most = Math.max(1, ...rows.flatMap((row) => row.counts));
  const x = (count) => (count * (width - left - 34)) / most;
  const parts = rows.flatMap(({ name, colour, counts }, i) => [
    svg("rect", { x: 0.5, y: i * each + each / 2 - 6, width: 12, height: 12, rx: 3, fill: colour, stroke: "#b9bfc2" }),
    svgText(18, i * each + each / 2 + 4, name),
    ...counts.flatMap((count, k) => [
      svg("rect", { x: left, y: i * each + 4 + k * 14, width: x(count), height: 12, fill: SIDE_LOOKS[sides[k].key][0], "data-value": count }),
      svgText(left + x(count) + 4, i * each + 14 + k * 14, count),
    ]),
  ]);
  return svgPicture(width, rows.length * each, [...parts, svgLine(left, 0, left, rows.length * each, { stroke: CHART_SOFT })]);
}

// --- the charts: title, what is compared, picture, its words, table -----------------------------------------

function unitText(app, value, sign = false) {
  const { measure } = app.now;
  return `${app.texts.number(value, measure.digits, sign)}${NO_BREAK}${app.texts.pick(measure.unit)}`;
}

function joinTexts(app, list) {
  return list.join(app.texts.language === "zh" ? "，" : ", ");
}

// The start has no year.
function chartTitle(app, id, dated, place) {
  const { texts, state, now } = app;
  const title = texts.say(`map.charts.${id}`, { measure: texts.pick(now.measure.name), place });
  return { id, title: dated ? texts.say("map.charts.in_year", { title, year: state.year }) : title };
}

function yearsChart(app, sides) {
  const { texts, state, now } = app;
  const { measure } = now;
  const place = chartPlace(app);
  const chart = chartTitle(app, "lines", false, place.name);
  const pair = (name, value) => texts.say("map.charts.value", { name, value: unitText(app, value) });
  if (sides.alone) return { ...chart, none: `${pair(texts.say("map.start"), placeNumber(app, measure, START, state.year, place))}. ${aloneText(app)}` };
  const { years } = app.scenarios[state.b];
  const lines = sides.list.map((side) => ({ ...side, values: years.map((year) => placeNumber(app, measure, side.side, year, place)) })).filter((one) => one.values.some(Number.isFinite));
  if (!lines.length) return { ...chart, none: texts.say(measure.across || !place.whole ? "map.charts.no_number" : "map.charts.no_mean") };
  const readOut = (year) => joinTexts(app, lines.map(({ name, values }) => pair(name, values[year - years[0]])));
  const year = clamp(state.year, years[0], years.at(-1));
  return {
    ...chart,
    lines,
    years,
    readOut,
    alt: texts.say("map.charts.alt.lines", { first: years[0], last: years.at(-1), year, values: readOut(year) }),
    keys: lines,
    draw: (width) => drawLines(app, { lines, years }, width).node,
    heads: [texts.say("map.time.year"), ...lines.map((one) => one.name)],
    rows: years.map((one, t) => [String(one), ...lines.map(({ values }) => [values[t], measure.digits])]),
  };
}

// Why nothing is compared.
function aloneText(app) {
  return app.texts.say(app.now.moving ? "map.charts.alone" : "map.legend.fixed");
}

// The most and the least in words; of differences, only what gains and what loses.
function endsText(app, bars, alone) {
  const { texts } = app;
  const order = bars.slice().sort((x, y) => y.value - x.value);
  const who = ({ name, value }, sign) => (alone || sign * value > 0 ? texts.say("map.charts.who", { name, value: unitText(app, value, !alone) }) : texts.say("map.charts.nobody"));
  return texts.say(alone ? "map.charts.alt.levels" : "map.charts.alt.changes", { most: who(order[0], 1), least: who(order.at(-1), -1) });
}

// Bars of differences in the map's classes over all years, or of the start alone.
function barsChart(app, { alone, left, pair }, chart, type, rows, drawn, sub) {
  const { texts, state, now } = app;
  const { digits } = now.measure;
  const classes = alone ? null : mapClasses(app, changeClasses);
  const bars = drawn.map(({ item, values, change }) => {
    const value = alone ? values[0] : change;
    return { name: texts.name(item), code: item.code, type, value, colour: classes ? classes.colour(value) : SIDE_LOOKS.start[0], text: texts.number(value, digits, !alone) };
  });
  const compared = alone ? texts.say("map.start") : texts.say("map.legend.minus", { b: sideName(app, state.b), a: sideName(app, left) });
  return {
    ...chart,
    bars,
    sub: sub ? `${compared} · ${sub}` : compared,
    alt: endsText(app, bars, alone),
    draw: (width, inFile) => drawBars(bars, width, inFile),
    heads: [texts.say(`map.type.${type}`), ...pair.map((side) => side.name), ...(alone ? [] : [texts.say("map.change"), "%"])],
    rows: rows.map(({ item, values, change, percent }) => [texts.name(item), ...pair.map((_, k) => [values[k], digits]), ...(alone ? [] : [[change, digits, true], [percent, 2, true]])]),
  };
}

function gainsChart(app, sides) {
  const chart = chartTitle(app, "gains", !sides.alone);
  if (sides.alone) return { ...chart, none: aloneText(app) };
  const rows = countyChanges(app, sides);
  if (!rows.length) return { ...chart, none: app.texts.say("map.charts.no_change") };
  const drawn = rows.filter((row, i) => (row.change > 0 ? i : rows.length - 1 - i) < MOST_BARS);
  return barsChart(app, sides, chart, "county", rows, drawn);
}

// How the number of a city comes about, or why there is none.
function acrossText(app) {
  const { texts, measures, now } = app;
  const { across } = now.measure;
  if (!across || across === "sum") return texts.say(across ? "map.charts.added" : "map.charts.no_mean");
  const own = measures.find((one) => one.id === across);
  const weight = { "counties.area_km2": texts.say("map.area"), "counties.population": texts.say("map.charts.residents") }[across] || (own ? texts.pick(own.name) : across);
  return texts.say(across.includes(".") || (own && hasYears(app, own)) ? "map.charts.mean" : "map.charts.no_weight", { weight });
}

function citiesChart(app, sides) {
  const chart = chartTitle(app, "cities", !sides.alone);
  const rows = cityRows(app, sides);
  return rows.length ? barsChart(app, sides, chart, "city", rows, rows, acrossText(app)) : { ...chart, none: acrossText(app) };
}

function classesChart(app, { pair, alone }) {
  const { texts, state, now } = app;
  const classes = mapClasses(app, levelClasses);
  const chart = chartTitle(app, "classes", !alone);
  const values = pair.map(({ side }) => Array.from(countyValues(app, now.measure.id, side, state.year) || []));
  const counts = values.map((one) => classes.counts(one).counts);
  if (!counts.flat().some(Boolean)) return { ...chart, none: texts.say("map.charts.no_number") };
  const rows = classes.colours.map((colour, i) => ({ name: className(app, classes, i), colour, counts: counts.map((one) => one[i]) }));
  const [first, second = first] = values;
  const moved = first.filter((value, i) => classes.of(value) !== classes.of(second[i])).length;
  return {
    ...chart,
    keys: pair,
    alt: texts.say("map.charts.alt.classes", { classes: rows.length, moved, sides: joinTexts(app, pair.map((side) => side.name)) }),
    draw: (width) => drawClasses(rows, pair, width),
    unit: `${texts.say("map.charts.counties")} (${texts.pick(now.measure.unit)})`,
    heads: [texts.pick(now.measure.unit), ...pair.map((side) => side.name)],
    rows: rows.map((row) => [row.name, ...row.counts.map((count) => [count, 0])]),
  };
}

function className(app, classes, i) {
  if (i === classes.none) return app.texts.say(classes.kind === "diverging" ? "map.legend.no_change" : "map.legend.zero");
  return app.texts.say("map.legend.class", { low: boundText(app, classes, i), high: boundText(app, classes, i + 1) });
}

// --- the panel --------------------------------------------------------------------------------------------

function lineSample(key) {
  return svg("svg", { viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" }, svgLine(0, 5, 28, 5, { stroke: SIDE_LOOKS[key][0], "stroke-width": 2.2, "stroke-dasharray": SIDE_LOOKS[key][1] }));
}

function keyList(chart) {
  if (!chart.keys) return null;
  return el("ul", { class: "jjj-keys" }, chart.keys.map(({ key, name }) => el("li", {}, lineSample(key), el("span", {}, name), el("b"))));
}

const READ_KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5, Home: -1e4, End: 1e4 };

// A slider over the picture reads the years out; it does not move the map until told to.
function yearReader(app, chart, drawn, keys) {
  const { years, lines } = chart;
  const { texts } = app;
  const values = keys.querySelectorAll("b");
  let at = 0;
  const show = (year) => {
    at = clamp(year, years[0], years.at(-1));
    drawn.show(at);
    lines.forEach((one, k) => (values[k].textContent = `${at}${texts.language === "zh" ? "：" : ": "}${unitText(app, one.values[at - years[0]])}`));
    slider.setAttribute("aria-valuenow", at);
    slider.setAttribute("aria-valuetext", joinTexts(app, [at, chart.readOut(at)]));
  };
  const home = () => show(app.state.year);
  const take = () => app.store.set({ year: at, playing: false });
  const slider = el("div", {
    class: "jjj-read",
    role: "slider",
    tabindex: "0",
    "data-again": "read",
    "aria-label": texts.say("map.charts.read"),
    "aria-valuemin": years[0],
    "aria-valuemax": years.at(-1),
    onkeydown: (event) => {
      if (event.key === "Enter") take();
      if (!(event.key in READ_KEYS)) return;
      event.preventDefault();
      show(at + READ_KEYS[event.key]);
    },
    onpointermove: (event) => show(drawn.yearAt(event.offsetX)),
    onpointerleave: home,
    onblur: home,
    onclick: (event) => {
      show(drawn.yearAt(event.offsetX));
      take();
    },
  });
  home();
  return slider;
}

function nameList(app, chart) {
  const { selected } = app.state;
  const press = ({ name, type, code }) => button(name, () => app.select(type, code), { class: "jjj-link", title: name, "data-again": `${chart.id}:${code}`, "aria-pressed": String(Boolean(selected) && selected.type === type && selected.id === code) });
  return el("ul", { class: "jjj-names" }, chart.bars.map((bar) => el("li", {}, press(bar))));
}

function asImage(node, alt) {
  return dress(node, { role: "img", "aria-label": alt });
}

function chartBody(app, chart, width) {
  if (chart.lines) {
    const [keys, drawn] = [keyList(chart), drawLines(app, chart, width)];
    return [keys, el("div", { class: "jjj-plot" }, asImage(drawn.node, chart.alt), yearReader(app, chart, drawn, keys)), el("p", { class: "jjj-hint" }, app.texts.say("map.charts.read_hint"))];
  }
  if (!chart.bars) return [keyList(chart), asImage(chart.draw(width), chart.alt)];
  const names = Math.min(190, Math.round(width * 0.36));
  return [el("div", { class: "jjj-bars" }, nameList(app, chart), asImage(chart.draw(width - names - 8), chart.alt))];
}

function chartCell(app, cell, i) {
  if (i === 0) return el("th", { scope: "row" }, cell);
  const [value, digits, sign] = cell;
  return el("td", { class: "number", "data-value": Number.isFinite(value) ? String(value) : "" }, app.texts.number(value, digits, sign));
}

// The table is made when it is opened, and stays open while the chart is drawn anew.
function chartTwin(app, chart) {
  const { texts } = app;
  const open = (app.chartFolds ||= {});
  const table = () => {
    const heads = chart.heads.map((text, i) => el("th", { scope: "col", class: i ? "number" : "" }, text));
    const body = chart.rows.map((cells) => el("tr", {}, cells.map((cell, i) => chartCell(app, cell, i))));
    return el("table", {}, el("caption", {}, `${chart.title} (${chart.unit || texts.pick(app.now.measure.unit)})`), el("thead", {}, el("tr", {}, heads)), el("tbody", {}, body));
  };
  const fill = () => {
    open[chart.id] = fold.open;
    if (fold.open && fold.childElementCount === 1) fold.append(table());
  };
  const fold = el("details", { open: open[chart.id], ontoggle: fill }, el("summary", { "data-again": `fold:${chart.id}` }, texts.say("map.charts.table")));
  if (fold.open) fill();
  return fold;
}

function noteText(app, chart) {
  const { texts, now } = app;
  const { measure } = now;
  return texts.say("map.charts.note", { unit: chart.unit || texts.pick(measure.unit) || DASH, status: texts.say(`status.${measure.status}`), source: texts.pick(measure.source) });
}

function chartSection(app, chart, width) {
  const { texts } = app;
  const save = chart.none ? null : button(texts.say("map.charts.save"), () => saveChart(app, chart), { class: "jjj-save", "data-again": `save:${chart.id}`, "aria-label": texts.say("map.charts.save_of", { title: chart.title }) });
  const head = el("header", {}, el("h3", {}, chart.title), save);
  const rest = chart.none ? [el("p", { class: "jjj-hint" }, chart.none)] : [chart.sub ? el("p", { class: "jjj-hint" }, chart.sub) : null, ...chartBody(app, chart, width)];
  const twin = chart.none ? null : chartTwin(app, chart);
  return el("section", { "data-chart": chart.id }, head, rest, el("p", { class: "jjj-hint" }, noteText(app, chart)), twin);
}

function drawCharts(app) {
  const { charts } = app.parts;
  charts.hidden = !app.state.charts;
  if (charts.hidden) return;
  const again = charts.contains(document.activeElement) ? document.activeElement.dataset.again : null;
  const old = charts.querySelector(".jjj-body");
  const top = old ? old.scrollTop : 0;
  const width = Math.max(240, charts.clientWidth - 34);
  const sides = chartSides(app);
  const list = [yearsChart, gainsChart, citiesChart, classesChart].map((make) => make(app, sides));
  const body = el("div", { class: "jjj-body" }, list.map((chart) => chartSection(app, chart, width)), el("p", { class: "jjj-hint" }, app.texts.say("map.charts.precision")));
  charts.replaceChildren(panelHead(app, "charts", app.texts.say("map.charts.title")), body);
  app.chartWidth = charts.clientWidth;
  body.scrollTop = top;
  if (again) charts.querySelector(`[data-again="${again}"]`)?.focus({ preventScroll: true });
}

function followCharts(app) {
  app.store.follow("charts selected", () => drawCharts(app));
  new ResizeObserver(() => app.parts.charts.clientWidth !== app.chartWidth && drawCharts(app)).observe(app.parts.charts);
}

// --- a chart as a file ---------------------------------------------------------------------------------------

// Chinese breaks anywhere, other text between words.
function wrapText(text, room) {
  const lines = [""];
  for (const word of text.match(/[^\s\u2e80-\uffef]+\s*|[\u2e80-\uffef]\s*/g) || []) {
    if (lines.at(-1) && textWidth(lines.at(-1) + word) > room) lines.push("");
    lines.push(lines.pop() + word);
  }
  return lines.map((one) => cutText(one.trim(), room));
}

function chartFile(app, chart) {
  const room = FILE_WIDTH - 32;
  const parts = [];
  let y = 12;
  const write = (text, more = {}) => wrapText(text, room * (more.share || 1)).forEach((one) => parts.push(svgText(16, (y += more.step || 15), one, { fill: CHART_SOFT, ...more.look })));
  write(chart.title, { step: 19, share: 0.72, look: { fill: CHART_INK, "font-size": 15, "font-weight": 650 } });
  if (chart.sub) write(chart.sub);
  for (const { key, name } of chart.keys || []) {
    parts.push(svgLine(16, y + 14, 44, y + 14, { stroke: SIDE_LOOKS[key][0], "stroke-width": 2.2, "stroke-dasharray": SIDE_LOOKS[key][1] }), svgText(52, (y += 18), cutText(name, room - 40)));
  }
  const picture = dress(chart.draw(room, true), { x: 16, y: (y += 14) });
  y += Number(picture.getAttribute("height")) + 6;
  write(noteText(app, chart));
  const file = svgPicture(FILE_WIDTH, y + 14, [svg("title", {}, chart.title), svg("desc", {}, chart.alt), svg("rect", { width: "100%", height: "100%", fill: "#fff" }), ...parts, picture]);
  return dress(file, { "font-family": getComputedStyle(app.root).fontFamily });
}

function saveChart(app, chart) {
  handOut(svgBlob(chartFile(app, chart)), `${chart.id}_${app.now.measure.id.replace(/[^\w.-]/g, "_")}_${app.state.year}.svg`);
}

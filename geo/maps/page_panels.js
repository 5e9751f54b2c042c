// Cards over the map: controls, legend, years, messages.

const MODES = ["baseline", "scenario", "swipe", "beside", "difference"];

function modeBar(app) {
  const press = (mode) => app.store.set({ mode });
  return el(
    "div",
    { class: "jjj-modes", role: "group", "aria-label": app.texts.say("map.mode.label") },
    MODES.map((mode) =>
      button(app.texts.say(`map.mode.${mode}`), () => press(mode), {
        "aria-pressed": String(app.state.mode === mode),
        "data-mode": mode,
        title: app.texts.say(`map.mode.${mode}_help`),
        disabled: mode !== "baseline" && !app.scenarios.length,
      }),
    ),
  );
}

function groupName(app, group) {
  for (const key of [`map.group.${group}`, `measure_group.${group}`]) if (app.texts.has(key)) return app.texts.say(key);
  return group.replaceAll("_", " ");
}

function measureSelect(app) {
  const groups = new Map();
  for (const measure of app.measures) {
    if (!measure.before && !hasYears(app, measure)) continue;
    groups.set(measure.group, [...(groups.get(measure.group) || []), measure]);
  }
  const select = el(
    "select",
    { "aria-label": app.texts.say("map.measure"), class: "jjj-measure", onchange: () => app.store.set({ measure: select.value }) },
    [...groups].map(([group, list]) =>
      el("optgroup", { label: groupName(app, group) }, list.map((measure) => el("option", { value: measure.id }, app.texts.pick(measure.name)))),
    ),
  );
  select.value = measureOf(app).id;
  return select;
}

function scenarioSelect(app, key, first) {
  const label = app.texts.say(key === "b" ? "map.scenario" : "map.compared_with");
  const options = app.scenarios.map((scenario, i) => el("option", { value: String(i) }, app.texts.pick(scenario.name)));
  const select = el(
    "select",
    { "aria-label": label, class: `jjj-scenario-${key}`, onchange: () => app.store.set({ [key]: Number(select.value) }) },
    first ? el("option", { value: String(START) }, app.texts.say("map.start")) : null,
    options,
  );
  select.value = String(app.state[key]);
  return el("label", { class: "jjj-field" }, el("span", {}, label), select);
}

function drawControls(app) {
  const kept = app.root.contains(document.activeElement) ? document.activeElement : null;
  const again = kept && kept.dataset.mode ? `[data-mode="${kept.dataset.mode}"]` : kept && kept.className ? `.${kept.className.split(" ")[0]}` : null;
  const { texts, state, scenarios } = app;
  const fields = [el("label", { class: "jjj-field wide" }, el("span", {}, texts.say("map.measure")), measureSelect(app))];
  if (scenarios.length && state.mode !== "baseline") fields.push(scenarioSelect(app, "b", false));
  if (scenarios.length && ["swipe", "beside", "difference"].includes(state.mode)) fields.push(scenarioSelect(app, "a", true));
  app.parts.controls.replaceChildren(modeBar(app), el("div", { class: "jjj-fields" }, fields));
  if (again && app.parts.controls.querySelector(again)) app.parts.controls.querySelector(again).focus();
}

// --- legend -------------------------------------------------------------------------------------------

function legendTitle(app) {
  const { texts, state, now } = app;
  const unit = texts.pick(now.measure.unit);
  const name = texts.pick(now.measure.name);
  if (state.mode !== "difference") return unit ? `${name} (${unit})` : name;
  return texts.say("map.legend.change", { name, unit: unit || DASH });
}

function legendSides(app) {
  const { texts, state } = app;
  if (state.mode === "difference") return texts.say("map.legend.minus", { b: sideName(app, state.b), a: sideName(app, state.a) });
  if (state.mode === "swipe") return texts.say("map.legend.swipe", { a: sideName(app, state.a), b: sideName(app, state.b) });
  if (state.mode === "beside") return texts.say(app.narrow ? "map.beside.stacked" : "map.legend.swipe", { a: sideName(app, state.a), b: sideName(app, state.b) });
  return sideName(app, state.mode === "baseline" ? START : state.b);
}

function boundText(app, classes, i) {
  const bound = classes.bounds[i];
  const signed = classes.kind === "diverging";
  return app.texts.short(bound, Math.abs(bound) >= 1000 ? 0 : classes.digits, signed);
}

function swatch(app, classes, i, count, key = "map.legend.count") {
  const [low, high] = [boundText(app, classes, i), boundText(app, classes, i + 1)];
  const none = i === classes.none;
  const label = none ? app.texts.say(classes.kind === "diverging" ? "map.legend.no_change" : "map.legend.zero") : app.texts.say("map.legend.class", { low, high });
  const chip = el("span", { class: "jjj-chip", role: "listitem", "aria-label": app.texts.say(key, { label, count }), title: `${label}: ${count}` }, String(count));
  chip.style.background = classes.colours[i];
  chip.style.color = inkOn(classes.colours[i]);
  return chip;
}

// Bounds stand under the seams; the class of no change carries its name instead of two tiny numbers.
function boundRow(app, classes) {
  const last = classes.bounds.length - 1;
  const cells = classes.bounds.map((_, i) => {
    const hideZero = classes.none >= 0 && (i === classes.none || i === classes.none + 1) && classes.kind === "diverging";
    return el("span", { class: i === 0 ? "first" : i === last ? "last" : "" }, hideZero ? "" : boundText(app, classes, i));
  });
  return el("div", { class: "jjj-bounds", "aria-hidden": "true" }, cells);
}

function noneRow(app, classes) {
  if (classes.none < 0) return null;
  const key = classes.kind === "diverging" ? "map.legend.none_is" : "map.legend.zero_is";
  const limit = app.texts.number(classes.bounds[classes.none + 1], Math.min(classes.digits + 1, 6));
  const chip = el("i", { class: "jjj-dot" });
  chip.style.background = classes.colours[classes.none];
  return el("div", { class: "jjj-key" }, chip, app.texts.say(key, { limit }));
}

function legendFacts(app, missing) {
  const { texts, now } = app;
  const lines = [el("div", { class: "jjj-facts" }, el("span", { class: "jjj-badge" }, texts.say(`status.${now.measure.status}`)), el("span", {}, texts.pick(now.measure.source)))];
  const total = regionLine(app);
  if (total) lines.unshift(total);
  if (!now.moving && app.state.mode !== "baseline") lines.unshift(el("p", { class: "jjj-hint" }, texts.say("map.legend.fixed")));
  if (missing) {
    const chip = el("i", { class: "jjj-dot" });
    chip.style.background = MISSING;
    lines.unshift(el("div", { class: "jjj-key" }, chip, texts.say("map.legend.missing", { count: missing })));
  }
  return lines;
}

function regionLine(app) {
  const { state, now, texts } = app;
  const scenario = app.scenarios[state.b];
  const series = scenario && state.mode !== "baseline" ? scenario.regional[now.measure.id] : null;
  const value = series ? series[clamp(state.year - scenario.years[0], 0, series.length - 1)] : null;
  if (!known(value)) return null;
  const text = `${texts.number(value, now.measure.digits)}${NO_BREAK}${texts.pick(now.measure.unit)}`;
  return el("p", { class: "jjj-region" }, texts.say("map.legend.region", { name: sideName(app, state.b), value: text }));
}

function drawLegend(app) {
  const { classes, shown, measure } = app.now;
  const { counts, missing } = classes.counts(shown);
  const chips = el("div", { class: "jjj-chips", role: "list", "aria-label": app.texts.say("map.legend.label") }, counts.map((count, i) => swatch(app, classes, i, count)));
  const help = app.texts.pick(measure.help);
  app.parts.legend.replaceChildren(
    el("h2", {}, legendTitle(app)),
    el("p", { class: "jjj-sides" }, legendSides(app)),
    chips,
    boundRow(app, classes),
    ...[noneRow(app, classes)].filter(Boolean),
    ...legendFacts(app, missing),
    ...(help ? [el("details", {}, el("summary", {}, app.texts.say("map.legend.help")), help)] : []),
    ...flowLegends(app),
    pictureRow(app),
  );
  app.parts.legend.dataset.bounds = JSON.stringify(classes.bounds);
}

// --- messages and tips --------------------------------------------------------------------------------

const MESSAGE_TIME = 6000;

function tell(app, message) {
  app.parts.message.textContent = message;
  app.parts.message.hidden = false;
  clearTimeout(app.messageTimer);
  app.messageTimer = setTimeout(() => (app.parts.message.hidden = true), MESSAGE_TIME);
}

function valueLine(app, label, value, signed = false) {
  const { measure, classes } = app.now;
  const digits = signed ? Math.max(measure.digits, classes.kind === "diverging" ? classes.digits : 0) : measure.digits;
  const unit = app.texts.pick(measure.unit);
  return el("div", { class: "jjj-tipline" }, el("span", {}, label), el("b", {}, `${app.texts.number(value, digits, signed)}${NO_BREAK}${unit}`));
}

function countyTip(app, i) {
  const { texts, now, region, state } = app;
  const county = region.counties[i];
  const lines = [el("strong", {}, texts.name(county)), el("small", {}, texts.other(county)), el("div", { class: "jjj-tipname" }, texts.pick(now.measure.name))];
  const compare = now.moving && state.mode !== "baseline";
  if (!compare) lines.push(valueLine(app, texts.say("map.start"), now.before[i]));
  else {
    lines.push(valueLine(app, sideName(app, now.left), now.before[i]));
    lines.push(valueLine(app, sideName(app, state.b), now.after[i]), valueLine(app, texts.say("map.change"), now.change[i], true));
    const range = rangeOf(app, now.measure, i);
    if (range) lines.push(el("small", { class: "jjj-range" }, `${texts.say("range.short")} ${rangeText(app, now.measure, range)}`));
  }
  return el("div", {}, lines);
}

function markTip(app, type, item) {
  const { texts } = app;
  const detail = {
    site: () => texts.say(`sector.${item.sector}`),
    institution: () => `${texts.say(`kind.${item.kind}`)} · ${texts.say(`institution_status.${item.institution_status}`)}`,
    station: () => texts.say("map.type.station"),
    corridor: () => texts.say("map.type.corridor"),
    link: () => texts.say("map.minutes_between", { minutes: texts.number(item.minutes) }),
  }[type]();
  const named = type === "link" ? { name_en: item.line_en, name_zh: item.line_zh } : item;
  return el("div", {}, el("strong", {}, texts.name(named)), el("small", {}, texts.other(named)), el("div", { class: "jjj-tipname" }, detail));
}

function moveTip(app, { item, move }) {
  const { texts, region } = app;
  const [from, to] = [move.origin || item.county_code, move.destination].map((code) => (region.county(code) ? texts.name(region.county(code)) : DASH));
  const years = move.years > 1 ? `${move.start}–${move.start + move.years - 1}` : String(move.start);
  const size = known(move.posts) ? ` · ${texts.number(move.posts * (move.share ?? 1))} ${texts.say("map.posts")}` : "";
  return el("div", {}, el("strong", {}, texts.name(item)), el("div", { class: "jjj-tipname" }, `${from} → ${to}`), el("div", {}, years + size));
}

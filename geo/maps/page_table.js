// The table beside the map, and the page about sources.

// Until the reader chooses, what the map shows leads.
function sortKey(app) {
  return app.state.sort.replace("-", "") || (app.state.mode === "difference" ? "change" : "value");
}

function tableOrder(app) {
  const { before, after, change, moving } = app.now;
  const collator = new Intl.Collator(app.texts.language === "zh" ? "zh-Hans-CN" : "en");
  const [key, down] = [sortKey(app), !app.state.sort.startsWith("-")];
  const values = { value: moving && app.state.mode !== "baseline" ? after : before, before, change }[key];
  const order = app.region.counties.map((_, i) => i);
  const low = (value) => (Number.isFinite(value) ? value : -Infinity);
  if (key === "name") order.sort((i, j) => collator.compare(app.texts.name(app.region.counties[i]), app.texts.name(app.region.counties[j])));
  else order.sort((i, j) => low(values[j]) - low(values[i]));
  return down ? order : order.reverse();
}

function sortHead(app, key, label, numeric = true) {
  const current = sortKey(app) === key;
  const falling = !app.state.sort.startsWith("-");
  const down = key === "name" ? !falling : falling;
  const press = button(label, () => app.store.set({ sort: current && falling ? `-${key}` : key }), { "data-sort": key });
  const mark = current ? el("span", { "aria-hidden": "true" }, down ? " ▾" : " ▴") : null;
  press.append(...[mark].filter(Boolean));
  return el("th", { scope: "col", class: numeric ? "number" : "", "aria-sort": current ? (down ? "descending" : "ascending") : "none" }, press);
}

function tableRow(app, i) {
  const { now, texts, region } = app;
  const county = region.counties[i];
  const digits = Math.max(now.measure.digits, now.classes.kind === "diverging" ? now.classes.digits : 0);
  const name = button(texts.name(county), () => app.select("county", county.code), { class: "jjj-link" });
  const cells = [el("th", { scope: "row" }, name), el("td", { class: "place" }, region.cityOf.get(county.city_code) ? texts.name(region.cityOf.get(county.city_code)) : "")];
  const number = (value, shown, sign) => el("td", { class: "number", "data-value": Number.isFinite(value) ? String(value) : "" }, texts.number(value, shown, sign));
  cells.push(number(now.before[i], now.measure.digits));
  if (now.moving) cells.push(number(now.after[i], now.measure.digits), number(now.change[i], digits, true));
  if (now.ranged) {
    const range = rangeOf(app, now.measure, i);
    cells.push(el("td", { class: "number range" }, range ? rangeText(app, now.measure, range) : DASH));
  }
  return el("tr", { "data-code": county.code }, cells);
}

function drawTable(app) {
  const { table } = app.parts;
  table.hidden = !app.state.table;
  app.root.classList.toggle("has-table", app.state.table || app.state.charts);
  if (!app.state.table) return;
  const scroll = table.querySelector(".jjj-body");
  const top = scroll ? scroll.scrollTop : 0;
  const grid = twinOf(app) === "counties" ? countyGrid(app) : flowTable(app);
  const body = el("div", { class: "jjj-body", tabindex: "0", role: "region", "aria-label": app.texts.say("map.table.title") }, grid);
  const parts = [panelHead(app, "table", app.texts.say("map.table.title")), twinBar(app), body].filter(Boolean);
  keepingFocus(table, () => table.replaceChildren(...parts));
  body.scrollTop = top;
}

function countyGrid(app) {
  const { texts, now } = app;
  const heads = [sortHead(app, "name", texts.say("map.type.county"), false), el("th", { scope: "col", class: "place" }, texts.say("map.type.city")), sortHead(app, "before", now.moving ? sideName(app, now.left) : texts.say("map.start"))];
  if (now.moving) heads.push(sortHead(app, "value", sideName(app, now.right)), sortHead(app, "change", texts.say("map.change")));
  now.ranged = Boolean(now.moving && now.right !== START && rangesOf(app) && rangesOf(app).places.has(now.measure.id));
  if (now.ranged) heads.push(el("th", { scope: "col", class: "number", title: rangeLabel(app) }, texts.say("range.short")));
  const caption = el("caption", {}, `${legendTitle(app)} — ${legendSides(app)}`);
  return el("table", { class: now.ranged ? "ranged" : "" }, caption, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, tableOrder(app).map((i) => tableRow(app, i))));
}

// --- about: date, scenarios with their text and hash, sources of layers and measures --------------------

function modelName({ texts }, { model, version }) {
  const name = texts.has(`map.models.${model}`) ? texts.say(`map.models.${model}`) : model;
  return texts.say("map.about.version", { model: name, version });
}

function aboutScenario(app, scenario) {
  return el(
    "section",
    {},
    el("h3", {}, app.texts.pick(scenario.name)),
    facts([fact(app, app.texts.say("map.about.hash"), scenario.hash), fact(app, app.texts.say("map.about.model"), modelName(app, scenario))]),
    el("details", {}, el("summary", {}, app.texts.say("map.about.text")), el("pre", {}, scenario.text)),
  );
}

function aboutLayer(app, layer) {
  const { texts } = app;
  const title = texts.language === "zh" ? layer.title_zh || layer.title_en : layer.title_en || layer.title_zh;
  const note = texts.language === "zh" ? layer.note_zh : layer.note_en;
  return el(
    "section",
    {},
    el("h3", {}, title || layer.id),
    note ? el("p", { class: "jjj-hint" }, note) : null,
    facts([fact(app, texts.say("map.source"), layer.source), fact(app, texts.say("map.about.terms"), layer.terms), fact(app, texts.say("map.about.date"), layer.date), fact(app, texts.say("map.about.datum"), layer.datum), fact(app, texts.say("map.about.rows"), layer.rows)]),
  );
}

function aboutMeasure(app, measure) {
  const { texts } = app;
  const help = texts.pick(measure.help);
  return el("tr", {}, el("th", { scope: "row" }, texts.pick(measure.name), help ? el("small", {}, help) : null), el("td", {}, texts.pick(measure.unit)), el("td", {}, texts.say(`status.${measure.status}`)), el("td", {}, texts.pick(measure.source)));
}

function drawAbout(app) {
  const { about } = app.parts;
  about.hidden = app.state.open !== "about";
  if (about.hidden) return;
  const { texts, settings } = app;
  const heads = ["map.measure", "map.unit", "map.status", "map.source"].map((key) => el("th", { scope: "col" }, texts.say(key)));
  const body = el(
    "div",
    { class: "jjj-body" },
    facts([fact(app, texts.say("map.about.made"), settings.date), fact(app, texts.say("map.about.region"), app.region.hash), fact(app, texts.say("map.about.review"), settings.review_number || texts.say("map.about.no_review"))]),
    el("p", {}, texts.say("map.about.schematic")),
    el("p", {}, texts.say("map.about.precision")),
    el("p", {}, texts.say("map.credit")),
    el("h2", {}, texts.say("map.about.scenarios")),
    app.scenarios.length ? app.scenarios.map((scenario) => aboutScenario(app, scenario)) : el("p", {}, texts.say("map.about.no_scenarios")),
    el("h2", {}, texts.say("map.about.measures")),
    el("div", { class: "jjj-wide" }, el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, app.measures.map((measure) => aboutMeasure(app, measure))))),
    aboutOwn(app),
    el("h2", {}, texts.say("map.about.layers")),
    app.region.catalog.map((layer) => aboutLayer(app, layer)),
  );
  about.replaceChildren(panelHead(app, "about", texts.say("map.about.title")), body);
}

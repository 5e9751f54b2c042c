// The panel of what was chosen: its numbers with unit, source and status.

function fact(app, label, value, status = "") {
  if (!known(value)) return null;
  const mark = status ? el("span", { class: "jjj-badge small" }, app.texts.say(`status.${status}`)) : null;
  return el("div", { class: "jjj-fact" }, el("dt", {}, label), el("dd", {}, String(value), mark ? " " : null, mark));
}

function countFact(app, key, value, unit, status) {
  if (!known(value)) return null;
  return fact(app, app.texts.say(key), `${app.texts.number(value)}${NO_BREAK}${app.texts.say(unit)}`, status);
}

function placeName(app, code) {
  const county = app.region.county(code);
  if (!county) return "";
  const city = app.region.cityOf.get(county.city_code);
  const around = county.xiongan ? app.texts.say("map.xiongan_name") : city ? app.texts.name(city) : "";
  const [first, second] = [app.texts.name(county), around];
  return app.texts.language === "zh" ? `${second}${first}` : [first, second].filter(Boolean).join(", ");
}

function infoHead(app, type, item) {
  const hollow = item.institution_status === "candidate";
  return [
    el("header", {}, el("div", {}, el("p", { class: "jjj-type" }, app.texts.say(`map.type.${type}`)), el("h2", {}, app.texts.name(item)), el("p", { class: "jjj-other" }, app.texts.other(item))), button("✕", () => closePanel(app, "info"), { class: "jjj-close", "aria-label": app.texts.say("map.close") })),
    hollow ? el("p", { class: "jjj-warn" }, app.texts.say("institution_status.candidate")) : null,
  ];
}

function infoFoot(app, item) {
  const { texts } = app;
  const lines = [fact(app, texts.say("map.note"), item.note || item.notes), fact(app, texts.say("map.status"), item.status ? texts.say(`status.${item.status}`) : ""), fact(app, texts.say("map.source"), item.source)];
  return el("dl", { class: "jjj-foot" }, lines.filter(Boolean));
}

function facts(list) {
  return el("dl", {}, list.filter(Boolean));
}

// --- counties: every measure, with a line over the years for the one on the map ------------------------

function countyRow(app, measure, i) {
  const before = sideValues(app, measure, app.now.left)[i];
  const moving = hasYears(app, measure);
  const after = moving ? sideValues(app, measure, app.state.b)[i] : NaN;
  const chosen = measure.id === app.now.measure.id;
  const press = button(app.texts.pick(measure.name), () => app.store.set({ measure: measure.id }), { class: "jjj-link", "aria-pressed": String(chosen) });
  const cells = [before, after].map((value, k) => el("td", {}, k && !moving ? "" : app.texts.number(value, measure.digits)));
  const range = moving ? rangeOf(app, measure, i) : null;
  const change = el("td", {}, moving ? app.texts.number(after - before, measure.digits, true) : "", range ? el("small", { class: "jjj-range" }, rangeText(app, measure, range)) : null);
  const unit = el("small", {}, `${app.texts.pick(measure.unit)} · ${app.texts.say(`status.${measure.status}`)}`);
  return el("tr", { class: chosen ? "chosen" : "" }, el("th", { scope: "row" }, press, unit), cells, change);
}

function countyTable(app, i) {
  const { texts, state } = app;
  const { left } = app.now;
  const listed = app.measures.filter((measure) => measure.before || hasYears(app, measure));
  const head = [texts.say("map.measure"), left === START ? texts.say("map.start_short") : texts.pick(app.scenarios[left].name), String(state.year || ""), texts.say("map.change")];
  const body = listed.map((measure) => countyRow(app, measure, i));
  return el("table", { class: "jjj-numbers" }, el("thead", {}, el("tr", {}, head.map((text) => el("th", { scope: "col" }, text)))), el("tbody", {}, body));
}

function linePath(values, x, y) {
  return values.map((value, t) => `${t ? "L" : "M"}${x(t).toFixed(1)} ${y(value).toFixed(1)}`).join("");
}

function yearChart(app, i) {
  const measure = app.now.measure;
  const scenario = app.scenarios[app.state.b];
  if (!scenario || !scenario.has(measure.id)) return null;
  const { before, after } = scenario.values(measure.id);
  const values = after.map((year) => year[i]);
  const all = [...values, before[i]].filter(Number.isFinite);
  if (!all.length) return null;
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const [x, y] = [(t) => 6 + (t * 268) / Math.max(1, values.length - 1), (value) => 58 - ((value - low) / (high - low || 1)) * 46];
  const at = clamp(app.state.year - scenario.years[0], 0, values.length - 1);
  const label = app.texts.say("map.chart", { name: app.texts.pick(measure.name), first: scenario.years[0], last: scenario.years.at(-1) });
  return el(
    "figure",
    { class: "jjj-chart" },
    svg("svg", { viewBox: "0 0 280 66", role: "img", "aria-label": label }, svg("path", { d: `M6 ${y(before[i])}H274`, class: "start" }), svg("path", { d: linePath(values, x, y), class: "line" }), svg("circle", { cx: x(at), cy: y(values[at]), r: 3.6, class: "dot" })),
    el("figcaption", {}, el("span", {}, String(scenario.years[0])), el("span", {}, label), el("span", {}, String(scenario.years.at(-1)))),
  );
}

function countyInfo(app, county) {
  const i = app.region.countyAt.get(county.code);
  const city = app.region.cityOf.get(county.city_code);
  const { texts } = app;
  const lines = [
    fact(app, texts.say("map.type.city"), city ? texts.name(city) : ""),
    fact(app, texts.say("map.code"), county.code),
    fact(app, texts.say("map.area"), `${texts.number(county.area_km2)}${NO_BREAK}${texts.say("unit.km2")}`),
    countFact(app, "map.residents", county.population, "unit.persons", county.status),
    countFact(app, "map.urban_residents", county.urban_population, "unit.persons", county.status),
  ];
  const warn = county.xiongan ? el("p", { class: "jjj-hint" }, texts.say("map.xiongan")) : null;
  const sure = rangeLabel(app);
  return [facts(lines), warn, yearChart(app, i), explainNumber(app, county, i), countyTable(app, i), sure ? el("p", { class: "jjj-hint" }, sure) : null];
}

// --- institutions: the select box is the twin of the drag ----------------------------------------------

function countyOptions(app) {
  const groups = new Map();
  for (const county of app.region.counties) groups.set(county.city_code, [...(groups.get(county.city_code) || []), county]);
  return [...groups].map(([code, list]) => {
    const city = app.region.cityOf.get(code);
    return el("optgroup", { label: city ? app.texts.name(city) : code }, list.map((county) => el("option", { value: county.code }, app.texts.name(county))));
  });
}

function moveForm(app, item) {
  if (!app.live) return null;
  const { texts, region } = app;
  const named = region.destinations.filter((place, i, all) => region.county(place.code) && all.findIndex((other) => other.code === place.code) === i);
  const select = el(
    "select",
    { class: "jjj-destination", "aria-label": texts.say("map.move.destination") },
    el("option", { value: "" }, texts.say("map.move.choose")),
    el("optgroup", { label: texts.say("map.move.named") }, named.map((place) => el("option", { value: place.code }, texts.name(place)))),
    countyOptions(app),
  );
  const go = button(texts.say("map.move.go"), () => select.value && app.move(item, region.county(select.value)), { class: "jjj-go" });
  return el("div", { class: "jjj-move" }, el("label", {}, texts.say("map.move.label"), select), go, el("p", { class: "jjj-hint" }, texts.say("map.move.help")));
}

function movesOf(app, item) {
  const scenario = app.scenarios[app.state.b];
  const moves = scenario ? scenario.moves.filter((move) => move.institution === item.id) : [];
  return moves.map((move) => {
    const years = move.years > 1 ? `${move.start}–${move.start + move.years - 1}` : String(move.start);
    return fact(app, app.texts.say("map.moves_in", { name: app.texts.pick(scenario.name) }), `→ ${placeName(app, move.destination)}, ${years}`);
  });
}

function institutionInfo(app, item) {
  const { texts } = app;
  const capacity = known(item.dest_capacity) ? `${texts.number(item.dest_capacity)} ${item.dest_capacity_unit || ""}` : "";
  const lines = [
    fact(app, texts.say("map.kind"), texts.say(`kind.${item.kind}`)),
    item.sector ? fact(app, texts.say("map.sector"), texts.say(`sector.${item.sector}`)) : null,
    fact(app, texts.say("map.stage"), texts.say(`institution_status.${item.institution_status}`)),
    fact(app, texts.say("map.place"), placeName(app, item.county_code) + (item.rough ? ` (${texts.say("map.rough")})` : "")),
    countFact(app, "map.staff", item.employees, "unit.persons", item.employees_status),
    countFact(app, "map.students", item.students, "unit.persons", item.students_status),
    countFact(app, "map.beds", item.beds, "unit.bed", item.beds_status),
    fact(app, texts.say("map.destination"), item.destination || placeName(app, item.dest_code)),
    fact(app, texts.say("map.capacity"), capacity),
    fact(app, texts.say("map.announced_year"), item.announced_year),
    fact(app, texts.say("map.opened_year"), item.opened_year),
    fact(app, texts.say("map.expected_open"), item.expected_open),
    ...movesOf(app, item),
  ];
  return [moveForm(app, item), facts(lines)];
}

// --- the others ----------------------------------------------------------------------------------------

function siteInfo(app, item) {
  const { texts } = app;
  const accuracy = known(item.coord_accuracy_km) ? `± ${texts.number(item.coord_accuracy_km)} ${texts.say("unit.km")}` : "";
  return [
    facts([
      fact(app, texts.say("map.sector"), texts.say(`sector.${item.sector}`)),
      fact(app, texts.say("map.role"), item.role && texts.has(`map.roles.${item.role}`) ? texts.say(`map.roles.${item.role}`) : item.role),
      fact(app, texts.say("map.place"), placeName(app, item.county_code)),
      fact(app, texts.say("map.anchors"), item.anchor_firms),
      fact(app, texts.say("map.size"), item.size_figure),
      fact(app, texts.say("map.accuracy"), accuracy),
    ]),
  ];
}

function cityInfo(app, item) {
  const { texts } = app;
  const year = (value) => (known(value) ? ` (${value})` : "");
  const gdp = known(item.gdp_per_head) ? `${texts.number(item.gdp_per_head)} ${texts.say("unit.yuan")}${year(item.gdp_per_head_year)}` : "";
  const air = known(item.pm25) ? `${texts.number(item.pm25, 1)} ${texts.say("unit.ug_m3")}${year(item.pm25_year)}` : "";
  return [
    facts([
      fact(app, texts.say("map.area"), `${texts.number(item.area_km2)} ${texts.say("unit.km2")}`),
      countFact(app, "map.residents", item.population, "unit.persons", item.status),
      fact(app, texts.say("map.base.gdp_per_head.name"), gdp, item.gdp_per_head_status),
      fact(app, texts.say("map.base.pm25.name"), air, item.pm25_status),
    ]),
  ];
}

function stationInfo(app, item) {
  const { texts, region } = app;
  const names = new Map(region.links.map((link) => [link.line_id, texts.name({ name_en: link.line_en, name_zh: link.line_zh })]));
  const lines = (Array.isArray(item.lines) ? item.lines : []).map((line) => names.get(line) || line);
  const links = region.links.filter((link) => link.from_station === item.id || link.to_station === item.id);
  const next = links.map((link) => {
    const other = region.byType.station.get(link.from_station === item.id ? link.to_station : link.from_station);
    return other ? fact(app, texts.name(other), `${texts.number(link.minutes)}${NO_BREAK}${texts.say("unit.minutes")}`, link.status) : null;
  });
  return [facts([fact(app, texts.say("map.place"), placeName(app, item.county_code)), fact(app, texts.say("map.lines"), lines.join(" · ")), ...next])];
}

function corridorInfo(app, item) {
  const { texts } = app;
  return [
    facts([
      fact(app, texts.say("map.scheme"), texts.has(`map.schemes.${item.scheme}`) ? texts.say(`map.schemes.${item.scheme}`) : item.scheme),
      fact(app, texts.say("map.sector"), (item.sectors || []).map((sector) => texts.say(`sector.${sector}`)).join(" · ")),
      fact(app, texts.say("map.counties"), [...new Set(item.county_codes || [])].map((code) => (app.region.county(code) ? texts.name(app.region.county(code)) : "")).filter(Boolean).join(" – ")),
    ]),
  ];
}

// "under test 2026" is the state "under_test" with a year.
function lineState(texts, state) {
  const key = `map.line_states.${String(state || "").split(/[ (]/).slice(0, 2).join("_")}`;
  return texts.has(key) ? texts.say(key) : state;
}

function linkInfo(app, item) {
  const { texts, region } = app;
  const ends = [item.from_station, item.to_station].map((id) => (region.byType.station.get(id) ? texts.name(region.byType.station.get(id)) : id));
  return [
    facts([
      fact(app, texts.say("map.between"), ends.join(" – ")),
      countFact(app, "map.ride", item.minutes, "unit.minutes", item.status),
      countFact(app, "map.length", item.km, "unit.km", item.status),
      fact(app, texts.say("map.opened_year"), item.opening_year),
      fact(app, texts.say("map.line_state"), lineState(texts, item.state)),
    ]),
  ];
}

const INFO = { county: countyInfo, institution: institutionInfo, site: siteInfo, city: cityInfo, station: stationInfo, corridor: corridorInfo, link: linkInfo, own: ownInfo, road: roadInfo, pair: pairInfo };

function chosenItem(app) {
  const { selected } = app.state;
  if (selected && selected.type === "own") return chosenOwn(app);
  return selected && app.region.byType[selected.type] ? app.region.byType[selected.type].get(selected.id) : null;
}

function drawInfo(app) {
  const { info } = app.parts;
  const item = chosenItem(app);
  info.hidden = !item;
  app.root.classList.toggle("has-info", Boolean(item));
  if (!item) return;
  const { type } = app.state.selected;
  const named = type === "link" ? { ...item, name_en: item.line_en, name_zh: item.line_zh } : type === "own" ? ownNamed(app, item) : item;
  const parts = () => [...infoHead(app, type, named), ...INFO[type](app, item), infoFoot(app, item)].filter(Boolean);
  const same = info.dataset.of === `${type}:${item.id || item.code}`;
  info.dataset.of = `${type}:${item.id || item.code}`;
  if (same) return redrawInfo(info, parts);
  info.replaceChildren(...parts());
  info.scrollTop = 0;
}

// Of the same thing: its place, its focus and a destination that was chosen but not gone to yet stay.
function redrawInfo(info, parts) {
  const top = info.scrollTop;
  const chosen = info.querySelector(".jjj-destination")?.value;
  keepingFocus(info, () => info.replaceChildren(...parts()));
  if (chosen) info.querySelector(".jjj-destination").value = chosen;
  info.scrollTop = top;
}

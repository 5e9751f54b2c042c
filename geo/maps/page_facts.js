// Published facts in time: what was announced, begun, opened and is expected, year by year, apart from any scenario.

const FACT_DATES = ["announced", "start", "end", "opened", "expected"];
const FACT_STATES = ["open", "expected", "moving", "announced", "later", "undated"];
const FACT_CHANGES = ["announced", "start", "opened", "expected"];
const FACT_LOOKS = { open: "moved", expected: "expected", moving: "under_construction", announced: "announced", later: "later", undated: "later" };
const FACT_NOW = 2026; // facts were gathered up to this year
const FACT_NAMES = 3; // named in the sentence; the tab and the search hold the rest
const PACES = { slow: 3200, normal: 1600, fast: 800 }; // milliseconds a year: a sentence has to be read

function readFacts(app) {
  const items = app.region.institutions.filter((item) => item.dates);
  const years = items.flatMap((item) => item.dates.filter(known));
  for (const item of items) item.facts = Object.fromEntries(FACT_DATES.map((name, i) => [name, item.dates[i]]));
  app.facts = { items, range: years.length ? [Math.min(...years), Math.max(...years)] : null };
}

// The same rule as geo.timeline.state_in: what an institution is at the end of a year.
function factState(item, year) {
  if (!item.facts) return "undated";
  const { announced, start, end, opened, expected } = item.facts;
  const by = (date) => known(date) && date <= year;
  if (by(known(opened) ? opened : end)) return "open";
  if (by(expected)) return "expected";
  if (by(start)) return "moving";
  return by(announced) ? "announced" : "later";
}

// The same rule as geo.timeline.changes: what a year brings to an institution.
function factChanges(item, year) {
  const { announced, start, end, opened, expected } = item.facts;
  const done = known(opened) ? opened : end;
  const late = expected === year && !(known(done) && done <= year);
  return FACT_CHANGES.filter((change) => ({ announced: announced === year, start: start === year, opened: done === year, expected: late })[change]);
}

function factItems(app) {
  return app.facts.items.filter((item) => !hiddenMover(app, { item, known: true }));
}

// "2024: opens A, B; announced C", or that nothing was published.
function factSentence(app, year) {
  const { texts } = app;
  const items = factItems(app);
  const named = (list) => {
    const names = list.slice(0, FACT_NAMES).map((item) => texts.name(item)).join(texts.say("map.facts.comma"));
    return list.length > FACT_NAMES ? texts.say("map.facts.more", { names, count: list.length - FACT_NAMES }) : names;
  };
  const parts = FACT_CHANGES.toReversed().flatMap((change) => {
    const list = items.filter((item) => factChanges(item, year).includes(change));
    return list.length ? [texts.say(`map.facts.change.${change}`, { names: named(list) })] : [];
  });
  return texts.say(parts.length ? "map.facts.sentence" : "map.facts.nothing", { year, changes: parts.join(texts.say("map.facts.semicolon")) });
}

// --- on the map: in place of the scenario's movers -----------------------------------------------------

function factMoves(app) {
  const year = app.state.factYear;
  return app.facts.items.flatMap((item) => {
    const state = factState(item, year);
    if (!item.dest_code || state === "later") return [];
    return [{ institution: item.id, origin: item.county_code, destination: item.dest_code, start: year, years: 1, state }];
  });
}

function factTip(app, { item, move }) {
  const { texts, region } = app;
  const place = texts.name(region.county(move.destination) || { id: DASH });
  const dates = FACT_DATES.filter((name) => known(item.facts[name])).map((name) => `${texts.say(`map.facts.date.${name}`)} ${item.facts[name]}`);
  return el("div", {}, el("strong", {}, texts.name(item)), el("div", { class: "jjj-tipname" }, `${texts.say(`map.facts.state.${move.state}`)} · ${place}`), el("div", {}, dates.join(" · ")));
}

// How the institution itself looks where it was before: hollow once gone.
function factLook(app, item) {
  return app.state.facts ? FACT_LOOKS[factState(item, app.state.factYear)] : "";
}

// --- beside the slider -----------------------------------------------------------------------------------

function factSwitch(app) {
  if (!app.facts.range) return [];
  const choose = (facts) => {
    const { state } = app;
    if (facts === state.facts) return;
    // facts stand on the starting point: a scenario's colours would look like a consequence of them
    if (facts) app.store.set({ facts, playing: false, modeBefore: state.mode, mode: "baseline" });
    else app.store.set({ facts, playing: false, mode: app.scenarios.length ? state.modeBefore : "baseline" });
  };
  const one = (facts) => button("", () => choose(facts), { "data-clock": facts ? "facts" : "scenario", disabled: !facts && !yearRange(app) });
  const clocks = el("div", { class: "jjj-clocks", role: "group" }, one(false), one(true));
  const pace = el("select", { class: "jjj-pace", onchange: () => app.store.set({ pace: pace.value }) });
  Object.assign(app.parts, { clocks, pace });
  return [el("div", { class: "jjj-whichclock" }, clocks, pace)];
}

function factNotes(app) {
  if (!app.facts.range) return [];
  // the live region stays in the page; only its text changes, so that it is read out
  const said = el("p", { class: "jjj-said", role: "status", "aria-live": "polite" });
  const states = el("ul", { class: "jjj-factstates" });
  const notes = el("div", { class: "jjj-facts-now" }, said, states);
  Object.assign(app.parts, { said, states, notes });
  return [notes];
}

function factKey(app, state, count) {
  const label = app.texts.say(`map.facts.state.${state}`);
  return el("li", {}, institutionSymbol({ institution_status: FACT_LOOKS[state] }), `${label} ${app.texts.number(count)}`);
}

function drawFactNotes(app) {
  const { clocks, said, states, pace, notes } = app.parts;
  if (!app.facts.range) return;
  const { texts, state } = app;
  clocks.setAttribute("aria-label", texts.say("map.facts.clock"));
  for (const press of clocks.children) {
    press.textContent = texts.say(`map.facts.${press.dataset.clock}`);
    press.setAttribute("aria-pressed", String((press.dataset.clock === "facts") === state.facts));
  }
  notes.hidden = pace.hidden = !state.facts;
  app.root.classList.toggle("facts", state.facts);
  if (!state.facts) {
    said.textContent = "";
    return;
  }
  const sentence = factSentence(app, state.factYear);
  if (said.textContent !== sentence) said.textContent = sentence;
  const counts = new Map(FACT_STATES.map((name) => [name, 0]));
  for (const item of factItems(app)) counts.set(factState(item, state.factYear), counts.get(factState(item, state.factYear)) + 1);
  states.replaceChildren(...FACT_STATES.filter((name) => name !== "undated").map((name) => factKey(app, name, counts.get(name))));
  states.setAttribute("aria-label", texts.say("map.facts.states", { year: state.factYear }));
  pace.setAttribute("aria-label", texts.say("map.facts.pace"));
  pace.replaceChildren(...Object.keys(PACES).map((name) => el("option", { value: name }, texts.say(`map.facts.paces.${name}`))));
  pace.value = state.pace;
}

function followFacts(app) {
  const { store } = app;
  store.follow("facts factYear pace hidden", () => {
    drawTime(app);
    drawMovers(app);
  });
  store.follow("pace", () => playYears(app));
  // whoever asks for a scenario's view is done with the facts
  store.follow("mode", () => {
    if (app.state.facts && app.state.mode !== "baseline") store.set({ facts: false, playing: false });
  });
}

function soundFacts(app, state) {
  const { range } = app.facts;
  if (!range) return { facts: false };
  return { factYear: clamp(state.factYear || FACT_NOW, range[0], range[1]), facts: state.facts || !yearRange(app), pace: state.pace in PACES ? state.pace : "normal" };
}

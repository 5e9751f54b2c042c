// Years: one control for two clocks, the years of the scenarios and those of the published facts.

const PLAY_STEP = 650; // milliseconds a year

function yearRange(app) {
  const years = app.scenarios.flatMap((scenario) => scenario.years);
  return years.length ? [Math.min(...years), Math.max(...years)] : null;
}

// What the control moves now: first and last year, the key of the state that it sets, milliseconds a year.
function clockOf(app) {
  const { state } = app;
  if (state.facts) return { range: app.facts.range, key: "factYear", step: PACES[state.pace] || PACES.normal };
  return { range: yearRange(app), key: "year", step: PLAY_STEP };
}

function stepYear(app, by) {
  const { range, key } = clockOf(app);
  app.store.set({ [key]: clamp(app.state[key] + by, range[0], range[1]) });
}

function playYears(app) {
  if (app.timer) clearInterval(app.timer);
  app.timer = null;
  if (!app.state.playing) return;
  const { range, key, step } = clockOf(app);
  const [first, last] = range;
  if (app.state[key] >= last) app.store.set({ [key]: first });
  app.timer = setInterval(() => {
    if (app.state[key] >= last) app.store.set({ playing: false });
    else stepYear(app, 1);
  }, step);
}

function buildTime(app) {
  const { time } = app.parts;
  time.hidden = !yearRange(app) && !app.facts.range;
  if (time.hidden) return;
  const slider = el("input", { type: "range", step: 1, oninput: () => app.store.set({ [clockOf(app).key]: Number(slider.value), playing: false }) });
  const play = button("", () => app.store.set({ playing: !app.state.playing }), { class: "jjj-play" });
  const back = button("◂", () => stepYear(app, -1), { class: "jjj-step back" });
  const on = button("▸", () => stepYear(app, 1), { class: "jjj-step on" });
  const shown = el("output", { class: "jjj-year" });
  const ends = el("div", { class: "jjj-ends", "aria-hidden": "true" }, el("span"), el("span"));
  const row = el("div", { class: "jjj-clock" }, play, back, el("div", { class: "jjj-track" }, slider, ends), on, shown);
  Object.assign(app.parts, { slider, play, back, on, shown, ends });
  time.replaceChildren(...factSwitch(app), row, ...factNotes(app));
}

function drawTime(app) {
  const { slider, play, back, on, shown, time, ends } = app.parts;
  if (time.hidden) return;
  const { texts, state } = app;
  const { range, key } = clockOf(app);
  const year = state[key];
  time.querySelector(".jjj-clock").hidden = !range;
  if (range) {
    Object.assign(slider, { min: range[0], max: range[1], value: String(year) });
    [...ends.children].forEach((end, i) => (end.textContent = String(range[i])));
  }
  slider.setAttribute("aria-label", texts.say(state.facts ? "map.facts.year" : "map.time.year"));
  slider.setAttribute("aria-valuetext", String(year));
  back.setAttribute("aria-label", texts.say("map.time.back"));
  on.setAttribute("aria-label", texts.say("map.time.on"));
  shown.textContent = String(year);
  play.textContent = state.playing ? "❚❚" : "▶";
  play.setAttribute("aria-label", texts.say(state.playing ? "map.time.pause" : "map.time.play"));
  time.classList.toggle("idle", state.mode === "baseline" && !state.facts);
  drawFactNotes(app);
}

// "Explain this number": the live map asks Python; a file shows what it holds of the measure itself.

function explainNumber(app, county, i) {
  const { measure } = app.now;
  if (!measure || (!measure.before && !hasYears(app, measure))) return null;
  const { texts, state } = app;
  const asks = app.live && hasYears(app, measure);
  const open = !asks && state.explained;
  const more = asks ? { "aria-haspopup": "dialog" } : { "aria-expanded": String(open) };
  const press = button(texts.say("map.explain.button"), () => (asks ? askWhy(app, county) : foldWhy(app)), { class: "jjj-explain", ...more });
  return el("div", { class: "jjj-why" }, el("p", { class: "jjj-why-head" }, texts.pick(measure.name)), press, open ? whyFacts(app, measure, i) : null);
}

function askWhy(app, county) {
  const { measure, year, b } = app.state;
  const a = app.now.left;
  app.tell(app.texts.say("map.explain.sent", { name: app.texts.pick(app.now.measure.name) }));
  app.send({ type: "explain", kind: "county", id: county.code, measure, year, a, b });
}

// The panel is drawn anew: the focus goes back to the button.
function foldWhy(app) {
  app.store.set({ explained: !app.state.explained });
  app.parts.info.querySelector(".jjj-explain")?.focus();
}

function whyFacts(app, measure, i) {
  const { texts, state } = app;
  const { left } = app.now;
  const unit = texts.pick(measure.unit);
  const written = (value, sign = false) => (Number.isFinite(value) ? `${texts.number(value, measure.digits, sign)}${NO_BREAK}${unit}` : DASH);
  const before = sideValues(app, measure, left)[i];
  const after = hasYears(app, measure) ? sideValues(app, measure, state.b)[i] : NaN;
  const beside = (key, name) => `${texts.say(key)} (${name})`;
  const first = left === START ? texts.say("map.start_short") : `${texts.pick(app.scenarios[left].name)}, ${state.year}`;
  const numbers = hasYears(app, measure)
    ? [
        fact(app, beside("map.explain.before", first), written(before)),
        fact(app, beside("map.explain.after", `${texts.pick(app.scenarios[state.b].name)}, ${state.year}`), written(after)),
        fact(app, texts.say("map.explain.change"), written(after - before, true)),
      ]
    : [fact(app, texts.say("map.explain.value"), written(before))];
  return facts([
    fact(app, texts.say("map.explain.formula"), texts.pick(measure.formula)),
    ...numbers,
    fact(app, texts.say("map.status"), texts.say(`status.${measure.status}`)),
    fact(app, texts.say("map.source"), texts.pick(measure.source)),
  ]);
}

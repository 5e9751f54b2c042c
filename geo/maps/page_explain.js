// "Explain this number": the live map asks Python; a file shows what it holds of the measure itself.

function explainNumber(app, county, i) {
  const { measure } = app.now;
  if (!measure || (!measure.before && !hasYears(app, measure))) return null;
  const name = app.texts.pick(measure.name);
  const asked = { kind: "county", id: county.code, measure: app.state.measure, a: app.now.left, b: app.state.b };
  return whyBox(app, name, app.live && hasYears(app, measure) ? asked : null, () => whyFacts(app, measure, i));
}

// A road link or a pair of counties; `list` holds its numbers, the explained one first.
function explainFlow(app, kind, item, list) {
  const { texts } = app;
  const { left, right } = comparedSides(app);
  const [{ label, unit, digits, more, before, after }] = list;
  const asked = { kind, id: item.id, a: left, b: right };
  const written = (value, places, sign = false) => `${texts.number(value, places, sign)}${NO_BREAK}${unit}`;
  const held = () =>
    facts([
      fact(app, texts.say("map.explain.formula"), texts.say(kind === "road" ? "map.flows.road_formula" : "map.flows.trip_formula")),
      fact(app, `${texts.say("map.explain.before")} (${sideLabel(app, left)})`, written(before, digits)),
      fact(app, `${texts.say("map.explain.after")} (${sideLabel(app, right)})`, written(after, digits)),
      fact(app, texts.say("map.explain.change"), written(after - before, more, true)),
      fact(app, texts.say("map.status"), texts.say(`status.${item.status}`)),
      fact(app, texts.say("map.source"), item.source),
    ]);
  return whyBox(app, label, app.live && right !== START ? asked : null, held);
}

function sideLabel(app, side) {
  return side === START ? app.texts.say("map.start_short") : `${app.texts.pick(app.scenarios[side].name)}, ${app.state.year}`;
}

// The live map asks Python; elsewhere the button unfolds what the map itself holds.
function whyBox(app, name, asked, held) {
  const open = !asked && app.state.explained;
  const more = asked ? { "aria-haspopup": "dialog" } : { "aria-expanded": String(open) };
  const press = button(app.texts.say("map.explain.button"), () => (asked ? askWhy(app, name, asked) : foldWhy(app)), { class: "jjj-explain", ...more });
  return el("div", { class: "jjj-why" }, el("p", { class: "jjj-why-head" }, name), press, open ? held() : null);
}

function askWhy(app, name, asked) {
  app.tell(app.texts.say("map.explain.sent", { name }));
  app.send({ type: "explain", ...asked, year: app.state.year });
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
  const numbers = hasYears(app, measure)
    ? [
        fact(app, beside("map.explain.before", sideLabel(app, left)), written(before)),
        fact(app, beside("map.explain.after", sideLabel(app, state.b)), written(after)),
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

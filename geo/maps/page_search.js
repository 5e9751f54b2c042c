// Search: a box with a list that keyboard and screen reader can walk.

function searchRow(app, entry, i) {
  const { texts } = app;
  const where = entry.item.county_code ? placeName(app, entry.item.county_code) : entry.type === "county" ? placeName(app, entry.item.code) : "";
  const around = entry.type === "own" ? entry.item.source : entry.type === "county" ? "" : where;
  const press = (event) => {
    event.preventDefault(); // keep the focus in the box until the choice is made
    chooseFound(app, i);
  };
  return el(
    "li",
    { role: "option", id: `jjj-found-${i}`, "aria-selected": "false", onpointerdown: press },
    el("span", { class: "jjj-found" }, texts.name(entry.item), el("small", {}, texts.other(entry.item))),
    el("span", { class: "jjj-kind" }, texts.say(`map.type.${entry.type}`), el("small", {}, around)),
  );
}

function showFound(app) {
  const { box, list } = app.parts;
  app.found = searchFor(app.index, box.value);
  app.foundAt = app.found.length ? 0 : -1;
  const rowsFound = app.found.map((entry, i) => searchRow(app, entry, i));
  const none = box.value.trim() && !app.found.length ? [el("li", { class: "none", role: "option", "aria-disabled": "true" }, app.texts.say("map.search.none"))] : [];
  list.replaceChildren(...rowsFound, ...none);
  list.hidden = !(rowsFound.length || none.length);
  box.setAttribute("aria-expanded", String(!list.hidden));
  markFound(app);
}

function markFound(app) {
  const { box, list } = app.parts;
  [...list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === app.foundAt)));
  const row = list.children[app.foundAt];
  if (row) row.scrollIntoView({ block: "nearest" });
  if (row && row.id) box.setAttribute("aria-activedescendant", row.id);
  else box.removeAttribute("aria-activedescendant");
}

function hideFound(app) {
  app.parts.list.hidden = true;
  app.parts.box.setAttribute("aria-expanded", "false");
}

function chooseFound(app, i) {
  const entry = app.found[i];
  if (!entry) return;
  hideFound(app);
  app.parts.box.value = app.texts.name(entry.item);
  showOnMap(app, entry.type, entry.item);
  app.select(entry.type, entry.item.id || entry.item.code);
}

// Bring it into sight and make its layer visible.
function showOnMap(app, type, item) {
  const needed = { site: [`sector:${item.sector}`], institution: ["layer:institutions", `kind:${item.kind}`, `status:${item.institution_status}`], station: ["layer:rail"] }[type] || [];
  if (type === "own") needed.push(item.layer.key);
  if (needed.some((key) => app.state.hidden.has(key))) hideOnly(app, needed, () => false);
  if (type === "own") showOwnItem(app, item);
  else if (type === "county") app.map.fitBounds(L.latLngBounds(item.shape.flat(2)), { maxZoom: 10, padding: [120, 120] });
  else if (item.lat !== null && item.lat !== undefined) app.map.setView([item.lat, item.lon], Math.max(app.map.getZoom(), type === "city" ? 8.5 : 10));
}

function searchKey(app, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && app.found && app.found.length) {
    event.preventDefault();
    app.foundAt = (app.foundAt + step + app.found.length) % app.found.length;
    markFound(app);
  } else if (event.key === "Enter") {
    event.preventDefault();
    chooseFound(app, app.foundAt);
  } else if (event.key === "Escape") {
    app.parts.box.value = "";
    hideFound(app);
  }
}

function buildSearch(app) {
  const box = el("input", {
    type: "search",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-controls": "jjj-list",
    "aria-expanded": "false",
    oninput: () => showFound(app),
    onfocus: () => box.value && showFound(app),
    onblur: () => hideFound(app),
    onkeydown: (event) => searchKey(app, event),
  });
  const list = el("ul", { id: "jjj-list", role: "listbox", hidden: true });
  app.parts.search.replaceChildren(box, list);
  Object.assign(app.parts, { box, list });
}

function drawSearch(app) {
  app.parts.box.placeholder = app.texts.say("map.search.hint");
  app.parts.box.setAttribute("aria-label", app.texts.say("map.search.label"));
  app.parts.list.setAttribute("aria-label", app.texts.say("map.search.list"));
}

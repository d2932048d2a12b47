// The browser of items: filters, searches and shows what #items-data holds.
// Whatever comes from the data becomes text nodes only, never markup.
"use strict";
(() => {
  const PER_PAGE = 5;
  const AROUND = 220; // code points of the context shown on each side of the answer
  const NAMES = ["gained", "lost", "both right", "both wrong"];
  const SIGNS = ["▲", "▼", "✓", "✗"];

  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("items-data").textContent);
  const nItems = data.ids.length;
  const every = [...Array(nItems).keys()];
  const radios = [...document.querySelectorAll('input[name="items-category"]')];
  const state = { codes: [], chosen: "all", found: [], first: 0 };
  const lower = {}; // texts in lower case, made at the first search

  const make = (tag, name, ...children) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...children);
    return element;
  };

  // Text of unknown direction, which must not reorder what stands around it.
  const foreign = (tag, name, ...children) => {
    const element = make(tag, name, ...children);
    element.dir = "auto";
    return element;
  };

  const count = (n) => n.toLocaleString("en");

  // The same rule as `outcomes` in reports/items.py; -1: no seed in common.
  function outcomes(from, to) {
    const common = [...data.seeds.keys()].filter((s) => data.em[from][s] && data.em[to][s]);
    const runs = common.map((s) => [data.em[from][s], data.em[to][s]]);
    return every.map((i) => {
      let shared = 0, before = 0, after = 0;
      for (const [a, b] of runs) {
        if (a[i] === "-" || b[i] === "-") continue;
        shared += 1;
        before += a[i] === "1";
        after += b[i] === "1";
      }
      if (!shared) return -1;
      const [was, is] = [2 * before > shared, 2 * after > shared];
      return was ? (is ? 2 : 1) : (is ? 0 : 3);
    });
  }

  // Which items hold the words: each distinct text is looked at once.
  function searched(words) {
    if (!words) return null;
    for (const name of ["questions", "ids", "contexts", "texts"]) {
      lower[name] ??= data[name].map((text) => text.toLowerCase());
    }
    const [contexts, texts] = [lower.contexts, lower.texts].map((all) => all.map((t) => t.includes(words)));
    const runs = data.answers.flat().filter(Boolean);
    return (i) => lower.questions[i].includes(words) || lower.ids[i].includes(words)
      || contexts[data.contextOf[i]] || data.references[i].some((t) => texts[t])
      || runs.some((run) => texts[run[i]]);
  }

  function update() {
    state.codes = outcomes(Number(byId("items-from").value), Number(byId("items-to").value));
    const [slice, label] = (byId("items-slice")?.value || "").split(":").map(Number);
    const matches = searched(byId("items-search").value.trim().toLowerCase());
    let kept = label === undefined ? every : every.filter((i) => data.slices[slice].codes[i] === label);
    if (matches) kept = kept.filter(matches);
    const tally = [0, 0, 0, 0];
    for (const i of kept) if (state.codes[i] >= 0) tally[state.codes[i]] += 1;
    byId("items-count-all").textContent = count(kept.length);
    tally.forEach((n, code) => { byId(`items-count-${code}`).textContent = count(n); });
    state.chosen = radios.find((radio) => radio.checked).value;
    state.found = state.chosen === "all" ? kept
      : kept.filter((i) => state.codes[i] === Number(state.chosen));
    state.first = 0;
    show();
  }

  function show() {
    const { found, first } = state;
    const last = Math.min(first + PER_PAGE, found.length);
    const [from, to] = ["items-from", "items-to"].map((id) => data.arms[Number(byId(id).value)]);
    const kind = state.chosen === "all" ? "" : ` ${NAMES[Number(state.chosen)]}`;
    byId("items-status").textContent = !found.length ? "No item matches."
      : `Items ${count(first + 1)} to ${count(last)} of ${count(found.length)}${kind}, from ${from} to ${to}`;
    byId("items-list").replaceChildren(...found.slice(first, last).map(card));
    byId("items-previous").disabled = first === 0;
    byId("items-next").disabled = last === found.length;
    byId("items-pages").hidden = found.length <= PER_PAGE;
  }

  function turn(step) {
    state.first += step * PER_PAGE;
    show();
    byId("items-list").focus({ preventScroll: true });
    byId("items-status").scrollIntoView();
  }

  function card(i) {
    const code = state.codes[i];
    const what = code < 0 ? "no seed in common" : `${SIGNS[code]} ${NAMES[code]}`;
    const pair = new Set([Number(byId("items-from").value), Number(byId("items-to").value)]);
    const rest = [...data.arms.keys()].filter((arm) => !pair.has(arm));
    const item = make("li", "item",
      make("p", "eyebrow", what, " · item ", make("bdi", "", data.ids[i])),
      foreign("h3", "", data.questions[i] || `Item ${data.ids[i]}`),
      ...passage(i),
      references(i),
      ...[...pair].map((arm) => answers(arm, i)));
    if (rest.length) {
      const others = make("details", "", make("summary", "", "Other arms"));
      others.append(...rest.map((arm) => answers(arm, i)));
      item.append(others);
    }
    return item;
  }

  // The context around the answer, and behind a click all of it.
  function passage(i) {
    if (data.contextOf[i] < 0) return [];
    const points = Array.from(data.contexts[data.contextOf[i]]); // offsets count code points
    const [start, end] = data.spans[i][0] < 0 ? [AROUND, AROUND] : data.spans[i];
    const low = start - AROUND > 40 ? start - AROUND : 0;
    const high = end + AROUND + 40 < points.length ? end + AROUND : points.length;
    const piece = (a, b) => points.slice(a, b).join("");
    const marked = (a, b) => foreign("p", "passage", a > 0 ? "… " : "", piece(a, start),
      ...(end > start ? [make("mark", "", piece(start, end))] : []),
      piece(end, b), b < points.length ? " …" : "");
    if (low === 0 && high === points.length) return [marked(low, high)];
    const whole = make("details", "", make("summary", "", `Whole context, ${count(points.length)} characters`));
    whole.append(marked(0, points.length));
    return [marked(low, high), whole];
  }

  function references(i) {
    const own = data.references[i].map((text) => foreign("bdi", "said", data.texts[text]));
    const line = make("p", "references", make("strong", "", own.length > 1 ? "References: " : "Reference: "));
    own.forEach((element, place) => line.append(place ? " | " : "", element));
    if (!own.length) line.append("none, the question has no answer");
    return line;
  }

  // One line for each different answer of an arm, with the seeds that gave it.
  function answers(arm, i) {
    const groups = new Map();
    const missing = [];
    data.seeds.forEach((seed, s) => {
      const run = data.answers[arm][s];
      if (!run) missing.push(seed);
      else groups.set(run[i], [...(groups.get(run[i]) ?? []), s]);
    });
    const lines = [...groups].map(([text, runs]) => answered(arm, i, data.texts[text], runs));
    if (missing.length) lines.push(make("li", "muted", `no run: ${seeds(missing)}`));
    return make("div", "arm", foreign("h4", "", data.arms[arm]), make("ul", "", ...lines));
  }

  function answered(arm, i, text, runs) {
    const em = data.em[arm][runs[0]]?.[i];
    const f1 = data.f1[arm][runs[0]]?.[i] ?? -1;
    const mark = em === "1" ? make("span", "good", "✓ right")
      : em === "0" ? make("span", "bad", "✗ wrong") : make("span", "muted", "not scored");
    mark.classList.add("mark");
    const said = text ? foreign("bdi", "said", text) : make("em", "muted", "empty answer");
    const which = seeds(runs.map((s) => data.seeds[s])) + (f1 < 0 ? "" : ` · F1 ${f1}`);
    return make("li", "", mark, " ", said, " ", make("small", "", which));
  }

  const seeds = (list) => `${list.length > 1 ? "seeds" : "seed"} ${list.join(", ")}`;

  let waiting;
  byId("items-controls").addEventListener("change", update);
  byId("items-search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(update, 150);
  });
  byId("items-previous").addEventListener("click", () => turn(-1));
  byId("items-next").addEventListener("click", () => turn(1));
  byId("items-static").hidden = true;
  byId("items-browser").hidden = false;
  update(); // reads the controls: a reload may have kept other choices than the page's own
})();

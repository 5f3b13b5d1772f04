"use strict";
/* The first screen of a matrix: its map, its filters, and the chain of one cell. Nothing is asked of any network, and
   what the data holds is only ever set as text. questions/matrix/screen.py says what each list of the data holds. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const CELLS_AT_ONCE = 6000; // which take a blink; more rows are made when the reader comes near the last
  const FEWEST_ROWS = 40; // which fill a screen
  const NONE = -1;
  const SVG = "http://www.w3.org/2000/svg";
  const $ = (id) => document.getElementById(id);

  // ---- What the data says ----

  const text = (at) => (at === NONE ? "" : data.texts[at]);
  const word = (at) => ({ name: data.words[at][0], mark: data.words[at][1], short: data.words[at][2], meaning: data.words[at][3], at });
  const kind = (at) => data.words[at][0].replace(" ", "-");
  const WORDS = Object.fromEntries(data.words.map(([name], at) => [name, at]));
  const CALM = new Set([WORDS.identical, WORDS.unsupported, WORDS.baseline]);
  const name = (release) => data.releases[release][0];

  /* A digest stands in the data as its 32 bytes in base64; people know it in hexadecimal digits. */
  function digest(at) {
    if (at === NONE) return "";
    return Array.from(atob(data.digests[at]), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  }

  function cellAt(row, release) {
    const at = data.rows[row][3][release];
    if (at === NONE) return null;
    const [verdict, letter, outcome, trials, trace, reason, tiers, curve, notes, lines] = data.cells[at];
    return {
      at,
      verdict,
      letter: text(letter),
      outcome: text(outcome),
      trials,
      trace,
      reason: text(reason),
      tiers: tiers.map(([tier, strip, first, before, next, worst]) => ({
        name: text(tier),
        stages: data.strips[strip],
        first: finding(first),
        before: text(before),
        next: finding(next),
        worst: finding(worst),
      })),
      curve: curve === NONE ? null : data.curves[curve],
      notes: notes.map(text),
      lines: lines.map(text),
    };
  }

  function finding(at) {
    if (at === NONE) return null;
    const [stage, verdict, reason, share, largest, ulp, error, floor, ratio, baseline, candidate] = data.findings[at];
    const sizes = { share, largest, ulp, error, floor, ratio };
    for (const size in sizes) sizes[size] = text(sizes[size]);
    return { stage: text(stage), verdict, reason: text(reason), ...sizes, baseline, candidate };
  }

  const verdictAt = (row, release) => {
    const at = data.rows[row][3][release];
    return at === NONE ? NONE : data.cells[at][0];
  };
  const rowName = ([model, mode, launch]) => `${model}/${mode}${launch === "default" ? "" : `/${launch}`}`;
  const modeName = ([, mode, launch]) => (launch === "default" ? mode : `${mode} ${launch}`);

  // ---- Making elements ----

  /* Make an element; what is given as text stays text. */
  function make(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [property, value] of Object.entries(properties)) {
      if (property in made && !property.includes("-")) made[property] = value;
      else made.setAttribute(property, value);
    }
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  }

  function draw(tag, attributes, label = "") {
    const made = document.createElementNS(SVG, tag);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    made.textContent = label;
    return made;
  }

  const mark = (at) => make("span", { className: `mark ${kind(at)}`, "aria-hidden": "true" }, word(at).mark);
  const badge = (at) =>
    make("span", { className: `verdict ${kind(at)}` }, make("span", { className: "mark" }, word(at).mark), ` ${word(at).name}`);

  function copied(value, what) {
    const code = make("code", {}, value);
    const button = make("button", { type: "button", className: "button", "aria-label": `Copy ${what}` }, "copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(value);
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(code); // where the clipboard is not ours, the reader copies what is selected
        button.textContent = "selected";
      }
    });
    return make("div", { className: "typed" }, code, button);
  }

  // ---- What is looked at ----

  const candidates = data.releases.map((_, at) => at).filter((at) => at !== data.baseline);
  const state = {
    release: candidates.length ? candidates[candidates.length - 1] : data.baseline,
    beside: NONE,
    verdict: NONE,
    find: "",
    mode: "",
    changed: false,
    rows: [],
    columns: [],
    made: 0,
    open: null,
    focus: null,
  };

  const looked = () => (state.beside === NONE ? [state.release] : [state.release, state.beside]);

  /* The rows that pass every filter, the worst of the release that is looked at first. */
  function chosenRows() {
    const wanted = state.find.toLowerCase();
    const passes = (row, at) => {
      const verdicts = looked().map((release) => verdictAt(at, release));
      if (wanted && !rowName(row).toLowerCase().includes(wanted)) return false;
      if (state.mode && modeName(row) !== state.mode) return false;
      if (state.verdict !== NONE && !verdicts.includes(state.verdict)) return false;
      return !state.changed || verdicts.some((verdict) => verdict !== NONE && !CALM.has(verdict));
    };
    const severity = (at) => Math.min(...looked().map((release) => verdictAt(at, release)).map((v) => (v === NONE ? Infinity : v)));
    return data.rows
      .map((row, at) => [at, severity(at), row])
      .filter(([at, , row]) => passes(row, at))
      .sort((one, other) => one[1] - other[1] || one[0] - other[0])
      .map(([at]) => at);
  }

  // ---- The head: sentence, tally, where to look first ----

  function showHead() {
    const [, sentence, notes, first] = data.releases[state.release];
    if (sentence) $("headline").textContent = sentence;
    $("said").textContent = notes.join(". ");
    showTally();
    const entries = first.map(([row, verdict, where, what]) => {
      const open = make("button", { type: "button", className: "link" }, make("code", {}, rowName(data.rows[row])));
      open.addEventListener("click", () => openCell(row, state.release));
      const told = [text(where), text(what)].filter(Boolean).join(": ");
      return make("li", {}, mark(verdict), open, told ? `, ${told}` : "");
    });
    $("first").replaceChildren(...(entries.length ? [make("h2", {}, "One change of each kind"), make("ul", {}, ...entries)] : []));
    $("next").replaceChildren(...next());
  }

  /* What to type next about the release that is looked at; nothing of models that were typed, which no command names. */
  function next() {
    if (data.typed || state.release === data.baseline) return [];
    const asked = `${quoted(name(state.release))} --baseline ${quoted(name(data.baseline))}`;
    const changed = data.rows.some((_, row) => ![NONE, ...CALM].includes(verdictAt(row, state.release)));
    const why = changed ? [["Why, and what undoes it:", `tfmatrix explain ${asked}`]] : [];
    const told = [[changed ? "What blocks a pin:" : "To pin it, first:", `tfmatrix check ${asked}`], ...why];
    return told.map(([label, command]) => make("div", {}, make("span", {}, label), copied(command, "this command")));
  }

  /* Quote a word as a shell reads it. */
  const quoted = (part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", `'"'"'`)}'`);

  function showTally() {
    const counts = new Map();
    for (let row = 0; row < data.rows.length; row++) {
      const verdict = verdictAt(row, state.release);
      if (verdict !== NONE) counts.set(verdict, (counts.get(verdict) || 0) + 1);
    }
    if (!counts.has(state.verdict)) state.verdict = NONE; // of a release before: nothing would say that it is chosen
    const buttons = [...counts].sort(([one], [other]) => one - other).map(([verdict, count]) => {
      const pressed = String(state.verdict === verdict);
      const button = make("button", { type: "button", className: kind(verdict), title: word(verdict).meaning, "aria-pressed": pressed },
        make("span", { className: "mark" }, word(verdict).mark), ` ${count} ${word(verdict).short}`);
      button.addEventListener("click", () => {
        state.verdict = state.verdict === verdict ? NONE : verdict;
        showTally();
        showMap();
        $("tally").querySelector(`.${kind(verdict)}`).focus();
      });
      return button;
    });
    $("tally").replaceChildren(...buttons);
  }

  // ---- The map ----

  const body = make("tbody");
  const more = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && makeRows(), { root: $("map"), rootMargin: "400px" });

  function showMap() {
    state.columns = state.beside === NONE ? data.releases.map((_, at) => at) : [data.baseline, ...looked()];
    state.rows = chosenRows();
    state.made = 0;
    state.focus = null;
    const head = state.columns.map((release) => {
      if (release === data.baseline) return make("th", { scope: "col", title: "the baseline" }, make("span", { className: "name" }, name(release)));
      const button = make("button", { type: "button", title: `Look at ${name(release)}` }, name(release));
      button.addEventListener("click", () => look(release));
      return make("th", { scope: "col", className: looked().includes(release) ? "looked" : "" }, button);
    });
    const tall = state.columns.some((release) => name(release).length > 8);
    const where = make("th", { scope: "col", className: "where" }, `first change in ${name(state.release)}`);
    const table = make("table", {},
      make("thead", { className: tall ? "tall" : "" }, make("tr", {}, make("th", { scope: "col" }, "model / mode"), ...head, where)), body);
    more.disconnect();
    body.replaceChildren();
    $("map").replaceChildren(table);
    $("map").scrollTop = 0;
    makeRows();
    showColumn(state.release);
    $("shown").textContent = `${state.rows.length} of ${data.rows.length} rows`;
    if (!state.rows.length) body.append(make("tr", {}, make("td", { className: "empty", colSpan: head.length + 2 }, "No model passes these filters.")));
  }

  /* Bring the column of a release into the map's box, the sticky names of models left free. */
  function showColumn(release) {
    const at = state.columns.indexOf(release);
    const cells = $("map").querySelectorAll("thead th");
    if (at < 0) return;
    const [first, column, box] = [cells[0], cells[at + 1], $("map")];
    const left = column.offsetLeft - first.offsetWidth - 4;
    const right = column.offsetLeft + column.offsetWidth + 4 - box.clientWidth;
    box.scrollLeft = Math.min(left, Math.max(right, Math.min(box.scrollLeft, left)));
  }

  function makeRows(upTo = state.made + Math.max(FEWEST_ROWS, Math.floor(CELLS_AT_ONCE / state.columns.length))) {
    more.disconnect();
    const added = [];
    for (; state.made < Math.min(upTo, state.rows.length); state.made++) added.push(makeRow(state.rows[state.made]));
    body.append(...added);
    if (state.made < state.rows.length) more.observe(body.lastElementChild);
    if (!state.focus && body.firstElementChild) setFocus(body.querySelector("td > button"));
  }

  function makeRow(at) {
    const row = data.rows[at];
    const cells = state.columns.map((release) => {
      const verdict = verdictAt(at, release);
      const cell = make("td", { className: looked().includes(release) ? "looked" : "" });
      if (verdict === NONE) return cell;
      const button = make("button", { type: "button", className: kind(verdict), tabIndex: -1, "aria-label": `${name(release)}, ${rowName(row)}: ${word(verdict).name}` }, word(verdict).mark);
      button.dataset.row = at;
      button.dataset.release = release;
      if (state.open && state.open.row === at) markOpen(button);
      cell.append(button);
      return cell;
    });
    const title = make("th", { scope: "row", title: rowName(row) }, make("div", {}, make("code", {}, row[0]), make("span", {}, modeName(row))));
    return make("tr", {}, title, ...cells, make("td", { className: "where" }, firstChange(cellAt(at, state.release))));
  }

  const placeOf = (button) => ({ row: Number(button.dataset.row), release: Number(button.dataset.release) });

  /* Where a cell is first what it is said to be, or why it is not known. */
  function firstChange(cell) {
    if (!cell || CALM.has(cell.verdict)) return "";
    const first = cell.tiers.map((tier) => tier.worst || tier.first).find((found) => found && found.verdict === cell.verdict);
    return first ? `${first.stage}: ${first.reason}` : cell.reason;
  }

  /* What is seen of a cell when the pointer or the keyboard is on it. */
  function hint(row, release) {
    const cell = cellAt(row, release);
    const why = firstChange(cell);
    return `${rowName(data.rows[row])} in ${name(release)}: ${word(cell.verdict).name}${why ? `\n${why}` : ""}`;
  }

  function setFocus(button) {
    if (!button) return;
    if (state.focus) state.focus.tabIndex = -1;
    state.focus = button;
    button.tabIndex = 0;
  }

  function move(event) {
    const cell = event.target.closest("td");
    if (!cell || !event.target.dataset.row) return;
    const lines = body.rows;
    const last = state.columns.length;
    let [line, column] = [cell.parentNode.sectionRowIndex, cell.cellIndex];
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -last], End: [0, last] }[event.key];
    if (!step) return;
    event.preventDefault();
    if (line + step[0] >= state.made) makeRows();
    line = Math.max(0, Math.min(lines.length - 1, line + step[0]));
    column = Math.max(1, Math.min(last, column + step[1]));
    const button = lines[line].cells[column].querySelector("button");
    if (!button) return;
    setFocus(button);
    button.focus();
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // ---- One cell ----

  function openCell(row, release) {
    state.open = { row, release };
    const sides = openSides();
    for (const button of body.querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
    for (const button of body.querySelectorAll(`button[data-row="${row}"]`)) markOpen(button);
    const close = make("button", { type: "button", className: "button" }, "close");
    close.addEventListener("click", closeCell);
    const shown = sides.filter((side) => cellAt(row, side)).map((side) => showSide(row, side));
    $("panel").replaceChildren(make("header", {}, make("h2", {}, make("code", {}, rowName(data.rows[row]))), close),
      sides.length > 1 ? make("p", {}, eachOther(row, sides)) : "", make("div", { className: "sides" }, ...shown));
    $("panel").hidden = false;
    $("both").classList.add("open");
    $("both").classList.toggle("two", sides.length > 1);
    $("panel").scrollTop = 0;
    showColumn(release);
    $("panel").focus({ preventScroll: true });
    $("panel").scrollIntoView({ block: "nearest" });
  }

  /* The releases whose cells stand side by side: both that are looked at, or the one of the cell. */
  function openSides() {
    return state.beside !== NONE && looked().includes(state.open.release) ? looked() : [state.open.release];
  }

  function markOpen(button) {
    if (openSides().includes(placeOf(button).release)) button.setAttribute("aria-current", "true");
  }

  function closeCell() {
    if ($("panel").hidden) return;
    const { row, release } = state.open;
    state.open = null;
    $("panel").hidden = true;
    $("both").classList.remove("open", "two");
    for (const button of body.querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
    const button = body.querySelector(`button[data-row="${row}"][data-release="${release}"]`);
    setFocus(button);
    if (button) button.focus();
  }

  function showSide(row, release) {
    const cell = cellAt(row, release);
    const against = release === data.baseline ? "" : ` against ${name(data.baseline)}`;
    const same = cell.letter ? sameBits(row, release, cell.letter) : [];
    return make("section", {},
      make("h3", {}, badge(cell.verdict), ` ${name(release)}${against}`),
      make("p", {}, cell.reason || word(cell.verdict).meaning),
      same.length ? make("p", {}, `The same bits as in ${same.map(name).join(", ")}.`) : null,
      ...cell.notes.map((note) => make("p", {}, note)),
      cell.lines.length ? make("pre", { className: "lines" }, cell.lines.join("\n")) : null,
      ...cell.tiers.flatMap((tier) => showTier(tier, release)),
      ...(cell.curve ? [make("h4", {}, "How far the weights are apart after each step"), curve(cell.curve)] : []),
      make("h4", {}, "Commands"),
      ...commands(row, release, cell).map((line) => copied(line, "this command")),
      ...(cell.trace === NONE ? [] : [make("h4", {}, "Digest of all its bits"), copied(digest(cell.trace), "the digest of the trace")]));
  }

  /* Whether two candidates, each compared with the baseline, have the same bits as one another. */
  function eachOther(row, sides) {
    const letters = sides.map((side) => (cellAt(row, side) || {}).letter);
    if (!letters.every(Boolean)) return `${sides.map(name).join(" and ")} cannot be compared with each other here.`;
    return `${sides.map(name).join(" and ")} ${letters[0] === letters[1] ? "have" : "do not have"} the same bits.`;
  }

  function sameBits(row, release, letter) {
    return data.releases.map((_, at) => at).filter((at) => at !== release && (cellAt(row, at) || {}).letter === letter);
  }

  const TIERS = {
    native: "as a user runs it",
    start: "from the baseline's start",
    injected: "each stage fed the same bits",
  };

  function showTier(tier, release) {
    const stages = tier.stages.map(([stage, verdict, names, differing]) => {
      const what = `${word(verdict).name}: ${word(verdict).meaning}; ${differing} of ${names} differ`;
      const chip = make("li", { className: kind(verdict), title: what }, `${text(stage)} `, make("span", { className: "mark" }, word(verdict).mark));
      chip.setAttribute("aria-label", `${text(stage)} ${word(verdict).name}`);
      return chip;
    });
    const shown = [make("h4", {}, tier.name, TIERS[tier.name] ? `: ${TIERS[tier.name]}` : ""), make("ol", { className: "strip" }, ...stages)];
    const { first, before, next, worst } = tier;
    if (!first && !worst) return [...shown, make("p", {}, "No bit differs.")];
    const around = [["same before", before && make("code", {}, before)], ["changes next", next && make("code", {}, next.stage)]];
    if (first) shown.push(showFinding("first change", first, around, release));
    if (worst) shown.push(showFinding(`first ${word(worst.verdict).name}`, worst, [], release));
    return shown;
  }

  function showFinding(what, found, around, release) {
    const entries = [
      [what, [mark(found.verdict), " ", make("code", {}, found.stage)]],
      ["which is", found.reason],
      ...around,
      ["elements", found.share && `${found.share} differ`],
      ["largest", [found.largest, found.ulp && `${found.ulp} ULP`].filter(Boolean).join(", ")],
      ["scaled error", found.error && `${found.error} eps`],
      ["noise floor", found.floor && `${found.floor} eps`],
    ];
    const digests = [[data.baseline, found.baseline], [release, found.candidate]].filter(([, at]) => at !== NONE);
    const told = digests.map(([side, at]) => [name(side), copied(digest(at), `the digest in ${name(side)}`)]);
    const shown = told.length ? make("details", {}, make("summary", {}, "its digests"), listed(told)) : "";
    return make("div", {}, listed(entries), shown);
  }

  /* A list of words and what they stand for; what is empty is left out. */
  function listed(entries) {
    const shown = entries.filter(([, value]) => value && value.length !== 0);
    return make("dl", {}, ...shown.flatMap(([what, value]) => [make("dt", {}, what), make("dd", {}, ...[value].flat())]));
  }

  /* A curve over the steps, on a scale of powers of ten; everything below a tenth of a unit lies at the bottom. */
  function curve(points) {
    const [width, height, left, right, top, bottom] = [420, 170, 44, 12, 10, 30];
    const power = (value) => (value === null ? null : !Number.isFinite(Number(value)) ? 16 : value > 0 ? Math.max(-1, Math.log10(value)) : -1);
    const last = Math.max(1, ...points.map(([step]) => step));
    const most = Math.max(1, Math.ceil(Math.max(...points.flatMap(([, error, floor]) => [power(error), power(floor) ?? -1]))));
    const x = (step) => (left + (width - left - right) * (step / last)).toFixed(1);
    const y = (value) => (top + (height - top - bottom) * (1 - (value + 1) / (most + 1))).toFixed(1);
    const line = (column, className) => {
      const found = points.filter((point) => point[column] !== null);
      return draw("polyline", { class: className, points: found.map((point) => `${x(point[0])},${y(power(point[column]))}`).join(" ") });
    };
    const marks = [];
    for (let at = -1; at <= most; at += Math.max(1, Math.ceil((most + 1) / 4))) marks.push(draw("text", { x: left - 6, y: Number(y(at)) + 4, "text-anchor": "end" }, at > -1 ? `1e${at}` : "0"));
    const [, ended, floored] = points[points.length - 1];
    const told = `After step ${points[points.length - 1][0]} the weights are ${ended} eps apart${floored === null ? "" : `; the noise floor is ${floored} eps`}.`;
    const picture = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": told });
    picture.append(
      draw("path", { class: "axis", d: `M${left},${top}V${height - bottom}H${width - right}` }), ...marks,
      draw("text", { x: left, y: height - bottom + 14 }, "step 0"),
      draw("text", { x: width - right, y: height - bottom + 14, "text-anchor": "end" }, `step ${last}`),
      draw("text", { x: left, y: height - 3 }, "in eps; dotted: the noise floor"),
      line(2, "floor"), line(1, "apart"));
    return make("div", {}, picture, make("p", {}, told));
  }

  /* What to type to see more of a cell, as a shell reads it. */
  function commands(row, release, cell) {
    const [model, mode] = data.rows[row];
    const [here, baseline, whole] = [name(release), name(data.baseline), rowName(data.rows[row])];
    const typed = data.typed ? ` ${data.typed}` : "";
    const trial = `tfmatrix run --cell ${quoted(`${here}/${whole}`)} --trace${typed}`;
    if (release === data.baseline) return [trial];
    const models = data.typed ? "" : ` --models ${quoted(model)}`;
    const again = `tfmatrix run --versions ${quoted(here)}${models} --modes ${quoted(mode)} --baseline ${quoted(baseline)} --reports build/one-cell${typed}`;
    const explain = `tfmatrix explain ${quoted(here)} --baseline ${quoted(baseline)} --cell ${quoted(whole)}`;
    return CALM.has(cell.verdict) || data.typed ? [trial, again] : [explain, trial, again];
  }

  // ---- Choosing ----

  function look(release) {
    if (state.beside === release) state.beside = NONE;
    state.release = release;
    fillChoice();
    showHead();
    showMap();
    if (state.open) openCell(state.open.row, release);
  }

  function fill(select, entries, chosen) {
    select.replaceChildren(...entries.map(([value, label]) => make("option", { value, selected: value === chosen }, label)));
    select.value = chosen;
  }

  function fillChoice() {
    const named = candidates.map((at) => [String(at), name(at)]);
    fill($("release"), named, String(state.release));
    fill($("beside"), [[String(NONE), "none"], ...named.filter(([at]) => at !== String(state.release))], String(state.beside));
  }

  function begin() {
    $("from").textContent = `From ${name(data.baseline)} to`;
    fillChoice();
    const modes = [...new Set(data.rows.map(modeName))];
    fill($("mode"), [["", "all"], ...modes.map((mode) => [mode, mode])], "");
    $("modes").hidden = modes.length < 2;
    $("choice").hidden = candidates.length < 2;
    $("legend").querySelector("dl").append(...data.words.flatMap((_, at) => [
      make("dt", { className: kind(at) }, make("span", { className: "mark" }, word(at).mark), ` ${word(at).name}`), make("dd", {}, word(at).meaning),
    ]));
    $("release").addEventListener("change", () => look(Number($("release").value)));
    $("beside").addEventListener("change", () => {
      state.beside = Number($("beside").value);
      look(state.release);
    });
    $("find").addEventListener("input", () => { state.find = $("find").value.trim(); showMap(); });
    $("mode").addEventListener("change", () => { state.mode = $("mode").value; showMap(); });
    $("changed").addEventListener("change", () => { state.changed = $("changed").checked; showMap(); });
    for (const form of [$("choice"), $("filters")]) form.addEventListener("submit", (event) => event.preventDefault());
    const on = (event) => event.target.closest("button[data-row]");
    body.addEventListener("click", (event) => {
      const button = on(event);
      if (!button) return;
      const { row, release } = placeOf(button);
      openCell(row, release);
    });
    body.addEventListener("keydown", move);
    body.addEventListener("focusin", (event) => on(event) && setFocus(on(event)));
    for (const kind_ of ["pointerover", "focusin"]) body.addEventListener(kind_, (event) => {
      const button = on(event);
      if (button && !button.title) button.title = hint(placeOf(button).row, placeOf(button).release);
    });
    document.addEventListener("keydown", (event) => event.key === "Escape" && closeCell());
    addEventListener("beforeprint", () => {
      makeRows(state.rows.length);
      $("legend").open = true;
    });
    $("app").hidden = false;
    showHead();
    showMap();
  }

  begin();
})();

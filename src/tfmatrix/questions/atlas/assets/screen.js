"use strict";
/* The first screen of the atlas: the rows that changed, and what filters leave of them. Nothing is asked of any network,
   and what the data holds is only ever set as text. questions/atlas/screen.py says what each list of the data holds. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const MOST = 500; // rows that are shown at once, which take a blink
  const $ = (id) => document.getElementById(id);
  const rows = data.rows.map(([family, name, type, what, letters, kinds]) => ({
    family: data.families[family],
    name,
    type,
    what,
    letters: letters.split(" "),
    kinds: kinds.map((at) => (at < 0 ? "" : data.kinds[at])),
  }));

  function make(tag, text, properties = {}) {
    const made = document.createElement(tag);
    made.textContent = text;
    return Object.assign(made, properties);
  }

  function choices(id, values) {
    $(id).replaceChildren(make("option", "all", { value: "" }), ...values.map((one) => make("option", one, { value: one })));
  }

  function fits(row) {
    const find = $("find").value.trim().toLowerCase();
    return (
      (!find || `${row.name} ${row.what}`.toLowerCase().includes(find)) &&
      (!$("family").value || row.family === $("family").value) &&
      (!$("type").value || row.type === $("type").value) &&
      (!$("kind").value || row.kinds.includes($("kind").value))
    );
  }

  function line(row) {
    const made = document.createElement("tr");
    made.append(make("th", row.name, { scope: "row" }), make("td", row.type), make("td", row.what));
    row.letters.forEach((letter, at) => {
      const kind = row.kinds[at];
      made.append(make("td", letter, { title: kind, className: kind ? "changed" : "" }));
    });
    made.append(make("td", [...new Set(row.kinds.filter(Boolean))].join(", ")));
    return made;
  }

  function show() {
    const left = rows.filter(fits);
    const table = document.createElement("table");
    const head = document.createElement("tr");
    const column = (name, className = "") => head.append(make("th", name, { scope: "col", className }));
    for (const name of ["name", "type", "row"]) column(name);
    for (const name of data.releases) column(name, "release");
    column("kind");
    table.createTHead().append(head);
    table.createTBody().append(...left.slice(0, MOST).map(line));
    $("rows").replaceChildren(table);
    $("shown").textContent = left.length > MOST ? `the first ${MOST} of ${left.length} rows` : `${left.length} rows`;
  }

  choices("family", data.families);
  choices("type", [...new Set(rows.map((row) => row.type).filter(Boolean))].sort());
  choices("kind", data.kinds);
  $("filters").addEventListener("input", show);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("app").hidden = false;
  show();
})();

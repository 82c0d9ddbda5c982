"use strict";
(function () {
  // Tables: the buttons in the heads sort, numbers as numbers, what is empty always last.
  function sort(head) {
    var table = head.closest("table");
    var heads = Array.from(head.parentNode.children);
    var column = heads.indexOf(head);
    var down = head.getAttribute("aria-sort") === "ascending";
    var body = table.tBodies[0];
    var rows = Array.from(body.rows).map(function (row) {
      var cell = row.cells[column];
      var number = cell.dataset.value === undefined ? NaN : Number(cell.dataset.value);
      return { row: row, number: number, text: cell.textContent };
    });
    var numbers = rows.some(function (r) { return !isNaN(r.number); });
    var sign = down ? -1 : 1;
    rows.sort(function (a, b) {
      if (!numbers) { return sign * a.text.localeCompare(b.text, "en", { numeric: true }); }
      if (isNaN(a.number) || isNaN(b.number)) { return isNaN(a.number) - isNaN(b.number); }
      return sign * (a.number - b.number);
    });
    rows.forEach(function (r) { body.appendChild(r.row); });
    heads.forEach(function (h) { h.setAttribute("aria-sort", "none"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    document.getElementById("sorted").textContent =
      "Sorted by " + head.textContent + ", " + (down ? "descending" : "ascending");
  }
  document.querySelectorAll("th button").forEach(function (button) {
    button.addEventListener("click", function () { sort(button.closest("th")); });
  });

  // Plots: what a mark is shows at once, and not only after the browser's delay.
  var tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.appendChild(tip);
  function hide() { tip.hidden = true; }
  function show(spot) {
    tip.textContent = spot.dataset.words;
    tip.hidden = false;
    var at = spot.getBoundingClientRect();
    var room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    var left = at.left + at.width / 2 - tip.offsetWidth / 2;
    var above = at.top - tip.offsetHeight - 6;
    tip.style.left = Math.max(8, Math.min(left, room)) + window.scrollX + "px";
    tip.style.top = (above > 0 ? above : at.bottom + 6) + window.scrollY + "px";
  }
  document.querySelectorAll(".spot").forEach(function (spot) {
    var title = spot.querySelector("title");
    if (!title) { return; }
    spot.dataset.words = title.textContent;
    title.remove();
    spot.addEventListener("pointerenter", function () { show(spot); });
    spot.addEventListener("pointerleave", hide);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { hide(); }
  });
  document.addEventListener("scroll", hide, true);

  // Paper folds nothing: open what is closed, but for the long list of hashes.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details:not([open]):not(.bulk)"));
    opened.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (d) { d.open = false; });
    opened = [];
  });
})();

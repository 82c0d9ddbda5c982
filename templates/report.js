"use strict";
(function () {
  var said = document.getElementById("said");

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
    said.textContent =
      "Sorted by " + head.textContent + ", " + (down ? "descending" : "ascending");
  }
  document.querySelectorAll("thead button").forEach(function (button) {
    button.addEventListener("click", function () { sort(button.closest("th")); });
  });

  // Plots: what a mark is shows at once, under the pointer or where the arrow keys have come to.
  var tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.appendChild(tip);
  var held = null;
  function place(spot) {
    var at = spot.getBoundingClientRect();
    var room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    var left = at.left + at.width / 2 - tip.offsetWidth / 2;
    var above = at.top - tip.offsetHeight - 6;
    tip.style.left = Math.max(8, Math.min(left, room)) + window.scrollX + "px";
    tip.style.top = (above > 0 ? above : at.bottom + 6) + window.scrollY + "px";
  }
  function show(spot) {
    tip.textContent = spot.dataset.words;
    tip.hidden = false;
    place(spot);
  }
  function leave() {
    if (held) { held.classList.remove("at"); }
    held = null;
    tip.hidden = true;
  }
  function hold(spot) {
    leave();
    held = spot;
    spot.classList.add("at");
    spot.scrollIntoView({ block: "nearest", inline: "center" });
    show(spot);
    said.textContent = spot.dataset.words;
  }
  function step(key, at, last) {
    switch (key) {
      case "ArrowRight": case "ArrowDown": return Math.min(at + 1, last);
      case "ArrowLeft": case "ArrowUp": return at < 0 ? last : Math.max(at - 1, 0);
      case "Home": return 0;
      case "End": return last;
      default: return -1;
    }
  }
  document.querySelectorAll(".sheet").forEach(function (sheet) {
    var spots = Array.from(sheet.querySelectorAll(".spot")).filter(function (spot) {
      var title = spot.querySelector("title");
      if (!title) { return false; }
      spot.dataset.words = title.textContent;
      title.remove();
      return true;
    });
    spots.forEach(function (spot) {
      spot.addEventListener("pointerenter", function () { leave(); show(spot); });
      spot.addEventListener("click", function () { leave(); show(spot); });
      spot.addEventListener("pointerleave", function (event) {
        // A finger that lifts has not left.
        if (event.pointerType !== "touch" && !held) { leave(); }
      });
    });
    sheet.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.altKey || event.metaKey || spots.length === 0) { return; }
      var to = step(event.key, spots.indexOf(held), spots.length - 1);
      if (to < 0) { return; }
      event.preventDefault();
      hold(spots[to]);
    });
    sheet.addEventListener("blur", leave);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { leave(); }
  });
  document.addEventListener("scroll", function () {
    if (held) { place(held); } else { leave(); }
  }, true);

  // Paper folds nothing: open what is closed, but for the long list of hashes.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    leave();
    opened = Array.from(document.querySelectorAll("details:not([open]):not(.bulk)"));
    opened.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (d) { d.open = false; });
    opened = [];
  });
})();

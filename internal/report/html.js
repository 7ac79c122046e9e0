(function () {
  "use strict";
  var root = document.documentElement;
  function each(list, f) { Array.prototype.forEach.call(list, f); }
  // The language of the document follows the switch, for what reads it aloud.
  each(document.querySelectorAll("input[name=lang]"), function (input) {
    input.addEventListener("change", function () { root.lang = input.value; });
    if (input.checked) { root.lang = input.value; }
  });
  // A link into something folded opens it.
  function reveal() {
    var at = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (var e = at; e; e = e.parentElement) { if (e.tagName === "DETAILS") { e.open = true; } }
    if (at) { at.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  reveal();
  // What is folded is printed.
  var folded = [];
  addEventListener("beforeprint", function () {
    folded = [];
    each(document.querySelectorAll("details:not([open])"), function (d) { folded.push(d); d.open = true; });
  });
  addEventListener("afterprint", function () { each(folded, function (d) { d.open = false; }); });
})();
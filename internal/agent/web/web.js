(function () {
	"use strict";
	// A page on which something runs shows itself again, unless somebody is writing.
	if (!document.body.hasAttribute("data-pending")) { return; }
	var writing = false;
	document.addEventListener("input", function () { writing = true; });
	setInterval(function () {
		if (!writing && !document.querySelector("details[open] form")) { location.replace(location.pathname); }
	}, 4000);
})();

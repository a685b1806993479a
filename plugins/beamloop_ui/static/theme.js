// Follows Airflow's theme: the same origin, so the same storage; a change there reaches the open page.
"use strict";

(() => {
  const KEY = "theme"; // "light", "dark" or "system", as Airflow's switch writes it
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function follow() {
    let wished = "system";
    try {
      wished = localStorage.getItem(KEY) ?? "system";
    } catch {
      // A browser that keeps nothing: as the system says.
    }
    const theme = wished === "system" ? (dark.matches ? "dark" : "light") : wished;
    if (document.documentElement.dataset.theme !== theme) {
      document.documentElement.dataset.theme = theme;
      document.dispatchEvent(new CustomEvent("beamloop-theme"));
    }
  }

  follow();
  dark.addEventListener("change", follow);
  addEventListener("storage", follow);
})();

// Applies the chosen light or dark theme; not a module, so that it runs before the first paint.
"use strict";

(() => {
  const KEY = "segued-theme";
  const root = document.documentElement;

  // Without local storage the choice lasts until the page is left.
  const load = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };

  const save = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      /* local storage is not available */
    }
  };

  const isDark = () =>
    root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;

  if (load() === "light" || load() === "dark") root.dataset.theme = load();

  window.theme = {
    isDark,
    toggle() {
      root.dataset.theme = isDark() ? "light" : "dark";
      save(root.dataset.theme);
    },
  };
})();

// Light or dark, as chosen; not a module, so that it is set before the first paint.
"use strict";

(() => {
  const KEY = "segued-theme";
  const root = document.documentElement;

  // A browser that keeps nothing has a theme all the same.
  const kept = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };

  const keep = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      /* it holds until the page is left */
    }
  };

  const isDark = () =>
    root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;

  if (kept() === "light" || kept() === "dark") root.dataset.theme = kept();

  window.theme = {
    isDark,
    toggle() {
      root.dataset.theme = isDark() ? "light" : "dark";
      keep(root.dataset.theme);
    },
  };
})();

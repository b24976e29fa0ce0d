// A view whose modules are loaded when it is first shown: most visits need none of them.

import { html } from "./vendor/lit-html.js";

/** `load` returns a promise of the function that makes the view. */
export function lazyView(title, load) {
  return (page) => {
    let view = null;
    let isStopped = false;

    load()
      .then((make) => {
        if (isStopped) return;
        const hadFocus = document.activeElement?.matches("main h1");
        view = make(page, page.route);
        view.update?.(page.route);
        page.draw(hadFocus);
      })
      .catch(() => page.showError(new Error("segued does not answer: load the page again.")));

    const loading = () => html`<h1 class="visually-hidden" tabindex="-1">${title}</h1><p class="muted loading">Loading …</p>`;
    return {
      get title() {
        return view?.title ?? title;
      },
      template: () => (view ? view.template() : loading()),
      update: (route) => view?.update?.(route),
      afterDraw: () => view?.afterDraw?.(),
      statusChanged: (names) => view?.statusChanged?.(names),
      stop: () => {
        isStopped = true;
        view?.stop?.();
      },
    };
  };
}

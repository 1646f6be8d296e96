// Progressive enhancement only; every action also works as a plain form or link.
(() => {
  "use strict";
  const root = document.documentElement;
  const TOAST_MS = 6000;

  function switchTheme(form, theme) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`;
    form.querySelector(theme === "dark" ? ".to-light" : ".to-dark").focus();
  }

  function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    navigator.clipboard?.writeText(source.value ?? source.textContent.trim()).then(() => {
      const label = button.querySelector("[data-label]");
      if (!label) return;
      const before = label.textContent;
      label.textContent = label.dataset.label || "Copied";
      setTimeout(() => { label.textContent = before; }, 1600);
    });
  }

  function reveal(button) {
    const box = document.getElementById(button.dataset.reveal);
    box.hidden = !box.hidden;
    for (const each of document.querySelectorAll("[data-reveal][aria-expanded]")) {
      if (each.dataset.reveal === box.id) each.setAttribute("aria-expanded", String(!box.hidden));
    }
    if (!box.hidden) box.querySelector("input, select, textarea")?.focus();
  }

  // A toast leaves after six seconds in which nobody points at it or holds the focus in it.
  function startToasts() {
    for (const toast of document.querySelectorAll("#toasts .toast:not([data-timed])")) {
      toast.dataset.timed = "";
      let timer;
      const start = () => { timer = setTimeout(() => toast.remove(), TOAST_MS); };
      for (const hold of ["pointerenter", "focusin"]) toast.addEventListener(hold, () => clearTimeout(timer));
      for (const leave of ["pointerleave", "focusout"]) toast.addEventListener(leave, start);
      start();
    }
  }

  // Forms marked data-guard ask once before their typed values are left behind.
  const dirty = new Set();
  addEventListener("beforeunload", (event) => {
    for (const form of dirty) if (!form.isConnected) dirty.delete(form);
    if (dirty.size) event.preventDefault();
  });
  for (const typed of ["input", "change"]) {
    document.addEventListener(typed, (event) => {
      const form = event.target.form;
      if (form?.matches("[data-guard]")) dirty.add(form);
    });
  }

  document.addEventListener("click", (event) => {
    const copied = event.target.closest("[data-copy]");
    if (copied) copy(copied);
    const swapped = event.target.closest("[data-reveal]");
    if (swapped) reveal(swapped);
    if (event.target.closest("[data-discard], form[data-guard] .card-foot a")) dirty.clear();
    const dialog = event.target.closest("dialog [data-close]")?.closest("dialog");
    if (dialog) { event.preventDefault(); dialog.close(); }
  });

  document.addEventListener("submit", (event) => {
    const { target: form, submitter: button } = event;
    if (form.matches("[data-theme-form]")) {
      event.preventDefault();
      switchTheme(form, button.value);
      return;
    }
    if (button?.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    if (!event.defaultPrevented) dirty.delete(form);
    if (button && form.method !== "dialog") button.setAttribute("aria-busy", "true");
  });

  const ready = () => { for (const each of document.querySelectorAll("[aria-busy=true]")) each.removeAttribute("aria-busy"); };
  addEventListener("pageshow", ready);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  });

  // Nobody looks at a hidden tab: what asks by itself waits until the tab is shown.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.matches("[hx-trigger^=every]")) event.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", ready);
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status < 400) dirty.delete(event.detail.elt);
  });
  document.addEventListener("htmx:afterSettle", () => {
    startToasts();
    const summary = document.querySelector("#error-summary:not([data-seen])");
    if (summary) { summary.dataset.seen = ""; summary.focus(); }
    // The pressed button left with the panel it stood in: the focus goes on to what took its place.
    if (document.activeElement === document.body) document.querySelector("[data-follow]")?.focus({ preventScroll: true });
    const dialog = document.querySelector("dialog[data-open]:not([open])");
    if (dialog) dialog.showModal();
  });
  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, () => {
      const alerts = document.getElementById("alerts");
      const bar = document.getElementById("request-failed");
      if (alerts && bar) alerts.replaceChildren(bar.content.cloneNode(true));
      alerts?.scrollIntoView({ block: "center" });
    });
  }

  startToasts();
})();

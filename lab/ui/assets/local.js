// plotly clips curves by a name in the page, and where the page has a base, as Gradio's has, by the page's whole address
// before that name. The address changes with every choice, and what is clipped by an old one vanishes when it is painted
// next. A chart that is drawn first without a base keeps to names.
function local(act) {
  const base = document.querySelector("base[href]"), href = base?.getAttribute("href");
  base?.removeAttribute("href");
  try { act(); } finally { base?.setAttribute("href", href); }
}

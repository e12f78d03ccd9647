// The live chart: drawn once, then only updated, so that zoom and hidden curves stay (layout.uirevision).
const box = element.querySelector(".plot");
const settings = {responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"]};
let waiting = null;
function draw() {
  clearTimeout(waiting);
  if (!window.Plotly) { waiting = setTimeout(draw, 40); return; }
  const figure = JSON.parse(props.value || "null");
  if (figure) window.Plotly.react(box, figure.data, figure.layout, settings);
}
new ResizeObserver(() => { if (box.data && box.offsetWidth) window.Plotly.Plots.resize(box); }).observe(box);
watch("value", draw);
draw();

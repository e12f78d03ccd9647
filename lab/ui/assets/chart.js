// The live chart: drawn once, then only updated, so that zoom and hidden curves stay (layout.uirevision).
const box = element.querySelector(".plot");
const buttons = [["zoom2d", "pan2d", "resetScale2d", "toImage"]];
const settings = {responsive: true, displaylogo: false, showTips: false, modeBarButtons: buttons};
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

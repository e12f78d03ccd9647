// Gradio's server ends the page's stream of answers when nothing is outstanding, and the page opens the next one with
// its next event. But an event that is asked while that end is still on its way counts on the old stream: its answer
// waits for a further event, and where that is one that goes once at a time, such as the beat, for good. So an end is
// handed on when nothing is outstanding, and otherwise the next stream is read on in its place (decision 0017).
(() => {
  const plain = window.fetch;
  const outstanding = new Set(), early = new Set();  // early: completed before it was heard what it is called
  async function begun(answer) {
    const {event_id: name} = await answer.clone().json();
    if (name && !early.delete(name)) outstanding.add(name);
  }
  function ends(line) {
    if (!line.includes('"process_completed"') && !line.includes('"close_stream"')) return false;
    const {msg, event_id: name} = JSON.parse(line.slice(line.indexOf("{")));
    if (msg === "process_completed" && !outstanding.delete(name)) early.add(name);
    return msg === "close_stream";
  }
  async function* lines(body) {
    let rest = "";
    for (const reader = body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
      const {done, value} = await reader.read();
      if (done) return;
      const read = (rest + value).split("\n");
      rest = read.pop();
      yield* read;
    }
  }
  async function* streams(asked, answer) {
    for (let end; ; answer = await plain(asked), end = undefined) {
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      for await (const line of lines(answer.body)) {  // to its very end: one that is broken off drops what is asked
        if (ends(line)) end = line;
        else yield line;
      }
      if (end && outstanding.size) continue;
      outstanding.clear();
      if (end) yield end + "\n";
      return;
    }
  }
  window.fetch = async (...asked) => {
    const answer = await plain(...asked), path = new URL(asked[0].url ?? asked[0], location.href).pathname;
    if (!answer.ok) return answer;
    if (path.endsWith("/queue/join")) await begun(answer);
    if (!path.endsWith("/queue/data")) return answer;
    const read = streams(asked[0], answer), bytes = new TextEncoder();
    return new Response(new ReadableStream({
      async pull(to) {
        const {done, value} = await read.next();
        if (done) to.close();
        else to.enqueue(bytes.encode(value + "\n"));
      },
    }), answer);
  };
})();

// Mounts GraphiQL. The key goes into the Headers tab of each question and stays in this page's memory.
(() => {
  const headers = JSON.stringify({ authorization: "Bearer <your key>" }, null, 2);
  const tabs = window.headwayExamples.map((example) => ({ headers, ...example }));
  // Examples always open; what somebody writes in the page is theirs to keep elsewhere.
  const memory = new Map();
  const storage = {
    getItem: (name) => memory.get(name) ?? null,
    setItem: (name, value) => memory.set(name, value),
    removeItem: (name) => memory.delete(name),
    clear: () => memory.clear(),
    get length() {
      return memory.size;
    },
  };
  let last = {};
  const ask = (question, options, accept, signal) => {
    const given = options?.headers ?? last;
    if (given.authorization) last = given;
    return fetch("/graphql", {
      method: "POST",
      headers: { accept, "content-type": "application/json", ...given },
      body: JSON.stringify(question),
      signal,
    });
  };
  const isSubscription = (question, options) =>
    options?.documentAST?.definitions.some(
      (one) =>
        one.kind === "OperationDefinition" &&
        one.operation === "subscription" &&
        (!question.operationName || one.name?.value === question.operationName),
    );
  // Results as they come, until the reader has seen enough or the server says that it is over.
  async function* listen(question, options) {
    const stopping = new AbortController();
    try {
      const response = await ask(question, options, "text/event-stream, application/graphql-response+json", stopping.signal);
      if (!response.headers.get("content-type").startsWith("text/event-stream")) return yield await response.json();
      const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = "", piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
        const events = (text + piece.value).split("\n\n");
        text = events.pop();
        for (const event of events) {
          const data = event.split("\n").filter((line) => line.startsWith("data: "));
          if (event.includes("event: next")) yield JSON.parse(data.map((line) => line.slice(6)).join("\n"));
        }
      }
    } finally {
      stopping.abort();
    }
  }
  const fetcher = async (question, options) =>
    isSubscription(question, options)
      ? listen(question, options)
      : (await ask(question, options, "application/graphql-response+json")).json();
  const element = React.createElement(GraphiQL, {
    fetcher,
    storage,
    defaultTabs: tabs,
    defaultHeaders: headers,
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
  });
  ReactDOM.createRoot(document.getElementById("graphiql")).render(element);
})();

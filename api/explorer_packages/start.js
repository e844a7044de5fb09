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
  const fetcher = async (question, options) => {
    const given = options?.headers ?? last;
    if (given.authorization) last = given;
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { accept: "application/graphql-response+json", "content-type": "application/json", ...given },
      body: JSON.stringify(question),
    });
    return response.json();
  };
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

// Subscribes by graphql-ws or graphql-sse; tells each result, error and end as a line of JSON, and leaves when told to.
import { createInterface } from "node:readline";
import { createClient as createEvents } from "graphql-sse";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

const [library, url, key, query, variables] = process.argv.slice(2);
const authorization = `Bearer ${key}`;
const client =
  library === "graphql-ws"
    ? createSocket({
        url: url.replace("http", "ws"),
        webSocketImpl: WebSocket,
        connectionParams: { authorization },
        retryAttempts: 0,
      })
    : createEvents({ url, headers: { authorization }, retryAttempts: 0 });
const tell = (what) => console.log(JSON.stringify(what));
const end = (what) => {
  tell(what);
  process.exit(0);
};
const leave = client.subscribe(
  { query, variables: JSON.parse(variables) },
  {
    next: (result) => tell(result),
    error: (problem) => end({ problem: Array.isArray(problem) ? problem : problem.message ?? problem.reason, code: problem.code }),
    complete: () => end({ complete: true }),
  },
);
createInterface({ input: process.stdin }).on("line", leave);

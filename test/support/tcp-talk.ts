/**
 * For a test to run in a network namespace: `node tcp-talk.js PORT LOCAL_PORTS...` connects from each of the local ports
 * to a server of its own at that port of 127.0.0.1 and says something over each connection, then again at each line of
 * standard input; `said` on standard output tells that it has arrived. Ends with its standard input.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const WORDS = 'something';

const [port = 0, ...localPorts] = process.argv.slice(2).map(Number);
let expected = 0;
const server = createServer((socket) => {
  socket.on('data', ({ length }) => {
    expected -= length;
    if (expected === 0) console.log('said');
  });
});
server.listen(port, '127.0.0.1');
await once(server, 'listening');

const sockets = localPorts.map((localPort) => connect({ host: '127.0.0.1', port, localPort }));
await Promise.all(sockets.map((socket) => once(socket, 'connect')));
function say(): void {
  expected = sockets.length * WORDS.length;
  for (const socket of sockets) socket.write(WORDS);
}
say();
process.stdin.on('data', say).on('end', () => process.exit(0));

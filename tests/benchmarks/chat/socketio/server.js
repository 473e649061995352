// A chat of socket.io with its Redis adapter: rooms, nothing stored.
const { createServer } = require("node:http");
const { createAdapter } = require("@socket.io/redis-adapter");
const { createClient } = require("redis");
const { Server } = require("socket.io");

async function main() {
  const pub = createClient({ url: process.env.REDIS_URL });
  const sub = pub.duplicate();
  await Promise.all([pub.connect(), sub.connect()]);
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter(pub, sub) });
  io.on("connection", (socket) => {
    socket.on("join", async (room) => {
      await socket.join(room);
      socket.emit("joined");
    });
    socket.on("message", (room, text) => io.to(room).emit("message", text));
  });
  http.listen(Number(process.env.PORT), "127.0.0.1");
}

main();

// Nodemailer's smtp-server with one user and one token; every mail becomes a JSON file in the given folder.
"use strict";

const fs = require("fs");
const path = require("path");
const { SMTPServer } = require(path.join(process.cwd(), "node_modules", "smtp-server"));

const given = JSON.parse(process.argv[2]);
let number = 0;

function refusal(code, text) {
  return Object.assign(new Error(text), { responseCode: code });
}

function serve(secure) {
  const server = new SMTPServer({
    secure,
    key: fs.readFileSync(given.key),
    cert: fs.readFileSync(given.certificate),
    size: given.size,
    authMethods: ["PLAIN", "LOGIN", "XOAUTH2"],
    logger: false,
    disableReverseLookup: true,
    onAuth(auth, session, done) {
      const known = auth.username === given.user;
      if (auth.method === "XOAUTH2") {
        const told = { data: { status: "401", schemes: "bearer", scope: "mail" } };
        return done(null, known && auth.accessToken === given.token ? { user: auth.username } : told);
      }
      return known && auth.password === given.password
        ? done(null, { user: auth.username })
        : done(refusal(535, "5.7.8 Invalid username or password"));
    },
    onRcptTo(address, session, done) {
      done(given.known.includes(address.address) ? null : refusal(550, "5.1.1 No such mailbox here"));
    },
    onData(stream, session, done) {
      const pieces = [];
      stream.on("data", (piece) => pieces.push(piece));
      stream.on("end", () => {
        if (stream.sizeExceeded) return done(refusal(552, "5.3.4 Message exceeds the fixed maximum size"));
        const name = path.join(given.folder, String((number += 1)));
        const mail = {
          from: session.envelope.mailFrom.address,
          to: session.envelope.rcptTo.map((one) => one.address),
          raw: Buffer.concat(pieces).toString("base64"),
        };
        fs.writeFileSync(`${name}.part`, JSON.stringify(mail));
        fs.renameSync(`${name}.part`, `${name}.json`);
        return done();
      });
    },
  });
  server.on("error", () => {});
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.server.address().port)));
}

Promise.all([serve(false), serve(true)]).then((ports) => console.log(JSON.stringify(ports)));

"""A collector that takes every export of traces over HTTP and forgets it. Prints `ready http://ADDRESS:PORT`."""

import http.server


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()

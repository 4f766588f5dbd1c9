"""A slow line: relays one TCP connection to a port of this machine, and takes what comes back at a steady rate.

    narrow_relay.py PORT BYTES_PER_SECOND

Prints `ready PORT`. Unlike a Node client that pauses, it holds next to nothing itself, so the server feels the rate.
"""

import socket
import sys
import threading
import time

BITE = 4096

port, bytes_per_second = int(sys.argv[1]), int(sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print("ready", listener.getsockname()[1], flush=True)
client, _ = listener.accept()
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BITE)
server.connect(("127.0.0.1", port))


def send_on():
    while sent := client.recv(65536):
        server.sendall(sent)
    server.shutdown(socket.SHUT_WR)


threading.Thread(target=send_on, daemon=True).start()
due = time.monotonic()
while came := server.recv(BITE):
    client.sendall(came)
    due = max(due + len(came) / bytes_per_second, time.monotonic() - 1)
    time.sleep(max(due - time.monotonic(), 0))

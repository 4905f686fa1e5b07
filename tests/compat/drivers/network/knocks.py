"""Knocks where it is told to, line by line: `ADDRESS PORT` comes in, what becomes of a connection goes out."""

import socket
import sys

for line in sys.stdin:
    address, port = line.split()
    try:
        socket.create_connection((address, int(port)), 1).close()
        found = "open"
    except TimeoutError:
        found = "timeout"
    except ConnectionRefusedError:
        found = "refused"
    except OSError as error:
        found = f"error {error.errno}"
    print(found, flush=True)

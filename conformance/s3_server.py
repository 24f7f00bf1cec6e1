"""An S3 server of others' making, for the groups that need one."""

import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def s3_server():
    """moto's server on a free port; gives the URL of a new bucket."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/ensemble"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit("moto_server did not start within 30 s")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)

"""Several workers of one training on this machine, talking over loopback."""

import json
import socket


def cluster_configs(num_workers: int) -> list[str]:
    """`TF_CONFIG` of each worker, in JSON, on ports that are free now.

    The ports are not held: another program may take one before the workers listen.
    """
    sockets = [socket.socket() for _ in range(num_workers)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    return [
        json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        for index in range(num_workers)
    ]

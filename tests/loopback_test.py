import json

from scripts import loopback


def test_workers_on_this_machine_share_a_cluster_and_have_ports_of_their_own():
    configs = [json.loads(text) for text in loopback.cluster_configs(3)]
    assert [found["task"]["index"] for found in configs] == [0, 1, 2]
    (first, *others) = [found["cluster"] for found in configs]
    assert others == [first, first]
    ports = [address.removeprefix("127.0.0.1:") for address in first["worker"]]
    assert len({int(port) for port in ports}) == 3

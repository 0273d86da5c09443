"""The scripts and manifests of clusters: what they start, and that their parts fit."""

import json
import os
import signal
import subprocess
import time

import pytest
import yaml

from tests.programs import ROOT

TRAIN = ROOT / "export/kubernetes/train.yaml"
SERVING = ROOT / "export/tf_serving/kubernetes.yaml"
ECHO = 'echo "$TF_CONFIG"\nprintf "%s\\n" "$@"\n'


def executable(path, body):
    path.write_text(f"#!/usr/bin/env bash\n{body}", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def environment(folder, **variables):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SLURM")}
    return {**kept, "PATH": f"{folder}:{kept['PATH']}", **variables}


def script(name, folder, *arguments, **variables):
    return subprocess.run(
        ["bash", str(ROOT / "scripts" / name), *arguments],
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=60,
    )


def slurm(folder, **variables):
    executable(folder / "scontrol", "printf 'node01\\nnode02\\nnode03\\n'")
    variables = {
        "PYTHON": executable(folder / "fake", ECHO),
        "SLURM_JOB_ID": "123456",
        "SLURM_JOB_NODELIST": "node[01-03]",
        "SLURM_NTASKS": "3",
        "SLURM_PROCID": "1",
        "SLURM_STEP_ID": "0",
        "SLURM_SUBMIT_DIR": str(ROOT),
        **variables,
    }
    return script("train_slurm.sh", folder, "--workdir=/s/a run", **variables)


def test_a_slurm_task_knows_all_workers_and_its_own_number(tmp_path):
    done = slurm(tmp_path)
    assert done.returncode == 0, done.stderr
    config, *arguments = done.stdout.splitlines()
    assert json.loads(config) == {
        "cluster": {"worker": ["node01:23456", "node02:23456", "node03:23456"]},
        "task": {"type": "worker", "index": 1},
    }
    assert arguments == [
        "-m",
        "tf_btgmi.train",
        "--strategy=multi_worker",
        "--workdir=/s/a run",
    ]


def test_a_slurm_job_starts_a_task_a_machine_of_itself(tmp_path):
    executable(tmp_path / "srun", 'printf "%s\\n" "$@"\n')
    done = slurm(tmp_path, SLURM_STEP_ID="")
    assert done.stdout.splitlines() == [
        "--kill-on-bad-exit=1",
        "bash",
        f"{ROOT}/scripts/train_slurm.sh",
        "--workdir=/s/a run",
    ]


def test_two_slurm_tasks_on_one_machine_are_refused(tmp_path):
    done = slurm(tmp_path, SLURM_NTASKS="6")
    assert done.returncode == 2
    assert done.stderr == "Start one task per machine; 6 tasks are on 3.\n"


def kubernetes(folder, body):
    (job,) = [part for part in documents(TRAIN) if part["kind"] == "Job"]
    container = job["spec"]["template"]["spec"]["containers"][0]
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    variables.update(JOB_COMPLETION_INDEX="1", PYTHON=executable(folder / "fake", body))
    command = [*container["command"], *container["args"]]
    return command, environment(folder, **variables)


def test_a_pod_knows_all_workers_and_its_own_number(tmp_path):
    command, variables = kubernetes(tmp_path, ECHO + "echo Finished: 7 steps. >&2\n")
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    config, *arguments = done.stdout.splitlines()
    hosts = [f"btgmi-train-{index}.btgmi-train:2222" for index in range(2)]
    assert json.loads(config) == {
        "cluster": {"worker": hosts},
        "task": {"type": "worker", "index": 1},
    }
    assert arguments[:3] == ["-m", "tf_btgmi.train", "--strategy=multi_worker"]
    assert arguments[-1] == "--workdir=/runs/places"


def test_a_pod_that_is_told_to_stop_lets_the_training_save_and_is_started_again(
    tmp_path,
):
    saved, started = tmp_path / "saved", tmp_path / "started"
    body = (
        f"trap 'sleep 0.3; touch {saved}; exit 0' TERM\ntouch {started}\n"
        "while true; do sleep 0.1; done\n"
    )
    command, variables = kubernetes(tmp_path, body)
    process = subprocess.Popen(command, cwd=ROOT, env=variables)
    end = time.monotonic() + 30
    while not started.exists():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 75
    assert saved.exists()


def test_a_pod_ends_as_its_training_does_where_that_fails(tmp_path):
    command, variables = kubernetes(tmp_path, "exit 3\n")
    assert subprocess.run(command, cwd=ROOT, env=variables).returncode == 3


def documents(path):
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [TRAIN, SERVING], ids=lambda path: path.parent.name)
def test_selectors_of_a_manifest_find_its_pods(path):
    parts = documents(path)
    (pods,) = [p for p in parts if p["kind"] in ("Job", "Deployment")]
    labels = pods["spec"]["template"]["metadata"]["labels"]
    container = pods["spec"]["template"]["spec"]["containers"][0]
    selectors = []
    for part in parts:
        assert (
            part["apiVersion"] and part["metadata"]["name"] == pods["metadata"]["name"]
        )
        spec = part["spec"]
        if part["kind"] == "Service":
            selectors.append(spec["selector"])
            ports = {port["containerPort"] for port in container["ports"]}
            assert {port["port"] for port in spec["ports"]} == ports
        elif part["kind"] == "NetworkPolicy":
            selectors.append(spec["podSelector"]["matchLabels"])
        elif "selector" in spec:
            selectors.append(spec["selector"]["matchLabels"])
    assert selectors and all(found == labels for found in selectors)
    volumes = {volume["name"] for volume in pods["spec"]["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes


def test_a_training_job_has_a_pod_for_each_worker():
    service, job, _ = documents(TRAIN)
    spec = job["spec"]
    template = spec["template"]["spec"]
    variables = {e["name"]: e["value"] for e in template["containers"][0]["env"]}
    assert spec["completionMode"] == "Indexed"
    number = int(variables["NUM_WORKERS"])
    assert spec["completions"] == spec["parallelism"] == number
    name = service["metadata"]["name"]
    assert template["subdomain"] == job["metadata"]["name"] == name
    assert variables["SERVICE"] == name
    assert int(variables["PORT"]) == service["spec"]["ports"][0]["port"]


def test_the_autoscaler_scales_the_server_which_runs_as_in_the_compose_file():
    parts = {part["kind"]: part for part in documents(SERVING)}
    deployment, scaler = parts["Deployment"], parts["HorizontalPodAutoscaler"]["spec"]
    target = scaler["scaleTargetRef"]
    assert target["kind"] == "Deployment"
    assert target["name"] == deployment["metadata"]["name"]
    assert "replicas" not in deployment["spec"]
    assert 1 < scaler["minReplicas"] < scaler["maxReplicas"]
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert "cpu" in container["resources"]["requests"]
    (compose,) = documents(SERVING.parent / "compose.yaml")
    server = compose["services"]["serving"]
    assert container["command"] == server["entrypoint"]
    assert container["args"] == server["command"]
    for argument in container["args"]:
        if "=/config/" in argument:
            assert (SERVING.parent / argument.split("/config/")[1]).is_file()

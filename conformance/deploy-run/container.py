"""Builds the folder of `deploy docker` as its Dockerfile says, without a container engine, and starts it read-only as another user."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from judge import ROOT, caught, check, deploy, judged
from servers import running
from smoke import agrees


def tarballs(folder):
    """Our packages as they would be published."""
    folder.mkdir()
    for package in sorted((ROOT / "packages").iterdir()):
        file = package / "package.json"
        if file.exists() and not json.loads(file.read_text()).get("private"):
            command = ["npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", folder, "--workspace", package]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder


def stages(dockerfile):
    """Instructions by stage: [(name, [(instruction, rest)])]."""
    found = []
    for line in dockerfile.read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append((rest.split(" AS ")[-1], []))
        elif word.isupper() and found:
            found[-1][1].append((word, rest))
    return found


def copied(rest, context, images, app):
    """COPY [--from=stage] what … to: within the context, or out of another stage's /app."""
    stage = re.match(r"--from=(\S+) ", rest)
    *sources, target = rest.removeprefix(stage.group(0) if stage else "").split()
    for source in sources:
        place = images[stage.group(1)] / Path(source).relative_to("/app") if stage else context / source
        if place.is_dir():
            shutil.copytree(place, app / target, symlinks=True)
        else:
            to = app / target
            shutil.copy(place, to / place.name if to.is_dir() else to)


def build(context, folder):
    """The last stage's /app and how it is started: (folder, environment, user, command)."""
    images, environment, user, command = {}, {}, None, None
    for name, instructions in stages(context / "Dockerfile"):
        app = folder / f"app-{len(images)}"
        app.mkdir()
        images[name] = app
        for word, rest in instructions:
            if word == "COPY":
                copied(rest, context, images, app)
            elif word == "RUN":
                subprocess.run(rest, shell=True, cwd=app, check=True, capture_output=True)
            elif word == "ENV":
                environment.update([rest.split("=", 1)])
            elif word == "USER":
                user = rest.split(":")
            elif word == "ENTRYPOINT":
                command = json.loads(rest)
    return app, environment, user, command


def start(app, environment, user, command, *more):
    """What a container engine would run, in a mount namespace where all but /tmp is read-only."""
    uid, gid = user
    inner = " ".join([*command, *more])
    # The folder is under /tmp, which becomes empty: it is reached through a mount of its own.
    script = f"""
mkdir -p /mnt/app && mount --bind {app} /mnt/app && mount -o remount,ro,bind /mnt/app && mount -o remount,ro,bind / &&
mount -t tmpfs tmpfs /tmp && cd /mnt/app &&
exec setpriv --reuid {uid} --regid {gid} --clear-groups --no-new-privs --bounding-set=-all env -i PATH="$PATH" {' '.join(f'{k}={v}' for k, v in environment.items())} {inner}
"""
    return ["unshare", "--mount", "sh", "-c", script]


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def writes_nothing(folder, before):
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert after == before, sorted(str(path) for path in after.keys() ^ before.keys())[:5]


def runs_as(pid, uid):
    """Nothing of it runs as root."""
    found = subprocess.run(["ps", "-eo", "uid,ppid,pid,args"], capture_output=True, text=True, check=True).stdout
    own = [line.split(None, 3) for line in found.splitlines() if "start.mjs" in line and "unshare" not in line]
    assert own and all(line[0] == uid for line in own if "setpriv" not in line[3]), own


def all_of(folder, bundles):
    packages = tarballs(folder / "tarballs")
    context = folder / "context"
    said = deploy(context, "docker", bundles / "fused", "--packages", packages, "--name", "shapes")
    stated = float(re.search(r"take ([\d.]+) MB", said).group(1))
    judged("docker: the size that it states", lambda: check(abs(stated - size(context) / 1e6) < 0.1, (stated, size(context))))
    app, environment, user, command = build(context, folder)
    print(f"docker: context {size(context) / 1e6:.1f} MB, what it becomes {size(app) / 1e6:.1f} MB")
    before = {path: path.stat().st_mtime_ns for path in app.rglob("*")}
    url = "http://127.0.0.1:8000"
    started = start(app, environment, user, command)
    with running(started, f"{url}/v2/health/ready", folder / "server.log") as process:
        judged("docker: smoke/", agrees, f"{url}/v2/models/shapes/infer", bundles / "fused")
        judged("docker: it runs as the user of the Dockerfile", runs_as, process.pid, user[0])
        caught("the answer of another bundle", agrees, f"{url}/v2/models/shapes/infer", bundles / "cascade")
    judged("docker: SIGTERM ends it with 0", lambda: check(process.returncode == 0, process.returncode))
    judged("docker: nothing was written", writes_nothing, app, before)
    shutil.rmtree(app / "bundle")
    caught("a folder without its bundle", refuses, start(app, environment, user, command), folder)


def refuses(command, folder):
    with running(command, "http://127.0.0.1:8000/v2/health/ready", folder / "refused.log"):
        pass

"""Judges `s3Blobs` behind a proxy that fails every fifth request, before moto's server. `python check.py long`"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from s3_server import s3_server  # noqa: E402 -- beside the groups


def main():
    with s3_server() as url:
        command = ["node", str(HERE / "operations.mjs"), url]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        passed, failed = 0, 0
        for line in run.stdout:
            case = json.loads(line)
            if "text" in case:
                print(case["text"], flush=True)
                continue
            passed += case["ok"]
            failed += not case["ok"]
            print(f"{'ok ' if case['ok'] else 'FAILED'} {case['name']}: {case['message']}", flush=True)
        if run.wait() != 0:
            failed += 1
            print(f"FAILED operations.mjs ended with exit code {run.returncode}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""A child that begins with a page and never comes back from it."""

import json
import sys
import time

if __name__ == "__main__":
    sys.stdin.readline()
    print(json.dumps({"kind": "reading", "url": "https://a.example/trap?token=1"}), flush=True)  # noqa: T201
    time.sleep(60)

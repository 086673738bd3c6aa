"""HealthChain's sandbox as the EHR: it makes requests of prefetch files and sends them.

Runs in an environment of its own. Standard input: ``{"url", "hook", "calls": [{"patient", "file"}]}``; standard output:
the answers.
"""

import json
import sys

from healthchain.sandbox import SandboxClient  # type: ignore[import-not-found]


def main() -> None:
    """Send every record in one run of the sandbox."""
    given = json.load(sys.stdin)
    client = SandboxClient(url=given["url"], workflow=given["hook"])
    for call in given["calls"]:
        client.load_from_path(call["file"])
        # The sandbox makes up a patient; whose record it sends only the caller knows.
        client.requests[-1].context.patientId = call["patient"]
    json.dump(client.send_requests(), sys.stdout)


if __name__ == "__main__":
    main()
